"""Whether offered land makes up for dissolved land: what is recorded and measured of both sides, given to the rules.

Recorded land is judged by what was measured when it was recorded, with what people state of it; only what lies between the two
sides (distance, overlap, newness, pledges) is looked up for the question.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels import candidates, land_record, milestones, pledges, sites
from parcels.apart import SECONDS, overlap_pairs
from parcels.candidates import Candidate
from parcels.dissolutions import Dissolution
from parcels.limits import limited
from parcels.measured import PLANNED_NET, LostLand, OfferedLand, merged
from parcels.offered import offered
from parcels.sites import Place, SiteRefusedError
from rules import pipeline
from rules import replacements as rules
from rules.facts import Outcome
from rules.law import LAW, DatedLaw
from rules.replacements import Loss


@dataclass(frozen=True, slots=True)
class Asked:
    """The day from which one looks ahead, and the state of knowledge."""

    on: date
    known_at: datetime


@dataclass(frozen=True, slots=True)
class Losing:
    """A loss and where it lies; `number` is that of a recorded dissolution, whose own pledges stand against nobody."""

    loss: Loss
    place: Place
    number: int | None = None

    @property
    def last_day(self) -> date:
        """The last day on which the land is still there: land that is in the stock on it is not new."""
        return self.loss.lost_on - timedelta(days=1)


def recorded_loss(dissolution: Dissolution) -> Losing:
    """A recorded dissolution as the rules take it, where it lay when it was entered."""
    lost = dissolution.lost
    measured = merged(land_record.read(LostLand, lost.measured), land_record.read_stated(lost.stated))
    place = Place(dissolution.keys, dissolution.origin.site.outline, dissolution.land, None)
    loss = replace(measured, lost_on=lost.lost_on, net_m2=lost.net_m2, district=lost.district or measured.district)
    return Losing(loss, place, dissolution.id)


def recorded_candidates(
    session: Session, losing: Losing, found: Sequence[Candidate], asked: Asked
) -> list[rules.Candidate]:
    """Recorded candidates as the rules take them, towards one loss. OutlinesError for outlines that take too long."""
    law, numbers = LAW.on(asked.on, asked.known_at), [one.id for one in found]
    said = milestones.with_plans(session, numbers, asked.known_at)
    ways = {number: pipeline.path(of, asked.on, law) for number, of in said.items()}
    between = _between(session, losing, numbers)
    shared = candidates.overlaps(session, numbers)
    kin = tuple({*numbers, *(other for others in shared.values() for other in others)})
    bound = pledges.listing(session, asked.known_at, pledges.Wanted(candidates=kin, holding_on=asked.on))
    old = _not_surely_new(session, losing, found, bound, asked, law)
    return [_candidate(one, ways[one.id], bound, losing, between[one.id], shared, old) for one in found]


@dataclass(frozen=True, slots=True)
class _Between:
    distance_m: Decimal | None
    overlap: Outcome


def _candidate(
    one: Candidate,
    way: pipeline.Path,
    bound: Sequence[pledges.Pledge],
    losing: Losing,
    between: _Between,
    shared: dict[int, frozenset[int]],
    old: dict[int, OfferedLand | None],
) -> rules.Candidate:
    stated = land_record.read_stated(one.offered.stated) | {PLANNED_NET: one.offered.planned_net_m2}
    measured = merged(land_record.read(OfferedLand, one.offered.measured), stated)
    doubtful = measured.unclear_m2 and not measured.new_net_m2
    net_m2, in_stock, in_reserve = one.offered.net_m2, measured.in_stock_on_loss, measured.in_reserve
    if doubtful and in_stock is Outcome.NOT_MET:
        in_stock = Outcome.UNKNOWN
    if one.id in old and (again := old[one.id]) is None:
        in_stock, in_reserve = Outcome.UNKNOWN, Outcome.UNKNOWN
    elif one.id in old and again is not None:
        in_stock, in_reserve = again.in_stock_on_loss, again.in_reserve
        net_m2 = _lesser(net_m2, again.counting_m2)
    land = replace(
        measured,
        in_stock_on_loss=in_stock,
        in_reserve=in_reserve,
        designation=one.origin.designation,
        distance_m=between.distance_m,
        overlaps_loss=between.overlap,
        district=one.offered.district or measured.district,
    )
    elsewhere = [p.bound for p in bound if p.bound.dissolution != losing.number]
    shadowed = any(p.candidate in shared.get(one.id, ()) for p in elsewhere)  # its land is bound: nothing of it is free
    others = [p.net_m2 for p in elsewhere if p.candidate == one.id]
    said = replace(
        land.candidate(str(one.id)),
        net_m2=net_m2,
        pledged_m2=net_m2 if shadowed and net_m2 is not None else sum(others, Decimal(0)),
        overlaps=frozenset(map(str, shared.get(one.id, ()))),
    )
    return pipeline.dated(said, way)


def _lesser(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    """Nothing counts that either of two measurements does not bear out."""
    return one if other is None else other if one is None else min(one, other)


def new_until(losing: Losing, pledged_on: date | None) -> date:
    """The day on which land must not yet be in the stock: the last before the loss, or that of the pledge if it came before."""
    return min(losing.last_day, pledged_on or losing.last_day)


def _not_surely_new(
    session: Session,
    losing: Losing,
    found: Sequence[Candidate],
    bound: Sequence[pledges.Pledge],
    asked: Asked,
    law: DatedLaw,
) -> dict[int, OfferedLand | None]:
    """Of the candidates whose parcels have workplace land by then, or counted land now, of which their own measurement does not
    know: what is new of them; None is unknown."""
    pledged: dict[int, date] = {}
    for pledge in bound:
        if pledge.bound.dissolution == losing.number:
            since = pledge.bound.pledged_on
            pledged[pledge.bound.candidate] = min(since, pledged.get(pledge.bound.candidate, since))
    days = {one.id: new_until(losing, pledged.get(one.id)) for one in found}
    reserve_days = {one.id: min(asked.on, pledged.get(one.id, asked.on)) for one in found}
    rows = session.scalars(
        text(_TOUCHED),
        {
            "numbers": [one.id for one in found],
            "days": list(days.values()),
            "reserve_days": list(reserve_days.values()),
            **{"known_at": asked.known_at, "wider": sites.SLIVER_M, "least": sites.SLIVER_M2},
            "designations": [
                *law["stock.designations"].codes,
                *law["stock.designations_if_in_use_as_commercial"].codes,
            ],
        },
    )
    by_id = {one.id: one for one in found}
    return {
        number: _measured_anew(session, by_id[number], losing, days[number], reserve_days[number], asked.known_at)
        for number in rows
    }


def _measured_anew(
    session: Session, one: Candidate, losing: Losing, newness_on: date, on: date, known_at: datetime
) -> OfferedLand | None:
    entered = Place(one.keys, one.origin.site.outline, one.land, None)
    try:
        place = sites.on_day(session, entered, on, known_at)
        land = offered(session, place, one.origin.designation, None, losing.loss.lost_on, newness_on, on, known_at)
    except SiteRefusedError:  # nobody can say any more what of the land is new
        return None
    planned_m2 = one.offered.planned_net_m2
    if (
        planned_m2 is not None and not land.unmeasured
    ):  # the land may have become less since: all that is left of it is planned
        planned_m2 = min(planned_m2, land.outside_m2)
    return merged(land, {PLANNED_NET: planned_m2})


def _between(session: Session, losing: Losing, numbers: Sequence[int]) -> dict[int, _Between]:
    place = losing.place
    bound = {"numbers": list(numbers), "lost": place.geometry, "keys": list(place.keys), "named": place.outline is None}
    slivers = {"wider": sites.SLIVER_M, "least": sites.SLIVER_M2}
    found: dict[int, _Between] = {}
    for row in session.execute(text(_BETWEEN), {**bound, **slivers}):
        overlap = Outcome.UNKNOWN if row.overlaps is None else Outcome.MET if row.overlaps else Outcome.NOT_MET
        found[row.id] = _Between(row.distance_m, overlap)
    return found


@dataclass(frozen=True, slots=True)
class Offer:
    """Land that is offered without being recorded; `stated` as parcels.measured.merged takes it, `milestones` of its way."""

    key: str
    place: Place
    designation: str | None
    stated: Mapping[str, Any]
    milestones: Sequence[pipeline.Milestone] = ()


def unrecorded_candidate(session: Session, losing: Losing, offer: Offer, asked: Asked) -> rules.Candidate:
    """Land that nobody recorded (its place is of the day asked about), as the rules take it towards one loss. Nothing of it is free
    where a candidate that shares land with it is pledged for another loss.

    PlannedNetError, SiteRefusedError, OutlinesError, NotInForce as of parcels.offered. Overlaps are `with_overlaps`'s to say.
    """
    lost_on, day = losing.loss.lost_on, asked.on
    measured = offered(session, offer.place, offer.designation, losing.place, lost_on, None, day, asked.known_at)
    land = merged(measured, offer.stated).candidate(offer.key)
    if land.net_m2 is not None and _pledged_elsewhere(session, losing, offer.place, asked):
        land = replace(land, pledged_m2=land.net_m2)
    by_plan = pipeline.by_plan(measured.stage, measured.in_force_expected, day, offer.milestones)
    return pipeline.dated(land, pipeline.path([*by_plan, *offer.milestones], day, LAW.on(day, asked.known_at)))


def no_more_than(one: rules.Candidate, net_m2: Decimal | None) -> rules.Candidate:
    """A candidate of which only so much is offered; never more than what is not pledged elsewhere. None: all of that."""
    if net_m2 is None or one.net_m2 is None or one.net_m2 - one.pledged_m2 <= net_m2:
        return one
    return replace(one, net_m2=net_m2, pledged_m2=Decimal(0))


def _pledged_elsewhere(session: Session, losing: Losing, place: Place, asked: Asked) -> bool:
    bound = {"land": place.geometry, "keys": list(place.keys), "named": place.outline is None, "own": losing.number}
    slivers = {"wider": sites.SLIVER_M, "least": sites.SLIVER_M2}
    with limited(session, SECONDS):
        return bool(session.scalar(text(_PLEDGED_ELSEWHERE), {**bound, **slivers, **asdict(asked)}))


def with_overlaps(session: Session, drawn: Sequence[tuple[rules.Candidate, Place]]) -> list[rules.Candidate]:
    """Candidates of which some are not recorded, each with the keys of those that share land with it."""
    shared: dict[int, set[str]] = defaultdict(set)
    for one, other in overlap_pairs(session, [place for _, place in drawn]):
        shared[one].add(drawn[other][0].key)
        shared[other].add(drawn[one][0].key)
    return [replace(one, overlaps=one.overlaps | shared[n]) for n, (one, _) in enumerate(drawn)]


_BETWEEN = """
SELECT c.id, round(ST_Distance(c.land, l.geom)::numeric, 2) AS distance_m,
       CASE WHEN c.keys && CAST(:keys AS varchar[]) AND (c.parcel_keys IS NOT NULL OR :named) THEN true
            WHEN c.land IS NOT NULL AND l.geom IS NOT NULL THEN shared_m2(c.land, l.geom, :wider) >= :least
            WHEN c.parcel_keys IS NOT NULL THEN false END AS overlaps
