"""Plans recorded: on which days what is said of them holds, in whatever order their files come; nothing half, nothing silent."""

from datetime import date, timedelta

import pytest
import shapely
from gate_files import features, square
from plan_rows import IN_FORCE, SHA, kinds, plan, standing, take_plans
from registers import AT, edit, errors, fingerprint, net, take, zones
from sqlalchemy import text

from parcels import ledger, queries
from parcels.importing.contract import Issue, Refused

GE = ("designation", "GE", 0)
FROM = "2015-03-01"
DRAFT = {"stage": "draft", "valid_from": None}


def sound(session):
    """The ledger is the one that follows from the facts."""
    return ledger.verify(session, AT + timedelta(500)) == ledger.Difference([], [])


def test_a_plan_in_force_becomes_zones_and_deductions(session, world):
    road = shapely.box(*square(1).bounds[:2], square(1).bounds[0] + 50, square(1).bounds[3])
    done = take_plans(
        session,
        plan(
            "Neu 1",
            ("designation", "GI", 0),
            ("designation", "VERKEHR", 1),
            ("deduction", "traffic", 1),
            ("deduction", "green", road),
            ("port", None, 0),
            number="N1",
            bau_nvo="1990",
        ),
    )
    assert standing(session, "plan") == [("Neu 1", "in_force", FROM, None)]
    assert [row for row in standing(session, "zone") if row[0] == "Neu 1"] == [
        ("Neu 1", "GI", FROM, None),
        ("Neu 1", "VERKEHR", FROM, None),
    ]
    assert standing(session, "deduction") == [
        ("plan: Neu 1", "green", FROM, None),
        ("plan: Neu 1", "traffic", FROM, None),
    ]
    assert standing(session, "plan_mark") == [("Neu 1", "port", FROM, None)]
    assert standing(session, "pipeline_zone") == []
    assert done.change.amendment.added == 6
    assert net(session) == 90_000  # GI counts as GE did, the road no more
    before = queries.reserve(session, date(2015, 2, 28), AT + timedelta(300))[0]
    assert before.net_m2 == 100_000
    assert sound(session)


def test_one_recording_says_what_was_done_to_each_layer(session, world):
    done = take_plans(session, plan("Neu 1", GE, ("deduction", "traffic", 1)), days=1)
    recorded = session.execute(
        text("SELECT kind, layer, source, sha256, summary FROM recording WHERE at >= :at"), {"at": AT + timedelta(1)}
    ).one()
    assert recorded[:4] == ("import", "plans", "plan.gml", SHA)
    assert {name: one["added"] for name, one in recorded.summary["layers"].items()} == {
        "plans": 1,
        "zones": 1,
        "deductions": 1,
    }
    assert (recorded.summary["added"], done.change.amendment.added) == (3, 3)


def test_the_same_file_again_changes_nothing(session, world):
    file = [plan("A", GE, ("deduction", "traffic", 1), ("ban", None, 2)), plan("B", ("designation", "MU", 3), **DRAFT)]
    take_plans(session, *file)
    before = fingerprint(session)
    again = take_plans(session, *file, days=9)
    assert (again.change.recording, again.change.amendment.changed) == (None, False)
    assert fingerprint(session) == before


def test_another_file_that_says_the_same_changes_nothing(session, world):
    """The features have other names, the file another hash: evidence is no content."""
    take_plans(session, plan("A", GE, ("deduction", "traffic", 1)))
    said = [
        {**row, "gml_id": f"other_{n}", "xplan_version": "6.0"}
        for n, row in enumerate(plan("A", GE, ("deduction", "traffic", 1)))
    ]
    again = take_plans(session, said, days=9, name="export.zip", sha256="1" * 64)
    assert again.change.recording is None
    found = session.execute(text("SELECT gml_id, source, member, sha256 FROM zone WHERE plan = 'A'")).one()
    assert found == ("GML_2", "plan.gml", None, SHA)


