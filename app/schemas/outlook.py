"""The outlook as it is answered: take-up, reach, first days below the line, dated entries, plans, assumptions."""

from datetime import date
from typing import Literal

from app.schemas.changes import Sum
from app.schemas.common import Basis, Knowledge, Number, Out
from app.schemas.reserve import Target
from rules.facts import State
from rules.outlook import Assumption, Crossing, Reaching, Scenario
from rules.outlook_sites import Aside
from rules.pipeline import MilestoneKind, Security


class TakeUpOut(Out):
    """Take-up on the days since < day <= until; amounts are null where the history is too short (`known` false)."""

    months: int
    since: date
    until: date
    known: bool
    taken_ha: Number | None
    taken_m2: Number | None
    ha_a_year: Number | None


class DepartureOut(Out):
    """Land that was sold or given in Erbbaurecht, with the net m2 that left the counted reserve by it."""

    on: date
    site: str | None
    parcels: list[str]
    net_m2: Number


class ReachOut(Out):
    """How long an amount lasts at the rate; `years` (rounded down to 2 decimals) only where it is a number."""

    found: Reaching
    years: Number | None


class FirstBelowOut(Out):
    """The first day of a series below the line, and the first one after it that is not; null where none is found."""

    found: Crossing
    on: date | None
    back_on: date | None


class CourseOut(Out):
    """What becomes of one series; `reach` is null where only what is recorded is followed. `with_pipeline`: the first day below the
    line if the sites of a secure way enter on their days."""

    reach: ReachOut | None
    first_below: FirstBelowOut
    with_pipeline: FirstBelowOut


class ScenarioOut(Out):
    """Both series under one rate of take-up; `ha_a_year` is null where no rate is known."""

    scenario: Scenario
    name: str
    ha_a_year: Number | None
    net: CourseOut
    free: CourseOut


class ComingOut(Out):
    """What happens to one site or parcel on a day by what is recorded: codes, and why in the answer's language."""

    on: date
    kind: Literal["entered", "left", "changed"]
    site: str | None
    parcels: list[str]
    district: str | None
    net_m2: Number
    free_m2: Number
    because: list[str]
    why: str


class Expected(Out):
    """Both series as expected under one rate."""

    net_ha: Number
    free_ha: Number


class OutlookPoint(Out):
    """Both series on a day: as recorded, and as expected under each rate (null where none is known)."""

    on: date
    recorded: Expected
    low: Expected | None
    middle: Expected | None
    high: Expected | None


class PendingOut(Out):
    """What a plan in procedure would add, gross and whoever holds it; `overdue`: the day that its file states has passed."""

    plan: str
    stage: str
    designation: str
    expected: date | None
    overdue: bool
    area_ha: Number


class MilestoneAhead(Out):
    """A milestone that is not done; `on` is the day for which it is planned, null where there is none."""

    milestone: MilestoneKind
    on: date | None


class WayOut(Out):
    """How far a site is: null is unknown. `overdue`: planned for a day that has passed, and not done."""

    stage: MilestoneKind | None
    plan_ripe: bool | None
    in_force_on: date | None
    servicing_done_on: date | None
    servicing_funded: bool | None
    available_on: date | None
    ahead: list[MilestoneAhead]
    overdue: list[MilestoneAhead]
    undated: list[MilestoneAhead]


class SiteOut(Out):
    """Land offered as replacement, never in the recorded series: how secure its way is by itself, and why, in the language of the
    answer. `enters_ha` on `available_on` is what `with_pipeline` adds, `aside` why that is not all of `net_ha` (null: unknown)."""

    candidate: int
    name: str
    plan: str | None
    designation: str
    district: str | None
    net_ha: Number | None
    pledged_ha: Number
    in_course_ha: Number
    enters_ha: Number
    security: Security
    because: list[str]
    aside: list[Aside]
    aside_says: list[str]
    way: WayOut


class AssumptionOut(Out):
    """What the outlook takes for granted: code, values, and the sentence in the answer's language."""

    code: Assumption
    values: dict[str, int | str | date]
    says: str


class OutlookOut(Knowledge):
    """The reserve ahead of a day: `entries` add up to the difference of the recorded series between `on` and `until`."""

    on: date
    until: date
    state: State
    now: Sum
    then: Sum
    targets: list[Target]
    take_up: list[TakeUpOut]
    departures: list[DepartureOut]
    scenarios: list[ScenarioOut]
    entries: list[ComingOut]
    points: list[OutlookPoint]
    pipeline: list[PendingOut]
    sites: list[SiteOut]
    assumptions: list[AssumptionOut]
    basis: Basis
