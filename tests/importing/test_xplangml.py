"""XPlanGML through the gate: what the plans of every version become, and what is said of their oddities."""

import math

import numpy as np
import pyproj
import pytest
import shapely
from gate_files import Limits, refused, square, through
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from xplan_files import area, circle, collection, feature, plan, polygon, tags, written

from parcels.importing import xplangml_areas, xplangml_document, xplangml_plans
from parcels.importing.checks import Findings
from parcels.importing.layers import LAYERS
from parcels.importing.xplangml_areas import idle
from rules import xplan
from rules.xplan import VERSIONS

NEW = ("6.0", "6.1")


def uses(outcome, plan_name=None):
    """What came out, as (feature, use, code), without the outlines."""
    return sorted(
        (row["gml_id"], row["use"], row["code"])
        for row in outcome.rows
        if row["use"] != "outline" and plan_name in (None, row["plan"])
    )


def said(outcome, kind):
    return [issue for issue in outcome.issues if issue.kind == kind]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_plan_of_every_version(tmp_path, version):
    code = [tags({"xplan:BP_KomplexeSondernutzung": tags({"allgemein": "1800"})})] if version in NEW else ["1800"]
    features = [
        plan(),
        area("ge", "1700"),
        area("gi", "1800", square(1)),
        area("port", "2100", square(2), sondernutzung=code),
        feature("BP_GruenFlaeche", "green", square(3), flaechenschluss="true"),
        feature("BP_AusgleichsFlaeche", "over", square(0, 0, 50), flaechenschluss="false"),
        feature("BP_BauGrenze", "line"),
    ]
    outcome = through(written(tmp_path / "plan.gml", version, *features), "plans")
    assert outcome.reading.columns == LAYERS["plans"].output
    assert uses(outcome) == [
        ("ge", "designation", "GE"),
        ("gi", "designation", "GI"),
        ("green", "deduction", "green"),
        ("green", "designation", "GRUEN"),
        ("over", "deduction", "compensation"),
        ("port", "designation", "SO"),
        ("port", "port", "Hafengebiet"),
    ]
    assert {row["xplan_version"] for row in outcome.rows} == {version}
    assert {(row["plan"], row["kind"], row["stage"]) for row in outcome.rows} == {
        ("Beispielplan 1", "bebauungsplan", "in_force")
    }
    assert {(row["valid_from"], row["valid_to"]) for row in outcome.rows} == {("2001-02-03", None)}
    (outline,) = [row for row in outcome.rows if row["use"] == "outline"]
    assert (outline["row"], outline["feature"], outline["regulates_use"]) == ("1", "BP_Plan", "true")
    shapes = {row["gml_id"]: shape for row, shape in zip(outcome.rows, outcome.shapes(), strict=True)}
    assert shapes["ge"].equals(square())
    assert shapely.get_srid(shapes["ge"]) == 25832
    assert (outcome.reading.rows_read, outcome.reading.rows_rejected) == (6, 0)
    assert [issue.kind for issue in outcome.issues] == ["features-ignored"]


def test_two_plans_of_one_file_stay_two_and_a_bad_area_rejects_its_own_plan_only(tmp_path):
    bow = shapely.Polygon([(565000, 5934000), (565100, 5934100), (565100, 5934000), (565000, 5934100)])
    features = [
        plan("one", "Plan 1", bereich="#part1"),
        plan("two", "Plan 2"),
        feature("BP_Bereich", "part1", planinhalt=["#ge"]),
        feature("BP_Bereich", "part2", gehoertZuPlan="#two"),
        area("ge"),
        area("bad", "1800", bow, gehoertZuBereich="#part2"),
        area("good", "1800", square(1), gehoertZuBereich="#part2"),
        area("lost", "1200", square(2)),
    ]
    outcome = through(written(tmp_path / "plans.gml", "5.4", *features), "plans")
    assert uses(outcome, "Plan 1") == [("ge", "designation", "GE")]
    assert {row["plan"] for row in outcome.rows} == {"Plan 1"}
    by_kind = {(issue.kind, issue.feature) for issue in outcome.issues if issue.severity == "error"}
    assert by_kind == {
        ("invalid-geometry", "bad"),
        ("incomplete-plan", "two"),
        ("incomplete-plan", "good"),
        ("plan-unclear", "lost"),
    }
    assert outcome.reading.rows_rejected == 4


