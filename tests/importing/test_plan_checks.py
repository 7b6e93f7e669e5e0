"""Plans as they lie: gaps, what sticks out, what they displace, the parcels they cut; slivers are counted, not listed."""

from datetime import timedelta

import shapely
from gate_files import SOUTH, WEST
from plan_rows import plan, take_plans
from registers import AT, net
from sqlalchemy import text

from parcels import ledger
from parcels.importing import plan_checks
from parcels.measuring import surely


def box(west, south, east, north):
    return shapely.box(WEST + west, SOUTH + south, WEST + east, SOUTH + north)


def told(report, kind):
    return [issue for issue in report.issues if issue.kind == kind]


def test_a_newer_plan_displaces_an_older_one_by_so_many_m2(session, world):
    """Half of plan 0's land and half of plan 1's; then a still newer plan takes some of both that and plan 0's."""
    found = told(take_plans(session, plan("Neu", ("designation", "WA", box(50, 0, 250, 100)))), "plan-displaces")
    assert [(one.feature, one.severity, one.value) for one in found] == [("Neu", "note", "5000.00")] * 2
    assert "displaces Plan 0 (GE) on 5000.00 m2, which are WA from 2015-03-01" in found[0].message
    newer = plan("Neuer", ("designation", "MU", box(30, 0, 80, 100)), valid_from="2020-01-01", valid_to="2030-01-01")
    found = told(take_plans(session, newer, days=1), "plan-displaces")
    assert [(one.feature, one.value) for one in found] == [("Neuer", "3000.00"), ("Neuer", "5000.00")]
    assert "displaces Neu (WA) on 3000.00 m2, which are MU from 2020-01-01 until 2030-01-01" in found[0].message


def test_an_older_plan_is_told_to_be_displaced_too(session, world):
    take_plans(session, plan("Neu", ("designation", "WA", box(3000, 0, 3100, 100))))
    older = plan("Alt", ("designation", "GE", box(3000, 0, 3200, 100)), valid_from="1990-01-01")
    (one,) = told(take_plans(session, older, days=1), "plan-displaces")
    assert (one.feature, one.row, one.value) == ("Neu", None, "10000.00")
    assert one.message.startswith("Neu, geometry: displaces Alt (GE) on 10000.00 m2")


def test_two_plans_of_one_day_and_two_uses_of_one_place_are_warned_of(session, world):
    place, part = box(3000, 0, 3100, 100), box(3000, 0, 3050, 100)
    done = take_plans(
        session,
        plan("A", ("designation", "GE", place)),
        plan("B", ("designation", "MU", part)),
        plan("C", ("designation", "GE", box(4000, 0, 4100, 100)), ("designation", "GI", box(4060, 0, 4100, 100))),
    )
    found = told(done, "same-day-plans")
    assert [(one.feature, one.field, one.value) for one in found] == [
        ("B", "valid_from", "5000.00"),
        ("C", "designation", "4000.00"),
    ]
    assert "B, the later name, wins" in found[0].message


def test_gaps_and_what_lies_beyond_are_measured(session, world):
    outline = box(3000, 0, 3200, 100)
    areas = [("designation", "GE", box(3000, 0, 3090, 100)), ("designation", "WA", box(3120, 0, 3230, 100))]
    done = take_plans(session, plan("A", *areas, outline=outline))
    (gap,), (beyond,) = told(done, "plan-gap"), told(done, "plan-beyond")
    assert (gap.value, gap.severity) == ("3000.00", "warning")
    assert (beyond.value, beyond.severity) == ("3000.00", "warning")
    assert told(done, "plan-slivers") == []


def test_slivers_are_one_line(session, world):
    """A strip of 5 cm between two areas, one of half a centimetre on both, and a spot of 0.8 m2."""
    outline = box(3000, 0, 3200, 100)
    spot = box(3160, 50, 3160.8, 51)
    areas = [
        ("designation", "GE", box(3000, 0, 3100, 100)),
        ("designation", "WA", box(3100.05, 0, 3150.005, 100)),
        ("designation", "MU", box(3150, 0, 3200, 100) - spot),
    ]
    done = take_plans(session, plan("A", *areas, outline=outline))
    (line,) = told(done, "plan-slivers")
    assert (line.severity, line.value) == ("note", "3")
    assert line.message.endswith("of together 6.30 m2 are not told one by one: A.")
    assert told(done, "plan-gap") == told(done, "same-day-plans") == []


def test_parcels_on_the_edge_are_counted_and_split_by_area(session, world):
    """The plan takes half of parcel 0 and a quarter of parcel 1; parcel 2 lies in it."""
    areas = [
        ("designation", "WA", box(0, 0, 50, 100)),
        ("designation", "WA", box(200, 0, 300, 25)),
        ("designation", "WA", box(400, 0, 500, 100)),
    ]
    done = take_plans(session, plan("A", *areas))
    (note,) = told(done, "parcels-straddle")
    assert (note.severity, note.value) == ("note", "2")
    assert "7500.00 m2 of their outlines lie in it, 12500.00 m2 beside it" in note.message
    assert net(session) == 100_000 - 5_000 - 2_500 - 10_000
    rows = session.execute(
        text(
            "SELECT sum(gross_m2), count(DISTINCT parcel_key) FROM ledger WHERE upper_inf(known) AND valid @> DATE '2026-06-01'"
        )
    ).one()
    assert rows == (100_000, 10)
    assert ledger.verify(session, AT + timedelta(9)) == ledger.Difference([], [])


def test_plans_that_cannot_be_laid_over_each_other_in_time_are_taken_and_told(session, world, monkeypatch):
    monkeypatch.setattr(plan_checks, "SECONDS", 0.001)
    monkeypatch.setattr(plan_checks, "PER_PLAN_S", 0)
    circles = [
        ("designation", "WA", shapely.Point(WEST + 3_000 + n, SOUTH).buffer(500, quad_segs=2_000)) for n in range(8)
    ]
    done = take_plans(session, plan("A", *circles))
    found = told(done, "overlaps-unchecked")
    assert [one.severity for one in found] == ["warning"] * len(found)
    assert "The plans were not laid over their outlines, which would take too long" in found[0].message
    assert session.execute(text("SELECT count(*) FROM zone WHERE plan = 'A'")).scalar_one() == 8


def test_predicates_that_always_answer_find_the_same(session, world):
    """They are asked where edges nearly coincide, which PostGIS's own predicates do not always bear."""
    take_plans(
        session, plan("A", ("designation", "WA", box(30, 0, 130, 100)), ("designation", "MU", box(100, 0, 150, 50)))
    )
    bound = {"sliver_m2": 1, "sliver_m": 0.1}
    plain = session.execute(text(plan_checks._STACKED), bound).all()
    sure = surely({"it": plan_checks._STACKED})["it"]
    assert "land_overlaps(" in sure
    assert len(plain) == 2
    assert session.execute(text(sure), bound).all() == plain
