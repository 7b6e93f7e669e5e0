"""Every kind of problem that the service answers with: status, titles and what each means, German first."""

from typing import NamedTuple


class Kind(NamedTuple):
    """One kind: its HTTP status, its title in English and German, and what it means."""

    status: int
    title: str
    titel: str
    bedeutung: str
    meaning: str


KINDS: dict[str, Kind] = {
    "not-in-force": Kind(
        409,
        "No rule in force on that day",
        "Keine Regel an diesem Tag",
        "Für diesen Tag (oder diesen Kenntnisstand) galt noch kein Maßstab. „begins“ nennt den ersten Tag, für den es einen gibt.",
        "No measure was in force on that day, or none was published by then. `begins` names the first day that has one.",
    ),
    "parcel-unknown": Kind(
        404,
        "No such parcel",
        "Flurstück unbekannt",
        "Das Register kennt dieses Flurstückskennzeichen nicht: weder als Flurstück noch aus einer Haltermeldung.",
        "The register has never heard of this key, neither as a parcel nor from a list of holdings.",
    ),
    "not-yet-known": Kind(
        404,
        "Nothing was known of the parcel by then",
        "Flurstück damals noch unbekannt",
        "Zu diesem Kenntnisstand („known_at“) stand das Flurstück noch nicht im Register. „first_recorded_at“ nennt den Zeitpunkt, "
        "seit dem es bekannt ist.",
        "At that state of knowledge (`known_at`) the register had not heard of the parcel yet. `first_recorded_at` names the "
        "instant since which it has.",
    ),
    "import-unknown": Kind(
        404,
        "No such import",
        "Import unbekannt",
        "Einen Import mit dieser Nummer gibt es nicht. Alle stehen unter /api/imports.",
        "There is no import of that number. All of them are listed at /api/imports.",
    ),
    "plan-file-unknown": Kind(
        404,
        "No such file of a plan",
        "Plandatei unbekannt",
        "Aus einer Datei mit dieser Prüfsumme wurde kein Plan aufgenommen. Die Prüfsumme („sha256“) steht bei jedem Plan und jeder "
        "Festsetzung, die aus einer Datei stammt.",
        "No plan was recorded from a file of this checksum. The checksum (`sha256`) stands with every plan and zone that was read "
        "from a file.",
    ),
    "alert-unknown": Kind(
        404,
        "No such alert",
        "Meldung unbekannt",
        "Eine Meldung mit dieser Nummer gibt es nicht. Alle stehen unter /api/alerts.",
        "There is no alert of that number. All of them are listed at /api/alerts.",
    ),
    "key-reused": Kind(
        422,
        "The Idempotency-Key is used already",
        "Idempotency-Key schon vergeben",
        "Unter diesem „Idempotency-Key“ wurde schon etwas anderes gesandt. Für etwas Neues einen neuen Schlüssel wählen.",
        "Something else was sent under this Idempotency-Key before. Choose a new key for something new.",
    ),
    # conversions
    "conversion-unknown": Kind(
        404,
        "No such case",
        "Fall unbekannt",
        "Einen Fall mit dieser Nummer gibt es nicht, oder es gab ihn zu diesem Kenntnisstand noch nicht. Alle stehen unter "
        "/api/conversions.",
        "There is no case of that number, or there was none at that state of knowledge. All are listed at /api/conversions.",
    ),
    "site-parcels-unknown": Kind(
        422,
        "Parcels of the site are unknown",
        "Flurstücke der Fläche unbekannt",
        "Das Register kennt an diesem Tag (zu diesem Kenntnisstand) nicht alle genannten Flurstücke. „errors“ nennt jedes mit "
        "Abhilfe, auch seine Nachfolger.",
        "On that day (at that state of knowledge) the register does not know all of the parcels. `errors` names each with the "
        "remedy, also those that follow it.",
    ),
    "site-outside-hamburg": Kind(
        422,
        "The site lies outside Hamburg",
        "Fläche außerhalb Hamburgs",
        "Die gezeichnete Fläche liegt zu mehr als einem Hundertstel außerhalb der aufgenommenen Bezirke.",
        "More than a hundredth of the drawn site lies outside the districts that are recorded.",
    ),
    "site-too-large": Kind(
        422,
        "The site is too large",
        "Fläche zu groß",
        "Ein Fall fasst höchstens 500 Flurstücke und 500 ha. Größere Vorhaben als mehrere Fälle eingeben.",
        "A case takes up to 500 parcels and 500 ha. Enter larger projects as several cases.",
    ),
    "site-unrecorded": Kind(
        422,
        "Nothing is recorded of the site",
        "Über die Fläche ist nichts aufgenommen",
        "Auf der gezeichneten Fläche kennt das Register weder ein Flurstück noch einen Plan: darüber lässt sich nichts sagen.",
        "The register knows neither a parcel nor a plan on the drawn site: nothing can be said of it.",
    ),
    "port-only": Kind(
        422,
        "In the port the BauGB does not apply",
        "Im Hafen gilt das BauGB nicht",
        "Die Fläche liegt ganz im Hafengebiet. Dort gilt anstelle der Bauleitplanung nach dem BauGB das Hafenentwicklungsgesetz "
        "(§ 1 Abs. 3 HafenEG); keiner dieser Wege steht offen.",
        "The whole site lies in the port. There the Hafenentwicklungsgesetz takes the place of planning by the BauGB (§ 1 Abs. 3 "
        "HafenEG); none of these routes is open.",
    ),
    "route-not-in-force": Kind(
        422,
        "The route cannot be used on that day",
        "Weg an diesem Tag nicht eröffnet",
        "Die Vorschrift galt am Tag der Entscheidung (sonst am Tag der Frage) noch nicht oder nicht mehr. „detail“ nennt die Tage.",
        "The provision was not yet, or no longer, to be used on the day of decision (else the day asked about). `detail` names the "
        "days.",
    ),
    "dates-out-of-order": Kind(
        422,
        "The days contradict each other",
        "Tage widersprechen sich",
        "Antrag, Ersuchen und Entscheidung folgen aufeinander; Antrag und Ersuchen liegen nicht nach dem Tag der Frage.",
        "Application, request and decision follow one another; application and request do not lie after the day asked about.",
    ),
    "hearing-not-allowed": Kind(
        422,
        "No such hearing of the public",
        "Beteiligung so nicht möglich",
        "Nur § 36a Abs. 2 BauGB verlängert die Frist, wenn die Öffentlichkeit beteiligt wird: um höchstens einen Monat.",
        "Only § 36a Abs. 2 BauGB extends the period where the public is heard: by a month at most.",
    ),
    "queue-full": Kind(
        503,
        "Too many imports wait",
        "Zu viele Importe warten",
        "Es warten schon so viele Importe, wie LANDRESERVE_MAX_QUEUED_IMPORTS zulässt. Nichts wurde angenommen; nach „Retry-After“ "
        "noch einmal senden.",
        "As many imports wait as LANDRESERVE_MAX_QUEUED_IMPORTS allows. Nothing was taken: send it again after Retry-After.",
    ),
    "too-many-parcels": Kind(
        422,
        "More parcels than one answer takes",
        "Zu viele Flurstücke auf einmal",
        "Die gezeichnete Fläche trifft mehr Flurstücke, als eine Antwort aufnimmt. Sie ist in kleinere zu teilen.",
        "The drawn area meets more parcels than one answer takes. Divide it into smaller ones.",
    ),
    "parcels-unknown": Kind(
        422,
        "Parcels that the register does not know",
        "Flurstücke unbekannt",
        "Mindestens eines der genannten Flurstückskennzeichen kennt das Register nicht, weder als Flurstück noch aus einer "
        "Haltermeldung. „errors“ nennt jedes.",
        "The register has never heard of one or more of the keys named, neither as a parcel nor from a list of holdings. `errors` "
        "names each.",
    ),
    "changes-contradict": Kind(
        422,
        "Changes contradict each other",
        "Änderungen widersprechen sich",
        "Zwei der Änderungen, oder eine und das Register, können nicht zugleich gelten. „errors“ nennt sie mit Abhilfe.",
        "Two of the changes, or one and the register, cannot both be so. `errors` names them with the remedy.",
    ),
    "simulation-timeout": Kind(
        503,
        "The simulation takes too long",
        "Simulation zu aufwendig",
        "Die Simulation hätte andere Änderungen länger aufgehalten, als der Dienst zulässt. Nichts davon wurde aufgenommen. "
        "Weniger Änderungen oder kleinere Flächen auf einmal senden.",
        "The simulation would have kept other changes waiting for longer than the service allows. Nothing of it was recorded. Send "
        "fewer changes, or smaller areas, at once.",
    ),
    "too-many-listeners": Kind(
        503,
        "Too many listen already",
        "Zu viele hören schon zu",
        "Es hören schon so viele Programme auf Meldungen, wie der Dienst zugleich bedient. Nach „Retry-After“ wieder versuchen.",
        "As many programs listen to alerts as the service serves at a time. Try again after Retry-After.",
    ),
    "invalid-request": Kind(
        422,
        "The request cannot be understood",
        "Anfrage nicht verständlich",
        "Mindestens eine Angabe fehlt oder ist nicht zulässig. „errors“ nennt jede mit Feld, Grund und Abhilfe.",
        "Something is missing or not allowed. `errors` names each field with the reason and the remedy.",
    ),
    "malformed-body": Kind(
        400,
        "The body cannot be read",
        "Inhalt nicht lesbar",
        "Der Inhalt der Anfrage ist kein lesbares JSON (oder, wo eine Datei erwartet wird, kein lesbares Formular).",
        "The body of the request is no readable JSON (or, where a file is expected, no readable form).",
    ),
    "host-not-allowed": Kind(
        400,
        "Host not allowed",
        "Hostname nicht zugelassen",
        "Der Dienst wurde unter einem Namen gerufen, den er nicht kennt. Der Betreiber nennt weitere in LANDRESERVE_ALLOWED_HOSTS.",
        "The service was called by a name it does not know. The operator lists further names in LANDRESERVE_ALLOWED_HOSTS.",
    ),
    "token-missing": Kind(
        401,
        "A token is needed",
        "Zugangsschlüssel fehlt",
        "Dieser Aufruf verlangt einen Zugangsschlüssel im Kopf „Authorization: Bearer lr_...“. Verwalter legen ihn mit "
        "„landreserve token create“ an.",
        "This call needs a token in the header `Authorization: Bearer lr_...`. Operators make one by `landreserve token create`.",
    ),
    "token-invalid": Kind(
        401,
        "The token is not valid",
        "Zugangsschlüssel ungültig",
        "Der Zugangsschlüssel ist unbekannt, abgelaufen oder widerrufen.",
        "The token is unknown, expired or revoked.",
    ),
    "role-missing": Kind(
        403,
        "The token's role does not allow this",
        "Rolle reicht nicht aus",
        "Der Zugangsschlüssel ist gültig, seine Rolle erlaubt diesen Aufruf aber nicht.",
        "The token is valid, but its role does not allow this call.",
    ),
    "precondition-required": Kind(
        428,
        "If-Match is needed",
        "If-Match fehlt",
        "Wer schreibt, nennt den Stand, den er gelesen hat: das ETag der letzten Antwort im Kopf „If-Match“.",
        "Whoever writes names the state that was read: the ETag of the last answer, in the header If-Match.",
    ),
    "precondition-failed": Kind(
        412,
        "Somebody else was faster",
        "Inzwischen geändert",
        "Das Flurstück wurde seit dem Lesen geändert. Neu lesen, Änderung prüfen, erneut senden.",
        "The parcel was changed since it was read. Read it again, check the change, send it again.",
    ),
    "held-in-parts": Kind(
        409,
        "The parcel is held in parts",
        "Flurstück in Teilen gehalten",
        "Für diese Tage sind Teile des Flurstücks mit eigener Geometrie gemeldet. "
        "Sie ändert nur ein Import von „holdings“ mit Geometrie.",
        "Parts of the parcel are recorded with geometries of their own for these days. Only an import of `holdings` with "
        "geometries changes them.",
    ),
    "overlap": Kind(
        409,
        "It contradicts what is recorded",
        "Widerspruch zum Register",
        "Für dieselben Tage und dieselbe Fläche steht schon etwas anderes im Register.",
        "Something else is recorded for the same days and the same land.",
    ),
    "not-storable": Kind(
        422,
        "The register refuses this content",
        "Vom Register abgelehnt",
        "Der Inhalt verletzt eine Grundregel des Registers, etwa eine gültige, nicht leere Geometrie.",
        "The content breaks a basic rule of the register, such as a valid, non-empty geometry.",
    ),
    "too-intricate": Kind(
        422,
        "Outlines too intricate",
        "Umrisse zu verwinkelt",
        "Ein Umriss windet sich so eng, dass er sich nicht in vertretbarer Zeit mit anderen verschneiden lässt. Nichts wurde "
        "aufgenommen. „detail“ nennt die Umrisse: sie sind zu vereinfachen.",
        "An outline winds so closely that it cannot be laid over others in reasonable time. Nothing was recorded. `detail` names "
        "the outlines: simplify them.",
    ),
    "coincident-edges": Kind(
        422,
        "Edges nearly coincide",
        "Kanten fallen fast zusammen",
        "Kanten zweier Umrisse liegen so dicht beieinander, dass sich ihre Seiten nicht unterscheiden lassen. Nichts wurde "
        "aufgenommen. „detail“ nennt den Ort: Koordinaten auf 1 mm runden.",
        "Edges of two outlines lie so close to each other that nobody can tell their sides. Nothing was recorded. `detail` names "
        "the place: round the coordinates to 1 mm.",
    ),
    "step-refused": Kind(
        409,
        "The step does not follow from the state of the case",
        "Schritt in dieser Lage nicht möglich",
        "Der Schritt folgt nicht aus der Lage des Falls. „state“ nennt sie, „possible“ die Schritte, die jetzt möglich sind, "
        "„code“ den Grund. Nichts wurde aufgenommen.",
        "The step does not follow from the state of the case. `state` names it, `possible` the steps that can follow, `code` the "
        "reason. Nothing was recorded.",
    ),
    "escalation-too-early": Kind(
        409,
        "The normal coordination has not failed",
        "Abstimmung noch nicht gescheitert",
        "Den Industriekoordinator ruft man erst an, wenn die normale Abstimmung gescheitert ist (Masterplan Industrie 2023, "
        "Handlungsfeld 1 Nr. 4). Zuerst den Schritt „coordination_failed“ aufnehmen. Nichts wurde aufgenommen.",
        "The Industriekoordinator is called only after the normal coordination has failed (Masterplan Industrie 2023, "
        "Handlungsfeld 1 Nr. 4). Record the step coordination_failed first. Nothing was recorded.",
    ),
    "case-moved-on": Kind(
        409,
        "The case has gone on since it was read",
        "Fall inzwischen weitergegangen",
        "Seit der Fall gelesen wurde, hat jemand einen Schritt aufgenommen („last_step“). Den Fall noch einmal lesen und, wenn der "
        "Schritt noch gelten soll, ihn mit „after“ = „last_step“ senden. Nichts wurde aufgenommen.",
        "Somebody has taken a step since the case was read (`last_step`). Read it again and, if the step shall still be taken, "
        "send it with `after` = `last_step`. Nothing was recorded.",
    ),
    "dossier-unknown": Kind(
        404,
        "No dossier was handed over with this step",
        "Mit diesem Schritt wurde kein Dossier übergeben",
        "Ein Dossier wird nur mit dem Schritt „escalated“ übergeben. Ohne „step“ zeigt die Adresse den Fall, wie er jetzt steht.",
        "A dossier is handed over with the step escalated only. Without `step` the address shows the case as it stands now.",
    ),
    "track-unknown": Kind(
        404,
        "No such link",
        "Link unbekannt",
        "Hinter diesem Link steht kein Fall, oder der Link wurde zurückgezogen oder erneuert. Wer ihn ausgegeben hat, kann einen "
        "neuen machen.",
        "There is no case behind this link, or the link was revoked or renewed. Whoever gave it out can make a new one.",
    ),
    "not-found": Kind(
        404,
        "No such address",
        "Adresse unbekannt",
        "Unter dieser Adresse gibt es nichts. Alle Adressen stehen unter /docs.",
        "There is nothing at this address. All addresses are listed at /docs.",
    ),
    "method-not-allowed": Kind(
        405,
        "This method is not allowed here",
        "Methode nicht zugelassen",
        "Die Adresse gibt es, aber nicht für diese Methode. Der Kopf „Allow“ nennt die zulässigen.",
        "The address exists, but not for this method. The header Allow names those that it takes.",
    ),
    "too-large": Kind(
        413,
        "The body is too large",
        "Inhalt zu groß",
        "Der Inhalt der Anfrage überschreitet die Grenze des Dienstes.",
        "The body of the request is larger than the service takes.",
    ),
    "busy": Kind(
        503,
        "Another writer holds the register",
        "Register gerade in Arbeit",
        "Eine andere Änderung – ein Import, eine Neuableitung, eine Bearbeitung – hält das Register. Von dieser hier wurde nichts "
        "aufgenommen; nach „Retry-After“ dasselbe noch einmal senden.",
        "Another change - an import, a rebuild, an edit - holds the register. Nothing of this one was recorded: send the same "
        "again after Retry-After.",
    ),
    "write-timeout": Kind(
        503,
        "Recording took too long",
        "Aufnahme dauerte zu lange",
        "Die Änderung berührt so viel, dass ihre Aufnahme länger dauerte, als der Dienst zulässt. Nichts wurde aufgenommen; nach "
        "„Retry-After“ noch einmal senden oder die Änderung als Datei importieren.",
        "The change touches so much that recording it took longer than the service allows. Nothing was recorded: send it again "
        "after Retry-After, or import it as a file.",
    ),
    "too-expensive": Kind(
        503,
        "The question takes too long",
        "Frage zu aufwendig",
        "Die Antwort hätte länger gedauert, als der Dienst zulässt. Zeitraum oder Seitengröße verkleinern.",
        "The answer would have taken longer than the service allows. Ask for a shorter period or a smaller page.",
    ),
    "database-unavailable": Kind(
        503,
        "The database cannot be reached",
        "Datenbank nicht erreichbar",
        "Der Dienst erreicht seine Datenbank gerade nicht oder alle Verbindungen sind belegt. „Retry-After“ beachten.",
        "The service cannot reach its database, or all connections are taken. Try again after Retry-After.",
    ),
    "disk-full": Kind(
        507,
        "No room to write",
        "Kein Speicherplatz",
        "Auf dem Datenträger der Datenbank ist kein Platz mehr. Nichts wurde geändert.",
        "The database's disk is full. Nothing was changed.",
    ),
    "internal": Kind(
        500,
        "Something went wrong",
        "Interner Fehler",
        "Ein Fehler des Dienstes. Nichts wurde geändert; der Grund steht im Protokoll des Betreibers.",
        "A fault of the service. Nothing was changed; the reason is in the operator's log.",
    ),
    "http-error": Kind(
        400,
        "The request was refused",
        "Anfrage abgelehnt",
        "Die Anfrage wurde abgelehnt; der Statuscode sagt, weshalb.",
        "The request was refused; its status says why.",
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