def test_a_plan_is_known_by_its_name_else_by_its_number_or_id(tmp_path):
    features = [
        plan("a", "Plan 1"),
        plan("b", "Plan 1", nummer="7"),
        plan("c", None, nummer="LA 22"),
        plan("d", None, **{"gml:name": "Plan D"}),
        plan("e", None),
    ]
    outcome = through(written(tmp_path / "plans.gml", "5.4", *features), "plans")
    known = {row["gml_id"]: row["plan"] for row in outcome.rows}
    assert known == {"a": "Plan 1", "b": "Plan 1 (7)", "c": "LA 22", "d": "Plan D", "e": "e"}
    assert [issue.feature for issue in said(outcome, "name-missing")] == ["c", "d", "e"]
    assert [issue.feature for issue in said(outcome, "name-twice")] == ["b"]


DATES = [
    # version, attributes, stage, from, to, issue
    ("5.4", {}, "in_force", "2001-02-03", None, None),
    ("4.1", {"untergangsDatum": "2020-10-07"}, "in_force", "2001-02-03", "2020-10-07", None),
    ("5.4", {"rechtsstand": "3000"}, "adopted", "2001-02-03", None, None),
    (
        "5.4",
        {"rechtsstand": "3000", "inkrafttretensDatum": None, "rechtsverordnungsDatum": "2001-01-01"},
        *("adopted", None, None, None),
    ),
    (
        "5.4",
        {"inkrafttretensDatum": None, "rechtsverordnungsDatum": "2001-01-01", "satzungsbeschlussDatum": "2000-12-01"},
        *("in_force", "2001-01-01", None, "date-stood-in"),
    ),
    (
        "6.0",
        {"inkrafttretensDatum": None, "satzungsbeschlussDatum": "2000-12-01", "rechtsstand": "45000"},
        *("partly_lapsed", "2000-12-01", None, "date-stood-in"),
    ),
    ("5.4", {"inkrafttretensDatum": None}, "in_force", None, None, "date-missing"),
    ("5.4", {"rechtsstand": None}, "unknown", "2001-02-03", None, "stage-unknown"),
    ("5.2", {"rechtsstand": "50000"}, "unknown", "2001-02-03", None, "stage-unknown"),
    ("5.3", {"rechtsstand": "50000"}, "repealed", "2001-02-03", None, "end-unknown"),
    ("5.4", {"rechtsstand": "2000", "inkrafttretensDatum": None}, "draft", None, None, None),
    ("6.0", {"rechtsstand": "2000", "inkrafttretensDatum": None}, "started", None, None, None),
    ("6.1", {"rechtsstand": "2400", "inkrafttretensDatum": None}, "display", None, None, None),
]


@pytest.mark.parametrize(("version", "told", "stage", "since", "until", "issue"), DATES)
def test_stage_and_dates(tmp_path, version, told, stage, since, until, issue):
    outcome = through(written(tmp_path / "plan.gml", version, plan(**told)), "plans")
    (row,) = outcome.rows
    assert (row["stage"], row["valid_from"], row["valid_to"]) == (stage, since, until)
    assert [found.kind for found in outcome.issues] == ([] if issue is None else [issue])


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ({"inkrafttretensDatum": "16.10.73"}, "ambiguous-date"),
        ({"untergangsDatum": "2001-02-03"}, "validity-reversed"),
        ({"untergangsDatum": "gestern"}, "unreadable-date"),
    ],
)
def test_dates_that_cannot_be_told_reject_the_plan(tmp_path, told, kind):
    outcome = through(written(tmp_path / "plan.gml", "5.4", plan(**told), area("ge")), "plans")
    assert outcome.rows == []
    assert outcome.kinds() == [kind, "incomplete-plan"]


