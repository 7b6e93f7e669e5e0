"""Parcels split and merged by import: holdings follow their land from that day, and no hectare vanishes unsaid."""

import json
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import nas_files as nas
import pytest
import shapely
from gate_files import SOUTH, WEST, features, parcel_key, square
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from registers import AT, edit, errors, fingerprint, holdings, take
from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels import ledger, parcels, queries
from parcels.importing.store import LoadOptions, load
from tests.faults.own import engine_of, own_database
from tests.little_worlds import AVAILABLE
from tests.shapes import ewkt

DAY = date(2026, 5, 1)
BEFORE = DAY - timedelta(days=1)
NOW = AT + timedelta(days=300)
LATER = AT + timedelta(hours=1)


def box(west, south, east, north):
    """A rectangle within the world's first square, in metres from its corner."""
    return shapely.box(WEST + west, SOUTH + south, WEST + east, SOUTH + north)


def row(number, shape, since=None, until=None, official=None, **cells):
    area = round(shape.area) if official is None else official
    days = {"valid_from": since and since.isoformat(), "valid_to": until and until.isoformat()}
    return shape, {"key": parcel_key(number), "official_m2": area, "district": "Nord", **days, **cells}


def file(path, *rows):
    return features(path, [shape for shape, _ in rows], [cells for _, cells in rows])


def halves(world, name="split.geojson", until=DAY, **cells):
    """Parcel 0 ends, 21 and 22 have its west and its east from that day."""
    rows = [row(21, box(0, 0, 40, 100), until), row(22, box(40, 0, 100, 100), until, **cells)]
    return file(world / name, row(0, square(0), until=until, official=10_000), *rows)


def reserve(session, day, known_at=NOW):
    return queries.reserve(session, day, known_at)[0]


def net(session, day, known_at=NOW):
    return reserve(session, day, known_at).net_m2


def held(session, number, day=DAY):
    """What the holdings of a parcel say on a day: holder, disposition, m2 of a part."""
    found = session.execute(
        text(
            "SELECT holder, disposition, round(ST_Area(geom)::numeric, 1) FROM holding WHERE parcel_key = :key "
            "AND upper_inf(known) AND valid @> CAST(:day AS date) ORDER BY 1, 2, 3"
        ),
        {"key": parcel_key(number), "day": day},
    )
    return [tuple(one) for one in found]


def kinds(report):
    return [issue.kind for issue in report.issues]


def in_step(session):
    assert ledger.verify(session, NOW) == ledger.Difference([], [])


def test_a_split_takes_its_holding_along(session, world):
    before = net(session, DAY)
    report = take(session, "parcels", halves(world), at=LATER)
    assert kinds(report) == []
    assert held(session, 0, BEFORE) == held(session, 21) == held(session, 22) == [("LIG", "free", None)]
    assert held(session, 0) == held(session, 21, BEFORE) == []
    assert net(session, BEFORE) == net(session, DAY) == before == 100_000
    assert net(session, DAY, LATER - timedelta(seconds=1)) == before
    assert [line.net_m2 for line in parcels.find(session, parcel_key(21), DAY, NOW).lines] == [4_000]
    in_step(session)
    found = parcels.find(session, parcel_key(0), DAY, NOW)
    assert [(one.key, one.changed_on, one.shared_m2) for one in found.successors] == [
        (parcel_key(21), DAY, Decimal("4000.00")),
        (parcel_key(22), DAY, Decimal("6000.00")),
    ]
    assert [one.key for one in parcels.find(session, parcel_key(22), DAY, NOW).predecessors] == [parcel_key(0)]
    assert parcels.find(session, parcel_key(0), DAY, LATER - timedelta(seconds=1)).successors == []


def test_everything_is_of_one_recording(session, world):
    report = take(session, "parcels", halves(world), at=LATER)
    instants = session.execute(
        text(
            "SELECT lower(known) FROM holding UNION SELECT lower(known) FROM lineage UNION "
            "SELECT upper(known) FROM holding WHERE NOT upper_inf(known) UNION SELECT lower(known) FROM ledger"
        )
    ).scalars()
    recorded = {AT + timedelta(microseconds=n) for n in range(3)}
    assert {one for one in instants if one not in recorded} == {report.change.at}
    summary = session.execute(
        text("SELECT summary FROM recording WHERE id = :id"), {"id": report.change.recording}
    ).scalar_one()
    assert (summary["lineage"], summary["holdings_followed"]) == (2, 4)


