"""Private land that is "marktfähig" and therefore protected from conversion."""

from collections.abc import Iterable

from rules.facts import Outcome
from rules.law import DatedLaw


def private_marketable(workplace: Outcome, holder: str | None, marketable: bool | None, law: DatedLaw) -> Outcome:
    """Whether land of the stock (`workplace`) is private and marketable; what is recorded of neither is unknown.

    Source: Masterplan Industrie 2023, Handlungsfeld 1 Nr. 1 Abs. 2 Satz 2 ("Private Grundstücke, die ‚marktfähig‘ ... sind").
    Who is private: whoever is on no list of municipal holders (Vorschlag dieses Dienstes).
    """
    return all_of((workplace, _private(holder, law), _recorded(marketable)))


def all_of(outcomes: Iterable[Outcome]) -> Outcome:
    """Met where all are; not met where one is not, whatever is unknown beside it."""
    found = set(outcomes)
    if Outcome.NOT_MET in found:
        return Outcome.NOT_MET
    return Outcome.UNKNOWN if Outcome.UNKNOWN in found else Outcome.MET


def _private(holder: str | None, law: DatedLaw) -> Outcome:
    if holder in law["holders.municipal"].codes:
        return Outcome.NOT_MET
    return Outcome.MET if holder in law["holders.known"].codes else Outcome.UNKNOWN


def _recorded(fact: bool | None) -> Outcome:
    if fact is None:
        return Outcome.UNKNOWN
    return Outcome.MET if fact else Outcome.NOT_MET