def test_a_zone_that_changes_carries_the_file_that_said_so(session, world):
    take_plans(session, plan("A", GE, ("designation", "GI", 1)))
    said = [{**row, "member": "a.gml"} for row in plan("A", GE, ("designation", "I", 1))]
    take_plans(session, said, days=9, name="a.zip", sha256="1" * 64)
    found = session.execute(
        text("SELECT designation, gml_id, source, member FROM zone WHERE plan = 'A' AND upper_inf(known) ORDER BY 1")
    ).all()
    assert found == [("GE", "GML_2", "plan.gml", None), ("I", "GML_3", "a.zip", "a.gml")]


def test_evidence_is_never_rewritten(session, world):
    take_plans(session, plan("A", GE, ("ban", None, 1)), plan("B", ("designation", "MU", 3), **DRAFT))
    for table in ("zone", "plan", "pipeline_zone", "plan_mark"):
        for change in ("gml_id = 'x'", "sha256 = NULL"):
            with pytest.raises(Exception, match="what was recorded stays"), session.begin_nested():
                session.execute(text(f"UPDATE {table} SET {change}"))
        with pytest.raises(Exception, match="what was recorded stays"), session.begin_nested():
            session.execute(text(f"DELETE FROM {table}"))


def test_a_plan_loses_what_its_file_no_longer_says(session, world):
    """Also where nothing of a layer is left."""
    take_plans(session, plan("A", GE, ("designation", "VERKEHR", 1), ("deduction", "traffic", 1)))
    assert net(session) == 90_000
    take_plans(session, plan("A", GE), days=9)
    assert [row for row in standing(session, "zone") if row[0] == "A"] == [("A", "GE", FROM, None)]
    assert standing(session, "deduction") == []
    assert net(session) == 100_000
    assert sound(session)


def test_a_plan_that_leaves_the_use_alone_leaves_it(session, world):
    done = take_plans(session, plan("A", ("ban", None, 1), outline=square(0)))
    assert standing(session, "plan") == [("A", "in_force", FROM, None)]
    assert [row for row in standing(session, "zone") if row[0] == "A"] == []
    assert (net(session), done.change.posting.added, kinds(done)) == (100_000, 0, [])


def test_a_draft_is_in_the_pipeline_and_designates_nothing(session, world):
    said = plan(
        "B",
        ("designation", "MU", 0),
        ("deduction", "green", 1),
        ("ban", None, 0),
        stage="participation",
        valid_from="2027-05-01",
    )
    take_plans(session, said)
    assert standing(session, "plan") == [("B", "participation", None, None)]
    assert standing(session, "pipeline_zone") == [("B", "MU", None, None)]
    assert standing(session, "plan_mark") == [("B", "ban", None, None)]
    assert session.execute(text("SELECT stage, expected FROM pipeline_zone")).one() == (
        "participation",
        date(2027, 5, 1),
    )
    assert [row[0] for row in standing(session, "zone") if row[0] == "B"] + standing(session, "deduction") == []
    assert net(session) == 100_000


def test_a_ban_holds_on_days_of_its_own(session, world):
    """Also before the plan it secures comes into force, and whatever becomes of that."""
    said = plan("P", ("designation", "WA", 0), ("ban", None, 0))
    said[2] |= {"valid_from": "2012-01-01", "valid_to": "2014-01-01"}
    take_plans(session, said)
    assert standing(session, "plan_mark") == [("P", "ban", "2012-01-01", "2014-01-01")]
    assert take_plans(session, said, days=1).change.recording is None
    assert net(session) == 90_000
    said[2] |= {"valid_to": "2011-01-01"}
    assert kinds(take_plans(session, said, days=2))[0] == ("validity-reversed", "error")


def test_since_dates_a_draft(session, world):
    take_plans(session, plan("B", ("designation", "MU", 0), **DRAFT), since=date(2026, 1, 1))
    assert standing(session, "pipeline_zone") == [("B", "MU", "2026-01-01", None)]