def test_the_same_file_again_changes_nothing(session, world):
    path = halves(world)
    take(session, "parcels", path, at=LATER)
    before = fingerprint(session)
    lines = session.execute(text("SELECT count(*) FROM lineage")).scalar_one()
    report = take(session, "parcels", path, at=LATER + timedelta(hours=1))
    assert report.change.recording is None
    assert (fingerprint(session), session.execute(text("SELECT count(*) FROM lineage")).scalar_one()) == (before, lines)


def test_a_merge_of_equal_holdings_is_one(session, world):
    ends = [row(n, square(n), until=DAY, official=10_000) for n in (0, 1)]
    both = shapely.union_all([square(0), square(1), box(100, 0, 200, 100)])
    road = row(30, box(100, 0, 200, 100), until=DAY)
    take(session, "parcels", file(world / "road.geojson", row(30, box(100, 0, 200, 100))), at=LATER)
    edit(session, "holdings", [{"parcel_key": parcel_key(30), **AVAILABLE}], LATER)
    session.commit()
    report = take(
        session, "parcels", file(world / "m.geojson", *ends, road, row(23, both, DAY)), at=LATER, confirm_closing=3
    )
    assert kinds(report) == []
    assert held(session, 23) == [("LIG", "free", None)]
    assert net(session, DAY) == net(session, BEFORE) == 100_000
    in_step(session)


def merged(world, number=23):
    both = shapely.MultiPolygon([square(0), square(1)])
    ends = [row(n, square(n), until=DAY, official=10_000) for n in (0, 1)]
    return file(world / "merge.geojson", *ends, row(number, both, DAY))


def test_unequal_holdings_cannot_follow_and_the_land_shows_as_unrecorded(session, world):
    edit(session, "holdings", [{"parcel_key": parcel_key(1), **AVAILABLE, "holder": "HIE"}], LATER)
    session.commit()
    report = take(session, "parcels", merged(world), at=LATER)
    (issue,) = report.issues
    assert (issue.kind, issue.severity, issue.feature) == ("holding-cannot-follow", "warning", parcel_key(23))
    for said in (parcel_key(0), parcel_key(1), "20,000.00 m2", "import a holding of"):
        assert said in issue.message
    assert errors(report) == []
    assert held(session, 23) == held(session, 0) == held(session, 1) == []
    before, after = reserve(session, BEFORE), reserve(session, DAY)
    assert (before.net_m2, before.unrecorded_m2) == (100_000, 0)
    assert (after.net_m2, after.unrecorded_m2) == (80_000, 20_000)
    in_step(session)


def test_what_is_recorded_of_the_new_parcel_comes_first(session, world):
    path = holdings(world / "h.csv", {"key": parcel_key(22), "holder": "HIE", "valid_from": "2026-05-01"})
    take(session, "holdings", path, at=LATER)
    report = take(session, "parcels", halves(world), at=LATER)
    assert kinds(report) == []
    assert held(session, 22) == [("HIE", "free", None)]
    assert held(session, 21) == [("LIG", "free", None)]
    again = take(session, "holdings", path, at=LATER + timedelta(hours=1))
    assert again.change.recording is None


def test_coming_facts_follow_for_their_days(session, world):
    sold = {"parcel_key": parcel_key(0), **AVAILABLE, "disposition": "sold", "valid_from": date(2027, 1, 1)}
    edit(session, "holdings", [sold], LATER)
    session.commit()
    take(session, "parcels", halves(world), at=LATER)
    assert held(session, 21) == [("LIG", "free", None)]
    assert held(session, 21, date(2027, 1, 1)) == [("LIG", "sold", None)]
    assert held(session, 0, date(2027, 1, 1)) == []
    in_step(session)


