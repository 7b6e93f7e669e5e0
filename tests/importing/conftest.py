"""A register for the tests of imports."""

import pytest
from gate_files import parcel_key, square
from registers import AT

from parcels import register
from tests.little_worlds import AVAILABLE
from tests.shapes import ewkt


@pytest.fixture
def world(session, tmp_path):
    """Ten parcels, each with its plan and its holding: 10 ha."""
    outlines = [ewkt(square(n)) for n in range(10)]
    keys = [parcel_key(n) for n in range(10)]
    state = {
        "parcels": [
            {"key": k, "official_m2": 10_000, "district": "Nord", "geom": g}
            for k, g in zip(keys, outlines, strict=True)
        ],
        "zones": [
            {"plan": f"Plan {n}", "designation": "GE", "regulates_use": True, "geom": g} for n, g in enumerate(outlines)
        ],
        "holdings": [{"parcel_key": k, **AVAILABLE} for k in keys],
    }
    for layer, rows in state.items():
        register.edit(session, layer, rows, AT, "test", None)
    session.commit()
    return tmp_path
