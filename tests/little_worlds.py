"""Rows for little worlds: a parcel, a zone, a holding that would count, unless told otherwise."""

from typing import Any

from tests.conftest import key, square

AVAILABLE = {
    "holder": "LIG",
    "disposition": "free",
    "serviced": True,
    "cleared": True,
    "binding_use": False,
    "opposing_plan": False,
    "construction_possible_from": "2013-01-01",
}


def parcel(number: int = 1, geom: str | None = None, **facts: Any) -> dict[str, Any]:
    """A parcel of 100 m by 100 m, official area 10,000 m2, in the district Nord."""
    return {"key": key(number), "official_m2": 10_000, "district": "Nord", "geom": geom or square(0, 0), **facts}


def zone(plan: str = "Plan 1", geom: str | None = None, **facts: Any) -> dict[str, Any]:
    """A zone GE over the square of 100 m by 100 m."""
    return {"plan": plan, "designation": "GE", "regulates_use": True, "geom": geom or square(0, 0), **facts}


def holding(number: int = 1, **facts: Any) -> dict[str, Any]:
    """A holding of the LIG that meets every criterion, on all days."""
    return {"parcel_key": key(number), **AVAILABLE, **facts}
