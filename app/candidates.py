"""Candidates at the edge: measured, recorded, said anew, their milestones. The caller commits."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from app.candidate_bodies import CandidateIn, CandidateVersionIn, MilestoneIn
from app.conversions import not_ahead
from app.replacement_edge import Recording, recorded
from app.replacement_problems import Refused, ReplacementRefused
from parcels import candidates, land_record, offered, pipeline, plan_sites, pledge_watch, sites
from parcels.authors import sent_before
from parcels.candidates import Offered, Origin
from parcels.measured import PLANNED_NET, OfferedLand, merged
from parcels.pipeline import Stated
from parcels.replacement_tables import Candidate as Table
from parcels.replacement_tables import Milestone
from parcels.sites import Place, Site
from rules.facts import Outcome


def enter(record: Recording, body: CandidateIn, key: str | None) -> int:
    """Record a candidate as it is measured; its number, which is the first one's where the same was sent before.

    PlanSiteError, SiteRefusedError, PlannedNetError, OutlinesError, NotInForce; ReplacementRefused for land wholly in the port, or
    whose designation nobody says.
    """
    sent = record.sent(key, body)
    if (before := sent_before(record.session, Table, sent)) is not None:
        return before
    on, known_at = record.past("on", body.on), record.view().asked.known_at
    site, designation = _site(record, body, on)
    place = sites.place(record.session, site, on, known_at)
    land = _measure(record, place, designation, on, on)
    if land.in_port is Outcome.MET:
        raise ReplacementRefused(Refused.CANDIDATE_IN_PORT)
    if land.designation is None:
        raise ReplacementRefused(Refused.DESIGNATION_UNKNOWN)
    said = _offered(land, on, land_record.write_stated(body.facts.stated()), body.planned_net_m2)
    origin = Origin(body.name, land.designation, site, body.plan or land.plan)
    number = candidates.enter(record.session, origin, place, said, record.author(body.note), sent)
    return recorded(number if number is not None else sent_before(record.session, Table, sent))


def _site(record: Recording, body: CandidateIn, on: date) -> tuple[Site, str | None]:
    if body.site is not None:
        return body.site.site(), body.designation
    return plan_sites.of_plan(record.session, str(body.plan), body.designation, on, record.view().asked.known_at)


def _measure(record: Recording, place: Place, designation: str | None, on: date, new_on: date) -> OfferedLand:
    """The land as of `on`, a place of that day; new is what was not yet in the stock on `new_on`, nor counts in the reserve."""
    after, known_at = on + timedelta(days=1), record.view().asked.known_at
    return offered.offered(record.session, place, designation, None, after, new_on, on, known_at)


def _offered(land: OfferedLand, on: date, stated: Mapping[str, Any], planned_m2: Decimal | None) -> Offered:
    """What is said of land as it was measured; PlannedNetError where more is planned than there is land."""
    bounded = merged(land, {} if planned_m2 is None else {PLANNED_NET: planned_m2})
    return Offered(
        measured_on=on,
        net_m2=bounded.counting_m2,
        planned_net_m2=planned_m2,
        district=stated.get("district") or land.district,
        stated=stated,
        measured=land_record.write(land),
    )


def amend(record: Recording, number: int, body: CandidateVersionIn) -> None:
    """Record a further version; the same again adds nothing. With a day `on` the land is measured anew; new stays what was not in
    the stock when it was first offered. CandidateUnknownError, MorePledgedError, else as of `enter`.
    """
    candidates.hold(record.session, number)
    history = candidates.versions(record.session, number, None)
    last, said = history[-1].said, body.model_fields_set
    land, on = land_record.read(OfferedLand, last.measured), last.measured_on
    if body.on is not None:
        on = record.past("on", body.on)
        land = _again(record, number, on, history[0].said.measured_on)
    stated = last.stated if body.facts is None else land_record.write_stated(body.facts.stated())
    planned_m2 = body.planned_net_m2 if "planned_net_m2" in said else last.planned_net_m2
    anew = _offered(land, on, stated, planned_m2)
    changes = {name: getattr(anew, name) for name in Offered.__dataclass_fields__ if name != "withdrawn_on"}
    if "withdrawn_on" in said:
        not_ahead("withdrawn_on", body.withdrawn_on, record.today)
        changes["withdrawn_on"] = body.withdrawn_on
    candidates.amend(record.session, number, changes, record.author(body.note))
    pledge_watch.look(record.session, record.today, record.view().asked.known_at, [number])


def _again(record: Recording, number: int, on: date, first_on: date) -> OfferedLand:
    known_at = record.view().asked.known_at
    found = candidates.find(record.session, number, known_at)
    place = Place(found.keys, found.origin.site.outline, found.land, None)
    there = sites.on_day(record.session, place, on, known_at)
    return _measure(record, there, found.origin.designation, on, min(first_on, on))


def state(record: Recording, number: int, body: MilestoneIn, key: str | None) -> Stated | None:
    """Record a milestone of a candidate with all that follows from it; None where the same was sent before: it is done once.

    CandidateUnknownError where there is no such candidate.
    """
    not_ahead("done_on", body.done_on, record.today)
    sent = record.sent(key, body, number)
    if sent_before(record.session, Milestone, sent) is not None:
        return None
    return pipeline.state(record.session, number, body.milestone(), record.author(body.note), sent)
