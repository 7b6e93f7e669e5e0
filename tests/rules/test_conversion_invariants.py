"""What holds of every case, however odd: an answer or a named refusal, and no case cleared that anything is missing of."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from rules.conversion_law import in_force
from rules.conversions import (
    AffectedLand,
    Assessment,
    CaseFacts,
    CaseRefused,
    Cases,
    EnvironmentScreening,
    GuidanceResult,
    Hearing,
    Involvement,
    Planning,
    Purpose,
    Route,
    assess,
)
from rules.facts import Outcome
from rules.law import LAW

KNOWN_AT = datetime(2026, 11, 22, 12, tzinfo=UTC)

days = st.dates(date(1900, 1, 1), date(2200, 12, 31)) | st.dates(date(2021, 6, 1), date(2031, 2, 1))
lands = st.builds(
    AffectedLand,
    parcel=st.none(),
    designation=st.sampled_from([None, "GE", "GI", "G", "WA", "SO", "XX"]),
    m2=st.decimals(0, 10**6, places=2),
    workplace=st.sampled_from(Outcome),
    private_marketable=st.sampled_from(Outcome),
    in_port=st.booleans(),
)
hearings = st.builds(Hearing, st.none() | st.integers(-1, 3), st.none() | st.integers(-1, 40))
facts = st.builds(
    CaseFacts,
    route=st.sampled_from(Route),
    planning=st.none() | st.sampled_from(Planning),
    purpose=st.sampled_from(Purpose),
    cases=st.none() | st.sampled_from(Cases),
    application_on=st.none() | days,
    request_received_on=st.none() | days,
    hearing=st.none() | hearings,
    decision_on=st.none() | days,
    on=days,
    environment=st.none() | st.sampled_from(EnvironmentScreening),
    affected=st.lists(lands, max_size=3).map(tuple),
    impaired=st.sampled_from(Outcome),
    guidance=st.sampled_from(GuidanceResult),
    comparable_cases=st.integers(0, 3),
)


def answer(case: CaseFacts) -> Assessment | None:
    """The assessment, or None for a refusal; anything else is a fault."""
    try:
        return assess(case, LAW, KNOWN_AT)
    except CaseRefused:
        return None


@given(facts)
def test_every_case_has_an_answer_or_a_named_refusal(case: CaseFacts) -> None:
    found = answer(case)
    if found is None:
        return
    version, value = in_force(case.route, LAW.on(case.decision_on or case.on, KNOWN_AT))
    assert found.law_version == version.name
    assert value.cite in found.citations
    assert len({one.name for one in found.conditions}) == len(found.conditions)


@given(facts)
def test_none_only_where_nothing_is_missing_and_no_workplace_land_is_concerned(case: CaseFacts) -> None:
    found = answer(case)
    if found is not None and found.involvement is Involvement.NONE:
        assert case.guidance is not GuidanceResult.SILENT
        assert case.impaired is Outcome.NOT_MET
        outside = [land for land in case.affected if land.m2 and not land.in_port]
        assert outside
        assert {land.workplace for land in outside} == {Outcome.NOT_MET}


@given(facts, lands)
def test_more_workplace_land_never_weakens_the_involvement(case: CaseFacts, more: AffectedLand) -> None:
    touched = replace(more, workplace=Outcome.MET, in_port=False, m2=Decimal(1))
    with_it = answer(replace(case, affected=(*case.affected, touched)))
    without = answer(case)
    if with_it is None or without is None:
        return
    strength = list(Involvement)
    unclear = case.impaired is Outcome.UNKNOWN or not case.affected
    unclear |= any(land.workplace is Outcome.UNKNOWN or not land.m2 or land.in_port for land in case.affected)
    if not unclear:  # a fact that becomes known may end a check
        assert strength.index(with_it.involvement) <= strength.index(without.involvement)


@given(facts, st.permutations(range(3)))
def test_the_order_of_the_land_says_nothing(case: CaseFacts, order: list[int]) -> None:
    turned = tuple(case.affected[n] for n in order if n < len(case.affected))
    assert answer(case) == answer(replace(case, affected=turned))