def test_parts_are_cut_where_the_new_border_runs(session, world):
    parts = [(box(0, 0, 100, 50), "LIG"), (box(0, 50, 100, 100), "HIE")]
    rows = [{"parcel_key": parcel_key(0), **AVAILABLE, "holder": holder, "geom": ewkt(part)} for part, holder in parts]
    edit(session, "holdings", rows, LATER)
    session.commit()
    report = take(session, "parcels", halves(world), at=LATER)
    assert kinds(report) == []
    assert held(session, 21) == [("HIE", "free", 2_000), ("LIG", "free", 2_000)]
    assert held(session, 22) == [("HIE", "free", 3_000), ("LIG", "free", 3_000)]
    assert net(session, DAY) == net(session, BEFORE)
    in_step(session)


def test_split_and_merged_again_in_one_file(session, world):
    noon = date(2026, 8, 1)
    rows = [
        row(0, square(0), until=DAY, official=10_000),
        row(21, box(0, 0, 40, 100), DAY, noon),
        row(22, box(40, 0, 100, 100), DAY, noon),
        row(24, square(0), noon),
    ]
    assert kinds(take(session, "parcels", file(world / "both.geojson", *rows), at=LATER)) == []
    for number, day in ((0, BEFORE), (21, DAY), (22, noon - timedelta(days=1)), (24, noon)):
        assert held(session, number, day) == [("LIG", "free", None)]
    assert [held(session, number, noon) for number in (0, 21, 22)] == [[], [], []]
    assert {net(session, day) for day in (BEFORE, DAY, noon)} == {100_000}
    in_step(session)


def test_the_end_and_the_successors_in_two_files(session, world):
    end = file(world / "end.geojson", row(0, square(0), until=DAY, official=10_000))
    report = take(session, "parcels", end, at=LATER)
    assert kinds(report) == ["holding-left-behind"]
    assert held(session, 0) == [("LIG", "free", None)]
    west, east = row(21, box(0, 0, 40, 100), DAY), row(22, box(40, 0, 100, 100), DAY)
    report = take(session, "parcels", file(world / "new.geojson", west, east), at=LATER + timedelta(hours=1))
    assert kinds(report) == []
    assert held(session, 21) == held(session, 22) == [("LIG", "free", None)]
    assert held(session, 0) == []
    in_step(session)


def test_a_whole_new_state_since_a_day(session, world):
    """As the city's service gives it: what is there now, without a word of what was before."""
    rows = [row(n, square(n), official=10_000) for n in range(1, 10)]
    now = file(world / "now.geojson", *rows, row(21, box(0, 0, 40, 100)), row(22, box(40, 0, 100, 100)))
    report = take(session, "parcels", now, at=LATER, replace=True, since=DAY, confirm_closing=1)
    assert kinds(report) == []
    assert (report.change.amendment.closed, report.change.amendment.added) == (1, 3)
    assert held(session, 0, BEFORE) == held(session, 21) == held(session, 22) == [("LIG", "free", None)]
    assert held(session, 0) == []
    assert net(session, DAY) == net(session, BEFORE) == 100_000
    again = take(session, "parcels", now, at=LATER + timedelta(hours=1), replace=True, since=DAY)
    assert again.change.recording is None
    in_step(session)


@pytest.mark.parametrize("late", [0, 1, 30])
def test_held_land_that_no_parcel_takes_up_on_the_day_is_named(session, world, late):
    """A day between the end and the successors, or no successor at all: 1 ha leaves the reserve, and not in silence."""
    rows = [row(21, box(0, 0, 40, 100), DAY + timedelta(late)), row(22, box(40, 0, 100, 100), DAY + timedelta(late))]
    end = row(0, square(0), until=DAY, official=10_000)
    report = take(session, "parcels", file(world / "late.geojson", end, *rows), at=LATER)
    told = [issue for issue in report.issues if issue.kind == "holding-left-behind"]
    assert net(session, BEFORE) == 100_000
    if not late:
        assert (told, net(session, DAY)) == ([], 100_000)
        return
    (issue,) = told
    assert (net(session, DAY), issue.feature, issue.before_m2, issue.after_m2) == (90_000, parcel_key(0), 10_000, 0)
    assert f"from {DAY} on" in issue.message
    again = take(session, "parcels", file(world / "again.geojson", end, *rows), at=LATER + timedelta(hours=1))
    assert again.change.recording is None
    in_step(session)


