"""Dissolutions at the edge: measured, recorded, said anew. The caller commits."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.dissolution_bodies import DissolutionIn, DissolutionVersionIn
from app.replacement_edge import Recording, recorded
from app.replacement_problems import Refused, ReplacementRefused
from parcels import conversions, dissolutions, land_record, pledge_watch, pledges, sites
from parcels import lost as losses
from parcels.authors import sent_before
from parcels.dissolutions import Dissolution, Lost, Origin
from parcels.measured import LostLand
from parcels.replacement_tables import Dissolution as Table
from parcels.sites import Place, Site

EVER = datetime(9999, 12, 31, tzinfo=UTC)  # all that is recorded, also by a clock that goes ahead of ours


def enter(record: Recording, body: DissolutionIn, key: str | None) -> int:
    """Record a dissolution as it is measured; its number, which is the first one's where the same was sent before.

    DesignationError, SiteRefusedError, ConversionUnknownError, OutlinesError, NotInForce; ReplacementRefused for land that is
    dissolved already.
    """
    sent = record.sent(key, body)
    if (before := sent_before(record.session, Table, sent)) is not None:
        return before
    known_at, last_day = record.view().asked.known_at, body.lost_on - timedelta(days=1)
    on, site = min(record.today, last_day), _site(record.session, body, known_at)
    place = sites.place(record.session, site, on, known_at)
    land = losses.lost(record.session, place, body.lost_on, body.designation, {}, on, known_at)
    designation = str(land.designation)
    if others := dissolutions.sharing_land(record.session, place, designation, EVER):
        if (meanwhile := sent_before(record.session, Table, sent)) is not None:
            return meanwhile
        raise _dissolved(others)
    origin = Origin(body.reference, body.cause, designation, site, body.conversion, body.plan)
    stated = land_record.write_stated(body.facts.stated())
    said = Lost(stated=stated, withdrawn_on=None, **_measured(land, stated))
    number = dissolutions.enter(record.session, origin, place, said, record.author(body.note), sent)
    return recorded(number if number is not None else sent_before(record.session, Table, sent))


def _site(session: Session, body: DissolutionIn, known_at: datetime) -> Site:
    if body.conversion is None:
        return body.site.site() if body.site else Site()
    case = conversions.find(session, body.conversion, known_at)
    return body.site.site() if body.site else case.version.stated.site


def _dissolved(others: Sequence[int]) -> ReplacementRefused:
    said = ", ".join(map(str, others))
    return ReplacementRefused(Refused.DISSOLVED_ALREADY, {"others": said}, dissolutions=list(others))


def _measured(land: LostLand, stated: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "lost_on": land.lost_on,
        "measured_on": land.measured_on,
        "net_m2": land.net_m2,
        "unclear_m2": land.unclear_m2,
        "district": stated.get("district") or land.district,
        "measured": land_record.write(land),
    }


def amend(record: Recording, number: int, body: DissolutionVersionIn) -> None:
    """Record a further version; the same again adds nothing. Another `lost_on` is measured on the day before it."""
    dissolutions.hold(record.session, number)
    found = dissolutions.find(record.session, number, EVER)
    lost, changes = found.lost, dict[str, Any]()
    stated = lost.stated if body.facts is None else land_record.write_stated(body.facts.stated())
    land = land_record.read(LostLand, lost.measured)
    if body.lost_on is not None and body.lost_on != lost.lost_on:
        land = _again(record, found, body.lost_on)
    changes |= {"stated": stated, **_measured(land, stated)}
    if "withdrawn_on" in body.model_fields_set:
        if body.withdrawn_on is not None:
            record.past("withdrawn_on", body.withdrawn_on)
        elif others := _meanwhile(record.session, found):
            raise _dissolved(others)
        changes["withdrawn_on"] = body.withdrawn_on
    dissolutions.amend(record.session, number, changes, record.author(body.note))
    known_at = record.view().asked.known_at
    bound = pledges.listing(record.session, known_at, pledges.Wanted(dissolutions=(number,)))
    pledge_watch.look(record.session, record.today, known_at, [one.bound.candidate for one in bound])


def _meanwhile(session: Session, found: Dissolution) -> list[int]:
    """Who else dissolves the land of a dissolution that was withdrawn."""
    others = dissolutions.sharing_land(session, _place(found), found.origin.designation, EVER)
    return [other for other in others if other != found.id]


def _again(record: Recording, found: Dissolution, lost_on: date) -> LostLand:
    known_at, day = record.view().asked.known_at, lost_on - timedelta(days=1)
    there = sites.on_day(record.session, _place(found), day, known_at)
    return losses.lost(record.session, there, lost_on, found.origin.designation, {}, day, known_at)


def _place(found: Dissolution) -> Place:
    """Where it lay when it was entered."""
    return Place(found.keys, found.origin.site.outline, found.land, None)
