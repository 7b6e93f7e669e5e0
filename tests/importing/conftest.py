"""A register for the tests of imports."""

import pytest
from gate_files import parcel_key, square
from registers import AT

from parcels import register


@pytest.fixture
def world(session, tmp_path):
    """Ten parcels, each with its plan and its holding: 10 ha."""
    said = {"serviced": True, "cleared": True, "binding_use": False, "opposing_plan": False, "holder": "LIG"}
    held = {**said, "disposition": "free", "construction_possible_from": "2013-01-01"}
    outlines = [f"SRID=25832;MULTI{square(n).wkt.replace('((', '(((').replace('))', ')))')}" for n in range(10)]
    keys = [parcel_key(n) for n in range(10)]
    state = {
        "parcels": [
            {"key": k, "official_m2": 10_000, "district": "Nord", "geom": g}
            for k, g in zip(keys, outlines, strict=True)
        ],
        "zones": [
            {"plan": f"Plan {n}", "designation": "GE", "regulates_use": True, "geom": g} for n, g in enumerate(outlines)
        ],
        "holdings": [{"parcel_key": k, **held} for k in keys],
    }
    for layer, rows in state.items():
        register.edit(session, layer, rows, AT, "test", None)
    session.commit()
    return tmp_path
