"""Lost and offered land at the edge: compared, proposed, decided on. Only decisions are stored; the caller commits."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy.orm import Session

from app import replacement_answers
from app.answers import Asked
from app.replacement_bodies import ComparisonIn, DecisionIn, LossIn, OfferIn, ProposalIn
from app.replacement_edge import Recording, recorded
from app.replacement_problems import Refused, ReplacementRefused
from app.schemas.replacements import ProposalOut, ReplacementAssessmentOut
from app.web.language import Translator
from parcels import candidates, decisions, dissolutions, proposals, replacements, sites
from parcels import lost as losses
from parcels.authors import sent_before
from parcels.candidates import CandidateUnknownError, Wanted
from parcels.decisions import Answered, Decided
from parcels.dissolutions import Dissolution
from parcels.measured import PLANNED_NET
from parcels.replacement_tables import ReplacementDecision
from parcels.replacements import Losing, Offer
from parcels.sites import Place, SiteRefusedError
from rules import replacements as rules
from rules.law import LAW


@dataclass(frozen=True, slots=True)
class Sides:
    """A loss and what is offered for it, as the rules take them; `numbers` and `names` are by the candidates' keys."""

    losing: Losing
    dissolution: Dissolution | None
    offered: list[rules.Candidate]
    numbers: dict[str, int]
    names: dict[str, str]


def sides(session: Session, body: ComparisonIn | ProposalIn, asked: Asked) -> Sides:
    """Both sides of a question; candidates stay in the order given, all that are still offered on the day where none are.

    DissolutionUnknownError, CandidateUnknownError, DesignationError, PlannedNetError, SiteRefusedError, OutlinesError, NotInForce;
    ReplacementRefused for what is withdrawn by then.
    """
    dissolution = None if body.dissolution is None else _dissolution(session, body.dissolution, asked)
    losing = _losing(session, body.loss, asked) if body.loss else replacements.recorded_loss(_known(dissolution))
    if body.candidates is None:
        found = candidates.listing(session, asked.known_at, Wanted(offered_on=asked.on))
        return _sides(session, losing, dissolution, found, [], asked)
    recorded_ones = _recorded(session, [one.id for one in body.candidates if one.id is not None], asked)
    made = _sides(
        session, losing, dissolution, recorded_ones, [one for one in body.candidates if one.id is None], asked
    )
    return _limited(_in_order(made, body.candidates), body.candidates)


def _limited(made: Sides, given: Sequence[OfferIn]) -> Sides:
    """With no more of a candidate than was said to be offered, and than is free."""
    most = {str(one.id): one.net_m2 for one in given if one.net_m2 is not None}
    return replace(made, offered=[replacements.no_more_than(one, most.get(one.key)) for one in made.offered])


def _known(dissolution: Dissolution | None) -> Dissolution:
    assert dissolution is not None  # noqa: S101 (the body has a loss or a dissolution)
    return dissolution


def _dissolution(session: Session, number: int, asked: Asked) -> Dissolution:
    found = dissolutions.find(session, number, asked.known_at)
    if found.lost.withdrawn_on is not None and found.lost.withdrawn_on <= asked.on:
        raise ReplacementRefused(Refused.DISSOLUTION_WITHDRAWN, {"number": number})
    return found


def _losing(session: Session, loss: LossIn, asked: Asked) -> Losing:
    """Land that nobody recorded as dissolved, found on the day asked about, or on its last day if that came before."""
    on = min(asked.on, loss.lost_on - timedelta(days=1))
    place = sites.place(session, loss.site.site(), on, asked.known_at)
    stated = loss.facts.stated()
    return Losing(losses.lost(session, place, loss.lost_on, loss.designation, stated, on, asked.known_at), place)


def _recorded(session: Session, numbers: Sequence[int], asked: Asked) -> list[candidates.Candidate]:
    found = candidates.listing(session, asked.known_at, Wanted(numbers=tuple(numbers)))
    if missing := sorted(set(numbers) - {one.id for one in found}):
        raise CandidateUnknownError(f"There is no candidate {', '.join(map(str, missing))} known by then.")
    for one in found:
        if one.offered.withdrawn_on is not None and one.offered.withdrawn_on <= asked.on:
            raise ReplacementRefused(Refused.CANDIDATE_WITHDRAWN, {"number": one.id})
    return found


