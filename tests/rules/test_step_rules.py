"""Every step in every state of a case: the golden table says what becomes of it, and what it means as a whole."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.conversion_steps import (
    AMENDS,
    DECISIONS,
    OVER,
    CaseState,
    StepKind,
    StepRefusal,
    StepRefused,
    follow,
    possible,
)

GOLDEN = Path(__file__).parent / "golden" / "conversion_steps.csv"
KINDS = st.sampled_from(StepKind)


def cells() -> list[tuple[str, CaseState | None, str]]:
    with GOLDEN.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    states: dict[str, CaseState | None] = {"none": None, **{state.value: state for state in CaseState}}
    return [(row["step"], state, row[name]) for row in rows for name, state in states.items()]


def test_the_table_has_every_step_in_every_state() -> None:
    found = [(step, state) for step, state, _ in cells()]
    assert sorted(map(str, found)) == sorted(
        str((kind.value, state)) for kind in StepKind for state in (None, *CaseState)
    )


@pytest.mark.parametrize(("step", "state", "expected"), cells())
def test_a_step_leads_where_the_table_says(step: str, state: CaseState | None, expected: str) -> None:
    if expected.startswith("!"):
        with pytest.raises(StepRefused) as refused:
            follow(state, StepKind(step))
        assert (refused.value.code, refused.value.state) == (StepRefusal(expected[1:]), state)
    else:
        assert follow(state, StepKind(step)) is CaseState(expected)


def walk(kinds: list[StepKind]) -> list[tuple[StepKind, CaseState]]:
    """The steps of these that can be taken one after the other, each with the state after it."""
    state, taken = follow(None, StepKind.ENTERED), [(StepKind.ENTERED, CaseState.OPEN)]
    for kind in kinds:
        try:
            state = follow(state, kind)
        except StepRefused:
            continue
        taken.append((kind, state))
    return taken


@given(st.lists(KINDS, max_size=30))
def test_nobody_is_called_to_mediate_before_the_normal_coordination_failed(kinds: list[StepKind]) -> None:
    taken = [kind for kind, _ in walk(kinds)]
    for place, kind in enumerate(taken):
        if kind is StepKind.ESCALATED:
            before = taken[:place]
            failed = len(before) - before[::-1].index(StepKind.COORDINATION_FAILED)
            assert not {StepKind.BWI_INVOLVED, StepKind.STATEMENT_REQUESTED, StepKind.SETTLED, *DECISIONS} & set(
                before[failed:]
            )
            assert {StepKind.BWI_INVOLVED, StepKind.STATEMENT_REQUESTED, StepKind.STATEMENT_GIVEN} & set(before)


@given(st.lists(KINDS, max_size=30))
def test_a_case_is_decided_once_unless_consent_is_asked_for_anew(kinds: list[StepKind]) -> None:
    over = False
    for kind, state in walk(kinds):
        assert not (over and kind in DECISIONS)
        over = state in OVER
        assert (kind in DECISIONS) <= over


def test_what_is_possible_is_what_does_not_get_refused() -> None:
    assert possible(CaseState.DECIDED) == (StepKind.REQUEST_RENEWED, StepKind.NOTE)
    assert StepKind.ESCALATED in possible(CaseState.FAILED)
    assert all(StepKind.ESCALATED not in possible(state) for state in CaseState if state is not CaseState.FAILED)
    reached = {state for state in CaseState for kind in possible(state) if follow(state, kind) is not state}
    assert reached == set(CaseState)  # none is a dead end
    assert DECISIONS < AMENDS
