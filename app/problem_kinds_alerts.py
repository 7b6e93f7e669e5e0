"""The kinds of problems about alerts and who is told of them."""

from app.problem_kind import Kind

ALERTS: dict[str, Kind] = {
    "alert-unknown": Kind(
        404,
        "No such alert",
        "Meldung unbekannt",
        "Eine Meldung mit dieser Nummer gibt es nicht. Alle stehen unter /api/alerts.",
        "There is no alert of that number. All of them are listed at /api/alerts.",
    ),
    "too-many-listeners": Kind(
        503,
        "Too many listen already",
        "Zu viele hören schon zu",
        "Es hören schon so viele Programme auf Meldungen, wie der Dienst zugleich bedient. Nach „Retry-After“ wieder versuchen.",
        "As many programs listen to alerts as the service serves at a time. Try again after Retry-After.",
    ),
    "subscription-unknown": Kind(
        404,
        "No such subscription",
        "Abonnement unbekannt",
        "Ein Abonnement mit dieser Kennung gibt es nicht, oder es gehört jemand anderem. Die eigenen stehen unter "
        "/api/subscriptions.",
        "There is no subscription of that id, or it is somebody else's. Your own are listed at /api/subscriptions.",
    ),
    "delivery-unknown": Kind(
        404,
        "No such delivery",
        "Zustellung unbekannt",
        "Eine Zustellung mit dieser Kennung gibt es nicht, oder sie gehört zum Abonnement von jemand anderem.",
        "There is no delivery of that id, or it belongs to somebody else's subscription.",
    ),
    "too-many-subscriptions": Kind(
        409,
        "Too many subscriptions",
        "Zu viele Abonnements",
        "Dieser Zugangsschlüssel hat schon so viele Abonnements, wie einer haben darf. Zuerst eines löschen.",
        "This token has as many subscriptions as one may have. Delete one first.",
    ),
    "secrets-unavailable": Kind(
        503,
        "Secrets cannot be kept",
        "Geheimnisse nicht verwahrbar",
        "Der Schlüssel, unter dem Geheimnisse von Webhooks verwahrt werden, fehlt oder ist unbrauchbar. Der Betreiber prüft "
        "LANDRESERVE_SECRET_KEY oder die Datei secrets.key in LANDRESERVE_HOME.",
        "The key that secrets of webhooks are kept under is missing or unfit. The operator checks LANDRESERVE_SECRET_KEY, or the "
        "file secrets.key in LANDRESERVE_HOME.",
    ),
}