STAGES = [
    plan("P", ("designation", "MU", 0), **DRAFT),
    plan("P", ("designation", "WA", 0), ("deduction", "green", 1), **IN_FORCE),
]
REPEALED = plan(
    "P", ("designation", "WA", 0), ("deduction", "green", 1), stage="repealed", valid_from=FROM, valid_to="2024-01-01"
)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["draft first", "draft last"])
def test_draft_and_plan_in_force_are_told_in_any_order(session, world, order):
    reports = [take_plans(session, STAGES[n], days=day) for day, n in enumerate(order)]
    assert standing(session, "plan") == [("P", "draft", None, FROM), ("P", "in_force", FROM, None)]
    assert standing(session, "pipeline_zone") == [("P", "MU", None, FROM)]
    assert [row for row in standing(session, "zone") if row[0] == "P"] == [("P", "WA", FROM, None)]
    assert standing(session, "deduction") == [("plan: P", "green", FROM, None)]
    assert net(session) == 80_000
    told = [kind for report in reports for kind, _ in kinds(report)]
    assert ("draft-of-plan-in-force" in told) == (order == (1, 0))
    assert sound(session)


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (2, 0), (0, 2), (2, 1)])
def test_a_repealed_plan_ends_and_what_lies_below_is_in_force_again(session, world, order):
    files = [*STAGES, REPEALED]
    for day, n in enumerate(order):
        take_plans(session, files[n], days=day, confirm_closing=None)
    after = [("P", "in_force", FROM, "2024-01-01"), ("P", "repealed", "2024-01-01", None)]
    if order[-1] == 1:  # in force again is what the last file says
        after = [("P", "in_force", FROM, None)]
    assert [row for row in standing(session, "plan") if row[1] != "draft"] == after
    for day, m2 in (
        (date(2015, 2, 28), 100_000),
        (date(2023, 12, 31), 80_000),
        (date(2024, 1, 1), 80_000 if order[-1] == 1 else 100_000),
    ):
        assert queries.reserve(session, day, AT + timedelta(300))[0].net_m2 == m2
    assert sound(session)


def test_a_plan_that_lapses_on_a_stated_day_has_lapsed_from_then_on(session, world):
    take_plans(session, plan("P", ("designation", "WA", 0), valid_to="2030-01-01"))
    assert standing(session, "plan") == [("P", "in_force", FROM, "2030-01-01"), ("P", "expired", "2030-01-01", None)]


def test_a_repeal_without_its_day_ends_nothing_that_is_recorded(session, world):
    ended = plan("P", ("designation", "WA", 0), stage="repealed", valid_from=FROM)
    first = take_plans(session, ended)
    assert kinds(first) == [("plan-over", "warning")]
    assert standing(session, "plan") == [("P", "repealed", None, None)]
    take_plans(session, STAGES[1], days=1)
    before = fingerprint(session)
    refused = take_plans(session, ended, days=2)
    assert kinds(refused) == [("end-unknown", "error"), ("incomplete-plan", "error")]
    assert (refused.rows_read, refused.rows_passed, refused.rows_rejected) == (2, 0, 2)
    assert fingerprint(session) == before


def test_a_repeal_without_its_day_leaves_a_recorded_end(session, world):
    take_plans(session, REPEALED)
    before = fingerprint(session)
    done = take_plans(session, plan("P", ("designation", "WA", 0), stage="repealed", valid_from=FROM), days=1)
    assert (kinds(done)[0], done.change.recording) == (("plan-over", "warning"), None)
    assert fingerprint(session) == before


def test_a_plan_out_of_procedure_leaves_the_pipeline(session, world):
    take_plans(session, STAGES[0])
    done = take_plans(session, plan("P", stage="expired", valid_from=None), days=1)
    assert standing(session, "pipeline_zone") == []
    assert standing(session, "plan") == [("P", "expired", None, None)]
    assert kinds(done) == [("plan-over", "warning")]


