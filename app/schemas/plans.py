"""Plans as they are answered."""

from datetime import date

from app.schemas.common import Knowledge, Number
from app.schemas.parcels import Traced


class PlanRow(Traced):
    """A plan in a list: `stage` is null for one recorded as zones only, `area_m2` its outline's, `designations` those of its zones
    in force, `pipeline` those that it would bring (`expected`: on which day, if its file says so), `marks` what is kept of it and
    not counted: `ban` (Veränderungssperre), `port`."""

    name: str
    number: str | None
    kind: str | None
    stage: str | None
    changes: str | None
    bau_nvo: str | None
    xplan_version: str | None
    valid_from: date | None
    valid_to: date | None
    expected: date | None
    area_m2: Number | None
    zones: int
    designations: list[str]
    pipeline: list[str]
    marks: list[str]


class PlansOut(Knowledge):
    """One page of the register's plans on a day by name."""

    on: date
    plans: list[PlanRow]
    next: str | None