def _sides(
    session: Session,
    losing: Losing,
    dissolution: Dissolution | None,
    found: Sequence[candidates.Candidate],
    drawn: Sequence[OfferIn],
    asked: Asked,
) -> Sides:
    when = replacements.Asked(asked.on, asked.known_at)
    offered = replacements.recorded_candidates(session, losing, found, when)
    if drawn:
        places = [Place(one.keys, one.origin.site.outline, one.land, None) for one in found]
        both = list(zip(offered, places, strict=True)) + _unrecorded(session, losing, drawn, when)
        offered = replacements.with_overlaps(session, both)
    names = {str(one.id): one.origin.name for one in found} | {_key(n): str(one.name) for n, one in enumerate(drawn)}
    return Sides(losing, dissolution, offered, {str(one.id): one.id for one in found}, names)


def _key(position: int) -> str:
    """Of land that nobody recorded, told apart from every number."""
    return f"offer {position + 1}"


def _unrecorded(
    session: Session, losing: Losing, drawn: Sequence[OfferIn], asked: replacements.Asked
) -> list[tuple[rules.Candidate, Place]]:
    made = []
    for n, one in enumerate(drawn):
        place = _offered_place(session, one, asked)
        stated = one.facts.stated() | {PLANNED_NET: one.planned_net_m2}
        steps = [step.milestone() for step in one.milestones]
        offer = Offer(_key(n), place, one.designation, stated, steps)
        made.append((replacements.unrecorded_candidate(session, losing, offer, asked), place))
    return made


def _offered_place(session: Session, one: OfferIn, asked: replacements.Asked) -> Place:
    """SiteRefusedError names the candidate: several may be offered."""
    assert one.site is not None  # noqa: S101 (what is not recorded has a site)
    try:
        return sites.place(session, one.site.site(), asked.on, asked.known_at)
    except SiteRefusedError as error:
        faults = [replace(fault, message=f"{one.name}: {fault.message}") for fault in error.faults]
        raise SiteRefusedError(error.kind, f"{one.name}: {error}", faults) from None


def _in_order(made: Sides, given: Sequence[OfferIn]) -> Sides:
    drawn = iter(range(len(given)))
    order = {str(one.id) if one.id is not None else _key(next(drawn)): n for n, one in enumerate(given)}
    ordered = sorted(made.offered, key=lambda one: order[one.key])
    return replace(made, offered=ordered)


def assess(session: Session, body: ComparisonIn, asked: Asked) -> dict[str, ReplacementAssessmentOut]:
    """The comparison, by language. Errors as of `sides`."""
    found = sides(session, body, asked)
    said = rules.assess(found.losing.loss, found.offered, LAW.on(asked.on, asked.known_at))
    return replacement_answers.assessments(asked, _parties(found), said)


def _parties(found: Sides) -> replacement_answers.Parties:
    return replacement_answers.Parties(found.losing.loss, found.dissolution, found.numbers, found.names)


def propose(session: Session, body: ProposalIn, asked: Asked, speak: Translator) -> ProposalOut:
    """The set of candidates that covers the loss at the least cost, or why there is none. Errors as of `sides`, LossNotMeasured,
    EffortSpent."""
    found, law = sides(session, body, asked), LAW.on(asked.on, asked.known_at)
    made = proposals.propose(found.losing.loss, found.offered, law, body.max_areas)
    return replacement_answers.proposal(asked, _parties(found), found.offered, made, law, speak)


def decide(record: Recording, body: DecisionIn, key: str | None) -> int:
    """Record a decision with the assessment as it is answered now; its number, the first one's where the same was sent before."""
    sent = record.sent(key, body)
    if (before := sent_before(record.session, ReplacementDecision, sent)) is not None:
        return before
    decided_on, asked = record.past("decided_on", body.decided_on), record.view(body.on).asked
    offers = [{"id": number} for number in body.candidates]
    said = assess(
        record.session, ComparisonIn.model_validate({"dissolution": body.dissolution, "candidates": offers}), asked
    )
    decided = Decided(body.dissolution, tuple(body.candidates), body.decision, decided_on, body.decided_by, body.reason)
    one = next(iter(said.values()))
    answered = Answered(
        verdict=one.verdict.value,
        on=asked.on,
        known_at=asked.known_at,
        law_version=one.law_version,
        result={language: answer.model_dump(mode="json") for language, answer in said.items()},
    )
    number = decisions.record(record.session, decided, answered, record.author(), sent)
    return recorded(number if number is not None else sent_before(record.session, ReplacementDecision, sent))