def test_what_restricts_a_commercial_area_is_told_in_words(tmp_path):
    noise = tags({"xplan:BP_EmissionskontingentLaerm": tags({"ekwertTag": "60", "ekwertNacht": "45"})})
    told = {
        "abweichungBauNVO": ["1000", "7777"],
        "nutzungText": "Einzelhandel ist\n  unzulässig",
        "refTextInhalt": "#paragraph",
        "laermkontingent": noise,
    }
    text = feature("BP_TextAbschnitt", "paragraph", schluessel="§2 Nr. 3", text="Nur nicht störende Betriebe.")
    outcome = through(written(tmp_path / "plan.gml", "5.4", plan(), area("ge", **told), text), "plans")
    (ge,) = [row for row in outcome.rows if row["gml_id"] == "ge"]
    assert ge["restrictions"] == (
        "Nutzung eingeschränkt; Einzelhandel ist unzulässig; Emissionskontingent tags 60, nachts 45 dB(A); "
        "§2 Nr. 3: Nur nicht störende Betriebe."
    )
    assert [issue.value for issue in said(outcome, "code-unknown")] == ["7777"]


@pytest.mark.parametrize(
    ("use", "told", "words"),
    [
        ("9999", {"detaillierteArtDerBaulNutzung": "Gewerbegebiet E"}, "Gewerbegebiet E"),
        (None, {"allgArtDerBaulNutzung": "3000"}, "GewerblicheBauflaeche"),
        ("1750", {}, "1750"),
        (None, {}, "nothing stated"),
    ],
)
def test_a_kind_of_area_that_cannot_be_told_is_unknown_and_not_guessed(tmp_path, use, told, words):
    path = written(tmp_path / "plan.gml", "4.1", plan(), area("old", use, **told))
    outcome = through(path, "plans")
    assert uses(outcome) == [("old", "designation", "unknown")]
    (issue,) = said(outcome, "use-unknown")
    assert words in issue.message
    assert issue.severity == "warning"


def test_hamburgs_extension_gives_the_old_plans_and_their_areas(tmp_path):
    fhh = "fhh:besondereArtDerBaulNutzung_FHH"
    features = [
        plan(name="Baustufenplan Billstedt", planArt="9999", **{"fhh:planArt_FHH": "11003"}),
        area("i", "9999", **{fhh: "1600"}),
        area("i2", None, square(1), **{fhh: "1700"}),
        area("g", None, square(2), **{fhh: "1400"}),
        feature("fhh:BP_Aussengebiet_FHH", "out", square(3), **{"fhh:nutzung": "1000"}),
        feature(
            *("fhh:BP_BesondereZweckbestimmung_FHH", "park", square(0, 1)),
            **{"fhh:besondereZweckbestimmungFHH": "31002"},
        ),
    ]
    outcome = through(written(tmp_path / "plan.gml", "4.0", *features), "plans")
    assert {row["kind"] for row in outcome.rows} == {"baustufenplan"}
    assert uses(outcome) == [
        ("g", "designation", "G"),
        ("i", "designation", "I"),
        ("i2", "designation", "I"),
        ("out", "designation", "OTHER"),
        ("park", "deduction", "road"),
        ("park", "designation", "VERKEHR"),
    ]
    assert outcome.issues == []


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ({"fhh:planArt_FHH": "11002"}, "teilbebauungsplan"),
        ({"fhh:planArt_FHH": "11004"}, "unknown:BP_PlanArt_FHH:11004"),
        ({"planArt": "11003"}, "unknown:BP_PlanArt:11003"),
        ({"planArt": "3000"}, "vorhabenbezogener_bebauungsplan"),
    ],
)
def test_kinds_of_plans(tmp_path, told, kind):
    outcome = through(written(tmp_path / "plan.gml", "4.1", plan(**told)), "plans")
    assert [row["kind"] for row in outcome.rows] == [kind]
    assert bool(said(outcome, "kind-unknown")) == kind.startswith("unknown")


