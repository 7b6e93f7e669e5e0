"""Files whose outlines nearly coincide with recorded ones or with each other: imported, or refused by name."""

import csv
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import shapely
from gate_files import features, parcel_key, square
from registers import AT, AVAILABLE, errors, holdings, take
from sqlalchemy import text

from parcels import ledger, measuring
from parcels.importing import alongside, beside, store, together
from parcels.importing.contract import Refused

GOLDEN = Path(__file__).parents[1] / "parcels" / "golden" / "coincident_edges.csv"
with GOLDEN.open() as golden:
    PAIRS = {row["name"]: [shapely.from_wkb(row[name]) for name in ("one", "other")] for row in csv.DictReader(golden)}


@pytest.mark.parametrize("many", [1, measuring.FEW + 10])
@pytest.mark.parametrize("name", PAIRS)
def test_a_file_of_one_or_of_many_parcels_is_measured(session, tmp_path, name, many):
    """By one statement, and in chunks: the chunk is measured again with the predicates that answer."""
    land, plan = PAIRS[name]
    take(session, "zones", features(tmp_path / "z.geojson", [plan], [{"plan": "Nah", "designation": "GE"}]))
    rows = [{"key": parcel_key(n), "district": "Nord"} for n in range(many)]
    shapes = [land, *(square(n) for n in range(1, many))]
    take(session, "holdings", holdings(tmp_path / "h.csv", *({"key": row["key"]} for row in rows)), AT + timedelta(1))
    report = take(session, "parcels", features(tmp_path / "p.geojson", shapes, rows), AT + timedelta(2))
    assert report.issues == []
    counted = "SELECT gross_m2 FROM ledger WHERE upper_inf(known) AND designation = 'GE'"
    shared = land.intersection(plan).area
    found = [float(m2) for m2 in session.scalars(text(counted))]
    assert found == ([pytest.approx(shared, rel=1e-3)] if shared > 0.01 else [])
    assert ledger.verify(session, AT + timedelta(3)) == ledger.Difference([], [])


@pytest.mark.parametrize("name", PAIRS)
def test_parts_of_one_file_are_compared(session, tmp_path, name):
    land, part = PAIRS[name]
    take(session, "parcels", features(tmp_path / "p.geojson", [land.union(part).buffer(5)], [{"key": parcel_key(1)}]))
    rows = [{"key": parcel_key(1), **AVAILABLE, "site": site} for site in ("a", "b")]
    found = errors(take(session, "holdings", features(tmp_path / "h.geojson", [land, part], rows), AT + timedelta(1)))
    assert [issue.kind for issue in found] == (["overlapping-validity"] * 2 if land.intersection(part).area > 1 else [])


FAILS = (
    "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'internal_error', "
    "MESSAGE = 'GEOSCovers: TopologyException: side location conflict at 565227.17 5930930.12'; END $$"
)


@pytest.mark.parametrize("step", ["clashes", "recording", "findings"])
def test_what_the_database_cannot_decide_refuses_the_file_with_the_place(session, world, monkeypatch, step):
    def fails(session, *_, **__):
        session.execute(text(FAILS))

    if step == "clashes":
        monkeypatch.setattr(together, "_CLASHES", FAILS)
    elif step == "recording":
        monkeypatch.setattr(store.register, "record_stated", fails)
    else:
        monkeypatch.setattr(beside, "check", fails)
    rows = [{"key": parcel_key(1), **AVAILABLE, "site": "Neu"}]
    with pytest.raises(Refused, match=r"565227\.17 5930930\.12 .*round their coordinates") as refusal:
        take(session, "holdings", features(world / "h.geojson", [square(1)], rows), AT + timedelta(1))
    assert refusal.value.kind == "coincident-edges"


def test_where_the_gate_cannot_compare_parcels_it_says_so(monkeypatch):
    def fails(*_):
        raise shapely.errors.GEOSException("TopologyException: side location conflict")

    kept = alongside.Outlines(1 << 20)
    multi = np.array([shapely.MultiPolygon([square(0)]), shapely.MultiPolygon([square(0, side=60)])])
    values = {"key": [parcel_key(n) for n in range(2)], "valid_from": [None] * 2, "valid_to": [None] * 2}
    kept.add(range(1, 3), values, multi, list(shapely.to_wkb(multi)))
    assert [issue.kind for issue in alongside.findings(kept, 60)] == [alongside.KIND]
    monkeypatch.setattr(alongside.shapely, "relate_pattern", fails)
    (issue,) = alongside.findings(kept, 60)
    assert (issue.kind, issue.severity, "1 mm" in issue.message) == (alongside.UNCHECKED, "note", True)
