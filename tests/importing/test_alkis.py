"""The simplified schema of ALKIS: keys in parts, parcels that are no more, days as ALKIS writes them, who follows whom."""

import pytest
from gate_files import features, parcel_key, refused, square, through, write

from parcels.importing.contract import Kin

PARTS = {"landschl": "02", "gemaschl": "020114", "flstnrzae": "7", "flaeche": "10000"}


def one(tmp_path, **cells):
    """The outcome of a file with one parcel."""
    return through(features(tmp_path / "p.geojson", [square()], [cells]), "parcels")


@pytest.mark.parametrize(
    ("parts", "key"),
    [
        ({}, "020114___00007______"),
        ({"flurschl": "020114___"}, "020114___00007______"),
        ({"flurschl": "020114003"}, "020114003" + "00007______"),
        ({"flur": "Flur 3"}, "020114003" + "00007______"),
        ({"flstnrnen": "12"}, "020114___000070012__"),
        ({"flstnrnen": "0"}, "020114___00007______"),
        ({"flstnrnen": 12, "flstnrzae": 7}, "020114___000070012__"),
        ({"flstnrnen": None, "folge": "01"}, "020114___00007____01"),
        ({"gemaschl": "0114"}, "020114___00007______"),
        ({"gemaschl": "114", "landschl": None}, "020114___00007______"),
        ({"land": "Hamburg", "landschl": ""}, "020114___00007______"),
    ],
)
def test_the_key_is_built_from_its_parts(tmp_path, parts, key):
    outcome = one(tmp_path, **{**PARTS, **parts})
    assert [row["key"] for row in outcome.rows] == [key]
    assert outcome.rows[0]["official_m2"] == "10000.00"


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"flstnrzae": ""}, "has no Zaehler"),
        ({"flstnrzae": "123456"}, "at most 5 digits"),
        ({"flstnrzae": "7a"}, "the Zaehler '7a'"),
        ({"flstnrnen": "1/2"}, "the Nenner '1/2'"),
        ({"gemaschl": ""}, "has no Gemarkung"),
        ({"gemaschl": "030114"}, "Land 02 and a Gemarkung of Land 03"),
        ({"flurschl": "020999___"}, "a Flur of 020999 in the Gemarkung 020114"),
        ({"flur": "Heide"}, "the Flur 'Heide'"),
        ({"landschl": "Hamburg", "gemaschl": "0114"}, "the Land 'Hamburg'"),
    ],
)
def test_parts_that_make_no_key_are_named(tmp_path, parts, said):
    outcome = one(tmp_path, **{**PARTS, **parts})
    assert (outcome.rows, outcome.kinds()) == ([], ["malformed-part"])
    (issue,) = (issue for issue in outcome.issues if issue.severity == "error")
    assert said in issue.message
    assert issue.field == "key"


def test_a_foreign_land_is_told_as_for_whole_keys(tmp_path):
    outcome = one(tmp_path, **{**PARTS, "landschl": "01", "gemaschl": "010114"})
    assert outcome.kinds() == ["foreign-key"]


def test_without_whole_key_or_enough_parts_the_file_is_refused(tmp_path):
    path = features(tmp_path / "p.geojson", [square()], [{"landschl": "02", "flstnrzae": "7"}])
    assert refused(path, "parcels").kind == "column-missing"


def test_the_whole_key_is_compared_with_its_parts(tmp_path):
    good = one(tmp_path, **PARTS, flstkennz=parcel_key(7))
    assert [row["key"] for row in good.rows] == [parcel_key(7)]
    zeros = one(tmp_path, **PARTS, flstkennz="02011400000007000000")
    assert [row["key"] for row in zeros.rows] == ["02011400000007000000"]
    bare = one(tmp_path, **{**PARTS, "flstnrzae": None}, flstkennz=parcel_key(7))
    assert [row["key"] for row in bare.rows] == [parcel_key(7)]
    empty = one(tmp_path, **PARTS, flstkennz="")
    assert [row["key"] for row in empty.rows] == [parcel_key(7)]
    bad = one(tmp_path, **PARTS, flstkennz=parcel_key(8))
    assert bad.kinds() == ["key-contradiction"]
    assert parcel_key(7) in next(issue.message for issue in bad.issues if issue.kind == "key-contradiction")


def test_a_shapefile_of_parts(tmp_path):
    columns = {"GEMASCHL": ["020114"] * 3, "FLSTNRZAE": ["1", "2", "3"], "FLSTNRNEN": ["", "5", ""]}
    outcome = through(write(tmp_path / "p.shp", [square(n) for n in range(3)], columns), "parcels")
    assert [row["key"] for row in outcome.rows] == [parcel_key(1), "020114___000020005__", parcel_key(3)]
    assert "columns-ignored" not in outcome.kinds("note")


def test_a_historic_parcel_needs_its_end(tmp_path):
    cells = [
        {"fsk": parcel_key(1), "fsk_status": "aktuell", "valid_to": None},
        {"fsk": parcel_key(2), "fsk_status": "historisch", "valid_to": None},
        {"fsk": parcel_key(3), "fsk_status": "historisch", "valid_to": "2024-05-01"},
    ]
    outcome = through(features(tmp_path / "p.geojson", [square(n) for n in range(3)], cells), "parcels")
    assert [(row["key"], row["valid_to"]) for row in outcome.rows] == [
        (parcel_key(1), None),
        (parcel_key(3), "2024-05-01"),
    ]
    assert outcome.kinds() == ["historic-without-end"]
    without = [{name: cell for name, cell in row.items() if name != "valid_to"} for row in cells]
    again = through(features(tmp_path / "q.geojson", [square(n) for n in range(3)], without), "parcels")
    assert again.kinds() == ["historic-without-end"] * 2


