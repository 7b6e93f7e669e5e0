"""What lies on a parcel: its share, the day of the data, and never "nothing" where nobody recorded anything."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from parcels import overlays
from parcels.overlays import Overlay
from rules.facts import Outcome
from rules.law import LAW, NotInForce
from tests.conftest import AT, key, square
from tests.little_worlds import holding, parcel

DAY = date(2026, 6, 1)
NOW = AT + timedelta(days=100)
KINDS = LAW.on(DAY, NOW)["surroundings.overlay_kinds"].codes


def area(ref, geom, kind="flood", **facts):
    return {"ref": ref, "kind": kind, "name": "Elbe", "value": "HQ100", "data_on": "2024-05-01", "geom": geom, **facts}


def of(session, *numbers, kind="flood", on=DAY, known_at=NOW):
    found = overlays.over(session, [key(n) for n in numbers], on, known_at)
    assert list(found) == [key(n) for n in numbers]
    assert all({one.kind for one in said} == set(KINDS) for said in found.values())
    return [one for said in found.values() for one in said if one.kind == kind]


def met(share, **more):
    facts = {"name": "Elbe", "value": "HQ100", "data_on": date(2024, 5, 1), **more}
    return Overlay("flood", Outcome.MET, facts["name"], facts["value"], Decimal(share), facts["data_on"])


UNKNOWN = Overlay("flood", Outcome.UNKNOWN, None, None, None, None)


def test_every_kind_is_said_and_what_nobody_recorded_is_unknown(session, fill):
    fill("parcels", parcel(1))
    assert of(session, 1) == [UNKNOWN]
    fill("overlays", area("rain", square(0, 0), "heavy_rain"))
    assert of(session, 1) == [UNKNOWN]
    fill("overlays", area("a", square(5_000, 0)))
    assert of(session, 1) == [Overlay("flood", Outcome.NOT_MET, None, None, Decimal(0), date(2024, 5, 1))]


def test_shares_of_the_parcels_land(session, fill):
    fill("parcels", *(parcel(n, square(200 * n, 0)) for n in range(5)))
    fill(
        "overlays",
        area("a", square(0, 0, 225)),
        area("b", square(400, 0, 100, 33.333)),
        area("c", square(650, 0, 150, 50)),
    )
    assert of(session, 0, 1, 2, 3, 4) == [
        met("1.0000"),
        met("0.2500"),
        met("0.3333"),
        met("0.2500"),
        Overlay("flood", Outcome.NOT_MET, None, None, Decimal(0), date(2024, 5, 1)),
    ]


def test_areas_of_one_name_do_not_add_up_others_stand_beside_each_other(session, fill):
    fill("parcels", parcel(1))
    fill(
        "overlays",
        area("a", square(0, 0, 60, 100)),
        area("b", square(30, 0, 60, 100)),
        area("c", square(0, 0, 10, 100), value="HQ10", data_on=None),
    )
    assert of(session, 1) == [met("0.9000"), met("0.1000", value="HQ10", data_on=None)]


def test_what_only_touches_or_rounds_to_nothing_is_not_told(session, fill):
    fill("parcels", parcel(1))
    fill("overlays", area("a", square(100, 0)), area("b", square(-100, 0, 100.005)))
    assert [one.outcome for one in of(session, 1)] == [Outcome.NOT_MET]
    fill("overlays", area("b", square(-100, 0, 100.011)))
    assert of(session, 1) == [met("0.0001")]


def test_a_parcel_without_an_outline_is_unknown_throughout(session, fill):
    fill("holdings", holding(9, declared_net_m2=5_000, designation="GE"))
    fill("overlays", area("a", square(0, 0)))
    assert of(session, 9, 10) == [UNKNOWN, UNKNOWN]


def test_days_and_states_of_knowledge(session, fill):
    fill("parcels", parcel(1))
    fill(
        "overlays", area("a", square(0, 0), valid_to="2026-01-01"), area("b", square(0, 0, 50), valid_from="2026-01-01")
    )
    assert of(session, 1, on=date(2025, 12, 31)) == [met("1.0000")]
    assert of(session, 1) == [met("0.2500")]
    later = fill("overlays", area("b", square(0, 0, 100, 10)), at=NOW + timedelta(days=1)).at
    assert of(session, 1) == [met("0.2500")]
    assert of(session, 1, known_at=later) == [met("0.1000")]
    assert of(session, 1, known_at=AT - timedelta(days=1)) == [UNKNOWN]
    with pytest.raises(NotInForce):
        overlays.over(session, [key(1)], date(2012, 12, 31), NOW)


def test_an_area_of_many_vertices_is_measured_whole(session, fill):
    import shapely

    ring = shapely.Point(565_050, 5_930_050).buffer(40, quad_segs=400)
    fill("parcels", parcel(1))
    fill("overlays", area("a", f"SRID=25832;{shapely.MultiPolygon([ring]).wkt}"))
    assert of(session, 1) == [met(str(round(Decimal(ring.area / 10_000), 4)))]


def test_no_parcels_no_answers(session):
    assert overlays.over(session, [], DAY, NOW) == {}
