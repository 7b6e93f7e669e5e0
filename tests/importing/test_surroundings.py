"""What lies around the land comes in by the gate like everything else, keeps its history, and moves no line of the ledger."""

from datetime import date, timedelta

import pytest
import shapely
from gate_files import features, square
from registers import AT, errors, fingerprint, net, take
from sqlalchemy import text

from parcels import ledger
from parcels.importing.contract import Refused
from tests.little_worlds import holding, parcel, zone

TABLE = {"sensitive": "sensitive_use", "sites_of_concern": "site_of_concern", "overlays": "overlay"}
GOOD = {
    "sensitive": {"id": "s1", "kind": "school", "name": "Schule"},
    "sites_of_concern": {"id": "p1", "name": "Werk", "kas18_class": "II", "distance_class": "III"},
    "overlays": {"id": "o1", "kind": "flood", "name": "Elbe", "value": "HQ100", "data_on": "2024-05-01"},
}
LATER = AT + timedelta(days=1)


def standing(session, layer, columns):
    rows = session.execute(text(f"SELECT {columns} FROM {TABLE[layer]} WHERE upper_inf(known) ORDER BY id"))
    return [tuple(row) for row in rows]


@pytest.fixture
def world(session, fill):
    """One parcel that counts."""
    fill("parcels", parcel())
    fill("zones", zone())
    fill("holdings", holding())


@pytest.mark.parametrize("layer", TABLE)
def test_the_same_file_changes_nothing_and_a_changed_one_closes_and_adds(session, world, tmp_path, layer):
    before, lines = net(session), session.execute(text("SELECT count(*), max(id) FROM ledger")).one()
    first = take(session, layer, features(tmp_path / "a.geojson", [square()], [GOOD[layer]]))
    assert (first.change.amendment.added, first.rows_rejected, errors(first)) == (1, 0, [])
    said = fingerprint(session)
    again = take(session, layer, features(tmp_path / "b.geojson", [square()], [GOOD[layer]]), at=LATER)
    assert (again.change.recording, fingerprint(session)) == (None, said)
    changed = {**GOOD[layer], "name": "Anders", "valid_from": "2026-03-01"}
    third = take(session, layer, features(tmp_path / "c.geojson", [square()], [changed]), at=LATER)
    assert (third.change.amendment.closed, third.change.amendment.added, third.change.amendment.ended) == (1, 2, 0)
    assert sorted(standing(session, layer, "name, lower(valid), upper(valid)")) == sorted(
        [(GOOD[layer]["name"], None, date(2026, 3, 1)), ("Anders", date(2026, 3, 1), None)]
    )
    assert net(session) == before
    assert session.execute(text("SELECT count(*), max(id) FROM ledger")).one() == lines
    assert (third.change.posting.closed, third.change.posting.added) == (0, 0)
    assert ledger.verify(session, LATER) == ledger.Difference([], [])


@pytest.mark.parametrize(
    ("layer", "wrong", "kind"),
    [
        ("sensitive", {"kind": "Sauna"}, "unknown-kind"),
        ("sensitive", {"kind": ""}, "empty"),
        ("sensitive", {"kind": "flood"}, "unknown-kind"),
        ("sites_of_concern", {"kas18_class": "V"}, "unknown-kas18_class"),
        ("sites_of_concern", {"kas18_class": "2"}, "unknown-kas18_class"),
        ("sites_of_concern", {"distance_class": "VIII"}, "unknown-distance_class"),
        ("sites_of_concern", {"id": ""}, "empty"),
        ("overlays", {"kind": "school"}, "unknown-kind"),
        ("overlays", {"data_on": "neulich"}, "unreadable-date"),
    ],
)
def test_what_no_list_knows_is_rejected_with_its_field(session, tmp_path, layer, wrong, kind):
    done = take(session, layer, features(tmp_path / "a.geojson", [square()], [{**GOOD[layer], **wrong}]))
    (issue,) = errors(done)
    assert (issue.kind, issue.field) == (kind, next(iter(wrong)))
    assert done.change.recording is None


