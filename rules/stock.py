"""What belongs to the stock (Bestand) of workplace land, whoever holds it."""

from rules.facts import Outcome, Part
from rules.law import DatedLaw


def in_stock(part: Part, law: DatedLaw) -> Outcome:
    """Whether a part outside the port is GE, GI, I or G land gewerbegebietsähnlich genutzt; unknown where that use is.

    Source: Masterplan Industrie 2023, Handlungsfeld 1 Nr. 1 Abs. 2 Satz 1.
    """
    code = part.designation
    if part.wholly_in_port:
        return Outcome.NOT_MET
    if code in law["stock.designations"].codes:
        return Outcome.MET
    if code in law["stock.designations_if_in_use_as_commercial"].codes:
        return _outcome(part.in_use_as_commercial)
    return Outcome.NOT_MET if code in law["designations.known"].codes else Outcome.UNKNOWN


def _outcome(fact: bool | None) -> Outcome:
    if fact is None:
        return Outcome.UNKNOWN
    return Outcome.MET if fact else Outcome.NOT_MET