def test_bans_on_changes_have_days_of_their_own(tmp_path):
    old = feature(
        *("BP_Veraenderungssperre", "ban", square()),
        veraenderungssperreStartDatum="2024-01-01",
        gueltigkeitsDatum="2025-12-31",
    )
    outcome = through(written(tmp_path / "old.gml", "5.4", plan(veraenderungssperre="true"), old), "plans")
    bans = {(row["gml_id"], row["valid_from"], row["valid_to"]) for row in outcome.rows if row["use"] == "ban"}
    assert bans == {("plan", None, None), ("ban", "2024-01-01", "2026-01-01")}
    assert [issue.kind for issue in outcome.issues] == ["ban-undated"]
    days = tags({"xplan:BP_VeraenderungssperreDaten": tags({"startDatum": "2024-01-01", "endDatum": "2024-12-31"})})
    new = feature("BP_Veraenderungssperre", "ban", square(), daten=days)
    outcome = through(written(tmp_path / "new.gml", "6.1", plan(veraenderungssperre=days), new), "plans")
    bans = {(row["gml_id"], row["valid_from"], row["valid_to"]) for row in outcome.rows if row["use"] == "ban"}
    assert bans == {("plan", "2024-01-01", "2025-01-01"), ("ban", "2024-01-01", "2025-01-01")}


IDLE = [
    # version, attributes of a green area, whether it counts
    ("5.4", {"rechtscharakter": "1000"}, True),
    ("5.4", {"rechtscharakter": "2000"}, True),
    ("5.4", {"rechtscharakter": "3000"}, False),
    ("6.0", {"rechtscharakter": "2000"}, True),
    ("6.0", {"rechtscharakter": "3000"}, False),
    ("6.0", {"rechtscharakter": "7000"}, False),
    ("5.4", {"rechtscharakter": "9998"}, True),
    ("5.4", {"rechtsstand": "3000"}, False),
    ("6.0", {"rechtsstand": "4000"}, True),
    ("6.1", {"rechtsstand": "4000"}, False),
    ("5.4", {"ebene": "0"}, True),
    ("5.4", {"ebene": "-1"}, False),
]


@pytest.mark.parametrize(("version", "told", "counts"), IDLE)
def test_only_what_a_plan_sets_on_the_ground_counts(tmp_path, version, told, counts):
    green = feature("BP_GruenFlaeche", "green", square(), flaechenschluss="true", **told)
    outcome = through(written(tmp_path / "plan.gml", version, plan(), green), "plans")
    assert bool(uses(outcome)) == counts
    assert bool(said(outcome, "areas-idle")) == (not counts)
    if not counts:
        assert outcome.rows[0]["regulates_use"] == "false"


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("true", [("rail", "deduction", "rail"), ("rail", "designation", "BAHN")]),
        ("false", [("rail", "deduction", "rail")]),
        (None, [("rail", "deduction", "rail")]),
        ("ja", [("rail", "deduction", "rail")]),
    ],
)
def test_only_tiles_of_a_plan_give_land_a_use(tmp_path, stated, expected):
    told = {} if stated is None else {"flaechenschluss": stated}
    rail = feature("SO_Schienenverkehrsrecht", "rail", square(), **told)
    outcome = through(written(tmp_path / "plan.gml", "5.4", plan(), rail), "plans")
    assert uses(outcome) == expected
    assert bool(said(outcome, "tiling-unknown")) == (stated in (None, "ja"))


def test_lines_of_types_that_may_be_lines_are_left_out_and_named(tmp_path):
    line = f'<gml:LineString srsName="EPSG:25832"><gml:posList>{565000} {5934000} {565100} {5934000}</gml:posList></gml:LineString>'
    features = [plan(), feature("SO_Schienenverkehrsrecht", "rail", line), feature("BP_Neu", "new")]
    outcome = through(written(tmp_path / "plan.gml", "5.4", *features), "plans")
    assert uses(outcome) == []
    assert "SO_Schienenverkehrsrecht (1)" in said(outcome, "features-without-area")[0].message
    assert "BP_Neu (1)" in said(outcome, "features-unknown")[0].message
    outcome = through(written(tmp_path / "plan.gml", "5.4", plan(), area("ge", "1700", line)), "plans")
    assert outcome.kinds() == ["not-areal", "incomplete-plan"]


