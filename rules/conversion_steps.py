"""The steps of a conversion case and the state that each leads to: one table, complete over its two closed enums.

The normal coordination lies between the authority that decides and the one for the economy; only once it has failed is the case
the Industriekoordinator's. Source: Masterplan Industrie 2023, Handlungsfeld 1 Nr. 4 („insbesondere wenn die normalen
Abstimmungsverfahren scheitern“).
"""

from enum import StrEnum


class CaseState(StrEnum):
    """How a case stands; `failed`: the coordination failed and nobody has mediated yet, `decided`: granted or refused."""

    OPEN = "open"
    COORDINATION = "coordination"
    FAILED = "failed"
    ESCALATED = "escalated"
    SETTLED = "settled"
    DECIDED = "decided"
    WITHDRAWN = "withdrawn"


class StepKind(StrEnum):
    """What happens in a case. `request_*` is the request for the municipality's consent (Ersuchen, § 36a BauGB)."""

    ENTERED = "entered"
    REQUEST_RECEIVED = "request_received"
    REQUEST_RENEWED = "request_renewed"
    HEARING_SET = "hearing_set"
    STATEMENT_REQUESTED = "statement_requested"
    BWI_INVOLVED = "bwi_involved"
    STATEMENT_GIVEN = "statement_given"
    COORDINATION_FAILED = "coordination_failed"
    ESCALATED = "escalated"
    SETTLED = "settled"
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    NOTE = "note"


class StepRefusal(StrEnum):
    """Why a step cannot be taken now."""

    NOT_ENTERED = "not_entered"
    ALREADY_ENTERED = "already_entered"
    NO_COORDINATION = "no_coordination"
    COORDINATION_NOT_FAILED = "coordination_not_failed"
    ALREADY_FAILED = "already_failed"
    ALREADY_ESCALATED = "already_escalated"
    ALREADY_SETTLED = "already_settled"
    CASE_ENDED = "case_ended"


_OPEN, _TALK, _FAILED, _UP, _DONE = (
    CaseState.OPEN,
    CaseState.COORDINATION,
    CaseState.FAILED,
    CaseState.ESCALATED,
    CaseState.SETTLED,
)
_DECIDED, _GONE, _ENDED = CaseState.DECIDED, CaseState.WITHDRAWN, StepRefusal.CASE_ENDED
_NONE, _EARLY = StepRefusal.NO_COORDINATION, StepRefusal.COORDINATION_NOT_FAILED
_AGAIN, _ALREADY_UP, _AGREED = (
    StepRefusal.ALREADY_FAILED,
    StepRefusal.ALREADY_ESCALATED,
    StepRefusal.ALREADY_SETTLED,
)

# What becomes of a case in the states open, coordination, failed, escalated, settled, decided, withdrawn. A renewed request
# opens an ended or settled case again, since consent is asked for anew; it does not end a dispute that is under way.
_TABLE: dict[StepKind, tuple[CaseState | StepRefusal, ...]] = {
    StepKind.ENTERED: (StepRefusal.ALREADY_ENTERED,) * len(CaseState),
    StepKind.REQUEST_RECEIVED: (_OPEN, _TALK, _FAILED, _UP, _DONE, _ENDED, _ENDED),
    StepKind.REQUEST_RENEWED: (_OPEN, _TALK, _FAILED, _UP, _OPEN, _OPEN, _OPEN),
    StepKind.HEARING_SET: (_OPEN, _TALK, _FAILED, _UP, _DONE, _ENDED, _ENDED),
    StepKind.STATEMENT_REQUESTED: (_TALK, _TALK, _TALK, _UP, _TALK, _ENDED, _ENDED),
    StepKind.BWI_INVOLVED: (_TALK, _TALK, _TALK, _UP, _TALK, _ENDED, _ENDED),
    StepKind.STATEMENT_GIVEN: (_TALK, _TALK, _FAILED, _UP, _DONE, _ENDED, _ENDED),
    StepKind.COORDINATION_FAILED: (_NONE, _FAILED, _AGAIN, _ALREADY_UP, _AGREED, _ENDED, _ENDED),
    StepKind.ESCALATED: (_EARLY, _EARLY, _UP, _ALREADY_UP, _EARLY, _ENDED, _ENDED),
    StepKind.SETTLED: (_NONE, _DONE, _DONE, _DONE, _AGREED, _ENDED, _ENDED),
    StepKind.GRANTED: (_DECIDED, _DECIDED, _DECIDED, _DECIDED, _DECIDED, _ENDED, _ENDED),
    StepKind.REFUSED: (_DECIDED, _DECIDED, _DECIDED, _DECIDED, _DECIDED, _ENDED, _ENDED),
    StepKind.WITHDRAWN: (_GONE, _GONE, _GONE, _GONE, _GONE, _ENDED, _ENDED),
    StepKind.NOTE: tuple(CaseState),
}

# What a step states of the case beside itself, so that a new version of it is recorded and its clock reckoned anew.
AMENDS: frozenset[StepKind] = frozenset(
    {
        StepKind.REQUEST_RECEIVED,
        StepKind.REQUEST_RENEWED,
        StepKind.HEARING_SET,
        StepKind.GRANTED,
        StepKind.REFUSED,
        StepKind.WITHDRAWN,
    }
)
DECISIONS: frozenset[StepKind] = frozenset({StepKind.GRANTED, StepKind.REFUSED, StepKind.WITHDRAWN})
OVER: frozenset[CaseState] = frozenset({CaseState.DECIDED, CaseState.WITHDRAWN})


class StepRefused(Exception):
    """The step does not follow from the state of the case; `state` None for one that nobody entered."""

    def __init__(self, kind: StepKind, state: CaseState | None, code: StepRefusal) -> None:
        self.kind, self.state, self.code = kind, state, code
        super().__init__(f"{kind.value} in state {state.value if state else 'none'}: {code.value}")


def follow(state: CaseState | None, kind: StepKind) -> CaseState:
    """The state of a case after a step; StepRefused where the step cannot be taken. None is a case not yet entered."""
    found = _found(state, kind)
    if isinstance(found, StepRefusal):
        raise StepRefused(kind, state, found)
    return found


def possible(state: CaseState) -> tuple[StepKind, ...]:
    """The steps that may be taken now, in the order of the enum."""
    return tuple(kind for kind in StepKind if isinstance(_found(state, kind), CaseState))


def _found(state: CaseState | None, kind: StepKind) -> CaseState | StepRefusal:
    if state is None:
        return CaseState.OPEN if kind is StepKind.ENTERED else StepRefusal.NOT_ENTERED
    return _TABLE[kind][tuple(CaseState).index(state)]