def test_days_as_alkis_writes_them(tmp_path):
    cells = {"zeitpunktDerEntstehung": "1993-04-01", "endet": "2024-04-30T22:30:00Z"}  # half past midnight in Hamburg
    (row,) = one(tmp_path, fsk=parcel_key(1), **cells).rows
    assert (row["valid_from"], row["valid_to"]) == ("1993-04-01", "2024-05-01")
    outcome = one(tmp_path, fsk=parcel_key(1), zeitpunktDerEntstehung="1600-01-01")
    assert (outcome.rows[0]["valid_from"], outcome.kinds("note")) == (None, ["since-always"])
    own = one(tmp_path, fsk=parcel_key(1), gueltig_ab="2001-01-01", zeitpunktDerEntstehung="1993-04-01")
    assert own.rows[0]["valid_from"] == "2001-01-01"


@pytest.mark.parametrize(
    ("column", "cell", "kin"),
    [
        ("predecessors", parcel_key(8), [(8, 1, "2024-05-01")]),
        ("vorgaenger", f"{parcel_key(8)}, {parcel_key(9)}", [(8, 1, "2024-05-01"), (9, 1, "2024-05-01")]),
        ("nachfolger", f'["{parcel_key(8)}","{parcel_key(9)}"]', [(1, 8, None), (1, 9, None)]),
        ("successors", [parcel_key(8)], [(1, 8, None)]),
        ("successors", "", []),
        ("successors", parcel_key(1), []),
    ],
)
def test_who_follows_whom(tmp_path, column, cell, kin):
    outcome = one(tmp_path, key=parcel_key(1), valid_from="2024-05-01", **{column: cell})
    assert outcome.reading.kin == [Kin(1, parcel_key(one), parcel_key(other), on) for one, other, on in kin]
    assert outcome.kinds() + outcome.kinds("warning") == []


SIMPLE = """<wfs:FeatureCollection xmlns:wfs="http://www.opengis.net/wfs/2.0" xmlns:gml="http://www.opengis.net/gml/3.2"
    xmlns:ave="http://repository.gdi-de.org/schemas/adv/produkt/alkis-vereinfacht/2.0"><wfs:member>
<ave:Flurstueck gml:id="DEHHALKA10000001FL"><ave:oid>DEHHALKA10000001FL</ave:oid><ave:aktualit>2026-03-30Z</ave:aktualit>
<ave:geometrie><gml:MultiSurface srsName="urn:ogc:def:crs:EPSG::25832"><gml:surfaceMember><gml:Polygon><gml:exterior>
<gml:LinearRing><gml:posList>{points}</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon></gml:surfaceMember>
</gml:MultiSurface></ave:geometrie><ave:idflurst>DEHHALKA10000001</ave:idflurst><ave:flaeche>10000</ave:flaeche>{whole}
<ave:land>Hamburg</ave:land><ave:landschl>02</ave:landschl><ave:gemarkung>Neustadt Nord</ave:gemarkung>
<ave:gemaschl>020114</ave:gemaschl><ave:flurschl>020114___</ave:flurschl><ave:flstnrzae>7</ave:flstnrzae>
<ave:gemeinde>Hamburg</ave:gemeinde></ave:Flurstueck></wfs:member></wfs:FeatureCollection>"""


@pytest.mark.parametrize("whole", ["", f"<ave:flstkennz>{parcel_key(7)}</ave:flstkennz>"])
@pytest.mark.parametrize("ending", [".gml", ".xml"])
def test_the_simplified_schema_as_gml(tmp_path, whole, ending):
    path = tmp_path / f"simple{ending}"
    points = " ".join(f"{x:.3f} {y:.3f}" for x, y in square().exterior.coords)
    path.write_text(SIMPLE.format(points=points, whole=whole), encoding="utf-8")
    outcome = through(path, "parcels")
    (row,) = outcome.rows
    assert (row["key"], row["official_m2"], row["gemarkung"]) == (parcel_key(7), "10000.00", "Neustadt Nord")
    assert (row["valid_from"], row["valid_to"]) == (None, None)
    assert outcome.shapes()[0].area == pytest.approx(10_000)


def test_more_kin_than_is_kept_is_told(tmp_path):
    cells = [
        {"key": parcel_key(1), "successors": " ".join(parcel_key(n) for n in range(2, 90_002))},
        *[{"key": parcel_key(n), "successors": " ".join(parcel_key(m) for m in range(9, 80_009))} for n in (2, 3, 4)],
    ]
    path = features(tmp_path / "many.geojson", [square(n) for n in range(4)], cells)
    outcome = through(path, "parcels")
    assert (len(outcome.rows), len(outcome.reading.kin)) == (4, 300_000)
    assert outcome.kinds("warning") == ["too-much-kin"]


def test_a_name_that_is_no_key_is_told_and_not_kept(tmp_path):
    outcome = one(tmp_path, key=parcel_key(1), predecessors=f"17, {parcel_key(8)}")
    assert (len(outcome.rows), outcome.kinds("warning")) == (1, ["malformed-kin"])
    assert [kin.predecessor for kin in outcome.reading.kin] == [parcel_key(8)]
