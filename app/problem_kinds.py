"""Every kind of problem that the service answers with: status, titles and what each means, German first."""

from app.problem_kind import Kind
from app.problem_kinds_alerts import ALERTS
from app.problem_kinds_cases import CASES
from app.problem_kinds_replacements import REPLACEMENTS

KINDS: dict[str, Kind] = {
    **CASES,
    **ALERTS,
    **REPLACEMENTS,
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
    "key-reused": Kind(
        422,
        "The Idempotency-Key is used already",
        "Idempotency-Key schon vergeben",
        "Unter diesem „Idempotency-Key“ wurde schon etwas anderes gesandt. Für etwas Neues einen neuen Schlüssel wählen.",
        "Something else was sent under this Idempotency-Key before. Choose a new key for something new.",
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
}
