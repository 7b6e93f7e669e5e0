"""The site of a conversion case: parcel keys or a drawn outline, checked against the register on a day as known at an instant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

MAX_PARCELS = 500
MAX_HA = 500
OUTSIDE_SHARE = Decimal("0.01")
"""The outline of the city is drawn more coarsely than its parcels: so much of a site may lie outside it."""
SLIVER_M, SLIVER_M2 = 0.1, 1
"""What a drawn outline shares with a parcel no wider than this on the average, or no more of it, is how exactly it was drawn."""


@dataclass(frozen=True, slots=True)
class Site:
    """What a case says of its place: `keys` of whole parcels, or an `outline` as EWKB text in EPSG:25832."""

    keys: tuple[str, ...] = ()
    outline: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A site on a day: the parcels it takes land of, its geometry, and what of it no parcel is recorded for (EWKB, EPSG:25832).

    `geometry` is None where parcels are known by declared areas only; `bare` None where parcels cover all.
    """

    keys: tuple[str, ...]
    outline: str | None
    geometry: str | None
    bare: str | None


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a site, with the remedy; `key` is the parcel that it is about."""

    key: str | None
    message: str
    remedy: str


class SiteRefusedError(Exception):
    """A site of which nothing can be said: `kind` is the problem's name, `faults` say what is wrong."""

    def __init__(self, kind: str, message: str, faults: Sequence[Fault]) -> None:
        super().__init__(message)
        self.kind, self.faults = kind, tuple(faults)


def place(session: Session, site: Site, on: date, known_at: datetime) -> Place:
    """The site as the register knows it; SiteRefusedError where it cannot be one.

    Kinds: site-parcels-unknown, site-outside-hamburg, site-too-large, site-unrecorded.
    """
    return _of_keys(session, site, on, known_at) if site.outline is None else _drawn(session, site, on, known_at)


def on_day(session: Session, place: Place, on: date, known_at: datetime) -> Place:
    """The same land on another day: its parcels where all of them are recorded for it, else what lies under its outline then.

    Land of which nothing is recorded for the day is land that no parcel is recorded for. SiteRefusedError where the outline takes
    too many parcels on the day, or leaves the city as it was drawn then.
    """
    if place.outline is None:
        try:
            return _of_keys(session, Site(place.keys), on, known_at)
        except SiteRefusedError:
            if place.geometry is None:
                return place
    try:
        found = _drawn(session, Site(outline=place.geometry), on, known_at)
    except SiteRefusedError as error:
        if error.kind != "site-unrecorded":
            raise
        found = Place((), place.geometry, place.geometry, place.geometry)
    declared = () if place.outline else place.keys  # may be known by declared areas on that day
    return replace(found, keys=tuple(dict.fromkeys((*found.keys, *declared))))


def _of_keys(session: Session, site: Site, on: date, known_at: datetime) -> Place:
    keys = tuple(dict.fromkeys(site.keys))
    if len(keys) > MAX_PARCELS:
        raise _too_large(f"The site names {len(keys)} parcels")
    bound = {"keys": list(keys), "on": on, "known_at": known_at}
    faults = [
        Fault(row.key, *_why_missing(row)) for row in session.execute(text(_MISSING), bound) if not row.there_on_day
    ]
    if faults:
        named = ", ".join(str(fault.key) for fault in faults[:3]) + (" and more" if len(faults) > 3 else "")
        message = f"On {on} the register, as known then, has no parcel {named}."
        raise SiteRefusedError("site-parcels-unknown", message, faults)
    row = session.execute(text(_UNION), bound).one()
    _check_size(row.m2)
    return Place(keys, None, row.geometry, None)


def _why_missing(row: object) -> tuple[str, str]:
    if not getattr(row, "heard_of", False):
        return "The register has never heard of this parcel by then", "Check the Flurstueckskennzeichen."
    if followers := getattr(row, "successors", None):
        return "The parcel is no more on that day", f"Name those that follow it: {', '.join(followers)}."
    return "The parcel is not recorded for that day", "Ask for a day on which it is, or name those that are there."


