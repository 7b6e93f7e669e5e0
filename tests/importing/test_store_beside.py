"""What is taken, but looks wrong or has no effect beside what is recorded: told, not refused."""

from gate_files import features, parcel_key, square
from registers import holdings, net, take
from shapely.affinity import translate


def same_day(report):
    return [issue for issue in report.issues if issue.kind == "same-day-plans"]


def test_two_plans_since_the_same_day_on_the_same_land_are_reported(session, tmp_path):
    rows = [{"plan": plan, "designation": "GE", "valid_from": "2020-01-01"} for plan in ("Beta", "Alpha")]
    (issue,) = same_day(take(session, "zones", features(tmp_path / "z.geojson", [square(), square()], rows)))
    assert (issue.severity, issue.field) == ("warning", "valid_from")
    assert "Alpha and Beta" in issue.message
    assert "10000.00 m2" in issue.message
    assert "Beta, the later name, wins" in issue.message
    later = [{"plan": "Gamma", "designation": "WA", "valid_from": "2020-01-01"}]
    found = same_day(take(session, "zones", features(tmp_path / "y.geojson", [square()], later)))
    assert [issue.feature for issue in found] == ["Alpha", "Beta"]
    beside = [{"plan": "Delta", "designation": "WA", "valid_from": "2020-01-02"}]
    assert same_day(take(session, "zones", features(tmp_path / "x.geojson", [square()], beside))) == []


def test_one_plan_that_says_two_things_of_the_same_land_is_reported(session, tmp_path):
    rows = [{"plan": "Alpha", "designation": designation} for designation in ("GE", "WA")]
    (issue,) = same_day(take(session, "zones", features(tmp_path / "z.geojson", [square(), square(side=40)], rows)))
    assert "Alpha" in issue.message
    assert "1600.00 m2" in issue.message
    assert "GE" in issue.message
    assert "WA" in issue.message


def test_holdings_of_unknown_parcels_and_needless_areas_are_told(session, world):
    path = holdings(
        world / "h.csv",
        {"key": parcel_key(50)},
        {"key": parcel_key(51), "declared_net_m2": 500, "designation": "GE"},
        {"key": parcel_key(1), "declared_net_m2": 500, "designation": "GE"},
    )
    report = take(session, "holdings", path)
    assert [(issue.row, issue.kind, issue.severity) for issue in report.issues] == [
        (2, "no-area", "warning"),
        (4, "declared-unused", "note"),
        (4, "declared-unused", "note"),
    ]
    assert [issue.field for issue in report.issues] == ["key", "declared_net_m2", "designation"]
    assert net(session) == 100_500


def overlapping(report):
    return [issue for issue in report.issues if issue.kind == "districts-overlap"]


def test_bezirke_that_share_land_are_reported(session, tmp_path):
    rows = [{"name": "Nord"}, {"name": "Mitte"}]
    shapes = [square(), translate(square(), 60)]
    (issue,) = overlapping(take(session, "districts", features(tmp_path / "d.geojson", shapes, rows)))
    assert (issue.feature, issue.severity, issue.value) == ("Mitte", "warning", "4000.00")
    assert "Mitte and Nord share 4000.00 m2" in issue.message
    later = features(tmp_path / "e.geojson", [translate(square(), 120)], [{"name": "Altona"}])
    assert [issue.value for issue in overlapping(take(session, "districts", later))] == ["4000.00"]


def test_bezirke_along_one_border_or_on_other_days_do_not_share_land(session, tmp_path):
    rows = [{"name": "Nord"}, {"name": "Mitte"}, {"name": "Alt-Nord", "valid_to": "2008-03-01"}]
    rows[0]["valid_from"] = "2008-03-01"
    shapes = [square(), translate(square(), 99.95), square()]
    assert overlapping(take(session, "districts", features(tmp_path / "d.geojson", shapes, rows))) == []
