"""What must hold of the reserve's rules for all facts, not only for those in the golden tables."""

import calendar
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise, product
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rules.criteria import CRITERIA, Because, first_day_within
from rules.facts import Holding, Outcome, Part, Standing, State
from rules.law import FOLDER, LAW, Law, NotInForce, load
from rules.reserve import PARAMETERS, Verdict, assess, explain, gap_ha, size_limits, state, timeline

KNOWN_AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
TODAY = date(2026, 11, 21)
BEGINS = date(2013, 1, 1)
COUNTED = {Standing.COUNTED_FREE, Standing.COUNTED_RESERVED}

DAYS = st.one_of(
    st.dates(date(2010, 1, 1), date(2032, 12, 31)),
    st.sampled_from([date(y, m, d) for y in (2012, 2016, 2024, 2028) for m, d in ((2, 28), (2, 29), (3, 1))]),
)
MAYBE = st.none() | st.booleans()
MOSTLY = st.sampled_from([True, True, True, False, None])  # so that enough land counts to see it change
HOLDINGS = st.builds(
    Holding,
    holder=st.sampled_from(["HIE", "HIE", "LIG", "private", "nobody listed", None]),
    disposition=st.sampled_from(["free", "reserved", "reserved", "requested", "let", "sold", "leasehold", "?", None]),
    disposition_until=st.none() | DAYS,
    serviced=MOSTLY,
    cleared=MOSTLY,
    binding_use=MOSTLY.map(lambda fact: None if fact is None else not fact),
    opposing_plan=MOSTLY.map(lambda fact: None if fact is None else not fact),
    construction_possible_from=st.one_of(st.none(), DAYS, DAYS, DAYS),
)
PARTS = st.builds(
    Part,
    designation=st.sampled_from(["GE", "GE", "GI", "I", "G", "WA", "?", None]),
    in_use_as_commercial=MAYBE,
    wholly_in_port=st.sampled_from([False, False, False, True]),
    net_m2=st.sampled_from([Decimal(0), Decimal(999), Decimal(1000), Decimal(20000)]),
    holding=st.one_of(st.none(), HOLDINGS, HOLDINGS, HOLDINGS),
)
GOOD = Holding("HIE", "free", None, True, True, False, False, date(2020, 1, 1))


def part_of(holding: Holding | None) -> Part:
    return Part("GE", None, False, Decimal(1000), holding)