def test_earlier_days_of_a_plan_stay_unless_the_file_speaks_for_them(session, world):
    take_plans(session, plan("P", ("designation", "WA", 0)))
    later = plan("P", ("designation", "MU", 0), valid_from="2020-01-01")
    done = take_plans(session, later, days=1)
    assert ("earlier-days-stay", "warning") in kinds(done)
    assert [row for row in standing(session, "zone") if row[0] == "P"] == [
        ("P", "WA", FROM, "2020-01-01"),
        ("P", "MU", "2020-01-01", None),
    ]
    take_plans(session, later, days=2, since=date(2015, 3, 1), confirm_closing=None)
    assert [row for row in standing(session, "zone") if row[0] == "P"] == [("P", "MU", "2020-01-01", None)]
    assert sound(session)


def test_a_day_of_coming_into_force_is_not_given_up_in_silence(session, world):
    take_plans(session, plan("P", GE))
    undated = plan("P", GE, valid_from=None)
    told = [issue for issue in take_plans(session, undated, days=1).issues if issue.kind == "day-given-up"]
    assert [(issue.severity, issue.value) for issue in told] == [("warning", FROM)]
    assert [row for row in standing(session, "zone") if row[0] == "P"] == [("P", "GE", None, None)]
    again = take_plans(session, undated, days=2)
    assert ("day-given-up", "warning") not in kinds(again)
    dated = take_plans(session, undated, days=3, since=date.fromisoformat(FROM))
    assert ("day-given-up", "warning") not in kinds(dated)
    assert sound(session)


FAULTS = {
    "no outline": (plan("P", GE)[1:], "outline-missing"),
    "two outlines": (plan("P", GE) + plan("P", ("designation", "MU", 1)), "plan-twice"),
    "over before it begins": (plan("P", GE, valid_to="2015-03-01"), "validity-reversed"),
}


def test_an_area_of_two_uses_is_rejected_once(session, world):
    rows = plan("P", GE, ("deduction", "water", 0))
    both = [{**row, "row": 1 + bool(number)} for number, row in enumerate(rows)]
    done = take_plans(session, both[1:])
    assert [(issue.kind, issue.row) for issue in errors(done)] == [("outline-missing", 2)]
    assert take_plans(session, both).rows_rejected == 0


@pytest.mark.parametrize("fault", FAULTS)
def test_a_plan_is_taken_whole_or_not_at_all(session, world, fault):
    rows, kind = FAULTS[fault]
    before = standing(session, "zone")
    done = take_plans(session, rows, plan("Q", ("designation", "GI", 2)))
    assert [issue.kind for issue in errors(done)] == [kind] + ["incomplete-plan"] * (len(rows) - 1)
    assert {issue.feature for issue in errors(done)} == {"P"}
    assert done.rows_rejected == len(rows)
    assert standing(session, "zone") == [*before, ("Q", "GI", FROM, None)]
    assert [row[0] for row in standing(session, "plan")] == ["Q"]


def test_what_the_gate_rejects_is_counted(session, world):
    bad = Issue(9, "GML_9", "geometry", "invalid-geometry", "error", "Row 9: crosses itself.")
    done = take_plans(session, plan("Q", GE), rejected=[bad])
    assert (done.rows_read, done.rows_rejected, done.rows_passed) == (3, 1, 2)
    assert bad in done.issues


def test_replace_is_refused_with_its_reason(session, world):
    with pytest.raises(Refused, match="replaces what was recorded of that plan anyway") as refusal:
        take_plans(session, plan("P", GE), replace=True)
    assert refusal.value.kind == "replace-plans"


def test_a_dry_run_tells_what_the_import_would(session, world):
    said = plan("P", ("designation", "WA", 0))
    before = fingerprint(session)
    with session.begin_nested() as tried:
        rehearsed = take_plans(session, said, commit=False, dry_run=True)
        tried.rollback()
    assert fingerprint(session) == before
    done = take_plans(session, said)
    assert rehearsed.issues == done.issues
    assert rehearsed.change.amendment == done.change.amendment
    assert "plan-displaces" in [kind for kind, _ in kinds(done)]


