"""The line is moved by every write and by the days: what it is always equals the reserve, and each passing is told once."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from parcels import alerts, history, line, queries, register
from rules.alerts import Kind, Severity
from tests.conftest import key, square
from tests.little_worlds import holding

AT = datetime(2026, 5, 1, 10, tzinfo=UTC)
TEN_HA = 100_000
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def twelve(session):
    """A register of twelve parcels of 10 ha each, all free: 120 ha."""
    edit(session, "parcels", *[{"key": key(n), "official_m2": TEN_HA, "geom": square(100 * n, 0)} for n in range(12)])
    edit(session, "zones", {"plan": "A", "designation": "GE", "regulates_use": True, "geom": square(0, 0, 1200, 100)})
    edit(session, "holdings", *[holding(n) for n in range(12)])
    return session


def edit(session, layer, *rows, at=AT):
    return register.edit(session, layer, list(rows), at, "test", None)


def sell(session, *numbers, at=AT, **facts):
    return edit(session, "holdings", *[holding(n, disposition="sold", **facts) for n in numbers], at=at)


def told(session):
    """(kind, subject, day) of all alerts, oldest first."""
    found = [(one.kind.value, one.subject, str(one.on_day)) for one in alerts.listing(session)]
    return found[::-1]


def opened(session):
    return {(one.kind.value, one.subject) for one in alerts.listing(session, open_only=True)}


def kept(session):
    return session.execute(text("SELECT evaluated_on, net_m2, free_m2 FROM reserve_line")).one()


def agrees(session, at):
    on, net_m2, free_m2 = kept(session)
    total, _ = queries.reserve(session, on, at)
    assert (on, net_m2, free_m2) == (line.day_of(at), total.net_m2, total.free_m2)


def test_a_register_that_is_being_filled_is_not_watched_yet(session):
    edit(session, "parcels", {"key": key(1), "official_m2": TEN_HA, "geom": square(0, 0)})
    edit(session, "zones", {"plan": "A", "designation": "GE", "regulates_use": True, "geom": square(0, 0)})
    assert kept(session)[0] is None
    assert told(session) == []
    edit(session, "holdings", holding(1))
    assert told(session) == [("below_at_start", "net", "2026-05-01"), ("below_at_start", "free", "2026-05-01")]
    agrees(session, AT + timedelta(hours=1))


def test_sales_come_near_and_pass_the_line_and_a_return_recovers(twelve):
    sell(twelve, 0)
    assert told(twelve) == []  # 110 ha
    crossing = sell(twelve, 1, 2)
    below = alerts.listing(twelve, kinds=[Kind.BELOW])
    assert [(one.subject, one.severity, one.recording) for one in below] == [
        ("free", Severity.WARNING, crossing.recording),
        ("net", Severity.CRITICAL, crossing.recording),
    ]
    assert Decimal(below[0].facts["net_ha"]) == 90
    sell(twelve, 3)
    assert len(alerts.listing(twelve)) == 2
    edit(twelve, "holdings", holding(0), holding(1))
    assert opened(twelve) == {("below", "net"), ("below", "free")}  # 100 ha: not above the hysteresis
    edit(twelve, "holdings", holding(2), holding(3))
    assert opened(twelve) == set()
    assert told(twelve)[2:] == [("recovered", "net", "2026-05-01"), ("recovered", "free", "2026-05-01")]
    agrees(twelve, AT + timedelta(hours=1))


def test_reserved_land_is_below_in_one_series_only(twelve):
    edit(twelve, "holdings", *[holding(n, disposition="reserved", disposition_until="2026-12-31") for n in range(3)])
    assert told(twelve) == [("below", "free", "2026-05-01")]
    assert alerts.listing(twelve)[0].severity is Severity.WARNING


def test_margin_first_then_line(twelve):
    edit(twelve, "parcels", {"key": key(0), "official_m2": 5_000, "geom": square(0, 0)})  # 110.5 ha
    sell(twelve, 1)
    assert opened(twelve) == {("near", "net"), ("near", "free")}  # 100.5 ha
    sell(twelve, 0)
    assert opened(twelve) == {("near", "net"), ("near", "free")}  # 100 ha
    sell(twelve, 2)
    assert opened(twelve) == {("below", "net"), ("below", "free")}


def test_time_alone_passes_the_line_and_the_tick_tells_the_day(twelve):
    """Sold from September on, back in the new year: nobody writes on these days."""
    sell(twelve, 0, 1, 2, valid_from="2026-09-01", valid_to="2027-01-01")
    assert told(twelve) == []
    assert not line.tick(twelve, AT + timedelta(hours=9))
    late = datetime(2026, 11, 3, 4, tzinfo=UTC)
    assert line.tick(twelve, late)
    assert told(twelve) == [("below", "net", "2026-09-01"), ("below", "free", "2026-09-01")]
    assert all(one.recording is None for one in alerts.listing(twelve))
    assert not line.tick(twelve, late)
    line.tick(twelve, datetime(2027, 3, 1, tzinfo=UTC))
    assert told(twelve)[2:] == [("recovered", "net", "2027-01-01"), ("recovered", "free", "2027-01-01")]


def test_days_before_a_write_are_told_as_they_were_before_it(twelve):
    """The sale of September was passed unseen; the write of October undoes it, and does not hide it."""
    sell(twelve, 0, 1, 2, valid_from="2026-09-01")
    october = datetime(2026, 10, 1, tzinfo=UTC)
    undone = edit(twelve, "holdings", *[holding(n, valid_from="2026-09-01") for n in range(3)], at=october)
    assert told(twelve)[:2] == [("below", "net", "2026-09-01"), ("below", "free", "2026-09-01")]
    assert told(twelve)[2:] == [("recovered", "net", "2026-10-01"), ("recovered", "free", "2026-10-01")]
    assert [one.recording for one in alerts.listing(twelve)] == [undone.recording] * 2 + [None] * 2


def test_a_year_of_ticks_evaluates_each_day_of_hamburg_once(twelve, monkeypatch):
    """Every minute of the nights in which the clocks change, every half hour otherwise; the day is Hamburg's."""
    sell(twelve, 0, 1, 2, valid_from="2027-03-28", valid_to="2027-10-31")  # both days on which the clocks change
    evaluated = []
    original = line._told

    def noted(session, watch, at, recording):
        evaluated.append(watch.evaluated_on)
        return original(session, watch, at, recording)

    monkeypatch.setattr(line, "_told", noted)
    now, end = AT, datetime(2027, 12, 1, tzinfo=UTC)
    while now < end:
        line.tick(twelve, now)
        near = now.astimezone(BERLIN).date() in {date(2027, 3, 28), date(2027, 10, 31)}
        now += timedelta(minutes=20 if near else 360)
    days = [one.on_day for one in alerts.listing(twelve)][::-1]
    assert days == [date(2027, 3, 28)] * 2 + [date(2027, 10, 31)] * 2
    assert kept(twelve)[0] == date(2027, 12, 1)
    assert evaluated == sorted(evaluated)


