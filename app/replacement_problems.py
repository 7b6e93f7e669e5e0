"""Why something of replacement cannot be recorded or answered, as problems: each by the name of its kind, its field, its remedy."""

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response

from app.problems import Problem, field_error, respond
from app.web.language import Translator, chosen, translator
from parcels.candidates import CandidateUnknownError, MorePledgedError
from parcels.dissolutions import DissolutionUnknownError
from parcels.lost import DesignationError
from parcels.measured import PlannedNetError
from parcels.plan_sites import PlanSiteError
from parcels.pledges import Balance, PledgeRefusedError, PledgeReleasedError, PledgeUnknownError, Refusal
from parcels.proposals import EffortSpent, LossNotMeasured
from rules.criteria import Fact, Reason


class Refused(StrEnum):
    """The codes of what is refused; sentences and remedies are the catalogue's."""

    NOTHING_TO_DISSOLVE = "nothing_to_dissolve"
    SEVERAL_DESIGNATIONS = "several_designations"
    OTHER_DESIGNATIONS = "other_designations"
    DISSOLVED_ALREADY = "dissolved_already"
    DISSOLUTION_WITHDRAWN = "dissolution_withdrawn"
    CANDIDATE_WITHDRAWN = "candidate_withdrawn"
    CANDIDATE_IN_PORT = "candidate_in_port"
    DESIGNATION_UNKNOWN = "designation_unknown"
    PLANNED_NET_TOO_LARGE = "planned_net_too_large"
    PLAN_NOT_AHEAD = "plan_not_ahead"
    PLAN_OF_SEVERAL = "plan_of_several"
    MORE_PLEDGED = "more_pledged"
    TOO_MUCH = "too_much"
    BOUND_ALREADY = "bound_already"
    BEFORE_MEASURED = "before_measured"
    BEFORE_RELEASE = "before_release"
    AHEAD = "ahead"
    RELEASE_AHEAD = "release_ahead"
    RELEASE_TOO_EARLY = "release_too_early"
    PLEDGE_RELEASED = "pledge_released"
    NEW_LAND = "new_land"
    OUTSIDE_PORT = "outside_port"
    APART_FROM_LOSS = "apart_from_loss"
    LOSS_NOT_MEASURED = "loss_not_measured"
    EFFORT_SPENT = "effort_spent"


# the kind of problem that a refusal is, and the field that it is about
KIND: dict[Refused, tuple[str, str]] = {
    Refused.NOTHING_TO_DISSOLVE: ("designation-unfit", "site"),
    Refused.SEVERAL_DESIGNATIONS: ("designation-unfit", "designation"),
    Refused.OTHER_DESIGNATIONS: ("designation-unfit", "designation"),
    Refused.DISSOLVED_ALREADY: ("dissolved-already", "site"),
    Refused.DISSOLUTION_WITHDRAWN: ("dissolution-withdrawn", "dissolution"),
    Refused.CANDIDATE_WITHDRAWN: ("candidate-withdrawn", "candidate"),
    Refused.CANDIDATE_IN_PORT: ("candidate-unfit", "site"),
    Refused.DESIGNATION_UNKNOWN: ("candidate-unfit", "designation"),
    Refused.PLANNED_NET_TOO_LARGE: ("candidate-unfit", "planned_net_m2"),
    Refused.PLAN_NOT_AHEAD: ("candidate-unfit", "plan"),
    Refused.PLAN_OF_SEVERAL: ("candidate-unfit", "designation"),
    Refused.MORE_PLEDGED: ("more-pledged", "planned_net_m2"),
    Refused.TOO_MUCH: ("pledge-refused", "net_m2"),
    Refused.BOUND_ALREADY: ("pledge-refused", "candidate"),
    Refused.BEFORE_MEASURED: ("pledge-refused", "pledged_on"),
    Refused.BEFORE_RELEASE: ("pledge-refused", "pledged_on"),
    Refused.AHEAD: ("pledge-refused", "pledged_on"),
    Refused.RELEASE_AHEAD: ("pledge-refused", "released_on"),
    Refused.RELEASE_TOO_EARLY: ("pledge-refused", "released_on"),
    Refused.PLEDGE_RELEASED: ("pledge-released", "pledge"),
    Refused.NEW_LAND: ("pledge-refused", "candidate"),
    Refused.OUTSIDE_PORT: ("pledge-refused", "candidate"),
    Refused.APART_FROM_LOSS: ("pledge-refused", "candidate"),
    Refused.LOSS_NOT_MEASURED: ("loss-not-measured", "loss"),
    Refused.EFFORT_SPENT: ("proposal-too-hard", "candidates"),
}