def test_what_a_plan_changes_and_which_baunvo_it_goes_by(tmp_path):
    def other(**told):
        return tags({"xplan:XP_VerbundenerPlan": tags(told)})

    old = [
        plan(
            "one", "Plan 1", aendert=[other(planName="Plan 0", rechtscharakter="1000"), other(verbundenerPlan="#two")]
        ),
        plan("two", "Plan 2"),
        feature("BP_Bereich", "part", versionBauNVO="3000", gehoertZuPlan="#one"),
        area("ge", gehoertZuBereich="#part"),
    ]
    outcome = through(written(tmp_path / "old.gml", "4.1", *old), "plans")
    told = {row["gml_id"]: (row["changes"], row["bau_nvo"]) for row in outcome.rows}
    assert told["one"] == told["ge"] == ("Plan 0 (aendern); Plan 2 (unknown)", "1977")
    assert told["two"] == (None, None)
    law = tags({"xplan:XP_GesetzlicheGrundlage": tags({"name": "BauNVO", "datum": "2017-11-21"})})
    new = plan(aendertPlan=other(planName="Plan 0", aenderungsArt="2000"), versionBauNVO=law)
    (row,) = through(written(tmp_path / "new.gml", "6.0", new), "plans").rows
    assert (row["changes"], row["bau_nvo"]) == ("Plan 0 (aufheben)", "2017")


@pytest.mark.parametrize(
    ("root", "member"),
    [
        ("xplan:XPlanAuszug", "gml:featureMember"),
        ("wfs:FeatureCollection", "wfs:member"),
        ("wfs:FeatureCollection", "gml:featureMember"),
        ("gml:FeatureCollection", "gml:featureMembers"),
    ],
)
@pytest.mark.parametrize("ending", [".gml", ".xml"])
def test_collections(tmp_path, root, member, ending):
    path = tmp_path / f"plan{ending}"
    content = collection("5.4", plan(), area("ge"), root=root, member=member)
    path.write_text(content.replace("?>\n", "?>\n<!-- made by hand -->\n", 1), encoding="utf-8")
    outcome = through(path, "plans")
    assert [row["row"] for row in outcome.rows] == ["1", "2"]


def test_features_are_found_wherever_a_collection_holds_them(tmp_path):
    inner_one = collection("5.4", area("inner"), root="wfs:FeatureCollection", member="wfs:member").partition("\n")[2]
    path = written(tmp_path / "plan.gml", "5.4", plan(), inner_one, area("after", "1800", square(1)))
    content = path.read_text(encoding="utf-8")
    path.write_text(content.replace("</xplan:XPlanAuszug>", area("bare", "1200", square(2)) + "</xplan:XPlanAuszug>"))
    outcome = through(path, "plans")
    assert uses(outcome) == [
        ("after", "designation", "GI"),
        ("bare", "designation", "WA"),
        ("inner", "designation", "GE"),
    ]
    broken = content.replace("</xplan:XPlanAuszug>", "<wfs:truncatedResponse/></xplan:XPlanAuszug>")
    path.write_text(broken, encoding="utf-8")
    assert refused(path, "plans").kind == "cut-off"


def test_arcs_become_lines(tmp_path):
    round_plan = plan(shape=circle(565_200, 5_934_200, 100))
    (shape,) = through(written(tmp_path / "plan.gml", "5.4", round_plan), "plans").shapes()
    assert shape.area == pytest.approx(math.pi * 100**2, rel=0.002)
    assert shapely.get_num_coordinates(shape) > 60


@pytest.mark.parametrize(
    ("crs", "code"),
    [
        ("EPSG:25832", 25832),
        ("urn:adv:crs:ETRS89_UTM32", 25832),
        ("http://www.opengis.net/def/crs/EPSG/0/25832", 25832),
        ("EPSG:31467", 31467),
        ("urn:adv:crs:DE_DHDN_3GK3", 31467),
        ("EPSG:25833", 25833),
    ],
)
def test_crs(tmp_path, crs, code):
    move = pyproj.Transformer.from_crs(25832, code, always_xy=True)
    east, north = move.transform(565_000, 5_934_000)
    shape = polygon(shapely.box(east, north, east + 100, north + 100), crs)
    (found,) = through(written(tmp_path / "plan.gml", "5.4", plan(shape=shape)), "plans").shapes()
    assert shapely.distance(found, shapely.Point(565_000, 5_934_000)) < 5
    assert found.area == pytest.approx(10_000, rel=0.005)


