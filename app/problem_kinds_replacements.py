"""The kinds of problems about dissolutions, candidates, pledges and their comparison."""

from app.problem_kind import Kind

REPLACEMENTS: dict[str, Kind] = {
    "dissolution-unknown": Kind(
        404,
        "No such dissolution",
        "Auflösung unbekannt",
        "Eine Auflösung mit dieser Nummer gibt es nicht, oder es gab sie zu diesem Kenntnisstand noch nicht. Alle stehen unter "
        "/api/replacements/dissolutions.",
        "There is no dissolution of that number, or there was none at that state of knowledge. All are listed at "
        "/api/replacements/dissolutions.",
    ),
    "candidate-unknown": Kind(
        404,
        "No such candidate",
        "Kandidat unbekannt",
        "Einen Kandidaten mit dieser Nummer gibt es nicht, oder es gab ihn zu diesem Kenntnisstand noch nicht. Alle stehen unter "
        "/api/replacements/candidates.",
        "There is no candidate of that number, or there was none at that state of knowledge. All are listed at "
        "/api/replacements/candidates.",
    ),
    "pledge-unknown": Kind(
        404,
        "No such pledge",
        "Zusage unbekannt",
        "Eine Zusage mit dieser Nummer gibt es nicht, oder es gab sie zu diesem Kenntnisstand noch nicht. Alle stehen unter "
        "/api/replacements/pledges.",
        "There is no pledge of that number, or there was none at that state of knowledge. All are listed at "
        "/api/replacements/pledges.",
    ),
    "designation-unfit": Kind(
        422,
        "A dissolution is of one designation",
        "Eine Auflösung hat eine Ausweisung",
        "Auf der Fläche liegt keine Arbeitsstättenfläche, mehr als eine Ausweisung, oder nicht die genannte. „found“ nennt, was "
        "dort liegt, mit Quadratmetern; je Ausweisung ist eine eigene Auflösung einzugeben.",
        "The site has no workplace land, several designations of it, or not the one named. `found` lists what is there with square "
        "metres; enter one dissolution for each designation.",
    ),
    "dissolved-already": Kind(
        409,
        "The land is dissolved already",
        "Fläche ist schon aufgelöst",
        "Ein Teil der Fläche gehört schon zu einer anderen Auflösung derselben Ausweisung („dissolutions“). Land wird einmal "
        "aufgelöst. Nichts wurde aufgenommen.",
        "Some of the land belongs to another dissolution of the same designation (`dissolutions`). Land is dissolved once. Nothing "
        "was recorded.",
    ),
    "dissolution-withdrawn": Kind(
        409,
        "The dissolution is withdrawn",
        "Auflösung zurückgezogen",
        "Die Auflösung findet nicht statt: dafür wird nichts verglichen und nichts zugesagt.",
        "The dissolution does not happen: nothing is compared or pledged for it.",
    ),
    "candidate-withdrawn": Kind(
        409,
        "The candidate is withdrawn",
        "Kandidat zurückgezogen",
        "Die Fläche wird nicht mehr angeboten: sie wird nicht verglichen und nicht zugesagt.",
        "The land is no longer offered: it is neither compared nor pledged.",
    ),
    "candidate-unfit": Kind(
        422,
        "This cannot be a candidate",
        "Kann so kein Kandidat sein",
        "Die Fläche liegt ganz im Hafen, niemand sagt ihre Ausweisung, es ist mehr Nettobauland geplant als Land da ist, oder der "
        "genannte Plan bringt keine eindeutige Fläche. „code“ nennt den Grund.",
        "The land lies wholly in the port, nobody says its designation, more Nettobauland is planned than there is land, or the "
        "plan named gives no one site. `code` says which.",
    ),
    "more-pledged": Kind(
        409,
        "More is pledged than would be left",
        "Mehr zugesagt, als übrig bliebe",
        "Ein Kandidat wird nicht kleiner, als von ihm zugesagt ist, und nicht zurückgezogen, solange etwas zugesagt ist. Zuerst "
        "Zusagen freigeben oder übertragen. Nichts wurde aufgenommen.",
        "A candidate does not become smaller than what is pledged of it, nor is it withdrawn while anything is. Release or "
        "transfer pledges first. Nothing was recorded.",
    ),
    "pledge-refused": Kind(
        409,
        "Such a pledge cannot be",
        "So nicht zusagbar",
        "Die Zusage überschritte die Nettofläche, bände Land zweimal, oder das Land ersetzt diesen Verlust nicht. „code“ nennt den "
        "Grund, „balance“ die Bilanz des Kandidaten. Nichts wurde aufgenommen.",
        "The pledge would exceed the net area, bind land twice, or the land is no replacement for this loss. `code` says which, "
        "`balance` is that of the candidate. Nothing was recorded.",
    ),
    "pledge-released": Kind(
        409,
        "The pledge was released before",
        "Zusage schon freigegeben",
        "Die Zusage wurde schon freigegeben oder übertragen. Nichts wurde aufgenommen.",
        "The pledge was released or transferred before. Nothing was recorded.",
    ),
    "loss-not-measured": Kind(
        422,
        "Nobody knows how much is lost",
        "Größe des Verlusts unbekannt",
        "Von der aufgelösten Fläche ist keine Nettofläche bekannt; dafür lässt sich nichts vorschlagen.",
        "No net area is known of the dissolved land; nothing can be proposed for it.",
    ),
    "proposal-too-hard": Kind(
        422,
        "No set was found with the effort allowed",
        "Mit diesem Aufwand kein Vorschlag",
        "In den Grenzen des Aufwands fand sich weder ein Vorschlag noch, dass es keinen gibt.",
        "Within the bounds of effort neither a set was found nor that there is none.",
    ),
}