FROM candidate c
CROSS JOIN (SELECT CAST(:lost AS geometry) AS geom) l
WHERE c.id = ANY (:numbers)
"""

_PLEDGED_ELSEWHERE = """
SELECT EXISTS (
    SELECT FROM candidate c
    JOIN pledge p ON p.candidate_id = c.id
    LEFT JOIN pledge_release r ON r.pledge_id = p.id AND r.released_at <= :known_at
    WHERE p.made_at <= :known_at AND p.pledged_on <= :on AND (r.released_on IS NULL OR r.released_on > :on)
        AND p.dissolution_id IS DISTINCT FROM CAST(:own AS bigint)
        AND (c.keys && CAST(:keys AS varchar[]) AND (c.parcel_keys IS NOT NULL OR :named)
             OR shared_m2(c.land, CAST(:land AS geometry), :wider) >= :least))
"""

# Candidates of which a parcel has land that may belong to the stock on a day, or that counts, or may, in the reserve on another,
# by a line of the ledger that did not stand when they were measured: a parcel that they were entered with, or one that has taken
# its place since (those known now lie in an index, as in parcels.sites).
_TOUCHED = """
SELECT a.id
FROM unnest(CAST(:numbers AS bigint[]), CAST(:days AS date[]), CAST(:reserve_days AS date[])) AS a(id, day, reserve_day)
JOIN candidate c ON c.id = a.id
CROSS JOIN LATERAL (
    SELECT recorded_at, measured_on, CAST(measured ->> 'newness_on' AS date) AS newness_on FROM candidate_version
    WHERE candidate_id = c.id AND recorded_at <= :known_at ORDER BY number DESC LIMIT 1) v
