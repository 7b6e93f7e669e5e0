"""The real plans where they are at hand: each is read as the golden table says, or refused for the reason it gives."""

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pyogrio.raw
import pyproj
import pytest
import shapely
from gate_files import Limits, Outcome, Refused, refused, through

PLANS = Path(__file__).resolve().parents[3] / "shared" / "realdata" / "xplan"
GERMANY = Limits(extent=(240_000.0, 5_200_000.0, 1_000_000.0, 6_150_000.0))  # some of them lie in Bremen and beyond
GOLDEN = Path(__file__).parent / "golden/xplan_files.csv"
pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not PLANS.is_dir(), reason="the shared real data (../shared/realdata) is not there"),
]

with GOLDEN.open(newline="", encoding="utf-8") as golden:
    FILES = list(csv.DictReader(golden))


def counted(outcome: Outcome, use: str) -> str:
    found = Counter(row["code"] or "" for row in outcome.rows if row["use"] == use)
    return "; ".join(f"{code} {count}".strip() for code, count in sorted(found.items()))


def square_metres(outcome: Outcome, code: str) -> float:
    pairs = zip(outcome.rows, outcome.shapes(), strict=True)
    return sum(shape.area for row, shape in pairs if row["use"] == "designation" and row["code"] == code)


def told(name: str) -> dict[str, str]:
    """What comes out of a file, in the words of the golden table."""
    try:
        outcome = through(PLANS / name, "plans", limits=GERMANY)
    except Refused as refusal:
        return {"outcome": "refused", "because": refusal.kind}
    errors = sorted(set(outcome.kinds()) - {"incomplete-plan"})
    if not outcome.rows:
        return {"outcome": "rejected", "because": "; ".join(errors)}
    return {
        "outcome": "taken",
        "because": "; ".join(sorted(set(outcome.kinds("warning")))),
        "version": "; ".join(sorted({row["xplan_version"] or "" for row in outcome.rows})),
        "plans": "; ".join(sorted({row["plan"] or "" for row in outcome.rows})),
        "stages": "; ".join(sorted({row["stage"] or "" for row in outcome.rows})),
        "outlines": counted(outcome, "outline"),
        "designations": counted(outcome, "designation"),
        "deductions": counted(outcome, "deduction"),
        "bans": counted(outcome, "ban"),
        "ge_m2": f"{square_metres(outcome, 'GE'):.1f}",
        "gi_m2": f"{square_metres(outcome, 'GI'):.1f}",
    }


@pytest.mark.parametrize("row", FILES, ids=lambda row: row["file"])
def test_file(row):
    if not (PLANS / row["file"]).exists():
        pytest.skip("not in this half of the real data")
    found = told(row["file"])
    assert {name: found.get(name, "") for name in row if name != "file"} == {
        name: value for name, value in row.items() if name != "file"
    }


def test_every_file_has_its_row():
    here = {path.name for path in PLANS.iterdir() if path.suffix in (".gml", ".xml", ".zip")}
    assert here <= {row["file"] for row in FILES}


def test_counts_are_those_of_the_manifest():
    with (PLANS / "MANIFEST.tsv").open(newline="", encoding="utf-8") as manifest:
        listed = {row["file"]: row for row in csv.DictReader(manifest, delimiter="\t")}
    compared = 0
    for row in FILES:
        if row["outcome"] == "taken" and row["file"] in listed:
            stated = dict(each.split(" ") for each in row["designations"].split("; ") if each)
            found = listed[row["file"]]
            assert (stated.get("GE", "0"), stated.get("GI", "0")) == (found["GE1700"], found["GI1800"]), row["file"]
            compared += 1
    assert compared > 10


def by_gdal(path: Path, code: int, crs: int) -> float:
    """The area of one kind of building areas in EPSG:25832, by GDAL's own reading of the whole file."""
    _, _, wkb, (kinds,) = pyogrio.raw.read(
        path, layer="BP_BaugebietsTeilFlaeche", columns=["besondereArtDerBaulNutzung"], DOWNLOAD_SCHEMA="NO"
    )
    move = pyproj.Transformer.from_crs(crs, 25832, always_xy=True)
    shapes = shapely.from_wkb(wkb[kinds == code])
    moved = shapely.transform(shapes, lambda xy: np.column_stack(move.transform(xy[:, 0], xy[:, 1])))
    return float(shapely.area(moved).sum())


@pytest.mark.parametrize(("name", "crs"), [("Eidelstedt_4_V4-Blankenese.gml", 25832), ("BP2070.gml", 31467)])
def test_areas_are_those_that_gdal_measures(tmp_path, name, crs):
    if not (PLANS / name).exists():
        pytest.skip("not in this half of the real data")
    copy = tmp_path / name  # GDAL writes beside what it reads
    copy.write_bytes((PLANS / name).read_bytes())
    outcome = through(PLANS / name, "plans", limits=GERMANY)
    for code, number in (("GE", 1700), ("GI", 1800)):
        expected = by_gdal(copy, number, crs)
        assert expected > 1000
        assert square_metres(outcome, code) == pytest.approx(expected, abs=0.01)


def test_a_plan_of_bremen_is_no_plan_of_this_register():
    if not (PLANS / "BP2070.gml").exists():
        pytest.skip("not in this half of the real data")
    assert refused(PLANS / "BP2070.gml", "plans").kind == "outside-extent"