def test_much_that_would_end_is_asked_about_first(session, world):
    take_plans(session, plan("P", *(("designation", "WA", n) for n in range(10))))
    with pytest.raises(Refused, match="--confirm-closing 9") as refusal, session.begin_nested():
        take_plans(session, plan("P", ("designation", "WA", 0)), days=1)
    assert refusal.value.kind == "closing-much"
    done = take_plans(session, plan("P", ("designation", "WA", 0)), days=1, confirm_closing=9)
    assert (done.ended.facts, done.ended.layer) == (9, "zones")


def test_a_repeal_of_another_plan_is_told_and_ends_nothing(session, world):
    said = plan("Neu", ("designation", "WA", 0), changes="Plan 1 (aufheben); Plan 2 (aendern); Plan 33 (aufheben)")
    done = take_plans(session, said)
    (told,) = [issue for issue in done.issues if issue.kind == "plan-repeals"]
    assert (told.severity, told.feature, told.value) == ("warning", "Neu", "Plan 1")
    assert net(session) == 90_000


def test_ids_of_plans_are_not_taken_by_other_deductions(session, world):
    file = features(world / "d.geojson", [square(1)], [{"id": "plan: P", "kind": "road"}])
    done = take(session, "deductions", file)
    assert [issue.kind for issue in errors(done)] == ["id-of-plan"]
    assert standing(session, "deduction") == []


def test_what_a_plan_deducts_ends_under_a_newer_plan(session, world):
    """Like its zones: an old road or compensation area is none where a newer plan makes GE of it, as far as that reaches."""
    half = shapely.box(*square(0).bounds[:2], square(0).bounds[0] + 50, square(0).bounds[3])
    old = plan(
        "Alt",
        GE,
        ("designation", "GE", 1),
        ("deduction", "compensation", 0),
        ("deduction", "road", 1),
        valid_from="1990-01-01",
    )
    take_plans(session, old)
    assert net(session) == 80_000
    take_plans(session, plan("Neu", ("designation", "GI", half), ("deduction", "road", square(0, side=10))), days=1)
    assert net(session) == 84_900  # half of the first parcel again, less what the newer plan takes of it itself
    assert queries.reserve(session, date(2015, 2, 28), AT + timedelta(300))[0].net_m2 == 80_000
    assert sound(session)
    ground = f"SRID=25832;{shapely.MultiPolygon([half]).wkt}"
    edit(session, "deductions", [{"ref": "d", "kind": "road", "geom": ground}], AT + timedelta(2))
    assert net(session) == 80_000  # what no plan says is deducted under all of them
    assert sound(session)
    edit(
        session,
        "deductions",
        [{"ref": "d", "kind": "road", "geom": ground, "valid_to": "2016-01-01"}],
        AT + timedelta(3),
    )
    again = plan("Alt", GE, ("designation", "GE", 1), ("deduction", "green", 0), valid_from="2020-01-01")
    take_plans(session, again, days=4, confirm_closing=1)
    assert net(session) == 94_900  # what is stated later of an old plan does not make it newer
    assert sound(session)