@pytest.mark.parametrize("layer", TABLE)
@pytest.mark.parametrize("shape", [square().centroid, shapely.LineString(square().exterior)])
def test_points_and_lines_are_refused_with_the_remedy(session, tmp_path, layer, shape):
    """Distances run from edge to edge: a point says nothing of the edge."""
    done = take(
        session, layer, features(tmp_path / "a.geojson", [shape, square(1)], [GOOD[layer], {**GOOD[layer], "id": "x"}])
    )
    (issue,) = errors(done)
    assert (issue.kind, issue.row) == ("not-areal", 1)
    assert "draw its outline" in issue.message


def test_a_class_that_is_missing_stays_unknown(session, tmp_path):
    rows = [{"id": "a", "name": None, "kas18_class": "", "distance_class": None}, {"id": "b", "kas18_class": "None"}]
    take(session, "sites_of_concern", features(tmp_path / "a.geojson", [square(), square(1)], rows))
    assert standing(session, "sites_of_concern", "ref, kas18_class, distance_class") == [
        ("a", None, None),
        ("b", "none", None),
    ]


def test_a_plant_has_one_class_a_day(session, tmp_path):
    rows = [{**GOOD["sites_of_concern"], "kas18_class": grade} for grade in ("I", "IV")]
    done = take(session, "sites_of_concern", features(tmp_path / "a.geojson", [square(), square(1)], rows))
    assert [(issue.kind, issue.field) for issue in errors(done)] == [("overlapping-validity", "id")] * 2


@pytest.mark.parametrize("layer", ["sensitive", "overlays"])
def test_rows_without_an_id_are_known_by_kind_and_outline(session, tmp_path, layer):
    row = {name: value for name, value in GOOD[layer].items() if name != "id"}
    shapes = [square(), square(1)]
    take(session, layer, features(tmp_path / "a.geojson", shapes, [row, row]))
    refs = [ref for (ref,) in standing(session, layer, "ref")]
    assert len(set(refs)) == 2
    other = take(session, layer, features(tmp_path / "b.geojson", shapes[:1], [{**row, "name": "Neu"}]), at=LATER)
    assert (other.change.amendment.closed, other.change.amendment.added) == (1, 1)
    assert {name for (name,) in standing(session, layer, "name")} == {"Neu", row["name"]}


def test_pieces_of_an_area_stay_with_the_fact(session, tmp_path):
    """An answer for an earlier state of knowledge needs them after the fact is closed."""
    ring = shapely.Point(565_500, 5_934_500).buffer(400, quad_segs=250)
    take(session, "overlays", features(tmp_path / "a.geojson", [ring], [GOOD["overlays"]]))
    take(session, "overlays", features(tmp_path / "b.geojson", [square()], [GOOD["overlays"]]), at=LATER)
    found = session.execute(
        text(
            """SELECT upper_inf(o.known), count(*) > 1, max(ST_NPoints(p.geom)) <= 129,
                      round((sum(ST_Area(p.geom)) / ST_Area(o.geom))::numeric, 6)
            FROM overlay o JOIN overlay_piece p ON p.fact_id = o.id GROUP BY o.id ORDER BY o.id"""
        )
    )
    assert [tuple(row) for row in found] == [(False, True, True, 1), (True, False, True, 1)]


def test_replace_ends_what_the_file_lacks_once_confirmed(session, tmp_path):
    both = [GOOD["sites_of_concern"], {**GOOD["sites_of_concern"], "id": "p2"}]
    take(session, "sites_of_concern", features(tmp_path / "a.geojson", [square(), square(1)], both))
    one = features(tmp_path / "b.geojson", [square()], both[:1])
    with pytest.raises(Refused) as refusal:
        take(session, "sites_of_concern", one, at=LATER, replace=True)
    assert refusal.value.kind == "closing-much"
    session.rollback()
    take(session, "sites_of_concern", one, at=LATER, replace=True, confirm_closing=1)
    assert standing(session, "sites_of_concern", "ref") == [("p1",)]