def _drawn(session: Session, site: Site, on: date, known_at: datetime) -> Place:
    bound = {"outline": site.outline, "on": on, "known_at": known_at, "sliver": SLIVER_M, "least": SLIVER_M2}
    drawn = session.execute(text(_CITY), bound).one()
    _check_size(drawn.m2)
    if drawn.districts and Decimal(drawn.inside_m2) < (1 - OUTSIDE_SHARE) * Decimal(drawn.m2):
        outside = Decimal(drawn.m2 - drawn.inside_m2).quantize(Decimal(1))
        fault = Fault(None, "The outline leaves Hamburg", "Draw only the land within the city's Bezirke.")
        raise SiteRefusedError("site-outside-hamburg", f"{outside} m2 of the site lie outside Hamburg.", [fault])
    keys = tuple(session.scalars(text(_MET), bound))
    if len(keys) > MAX_PARCELS:
        raise _too_large(f"The site takes land of {len(keys)} parcels")
    rest = session.execute(text(_REST), {**bound, "keys": list(keys)}).one()
    if not keys and not rest.planned:
        fault = Fault(None, "Nothing is recorded there", "Import the parcels and plans of the place first.")
        raise SiteRefusedError("site-unrecorded", "The register knows neither a parcel nor a plan there.", [fault])
    return Place(keys, site.outline, site.outline, rest.bare)


def _check_size(m2: float | None) -> None:
    if m2 is not None and m2 > MAX_HA * 10_000:
        raise _too_large(f"The site has {m2 / 10_000:.1f} ha")


def _too_large(said: str) -> SiteRefusedError:
    limits = f"{MAX_PARCELS} parcels and {MAX_HA} ha"
    fault = Fault(None, said, f"A site may have up to {limits}: enter it as several cases.")
    return SiteRefusedError("site-too-large", f"{said}; a case takes up to {limits}.", [fault])


_ON = "valid @> CAST(:on AS date) AND known @> CAST(:known_at AS timestamptz)"

_MISSING = f"""
SELECT k.key,
       EXISTS (SELECT FROM parcel WHERE key = k.key AND {_ON}) OR EXISTS (SELECT FROM holding WHERE parcel_key = k.key AND {_ON})
           AS there_on_day,
       EXISTS (SELECT FROM parcel WHERE key = k.key AND lower(known) <= CAST(:known_at AS timestamptz))
           OR EXISTS (SELECT FROM holding WHERE parcel_key = k.key AND lower(known) <= CAST(:known_at AS timestamptz))
           AS heard_of,
       (SELECT array_agg(successor ORDER BY successor) FROM lineage
        WHERE predecessor = k.key AND known @> CAST(:known_at AS timestamptz)) AS successors
FROM unnest(CAST(:keys AS text[])) AS k(key)
"""

_UNION = f"""
SELECT sum(ST_Area(geom)) AS m2, ST_AsHEXEWKB(ST_Multi(ST_CollectionExtract(ST_Union(geom, 1e-6), 3))) AS geometry
FROM parcel WHERE key = ANY (:keys) AND {_ON}
"""

_CITY = f"""
SELECT ST_Area(s.geom) AS m2, EXISTS (SELECT FROM district WHERE {_ON}) AS districts,
       (SELECT coalesce(sum(shared_m2(d.geom, s.geom)), 0) FROM district d WHERE {_ON} AND d.geom && s.geom) AS inside_m2
FROM (SELECT CAST(:outline AS geometry) AS geom) s
"""

# Parcels that are known now lie in an index; those that were known then and are no more are looked for among
# all, unless nothing was recorded since.
_MET = f"""
SELECT key COLLATE "C" AS key
FROM (
    SELECT p.key, p.geom FROM parcel p
    WHERE upper_inf(p.known) AND p.geom && CAST(:outline AS geometry) AND {_ON}
    UNION ALL
    SELECT p.key, p.geom FROM parcel p
    WHERE NOT upper_inf(p.known) AND p.geom && CAST(:outline AS geometry) AND {_ON}
        AND CAST(:known_at AS timestamptz) < (SELECT recorded_at FROM register)
) near
WHERE shared_m2(geom, CAST(:outline AS geometry), :sliver) > :least
ORDER BY 1
"""

_REST = f"""
SELECT CASE WHEN shared_m2(rest, rest, :sliver) > :least THEN ST_AsHEXEWKB(ST_Multi(rest)) END AS bare,
       EXISTS (SELECT FROM zone z WHERE {_ON} AND z.geom && rest AND land_overlaps(z.geom, rest)) AS planned
FROM (
    SELECT coalesce(land_without(s.geom, (SELECT ST_Union(geom, 1e-6) FROM parcel WHERE key = ANY (:keys) AND {_ON})), s.geom)
        AS rest
    FROM (SELECT CAST(:outline AS geometry) AS geom) s
) remaining
"""