def test_a_document_without_crs_or_with_several_is_refused(tmp_path):
    bare = written(tmp_path / "bare.gml", "5.4", plan(shape=polygon(square(), None)))
    assert refused(bare, "plans").kind == "crs-missing"
    assert len(through(bare, "plans", crs="EPSG:25832").rows) == 1
    both = written(tmp_path / "both.gml", "5.4", plan(), area("ge", "1700", polygon(square(), "EPSG:25833")))
    assert refused(both, "plans").kind == "crs-mixed"
    odd = written(tmp_path / "odd.gml", "5.4", plan(shape=polygon(square(), "EPSG:325833")))
    assert refused(odd, "plans").kind == "crs-unknown"
    far = written(tmp_path / "far.gml", "5.4", plan(shape=shapely.box(400_000, 5_700_000, 400_100, 5_700_100)))
    assert refused(far, "plans").kind == "outside-extent"


def test_a_geometry_that_gdal_cannot_make_out_is_named_with_its_feature(tmp_path):
    open_ring = polygon(square()).replace("</gml:posList>", " 565050 5934050</gml:posList>")
    twice = polygon(square()) + polygon(square(1))
    features = [plan(), area("open", "1700", open_ring), area("twice", "1700", twice), area("none", "1700", "")]
    outcome = through(written(tmp_path / "plan.gml", "5.4", *features), "plans")
    assert {(issue.kind, issue.feature) for issue in outcome.issues if issue.kind != "incomplete-plan"} == {
        ("unreadable-geometry", "open"),
        ("several-geometries", "twice"),
        ("no-geometry", "none"),
    }
    (issue,) = said(outcome, "unreadable-geometry")
    assert issue.value == "Non closed ring detected"
    assert outcome.rows == []


def test_an_invalid_outline_is_mended_on_request(tmp_path):
    bow = shapely.Polygon([(565000, 5934000), (565100, 5934100), (565100, 5934000), (565000, 5934100)])
    path = written(tmp_path / "plan.gml", "5.4", plan(), area("bow", "1700", bow))
    assert through(path, "plans").kinds() == ["invalid-geometry", "incomplete-plan"]
    outcome = through(path, "plans", repair=True)
    assert uses(outcome) == [("bow", "designation", "GE")]
    (issue,) = said(outcome, "repaired")
    assert issue.after_m2 == 5000


def test_other_documents_are_refused_by_name(tmp_path):
    path = tmp_path / "plan.gml"
    path.write_text(collection("3.0", plan()), encoding="utf-8")
    assert refused(path, "plans").kind == "version-unknown"
    written(path, "5.4", feature("FP_Plan", "fp", square()))
    assert refused(path, "plans").kind == "plan-missing"
    path.write_text(collection("5.4", plan()).replace("www.xplanung.de", "www.example.org"), encoding="utf-8")
    assert refused(path, "plans").kind == "not-xplangml"
    newer = area("ge").replace(" gml:id", ' xmlns:xplan="http://www.xplanung.de/xplangml/6/0" gml:id', 1)
    path.write_text(collection("5.4", plan(), newer), encoding="utf-8")
    assert refused(path, "plans").kind == "version-mixed"
    for name in ("plan.gpkg", "plan.csv", "plan.txt"):
        (tmp_path / name).write_text("x", encoding="utf-8")
        assert refused(tmp_path / name, "plans").kind == "format-unknown"


def test_parts_of_a_building_area_share_what_it_says(tmp_path):
    whole = {"flaechenteil": ["#a", "#b"], "abweichungBauNVO": "1000", "fhh:besondereArtDerBaulNutzung_FHH": "1600"}
    features = [plan(), feature("BP_Baugebiet", "whole", **whole), area("a", None), area("b", "1700", square(1))]
    outcome = through(written(tmp_path / "plan.gml", "4.0", *features), "plans")
    assert uses(outcome) == [("a", "designation", "I"), ("b", "designation", "GE")]
    assert {row["restrictions"] for row in outcome.rows if row["gml_id"] == "a"} == {"Nutzung eingeschränkt"}