CROSS JOIN LATERAL (
    SELECT unnest(c.keys) AS key, NULL AS geom
    UNION ALL
    SELECT p.key, p.geom FROM parcel p
    WHERE upper_inf(p.known) AND p.geom && c.land AND p.known @> CAST(:known_at AS timestamptz) AND p.key <> ALL (c.keys)
    UNION ALL
    SELECT p.key, p.geom FROM parcel p
    WHERE NOT upper_inf(p.known) AND p.geom && c.land AND p.known @> CAST(:known_at AS timestamptz) AND p.key <> ALL (c.keys)
        AND CAST(:known_at AS timestamptz) < (SELECT recorded_at FROM register)
) near
JOIN ledger l ON l.parcel_key = near.key AND l.known @> CAST(:known_at AS timestamptz) AND l.gross_m2 > l.port_m2
WHERE l.valid @> a.day AND l.designation = ANY (:designations) AND l.in_use_as_commercial IS NOT FALSE
        AND NOT (l.valid @> v.newness_on AND l.known @> v.recorded_at)
    OR l.valid @> a.reserve_day AND l.standing <> 'excluded' AND NOT (l.valid @> v.measured_on AND l.known @> v.recorded_at)
GROUP BY a.id, c.id
HAVING bool_or(near.geom IS NULL OR shared_m2(near.geom, c.land, :wider) >= :least)
"""
