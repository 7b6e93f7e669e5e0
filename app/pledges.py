"""Pledges at the edge: made, released, handed on. What the database keeps is the database's to refuse; here it is said what land
is no replacement for the loss. The caller commits, or rolls back where something is refused."""

from collections.abc import Sequence
from decimal import Decimal

from app.land_answers import warning
from app.pledge_bodies import PledgeIn, ReleaseIn, TransferIn
from app.replacement_edge import Recording, View, recorded
from app.replacement_problems import Refused, ReplacementRefused
from app.schemas.land import WarningOut
from parcels import candidates, dissolutions, pledge_watch, pledges
from parcels.authors import sent_before
from parcels.pledges import Bound, PledgeReleasedError, Wanted
from parcels.replacement_tables import Pledge as Table
from parcels.replacements import Asked, Losing, recorded_candidates, recorded_loss
from rules.facts import Outcome
from rules.law import LAW, DatedLaw
from rules.replacement_criteria import CRITERIA, GATES
from rules.replacements import Candidate

REFUSING = tuple(name for name in GATES if name != "designation")  # too low a rank is said, and a person decides


def pledge(record: Recording, body: PledgeIn, key: str | None) -> int:
    """Bind net m2 of a candidate to a dissolution; the pledge's number, which is the first one's where the same was sent before.

    DissolutionUnknownError, CandidateUnknownError, PledgeRefusedError; ReplacementRefused for what is withdrawn, and for land that
    is not new, lies in the port or on the lost land.
    """
    sent = record.sent(key, body)
    if (before := sent_before(record.session, Table, sent)) is not None:
        return before
    bound = Bound(body.candidate, body.dissolution, body.net_m2, record.past("pledged_on", body.pledged_on))
    _check_offered(record, bound)
    number = pledges.pledge(record.session, bound, record.author(body.note), sent)
    _check_replaces(record.view(), bound)
    _look(record, bound.candidate)
    return recorded(number if number is not None else sent_before(record.session, Table, sent))


def release(record: Recording, number: int, body: ReleaseIn) -> None:
    """End a pledge; to send the same again changes nothing. PledgeUnknownError, PledgeReleasedError, PledgeRefusedError."""
    on = record.past("released_on", body.released_on)
    try:
        pledges.release(record.session, number, on, body.note, record.author())
    except PledgeReleasedError:
        ended = pledges.find(record.session, number, record.view().asked.known_at).release
        if ended is None or (ended.on, ended.note, ended.actor) != (on, body.note, record.who.name):
            raise
    _look(record, pledges.find(record.session, number, record.view().asked.known_at).bound.candidate)


def transfer(record: Recording, number: int, body: TransferIn, key: str | None) -> int:
    """End a pledge and bind its land anew on the same day; the number of the pledge that follows. Errors as of both."""
    sent = record.sent(key, body, number)
    if (before := sent_before(record.session, Table, sent)) is not None:
        return before
    on = record.past("on", body.on)
    was = pledges.find(record.session, number, record.view().asked.known_at).bound
    bound = Bound(
        candidate=body.candidate or was.candidate,
        dissolution=body.dissolution or was.dissolution,
        net_m2=body.net_m2 or was.net_m2,
        pledged_on=on,
    )
    _check_offered(record, bound)
    try:
        made = pledges.hand_on(record.session, number, bound, body.note, record.author(body.note), sent)
    except PledgeReleasedError:
        if (meanwhile := sent_before(record.session, Table, sent)) is None:
            raise
        return meanwhile
    _check_replaces(record.view(), bound)
    _look(record, was.candidate, bound.candidate)
    return recorded(made)


def _look(record: Recording, *numbers: int) -> None:
    """Whose pledges changed: whether they are secure is told."""
    pledge_watch.look(record.session, record.today, record.view().asked.known_at, numbers)


def _check_offered(record: Recording, bound: Bound) -> None:
    """Both sides are there, and neither is withdrawn; the dissolution stays as it is until the pledge is recorded."""
    dissolutions.hold(record.session, bound.dissolution)
    known_at = record.view().asked.known_at
    if dissolutions.find(record.session, bound.dissolution, known_at).lost.withdrawn_on is not None:
        raise ReplacementRefused(Refused.DISSOLUTION_WITHDRAWN, {"number": bound.dissolution})
    if candidates.find(record.session, bound.candidate, known_at).offered.withdrawn_on is not None:
        raise ReplacementRefused(Refused.CANDIDATE_WITHDRAWN, {"number": bound.candidate})


def _check_replaces(view: View, bound: Bound) -> None:
    """Looked at once it is bound: land that was pledged before it came into the stock is new for this loss."""
    losing, land, law = _sides(view, bound)
    for name in REFUSING:
        found = CRITERIA[name][1](losing.loss, [land], law)
        if found.outcome is Outcome.NOT_MET:
            raise ReplacementRefused(Refused(name), {"reason": found.reason})


def _sides(view: View, bound: Bound) -> tuple[Losing, Candidate, DatedLaw]:
    asked = view.asked
    losing = recorded_loss(dissolutions.find(view.session, bound.dissolution, asked.known_at))
    found = [candidates.find(view.session, bound.candidate, asked.known_at)]
    (land,) = recorded_candidates(view.session, losing, found, Asked(asked.on, asked.known_at))
    return losing, land, LAW.on(asked.on, asked.known_at)


def warnings(view: View, bound: Bound) -> list[WarningOut]:
    """What is to be looked at of a pledge that holds: gates that are open, too low a rank, more than is new, more than is lost."""
    losing, land, law = _sides(view, bound)
    said = []
    for name in GATES:
        found = CRITERIA[name][1](losing.loss, [land], law)
        if found.outcome is not Outcome.MET:
            said.append(WarningOut(code=found.reason.code.value, sentence=view.speak.reason(found.reason)))
    held = _held(view, bound.dissolution)
    here = sum((one.net_m2 for one in held if one.candidate == bound.candidate), Decimal(0))
    if land.net_m2 is not None and here > land.net_m2:
        said.append(warning("only_partly_new", view.speak, pledged_m2=here, net_m2=land.net_m2))
    whole = sum((one.net_m2 for one in held), Decimal(0))
    if losing.loss.net_m2 is not None and whole > losing.loss.net_m2:
        said.append(warning("more_than_lost", view.speak, pledged_m2=whole, lost_m2=losing.loss.net_m2))
    return said


def _held(view: View, dissolution: int) -> Sequence[Bound]:
    wanted = Wanted(dissolutions=(dissolution,), holding_on=view.asked.on)
    return [one.bound for one in pledges.listing(view.session, view.asked.known_at, wanted)]