def test_what_is_known_of_the_use_of_g_land_stays_with_its_outline(session, world):
    """Said by hand from 2020 on; the plan's file, which never says it, changes nothing about it, unless the outline is another."""
    said = plan("P", ("designation", "G", 0), ("designation", "G", 1))
    take_plans(session, said)
    ground = [f"SRID=25832;{shapely.MultiPolygon([square(n)]).wkt}" for n in range(2)]
    g = {"plan": "P", "designation": "G", "regulates_use": True, "valid_from": "2020-01-01"}
    rows = [{**g, "geom": ground[0], "in_use_as_commercial": True}, {**g, "geom": ground[1]}]
    edit(session, "zones", rows, AT + timedelta(1))
    before = fingerprint(session)
    assert take_plans(session, said, days=2).change.recording is None
    assert fingerprint(session) == before
    smaller = plan("P", ("designation", "G", square(0, side=50)), ("designation", "G", 1))
    (lost,) = [one for one in take_plans(session, smaller, days=3).issues if one.kind == "in-use-lost"]
    assert (lost.severity, lost.value) == ("warning", "10000.00")
    in_use = "SELECT count(*) FROM zone WHERE upper_inf(known) AND in_use_as_commercial"
    assert session.execute(text(in_use)).scalar_one() == 0
    assert sound(session)


def test_what_is_known_of_the_use_stays_also_where_the_designation_is_unknown(session, world):
    said = plan("P", ("designation", None, 0))
    take_plans(session, said)
    ground = f"SRID=25832;{shapely.MultiPolygon([square(0)]).wkt}"
    row = {"plan": "P", "designation": "unknown", "regulates_use": True, "geom": ground, "valid_from": FROM}
    edit(session, "zones", [{**row, "in_use_as_commercial": True}], AT + timedelta(1))
    before = fingerprint(session)
    again = take_plans(session, said, days=2)
    assert (again.change.recording, fingerprint(session)) == (None, before)
    assert "in-use-lost" not in [one.kind for one in again.issues]


def test_partly_lapsed_counts_whole_and_says_so(session, world):
    done = take_plans(session, plan("P", ("designation", "WA", 0), stage="partly_lapsed"))
    assert ("partly-lapsed", "warning") in kinds(done)
    assert net(session) == 90_000


def test_a_plan_by_hand_is_a_zone_of_the_same_name(session, world):
    """A plan recorded as zones is replaced by its file, from the day on that this states."""
    take_plans(session, plan("Plan 0", ("designation", "WA", 0)))
    assert [row for row in standing(session, "zone") if row[0] == "Plan 0"] == [
        ("Plan 0", "GE", None, FROM),
        ("Plan 0", "WA", FROM, None),
    ]
    edit(
        session,
        "zones",
        [
            {
                "plan": "Plan 1",
                "designation": "GI",
                "regulates_use": True,
                "geom": f"SRID=25832;{shapely.MultiPolygon([square(1)]).wkt}",
            }
        ],
        AT + timedelta(1),
    )
    assert sound(session)


def test_zones_layer_still_amends_as_before(session, world):
    done = take(session, "zones", zones(world / "z.geojson", range(3), designation="GI"), AT + timedelta(1))
    assert (done.change.amendment.closed, done.change.amendment.added) == (3, 3)


@pytest.mark.parametrize("zone_since", [None, "2010-01-01", "2020-01-01"])
@pytest.mark.parametrize("deducted_since", [None, "2010-01-01", "2020-01-01"])
@pytest.mark.parametrize("ref", ["d", "plan: Other", "plan: Plan 0"])
def test_only_a_zone_of_another_and_newer_plan_lies_above_what_a_plan_deducts(
    session, fill, ref, deducted_since, zone_since
):
    geom = f"SRID=25832;{shapely.MultiPolygon([square(0)]).wkt}"
    fill("parcels", {"key": "029901___00001______", "official_m2": 10_000, "geom": geom})
    fill(
        "zones", {"plan": "Plan 0", "designation": "GE", "regulates_use": True, "geom": geom, "valid_from": zone_since}
    )
    fill("deductions", {"ref": ref, "kind": "road", "geom": geom, "valid_from": deducted_since})
    above = ref == "plan: Other" and (zone_since or "") > (deducted_since or "")
    nets = "SELECT sum(net_m2) FROM ledger WHERE upper_inf(known) AND valid @> DATE '2026-06-01'"
    assert session.execute(text(nets)).scalar_one() == (10_000 if above else 0)
    assert sound(session)