class ReplacementRefused(Exception):
    """What is refused: its code, the values of its sentence (a Reason stands for its own), and further members of the problem."""

    def __init__(self, code: Refused, params: dict[str, Fact | int | Reason] | None = None, **members: Any) -> None:
        super().__init__(code.value)
        self.code, self.params, self.members = code, params or {}, members


def of(error: Exception, speak: Translator) -> Problem:
    """The problem that an error about replacement means, in the caller's language where it is a refusal."""
    match error:
        case DissolutionUnknownError():
            return Problem("dissolution-unknown", str(error))
        case CandidateUnknownError():
            return Problem("candidate-unknown", str(error))
        case PledgeUnknownError():
            return Problem("pledge-unknown", str(error))
        case ReplacementRefused():
            return _problem(error, speak)
    return _problem(_refused(error, speak), speak)


def _refused(error: Exception, speak: Translator) -> ReplacementRefused:
    match error:
        case DesignationError():
            found = [{"designation": code, "m2": float(m2)} for code, m2 in error.found]
            several = Refused.OTHER_DESIGNATIONS if error.asked else Refused.SEVERAL_DESIGNATIONS
            params: dict[str, Fact | int | Reason] = {"day": error.on, "found": _listed(error.found, speak)}
            code = several if found else Refused.NOTHING_TO_DISSOLVE
            return ReplacementRefused(code, params | {"asked": error.asked}, found=found)
        case PlanSiteError():
            code = Refused.PLAN_OF_SEVERAL if error.found else Refused.PLAN_NOT_AHEAD
            return ReplacementRefused(
                code, {"plan": error.plan, "found": ", ".join(error.found)}, found=list(error.found)
            )
        case PlannedNetError():
            amounts = {"planned_m2": error.planned_m2, "outside_m2": error.outside_m2}
            return ReplacementRefused(Refused.PLANNED_NET_TOO_LARGE, {**amounts}, **_floats(amounts))
        case MorePledgedError():
            amounts = {"net_m2": error.net_m2, "pledged_m2": error.pledged_m2}
            return ReplacementRefused(Refused.MORE_PLEDGED, {**amounts}, **_floats(amounts))
        case PledgeRefusedError():
            return _of_database(error.refusal, error.balance)
        case PledgeReleasedError():
            return ReplacementRefused(Refused.PLEDGE_RELEASED)
        case LossNotMeasured():
            return ReplacementRefused(Refused.LOSS_NOT_MEASURED)
        case EffortSpent():
            return ReplacementRefused(Refused.EFFORT_SPENT)
    raise error


def _listed(found: Sequence[tuple[str, Decimal]], speak: Translator) -> str:
    return ", ".join(f"{code} ({speak.square_metres(m2)})" for code, m2 in found)


def _floats(amounts: dict[str, Decimal]) -> dict[str, float]:
    return {name: float(m2) for name, m2 in amounts.items()}


def _of_database(refusal: Refusal, balance: Balance) -> ReplacementRefused:
    """What the database does not take, with the candidate's balance in net m2 as it stood then."""
    names = ("net_m2", "pledged_m2", "shadowed_m2", "free_m2")
    amounts = {name: getattr(balance, name) for name in names}
    said = {**_floats(amounts), "candidate": balance.candidate, "net_since": balance.net_since}
    return ReplacementRefused(Refused(refusal.name.lower()), {**amounts, "net_since": balance.net_since}, balance=said)


def _problem(refused: ReplacementRefused, speak: Translator) -> Problem:
    slug, field = KIND[refused.code]
    values = [(name, _said(value, speak)) for name, value in refused.params.items()]
    said, remedy = (
        speak.sentence(kind, refused.code.value, values) for kind in ("replacement_refusal", "replacement_remedy")
    )
    return Problem(slug, said, [field_error(field, said, remedy)], code=refused.code.value, **refused.members)


def _said(value: Fact | int | Reason, speak: Translator) -> Fact | int:
    return speak.reason(value) if isinstance(value, Reason) else value


KINDS = (
    *(
        ReplacementRefused,
        DissolutionUnknownError,
        CandidateUnknownError,
        PledgeUnknownError,
        DesignationError,
        PlanSiteError,
    ),
    *(PlannedNetError, MorePledgedError, PledgeRefusedError, PledgeReleasedError, LossNotMeasured, EffortSpent),
)


async def handle(request: Request, error: Exception) -> Response:
    """The exception handler of all of them."""
    return respond(of(error, translator(chosen(None, request.headers.get("accept-language")))))


def install(app: FastAPI) -> None:
    """Let each of them answer as a problem."""
    for kind in KINDS:
        app.add_exception_handler(kind, handle)