def test_a_clock_that_goes_back_evaluates_no_day_again(twelve):
    line.tick(twelve, AT + timedelta(days=30))
    sell(twelve, 0, 1, 2, at=AT - timedelta(days=3))
    assert {day for _, _, day in told(twelve)} == {"2026-05-31"}
    assert kept(twelve)[0] == date(2026, 5, 31)


def test_an_import_passes_it_like_an_edit(twelve, tmp_path):
    session = twelve
    layer = history.LAYERS["holdings"]
    history.open_workspace(session, layer)
    rows = [holding(n, disposition="sold") for n in range(3)]
    names = ", ".join(rows[0])
    for number, row in enumerate(rows, 1):
        values = ", ".join(f":{name}" for name in row)
        session.execute(text(f"INSERT INTO {layer.incoming} (row, {names}) VALUES ({number}, {values})"), row)
    history.all_in(session, layer)
    change = register.record_stated(session, "holdings", history.lock(session, AT), "import", "test", source="x.csv")
    assert [one.recording for one in alerts.listing(session, kinds=[Kind.BELOW])] == [change.recording] * 2
    agrees(session, change.at)


def test_what_was_told_is_neither_changed_nor_deleted(twelve):
    sell(twelve, 0, 1, 2)
    for change in (
        "UPDATE alert SET facts = '{}'",
        "DELETE FROM alert",
        "UPDATE alert SET resolved_at = NULL, kind = 'x'",
    ):
        with pytest.raises(DBAPIError, match="what was told stays"), twelve.begin_nested():
            twelve.execute(text(change))


def test_an_acknowledgement_stands_beside_the_alert(twelve):
    sell(twelve, 0, 1, 2)
    number = alerts.listing(twelve)[0].id
    alerts.acknowledge(twelve, number, AT, "Frau A", "gesehen")
    alerts.acknowledge(twelve, number, AT + timedelta(hours=1), "Herr B", None)
    assert [(one.name, one.note) for one in alerts.find(twelve, number).acknowledgements] == [
        ("Frau A", "gesehen"),
        ("Herr B", None),
    ]
    with pytest.raises(alerts.AlertUnknownError):
        alerts.acknowledge(twelve, 10**9, AT, "Frau A", None)


def test_a_write_that_moves_nothing_writes_no_line_and_what_follows_moves_it(twelve):
    """Facts of the future, and a sale that another one makes up for: the row stays the very same one."""

    def row():
        return twelve.execute(text("SELECT ctid, xmin, net_m2, free_m2 FROM reserve_line")).one()

    sell(twelve, 0)
    before = row()
    assert edit(twelve, "holdings", holding(1, disposition="sold", valid_from=date(2027, 1, 1))).posting.added
    assert edit(twelve, "parcels", {"key": key(99), "official_m2": TEN_HA, "geom": square(0, 9000)}).recording
    assert edit(twelve, "holdings", holding(0), holding(1, disposition="sold")).posting.added
    assert row() == before
    agrees(twelve, AT + timedelta(hours=1))
    edit(twelve, "holdings", holding(2, disposition="reserved"))  # of it less is free, net is the same
    assert row()[2:] == (before.net_m2, before.free_m2 - TEN_HA)
    agrees(twelve, AT + timedelta(hours=1))
    sell(twelve, 3)
    agrees(twelve, AT + timedelta(hours=1))


STEPS = st.lists(
    st.tuples(
        st.integers(0, 11),
        st.sampled_from(["free", "sold", "reserved", "leasehold"]),
        st.integers(0, 40),
        st.sampled_from([None, 5, 20, 45]),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whatever_is_written_and_whenever_it_equals_the_reserve(twelve, steps):
    """Days pass between the writes; each holds from a day before or after it."""
    with twelve.begin_nested() as undo:
        for number, (parcel, disposition, days, ahead) in enumerate(steps):
            at = AT + timedelta(days=3 * number, minutes=days)
            since = None if ahead is None else (at + timedelta(days=ahead - 15)).date()
            change = edit(twelve, "holdings", holding(parcel, disposition=disposition, valid_from=since), at=at)
            if change.recording:
                agrees(twelve, change.at)
        undo.rollback()
