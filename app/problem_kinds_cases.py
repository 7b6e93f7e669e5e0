"""The kinds of problems about conversion cases and their steps."""

from app.problem_kind import Kind

CASES: dict[str, Kind] = {
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
}