def test_a_parcel_that_ends_with_its_holding_is_no_finding(session, world):
    edit(session, "holdings", [{"parcel_key": parcel_key(0), **AVAILABLE, "valid_to": DAY.isoformat()}], LATER)
    session.commit()
    end = file(world / "end.geojson", row(0, square(0), until=DAY, official=10_000))
    assert kinds(take(session, "parcels", end, at=LATER + timedelta(hours=1))) == []


def test_one_that_comes_late_is_named(session, world):
    first = file(world / "a.geojson", row(0, square(0), until=DAY, official=10_000), row(21, box(0, 0, 40, 100), DAY))
    report = take(session, "parcels", first, at=LATER)
    assert kinds(report) == ["hectares-differ"]
    assert "-6,000.00 m2" in report.issues[0].message
    late = file(world / "b.geojson", row(22, box(40, 0, 100, 100), DAY))
    report = take(session, "parcels", late, at=LATER + timedelta(hours=1))
    assert kinds(report) == ["holding-cannot-follow"]
    assert "6,000.00 m2" in report.issues[0].message
    assert held(session, 21) == [("LIG", "free", None)]
    in_step(session)


def test_a_border_that_moves_on_the_day(session, world):
    """Parcel 1 keeps its number and gets land of parcel 0: its own holding stays, and the difference is told."""
    grown = shapely.union_all([square(1), box(100, 0, 200, 100), box(50, 0, 100, 100)])
    road = box(100, 0, 200, 100)
    take(session, "parcels", file(world / "road.geojson", row(30, road)), at=LATER)
    rows = [
        row(0, square(0), until=DAY, official=10_000),
        row(30, road, until=DAY),
        row(1, grown, DAY, official=25_000),
        row(21, box(0, 0, 50, 100), DAY),
    ]
    report = take(session, "parcels", file(world / "moved.geojson", *rows), at=LATER)
    assert kinds(report) == ["holding-cannot-follow"]  # the road was not held
    assert held(session, 21) == held(session, 1) == [("LIG", "free", None)]
    in_step(session)


def test_hectares_that_differ_are_told(session, world):
    path = halves(world, official=5_500)
    report = take(session, "parcels", path, at=LATER)
    assert kinds(report) == ["hectares-differ"]
    (issue,) = report.issues
    assert "10,000.00" in issue.message
    assert "-500.00 m2" in issue.message


def test_what_a_file_states_is_kept_until_it_is_measured(session, world):
    stated = file(world / "kin.geojson", row(25, square(15), predecessors=f"{parcel_key(98)}, {parcel_key(3)}"))
    report = take(session, "parcels", stated, at=LATER)
    found = parcels.find(session, parcel_key(25), DAY, NOW).predecessors
    assert [(one.key, one.changed_on, one.shared_m2) for one in found] == [
        (parcel_key(3), None, None),
        (parcel_key(98), None, None),
    ]
    assert kinds(report) == []
    again = take(session, "parcels", stated, at=LATER + timedelta(hours=1))
    assert again.change.recording is None
    halved = halves(world, predecessors=parcel_key(0))
    take(session, "parcels", halved, at=LATER + timedelta(hours=2))
    found = parcels.find(session, parcel_key(22), DAY, NOW).predecessors
    assert [(one.key, one.shared_m2) for one in found] == [(parcel_key(0), Decimal("6000.00"))]


def test_a_stated_predecessor_that_goes_on_is_named(session, world):
    path = file(world / "kin.geojson", row(21, box(0, 0, 40, 100), DAY, predecessors=parcel_key(0)))
    report = take(session, "parcels", path, at=LATER)
    assert set(kinds(report)) == {"predecessor-open", "parcels-overlap"}
    issue = next(one for one in report.issues if one.kind == "predecessor-open")
    assert f"with valid_to {DAY}" in issue.message


def test_kin_alone_is_recorded_too(session, world):
    plain = file(world / "p.geojson", row(25, square(15)))
    take(session, "parcels", plain, at=LATER)
    told = file(world / "q.geojson", row(25, square(15), vorgaenger=parcel_key(98)))
    report = take(session, "parcels", told, at=LATER + timedelta(hours=1))
    assert report.change.recording is not None
    assert (report.change.amendment.added, report.change.posting.added) == (0, 0)
    in_step(session)


