"""Private land that is "marktfähig" and therefore protected from conversion."""

from collections.abc import Iterable

from rules.criteria import is_municipal
from rules.facts import Outcome
from rules.law import DatedLaw


def private_marketable(workplace: Outcome, holder: str | None, marketable: bool | None, law: DatedLaw) -> Outcome:
    """Whether land of the stock (`workplace`) is private and marketable; what is recorded of neither is unknown.

    Source: Masterplan Industrie 2023, Handlungsfeld 1 Nr. 1 Abs. 2 Satz 2 ("Private Grundstücke, die ‚marktfähig‘ ... sind").
    Who is private: a known holder that is not municipal (Vorschlag dieses Dienstes).
    """
    municipal = is_municipal(holder, law)
    private = None if municipal is None else not municipal
    return all_of((workplace, _recorded(private), _recorded(marketable)))


def all_of(outcomes: Iterable[Outcome]) -> Outcome:
    """Met where all are; not met where one is not, whatever is unknown beside it."""
    found = set(outcomes)
    if Outcome.NOT_MET in found:
        return Outcome.NOT_MET
    return Outcome.UNKNOWN if Outcome.UNKNOWN in found else Outcome.MET


def _recorded(fact: bool | None) -> Outcome:
    if fact is None:
        return Outcome.UNKNOWN
    return Outcome.MET if fact else Outcome.NOT_MET
