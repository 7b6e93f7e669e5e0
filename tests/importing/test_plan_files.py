"""Files of plans all the way into the register: from the feature in an archive to the hectares, and back to the feature."""

import hashlib
from datetime import UTC, date, datetime, timedelta

import pytest
import shapely
from gate_files import parcel_key, square
from plan_rows import standing
from registers import AT, errors, fingerprint, net, take
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from xplan_files import archive, area, collection, feature, plan, written

from parcels import ledger, parcels, plan_files
from parcels.importing.contract import Refused
from parcels.importing.store import LoadOptions, load

DAY, LATER = date(2026, 6, 1), datetime(2026, 12, 1, tzinfo=UTC)
FROM = "2001-02-03"


def sound(session):
    return ledger.verify(session, AT + timedelta(500)) == ledger.Difference([], [])


def test_from_a_feature_in_an_archive_to_the_hectares_and_back(session, world):
    road = feature("BP_StrassenVerkehrsFlaeche", "road", square(1), flaechenschluss="true")
    document = collection("5.4", plan(name="Neu 1"), area("gi", "1800"), road)
    file = archive(world / "neu.zip", plan__gml=document)
    done = take(session, "plans", file)
    assert errors(done) == []
    assert net(session) == 90_000
    assert standing(session, "deduction") == [("plan: Neu 1", "road", FROM, None)]
    (top, below) = parcels.find(session, parcel_key(0), DAY, LATER).zones
    assert (top["plan"], top["stage"], top["designation"], below["plan"]) == ("Neu 1", "in_force", "GI", "Plan 0")
    assert (top["gml_id"], top["source"], top["member"]) == ("gi", "neu.zip", "plan.gml")
    assert top["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    before = fingerprint(session)
    assert take(session, "plans", file, at=AT + timedelta(1)).change.recording is None
    assert fingerprint(session) == before
    assert sound(session)


def test_the_file_is_kept_byte_by_byte_and_once(session, world):
    document = collection("5.4", plan(), area("ge")) + "\n" * (plan_files.BLOCK + 10)
    (world / "a.gml").write_text(document, "utf-8")
    done = take(session, "plans", world / "a.gml")
    kept = plan_files.find(session, done.sha256)
    assert (kept.name, kept.size_bytes, kept.blocks) == ("a.gml", len(document.encode()), 2)
    assert b"".join(plan_files.content(session, kept)).decode() == document
    take(session, "plans", world / "a.gml", at=AT + timedelta(1))
    assert session.execute(text("SELECT count(*) FROM plan_file")).scalar_one() == 2
    for change in ("UPDATE plan_file SET content = 'x'", "DELETE FROM plan_file"):
        with pytest.raises(DBAPIError, match="neither changed nor deleted"), session.begin_nested():
            session.execute(text(change))


def test_what_says_nothing_new_is_not_kept(session, world):
    take(session, "plans", written(world / "a.gml", "5.4", plan(), area("ge")))
    again = take(session, "plans", written(world / "b.gml", "5.4", plan(), area("ge"), " "), at=AT + timedelta(1))
    assert again.change.recording is None
    with pytest.raises(plan_files.PlanFileUnknownError):
        plan_files.find(session, again.sha256)


def test_a_copy_that_is_not_what_was_read_is_no_evidence(session, tmp_path):
    (tmp_path / "copy.gml").write_text("other", "utf-8")
    with pytest.raises(plan_files.FileAltered):
        plan_files.keep(session, tmp_path / "copy.gml", "0" * 64)


def test_findings_say_in_which_file_and_line_it_stands(session, world):
    good = collection("5.4", plan(name="Gut"), area("ge")).replace("<gml:featureMember>", "\n\n<gml:featureMember>\n")
    bad = good.replace("Gut", "Schlecht").replace("2001-02-03", "gestern")
    line = bad[: bad.index("<xplan:BP_Plan")].count("\n") + 1
    done = take(session, "plans", archive(world / "both.zip", eins__gml=good, zwei__gml=bad))
    (wrong,) = [issue for issue in errors(done) if issue.field == "inkrafttretensDatum"]
    assert (wrong.member, wrong.line) == ("zwei.gml", line)
    assert line > 2


def test_findings_of_the_register_too(session, world):
    taken = written(world / "a.gml", "5.4", plan(), area("ge"))
    take(session, "plans", taken)
    draft = collection("5.4", "\n", plan(rechtsstand="1000"), area("ge"))
    (world / "b.gml").write_text(draft, "utf-8")
    done = take(session, "plans", world / "b.gml", at=AT + timedelta(1))
    (told,) = [issue for issue in done.issues if issue.kind == "draft-of-plan-in-force"]
    assert (told.member, told.line) == (None, draft[: draft.index("<xplan:BP_Plan")].count("\n") + 1)


@pytest.mark.parametrize("version", ["4.1", "5.4", "6.0"])
def test_a_draft_comes_into_force(session, world, version):
    features = (area("ge", "1700", square(20)), area("wa", "1200", square(0)))
    coming = written(world / "a.gml", version, plan(rechtsstand="1000", inkrafttretensDatum="2027-05-01"), *features)
    take(session, "plans", coming)
    assert [row[1] for row in standing(session, "pipeline_zone")] == ["GE", "WA"]
    assert session.execute(text("SELECT DISTINCT expected FROM pipeline_zone")).scalar_one() == date(2027, 5, 1)
    assert net(session) == 100_000
    take(session, "plans", written(world / "b.gml", version, plan(), *features), at=AT + timedelta(1))
    assert [row[2:] for row in standing(session, "pipeline_zone")] == [(None, FROM)] * 2
    assert net(session) == 90_000
    assert sound(session)


def test_a_rejected_plan_leaves_its_issues_and_nothing_else(session, world):
    bow_tie = shapely.Polygon([(565_700, 5_934_000), (565_800, 5_934_100), (565_800, 5_934_000), (565_700, 5_934_100)])
    bad = collection("5.4", plan(name="Schlecht"), area("good"), area("bad", "1800", bow_tie))
    before = fingerprint(session)
    (world / "bad.gml").write_text(bad, "utf-8")
    done = take(session, "plans", world / "bad.gml")
    assert {issue.kind for issue in errors(done)} == {"invalid-geometry", "incomplete-plan"}
    assert (done.change.recording, done.rows_rejected) == (None, done.rows_read)
    assert fingerprint(session) == before


def test_good_plans_of_an_archive_are_taken_beside_a_rejected_one(session, world):
    twice = collection("5.4", plan(name="Zwei", inkrafttretensDatum="gestern"), area("ge2"))
    file = archive(world / "both.zip", eins__gml=collection("5.4", plan(name="Eins"), area("ge1")), zwei__gml=twice)
    done = take(session, "plans", file)
    assert errors(done)
    assert [row[0] for row in standing(session, "plan")] == ["Eins"]


def test_replace_is_refused_before_anything_is_read(session, world):
    with pytest.raises(Refused) as refusal:
        load(
            session, "plans", written(world / "a.gml", "5.4", plan(), area("ge")), LoadOptions(replace=True), AT, "test"
        )
    assert refusal.value.kind == "replace-plans"


@pytest.mark.realdata
def test_real_plans_are_recorded_once_and_the_ledger_follows(session, realdata):
    """All that are taken: a second time they change nothing, and what one plan says of a square metre is in one place."""
    taken = 0
    for hour, file in enumerate(sorted((realdata / "xplan").rglob("*"))):
        if file.suffix not in (".gml", ".xml", ".zip"):
            continue
        try:
            with session.begin_nested():
                done = take_quietly(session, file, AT + timedelta(hours=2 * hour))
        except Refused:
            continue
        taken += done.change.recording is not None
        again = take_quietly(session, file, AT + timedelta(hours=2 * hour + 1))
        assert again.change.recording is None, file.name
    assert taken >= 8
    assert sound(session)
    untraced = "SELECT count(*) FROM zone WHERE gml_id IS NULL OR source IS NULL OR length(sha256) <> 64"
    assert session.execute(text(untraced)).scalar_one() == 0


def take_quietly(session, file, at):
    return load(session, "plans", file, LoadOptions(), at, "test")