def test_a_border_corrected_afterwards_closes_what_was_measured(session, world):
    take(session, "parcels", halves(world), at=LATER)
    rows = [row(21, box(0, 0, 30, 100), DAY), row(22, box(30, 0, 100, 100), DAY)]
    take(session, "parcels", file(world / "again.geojson", *rows), at=LATER + timedelta(hours=1))
    found = parcels.find(session, parcel_key(0), DAY, NOW).successors
    assert [one.shared_m2 for one in found] == [3_000, 7_000]
    then = parcels.find(session, parcel_key(0), DAY, LATER + timedelta(minutes=1)).successors
    assert [one.shared_m2 for one in then] == [4_000, 6_000]
    assert held(session, 21) == held(session, 22) == [("LIG", "free", None)]
    assert net(session, DAY) == 100_000
    in_step(session)


def test_historic_parcels_of_a_nas_file_hand_their_holdings_on(session, world):
    after = "".join(
        f"<nachfolgerFlurstueckskennzeichen>{parcel_key(n)}</nachfolgerFlurstueckskennzeichen>" for n in (21, 22)
    )
    west, east = ([(x, 0), (x + w, 0), (x + w, 100), (x, 100), (x, 0)] for x, w in ((0, 40), (40, 60)))
    old = nas.flurstueck(
        number=0,
        whole=parcel_key(0),
        kind="AX_HistorischesFlurstueck",
        begun="2026-04-30T22:30:00Z",
        more=after,
        born=None,
    )
    new = [
        nas.flurstueck(nas.surface(nas.patch(nas.lines(points))), number, area=area, born="2026-05-01")
        for points, number, area in ((west, 21, 4_000), (east, 22, 6_000))
    ]
    report = take(session, "parcels", nas.write(world / "nas.xml", old, *new), at=LATER)
    assert kinds(report) == []
    assert held(session, 0, BEFORE) == held(session, 21) == held(session, 22) == [("LIG", "free", None)]
    assert net(session, DAY) == net(session, BEFORE) == 100_000
    in_step(session)


@pytest.mark.parametrize("continued", [False, True])
def test_an_object_of_a_nas_file_that_ends_is_no_more_though_the_register_says_otherwise(session, world, continued):
    """The register has parcel 0 with a district, the file without: without its end 1 ha would count twice from the day on."""

    def place(west, east):
        return nas.surface(nas.patch(nas.lines([(west, 0), (east, 0), (east, 100), (west, 100), (west, 0)])))

    day = f"{DAY}T08:00:00Z"
    new = {"born": DAY.isoformat(), "begun": day}
    later = [nas.flurstueck(place(0, 100), 0, begun=day)] if continued else []
    halves = [
        nas.flurstueck(place(0, 40), 21, **new, area=4_000),
        nas.flurstueck(place(40, 100), 22, **new, area=6_000),
    ]
    path = nas.write(
        world / "n.xml", *later, nas.flurstueck(place(0, 100), 0, ended=day), *([] if continued else halves)
    )
    report = take(session, "parcels", path, at=LATER)
    assert kinds(report) == []
    assert net(session, BEFORE) == net(session, DAY) == 100_000
    assert held(session, 0) == ([("LIG", "free", None)] if continued else [])
    assert held(session, 21) == held(session, 22) == ([] if continued else [("LIG", "free", None)])
    in_step(session)
    again = take(session, "parcels", path, at=LATER + timedelta(hours=1))
    assert again.change.recording is None


def test_the_web_role_may_do_all_this(cluster, tmp_path):
    """An upload runs with the rights of the web process."""
    with own_database(cluster) as urls, engine_of(urls.web) as engine, Session(engine) as web:
        take(web, "parcels", file(tmp_path / "a.geojson", row(0, square(0), official=10_000)))
        edit(web, "holdings", [{"parcel_key": parcel_key(0), **AVAILABLE}])
        web.commit()
        report = take(web, "parcels", halves(tmp_path, predecessors=parcel_key(0)), at=LATER, confirm_closing=1)
        assert kinds(report) == []
        assert held(web, 21) == held(web, 22) == [("LIG", "free", None)]
        assert len(parcels.find(web, parcel_key(0), DAY, NOW).successors) == 2