@pytest.fixture(scope="module")
def changed_law(tmp_path_factory: pytest.TempPathFactory) -> Law:
    """A law whose horizon and minimum size change, once on a leap day and once published long after the fact."""
    folder = tmp_path_factory.mktemp("parameters")
    for path in FOLDER.glob("*.toml"):
        (folder / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    cite = 'text = "Probe: nur hier"\nurl = "https://example.org"\npublished = {}\nchecked = 2026-11-21\n'
    more = [
        ("horizon_months", "2024-02-29", "6", "2024-02-29"),
        ("minimum_m2", "2020-03-01", "1000", "2025-06-01"),
    ]
    with (folder / "reserve.toml").open("a", encoding="utf-8") as file:
        for name, since, value, published in more:
            file.write(f"\n[[{name}]]\nfrom = {since}\nvalue = {value}\n[{name}.cite]\n{cite.format(published)}")
    return load(folder)


def days_worth_asking(part: Part, since: date, until: date, law: Law) -> Iterator[date]:
    """Every day near a date that could matter, found without the rules' own arithmetic, and the window's own ends."""
    holding = part.holding or Holding()
    near = {since, until, *law.seams(KNOWN_AT), holding.disposition_until}
    if holding.construction_possible_from:
        near |= {holding.construction_possible_from - timedelta(days=30 * months) for months in (0, 6, 12)}
        near |= {holding.construction_possible_from - timedelta(days=366)}
    days = {seam + timedelta(days=shift) for seam in near if seam for shift in range(-9, 10)}
    return (day for day in sorted(days) if since <= day < until)


@pytest.mark.parametrize("which", ["the law", "a changed law"])
@pytest.mark.parametrize("known_at", [KNOWN_AT, datetime(2024, 8, 1, tzinfo=UTC)])
@given(part=PARTS, ends=st.tuples(DAYS, DAYS))
@example(part=part_of(replace(GOOD, construction_possible_from=date(2024, 2, 29))), ends=(BEGINS, TODAY))
@example(part=part_of(replace(GOOD, construction_possible_from=date(2025, 3, 1))), ends=(date(2024, 2, 28), TODAY))
@example(
    part=part_of(replace(GOOD, disposition="reserved", disposition_until=date(2024, 2, 29))),
    ends=(date(2024, 2, 29), date(2024, 3, 1)),
)
def test_timeline_is_assess_day_by_day(
    which: str, known_at: datetime, part: Part, ends: tuple[date, date], changed_law: Law
) -> None:
    law = LAW if which == "the law" else changed_law
    since, until = ends
    periods = timeline(part, since, until, known_at, law)
    start = max(since, BEGINS)
    if until <= start:
        assert periods == []
        return
    assert (periods[0][0], periods[-1][1]) == (start, until)
    for (_, end, verdict), (following, _, other) in pairwise(periods):
        assert end == following
        assert verdict != other
    for day in days_worth_asking(part, start, until, law):
        (found,) = [verdict for first, end, verdict in periods if first <= day and (end is None or day < end)]
        assert found == assess(part, day, law.on(day, known_at)), day


@given(part=PARTS)
def test_an_open_timeline_covers_everything_from_the_beginning(part: Part) -> None:
    periods = timeline(part, None, None, KNOWN_AT)
    assert (periods[0][0], periods[-1][1]) == (BEGINS, None)
    assert periods == timeline(part, date(1900, 1, 1), None, KNOWN_AT)
    far = date(9999, 12, 31)
    assert periods[-1][2] == assess(part, far, LAW.on(far, KNOWN_AT))


@pytest.mark.parametrize("extreme", [date.min, date(1, 2, 28), date.max, date(9999, 1, 1)])
def test_extreme_dates_are_facts_like_others(extreme: date) -> None:
    part = part_of(replace(GOOD, disposition="reserved", disposition_until=extreme, construction_possible_from=extreme))
    periods = timeline(part, None, None, KNOWN_AT)
    expected = ["excluded", "counted_reserved", "counted_free"] if extreme > TODAY else ["counted_free"]
    assert [verdict.standing for _, _, verdict in periods] == expected


def test_nothing_is_judged_before_anything_was_published() -> None:
    with pytest.raises(NotInForce):
        timeline(part_of(GOOD), None, None, datetime(2012, 12, 31, tzinfo=UTC))


def plus_months(day: date, months: int) -> date:
    """The same day some months later, or that month's last (§ 188 Abs. 2, 3 BGB), counted forward."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


@given(target=DAYS, months=st.integers(0, 40))
@example(target=date(2024, 2, 29), months=12)
@example(target=date(2025, 2, 28), months=12)
@example(target=date(2025, 3, 1), months=12)
@example(target=date(2025, 3, 31), months=1)
def test_first_day_within_is_the_smallest(target: date, months: int) -> None:
    first = first_day_within(target, months)
    assert plus_months(first, months) >= target
    assert plus_months(first - timedelta(days=1), months) < target


def all_holdings() -> Iterator[Holding | None]:
    yield None
    facts = product(
        ("HIE", "private", "nobody listed", None),
        ("free", "reserved", "sold", "?", None),
        *[(True, False, None)] * 4,
        (date(2020, 1, 1), date(2099, 1, 1), None),
    )
    for holder, disposition, serviced, cleared, binding_use, opposing_plan, possible_from in facts:
        yield Holding(holder, disposition, None, serviced, cleared, binding_use, opposing_plan, possible_from)


def expected_standing(outcomes: list[Outcome], holding: Holding | None) -> Standing:
    if Outcome.NOT_MET in outcomes:
        return Standing.EXCLUDED
    if holding is None:
        return Standing.UNRECORDED
    if Outcome.UNKNOWN in outcomes:
        return Standing.UNCLEAR
    return Standing.COUNTED_RESERVED if holding.disposition == "reserved" else Standing.COUNTED_FREE


def test_every_combination_of_facts_has_one_standing_and_every_reason_is_given() -> None:
    law, reasons, standings = LAW.on(TODAY, KNOWN_AT), set(), set()
    for holding in all_holdings():
        for designation in ("GE", None):
            part = Part(designation, None, False, Decimal(1), holding)
            outcomes = [judge(part, TODAY, law).outcome for _, judge in CRITERIA.values()]
            verdict = assess(part, TODAY, law)
            assert verdict.standing is expected_standing(outcomes, holding)
            standings.add(verdict.standing)
            reasons |= {judge(part, TODAY, law).reason.code for _, judge in CRITERIA.values()}
    for part in (Part("WA", None, True, Decimal(0), GOOD), Part("?", None, True, Decimal(0), None)):
        assert assess(part, TODAY, law).standing is Standing.EXCLUDED
        reasons |= {criterion.reason.code for criterion in explain(part, TODAY, law)}
    undeclared = Part("GE", None, False, None, GOOD)
    assert assess(undeclared, TODAY, law) == Verdict(Standing.UNCLEAR, (), ("minimum_size",))
    reasons |= {criterion.reason.code for criterion in explain(undeclared, TODAY, law)}
    assert standings == set(Standing)
    assert reasons == set(Because) - {Because.TOO_SMALL}  # no minimum is in force; see the next test


def test_a_minimum_size_counts_from_its_first_day(changed_law: Law) -> None:
    small = Part("GE", None, False, Decimal("999.99"), GOOD)
    assert [(since, verdict.standing) for since, _, verdict in timeline(small, None, None, KNOWN_AT, changed_law)] == [
        (BEGINS, "excluded"),
        (date(2019, 1, 1), "counted_free"),
        (date(2020, 3, 1), "excluded"),
    ]
    explained = explain(small, TODAY, changed_law.on(TODAY, KNOWN_AT))[-1]
    assert (explained.reason.code, explained.citation.title) == (Because.TOO_SMALL, "Probe")
    assert dict(explained.reason.params) == {"net_m2": Decimal("999.99"), "minimum_m2": Decimal(1000)}
    assert assess(replace(small, net_m2=Decimal(1000)), TODAY, changed_law.on(TODAY, KNOWN_AT)).standing in COUNTED
    assert size_limits(changed_law) == [Decimal(1000)]
    assert size_limits() == []


@given(part=PARTS, day=st.dates(BEGINS, date(2032, 12, 31)))
def test_explanation_and_verdict_agree(part: Part, day: date) -> None:
    law = LAW.on(day, KNOWN_AT)
    explained, verdict = explain(part, day, law), assess(part, day, law)
    assert [criterion.name for criterion in explained] == list(CRITERIA)
    assert verdict.not_met == tuple(c.name for c in explained if c.outcome == Outcome.NOT_MET)
    assert verdict.unknown == tuple(c.name for c in explained if c.outcome == Outcome.UNKNOWN)
    for criterion in explained:
        assert criterion.citation == law[CRITERIA[criterion.name][0]].cite
        assert (criterion.fact is not None) or criterion.outcome == Outcome.UNKNOWN


@given(part=PARTS, day=st.dates(BEGINS, date(2032, 12, 31)))
def test_a_reservation_moves_land_from_free_and_takes_none_out(part: Part, day: date) -> None:
    law = LAW.on(day, KNOWN_AT)
    if part.holding is None or part.holding.disposition not in {"free", "reserved"}:
        return
    free, reserved = (
        assess(replace(part, holding=replace(part.holding, disposition=code)), day, law)
        for code in ("free", "reserved")
    )
    assert (free.not_met, free.unknown) == (reserved.not_met, reserved.unknown)
    assert (free.standing in COUNTED) == (reserved.standing in COUNTED)
    assert free.standing is not Standing.COUNTED_RESERVED


@given(part=PARTS, day=st.dates(BEGINS, date(2032, 12, 31)))
def test_counted_land_lets_no_fact_be_missing(part: Part, day: date) -> None:
    law = LAW.on(day, KNOWN_AT)
    verdict = assess(part, day, law)
    assert (verdict.standing in COUNTED) == (not verdict.not_met and not verdict.unknown)
    if verdict.standing in COUNTED and part.holding:
        for fact in ("holder", "disposition", "serviced", "cleared", "binding_use", "opposing_plan"):
            without = replace(part, holding=replace(part.holding, **{fact: None}))
            assert assess(without, day, law).standing is Standing.UNCLEAR


def test_verdicts_ask_for_no_parameter_that_their_beginning_ignores() -> None:
    only = Law({name: LAW.parameters[name] for name in PARAMETERS})
    for designation, holder, disposition in product(
        ("GE", "WA", "?"), ("HIE", "private", "?"), ("reserved", "sold", "?")
    ):
        part = Part(designation, None, False, Decimal(1), replace(GOOD, holder=holder, disposition=disposition))
        assert timeline(part, None, None, KNOWN_AT, only) == timeline(part, None, None, KNOWN_AT)
    assert set(PARAMETERS) <= LAW.parameters.keys()


@pytest.mark.parametrize(
    ("net", "free", "expected", "gap"),
    [
        ("100", "100", State.MET, "0"),
        ("100.0000", "99.9999999", State.WARNING, "0"),
        ("99.99999999", "99.99999999", State.BELOW, "0.00000001"),
        ("98.8", "60", State.BELOW, "1.2"),
        ("140", "0", State.WARNING, "0"),
        ("0", "0", State.BELOW, "100"),
    ],
)
def test_state_is_exact(net: str, free: str, expected: State, gap: str) -> None:
    target = LAW.on(TODAY, KNOWN_AT)["reserve.target_ha"].amount
    assert state(Decimal(net), Decimal(free), target) is expected
    assert gap_ha(Decimal(net), target) == Decimal(gap)


def test_the_shipped_parameters_are_the_law_in_use() -> None:
    assert load(Path(FOLDER)).version == LAW.version
