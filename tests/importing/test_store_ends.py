"""What an import would end: much of a layer only when the number is repeated, nothing because of a bad row."""

from datetime import timedelta

import pytest
from gate_files import features, parcel_key, square
from registers import AT, fingerprint, holdings, take, zones
from sqlalchemy import text

from parcels.importing.contract import Refused
from parcels.importing.store import LoadOptions, load


@pytest.mark.parametrize(("facts", "ended"), [(10, 3), (10, 4), (100, 5), (100, 6)])
def test_with_replace_facts_are_ended_only_when_the_number_is_repeated(session, tmp_path, facts, ended):
    """Any number of them: what is not listed goes, and that is easily overlooked."""
    take(session, "zones", zones(tmp_path / "all.geojson", range(facts)))
    rest = zones(tmp_path / "rest.geojson", range(ended, facts))
    before = fingerprint(session)
    for confirmed in (None, ended - 1, ended + 1):
        with pytest.raises(Refused, match=f"--confirm-closing {ended}") as refusal, session.begin_nested():
            load(session, "zones", rest, LoadOptions(replace=True, confirm_closing=confirmed), AT, "test")
        assert refusal.value.kind == "closing-much"
        assert f"end {ended} of {facts} facts" in refusal.value.message
        assert fingerprint(session) == before
    tried = load(session, "zones", rest, LoadOptions(replace=True, dry_run=True, confirm_closing=ended), AT, "test")
    assert tried.change.amendment.ended == tried.ended.facts == ended


@pytest.mark.parametrize(("facts", "ended", "asks"), [(13, 3, False), (13, 4, True), (100, 5, False), (100, 6, True)])
def test_much_is_ended_only_when_the_number_is_repeated(session, tmp_path, facts, ended, asks):
    """One plan restated with fewer zones: more than three facts (of thirteen), and more than a twentieth of the layer."""
    rows = [{"plan": "P", "designation": "GE"}] * facts
    shapes = [square(n) for n in range(facts)]
    take(session, "zones", features(tmp_path / "all.geojson", shapes, rows))
    rest = features(tmp_path / "rest.geojson", shapes[ended:], rows[ended:])
    before = fingerprint(session)
    for confirmed in (None, ended - 1, ended + 1) if asks else ():
        with pytest.raises(Refused, match=f"--confirm-closing {ended}"), session.begin_nested():
            load(session, "zones", rest, LoadOptions(confirm_closing=confirmed), AT, "test")
        assert fingerprint(session) == before
    done = load(session, "zones", rest, LoadOptions(confirm_closing=ended if asks else None), AT, "test")
    assert done.change.amendment.ended == ended


def test_zones_of_one_plan_cut_short_are_noticed(session, tmp_path):
    """A plan of ten zones restated with five: half of it would end."""
    rows = [{"plan": "P", "designation": "GE"}] * 10
    shapes = [square(n) for n in range(10)]
    take(session, "zones", features(tmp_path / "z.geojson", shapes, rows))
    with pytest.raises(Refused, match="--confirm-closing 5"), session.begin_nested():
        load(session, "zones", features(tmp_path / "z.geojson", shapes[:5], rows[:5]), LoadOptions(), AT, "test")


@pytest.mark.parametrize("bad", [[0], range(10)])
def test_replace_is_refused_while_a_row_is_rejected(session, world, bad):
    """What a bad row is about would end, few enough of them without a question."""
    before = fingerprint(session)
    rows = [{"key": parcel_key(n)} | ({"cleared": "vielleicht"} if n in bad else {}) for n in range(10)]
    with pytest.raises(Refused, match=f"{len(bad)} of its rows cannot be taken") as refusal, session.begin_nested():
        load(
            session,
            "holdings",
            holdings(world / "h.csv", *rows),
            LoadOptions(replace=True, confirm_closing=10),
            AT,
            "test",
        )
    assert refusal.value.kind == "replace-with-rejected"
    assert [issue.row for issue in refusal.value.issues] == [n + 2 for n in bad]
    assert fingerprint(session) == before


ALWAYS, LATER = "", "2021-01-01"
ENDS = {
    "two versions stated as one": ([("GE", ALWAYS, LATER), ("GI", LATER, "")], [("GI", ALWAYS, "")], 0),
    "two versions stated as one, and its end": ([("GE", ALWAYS, LATER), ("GI", LATER, "")], [("GI", ALWAYS, "2030-01-01")], 1),
    "one of two zones, in two versions": ([("GE", ALWAYS, ""), ("GI", ALWAYS, "")], [("MU", ALWAYS, LATER), ("I", LATER, "")], 1),
    "two zones stated as two others": ([("GE", ALWAYS, ""), ("GI", ALWAYS, "")], [("MU", ALWAYS, ""), ("I", ALWAYS, "")], 0),
    "an end, and another zone from then on": ([("GE", ALWAYS, "")], [("GE", ALWAYS, LATER), ("GI", LATER, "")], 0),
    "an end": ([("GE", ALWAYS, "")], [("GE", ALWAYS, LATER)], 1),
    "a gap": ([("GE", ALWAYS, "")], [("GE", ALWAYS, LATER), ("GE", "2022-01-01", "")], 1),
    "both versions end early": (
        [("GE", "2020-01-01", LATER), ("GI", LATER, "")],
        [("GE", "2020-01-01", "2020-07-01"), ("GI", LATER, "2024-01-01")],
        2,
    ),
    "one of two zones, the other with gaps": (
        [("GE", ALWAYS, ""), ("GI", ALWAYS, "")],
        [("MU", ALWAYS, ""), ("I", "2016-01-01", "2017-01-01"), ("I", "2018-01-01", "2019-01-01")],
        1,
    ),
    "one of two zones, in two and three versions": (
        [
            *(("GE", "2010-01-01", "2014-01-01"), ("GI", "2014-01-01", "2018-01-01"), ("GE", "2018-01-01", "")),
            *(("MU", "2010-01-01", "2016-01-01"), ("I", "2016-01-01", "")),
        ],
        [("WA", "2010-01-01", "")],
        2,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ENDS)
def test_ended_are_the_facts_in_whose_place_nothing_is_recorded(session, tmp_path, name):
    """Day by day, in the log as in the report: not those that became one with their neighbour, and none is hidden by a split."""
    before, after, ended = ENDS[name]

    def plans(path, zones):
        spans = ("designation", "valid_from", "valid_to")
        rows = [{"plan": "P", **dict(zip(spans, zone, strict=True))} for zone in zones]
        return features(path, [square()] * len(rows), rows)

    take(session, "zones", plans(tmp_path / "before.geojson", before))
    done = take(session, "zones", plans(tmp_path / "after.geojson", after), AT + timedelta(1), confirm_closing=ended)
    assert (done.change.amendment.ended, done.ended.facts) == (ended, ended)
    logged = "SELECT (summary->>'ended')::int FROM recording ORDER BY at DESC LIMIT 1"
    assert session.scalar(text(logged)) == ended


def test_a_zone_restated_with_half_its_outline_has_a_successor(session, tmp_path):
    """What is altered is not ended, however small it becomes: the changes of the reserve tell of that."""
    row = [{"plan": "P", "designation": "GE"}]
    take(session, "zones", features(tmp_path / "z.geojson", [square(0)], row))
    done = take(session, "zones", features(tmp_path / "z.geojson", [square(0, side=70)], row), AT + timedelta(1))
    assert (done.change.amendment.closed, done.change.amendment.ended, done.ended.area_m2) == (1, 0, 0)