def test_a_plan_whose_contents_are_not_all_in_the_file_is_told(tmp_path):
    section = feature("BP_Bereich", "part", planinhalt=["#ge", "#gone", "#gone-too"], gehoertZuPlan="#plan")
    path = written(tmp_path / "plan.gml", "5.4", plan(bereich="#part"), section, area("ge", rechtscharakter="9998"))
    outcome = through(path, "plans")
    (issue,) = said(outcome, "content-missing")
    assert (issue.feature, issue.value) == ("plan", "gone")
    assert "2 features" in issue.message
    assert "BP_BaugebietsTeilFlaeche (1)" in said(outcome, "legal-character-unknown")[0].message
    assert uses(outcome) == [("ge", "designation", "GE")]


@pytest.mark.parametrize(
    ("counts", "taken"),
    [
        ('numberMatched="2" numberReturned="2"', True),
        ('numberMatched="unknown" numberReturned="0"', True),
        ('numberMatched="7" numberReturned="2"', False),
        ('numberMatched="7" numberReturned="0"', False),
        ('numberMatched="unknown" numberReturned="3"', False),
        ('numberOfFeatures="1"', False),
    ],
)
def test_a_page_of_an_answer_is_no_plan(tmp_path, counts, taken):
    path = tmp_path / "plan.gml"
    content = collection("5.4", plan(), area("ge"), root="wfs:FeatureCollection", member="wfs:member")
    path.write_text(content.replace(" gml:id", f" {counts} gml:id", 1), encoding="utf-8")
    if taken:
        assert len(through(path, "plans").rows) == 2
    else:
        assert refused(path, "plans").kind == "cut-off"


CODES = st.sampled_from([None, "", "1000", "1400", "1600", "1700", "1800", "2000", "2100", "3000", "9999", "GE", "0"])
TYPES = st.sampled_from(sorted({row["feature"] for row in xplan.rows("features")} - {"BP_Plan"}))


@st.composite
def areas(draw):
    """Any feature with any codes, lying over others or not."""
    told = {
        "flaechenschluss": draw(st.sampled_from([None, "true", "false", "1", "0", "vielleicht"])),
        "besondereArtDerBaulNutzung": draw(CODES),
        "fhh:besondereArtDerBaulNutzung_FHH": draw(CODES),
        "allgArtDerBaulNutzung": draw(CODES),
        "sondernutzung": draw(st.lists(CODES.filter(bool), max_size=2)),
        "rechtscharakter": draw(CODES),
        "artDerFestlegung": draw(CODES),
        "zweckbestimmung": draw(CODES),
    }
    name = draw(TYPES)
    tag = f"fhh:{name}" if name.endswith("_FHH") else name
    return name, {key: value for key, value in told.items() if value is not None}, tag


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(version=st.sampled_from(VERSIONS), found=st.lists(areas(), min_size=1, max_size=6))
def test_whatever_codes_a_plan_holds_no_land_becomes_workplace_land_by_chance(tmp_path, version, found):
    features = [feature(tag, f"id{n}", square(n), **told) for n, (_, told, tag) in enumerate(found)]
    path = written(tmp_path / "any.gml", version, plan(), *features)
    document = xplangml_document.read(path, tmp_path / "shapes.gml", 1, Limits())
    findings = Findings([each.row for each in document.areas], [each.gml_id for each in document.areas], bad(document))
    (the_plan,) = xplangml_plans.plans(document, findings, set())
    for at, one in enumerate(document.areas[1:], 1):
        name, told, _ = found[one.row - 2]
        lines = [] if idle(one, version) else xplangml_areas.lines(at, one, the_plan, document, findings)
        given_uses = [line.code for line in lines if line.use == "designation"]
        assert len(given_uses) <= 1
        assert not (given_uses and told.get("flaechenschluss") in ("false", "0"))
        if set(given_uses) & {"GE", "GI", "I", "G"}:
            assert name == "BP_BaugebietsTeilFlaeche"
            by_baunvo = {"1700": "GE", "1800": "GI"}.get(told.get("besondereArtDerBaulNutzung", ""))
            by_bpvo = {"1400": "G", "1600": "I", "1700": "I"}.get(told.get("fhh:besondereArtDerBaulNutzung_FHH", ""))
            assert given_uses == [by_bpvo or by_baunvo]
    assert not findings.bad.any()


def bad(document):
    return np.zeros(len(document.areas), dtype=bool)