def test_a_row_that_says_historic_ends_the_parcel_whatever_else_it_says(session, world):
    cells = {"gemarkung": "Neustadt Nord", "fsk_status": "historisch"}
    gone = file(world / "gone.geojson", row(0, square(0), until=DAY, official=10_000, **cells))
    assert kinds(take(session, "parcels", gone, at=LATER)) == ["holding-left-behind"]
    assert parcels.find(session, parcel_key(0), BEFORE, NOW).facts["gemarkung"] == "Neustadt Nord"
    assert parcels.find(session, parcel_key(0), DAY, NOW).facts is None
    plain = file(world / "plain.geojson", row(1, square(1), until=DAY, official=10_000, gemarkung="Neustadt Nord"))
    assert kinds(take(session, "parcels", plain, at=LATER)) == ["later-days-stay"]
    assert parcels.find(session, parcel_key(1), DAY, NOW).facts["gemarkung"] is None
    in_step(session)


def test_lineage_is_never_rewritten(session, world):
    from sqlalchemy.exc import DBAPIError

    take(session, "parcels", halves(world), at=LATER)
    for statement in ("UPDATE lineage SET shared_m2 = 1", "DELETE FROM lineage"):
        with pytest.raises(DBAPIError, match="what was recorded stays"), session.begin_nested():
            session.execute(text(statement))


cuts = st.lists(st.integers(1, 99), max_size=4, unique=True).map(sorted)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cuts=st.lists(cuts, min_size=1, max_size=3),
    merge=st.booleans(),
    holders=st.tuples(*[st.sampled_from(["LIG", "LIG", "HIE"])] * 3),
)
def test_hectares_before_are_hectares_after(session, world, cuts, merge, holders):
    """Parcels cut into strips, and, if `merge`, the last strip of each joined with the first of the next one.

    What cannot follow, because those that are joined are held by two, is named, and shows as unrecorded.
    """
    held_by = [{"parcel_key": parcel_key(n), **AVAILABLE, "holder": holder} for n, holder in enumerate(holders)]
    edit(session, "holdings", held_by, LATER)
    rows, number = [], 40
    left = None
    for n, places in enumerate(cuts):
        rows.append(row(n, square(n), until=DAY, official=10_000))
        edges = [0, *places, 100]
        strips = [box(200 * n + a, 0, 200 * n + b, 100) for a, b in pairwise(edges)]
        if left is not None:
            strips[0] = shapely.MultiPolygon([*shapely.get_parts(left), strips[0]])
        left = strips.pop() if merge and n < len(cuts) - 1 else None
        for strip in strips:
            number += 1
            rows.append(row(number, strip, DAY))
    path = file(world / "random.geojson", *rows)
    report = load(session, "parcels", path, LoadOptions(confirm_closing=len(cuts)), LATER, "test")
    after = reserve(session, DAY)
    stuck = sum(issue.before_m2 for issue in report.issues)
    assert set(kinds(report)) <= {"holding-cannot-follow"}
    assert after.net_m2 + after.unrecorded_m2 == net(session, BEFORE) == 100_000
    assert after.unrecorded_m2 == stuck
    assert stuck == 0 or (merge and len(set(holders[: len(cuts)])) > 1)
    shares = session.execute(text("SELECT sum(shared_m2) FROM lineage WHERE upper_inf(known)")).scalar_one()
    assert shares == 10_000 * len(cuts)
    in_step(session)
    session.rollback()


def test_the_api_shows_both_sides(session, world):
    """What `find` gives is what the answer has."""
    from app.schemas.parcels import RelationOut

    take(session, "parcels", halves(world), at=LATER)
    (one, _) = parcels.find(session, parcel_key(0), DAY, NOW).successors
    plain = RelationOut(key=one.key, changed_on=one.changed_on, shared_m2=one.shared_m2).model_dump(mode="json")
    assert json.loads(json.dumps(plain)) == {"key": parcel_key(21), "changed_on": "2026-05-01", "shared_m2": 4000}
