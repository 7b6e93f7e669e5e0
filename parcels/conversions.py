"""Conversion cases as they are recorded: entered, amended by further versions, looked up as known at an instant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, text
from sqlalchemy.dialects.postgresql import insert as insert_if_new
from sqlalchemy.orm import Session

from parcels.authors import Author, Sent, keyed
from parcels.conversion_tables import Conversion, ConversionStep, ConversionVersion
from parcels.sites import Site
from rules.conversion_steps import CaseState, StepKind, follow
from rules.conversions import Cases, EnvironmentScreening, Hearing, Planning, Purpose, Route

LOCKS = 7_100_102  # the first number of the advisory locks of cases, as 7_100_101 is that of imports


class ConversionUnknownError(LookupError):
    """There is no case of that number, or there was none at the state of knowledge asked for."""


@dataclass(frozen=True, slots=True)
class Stated:
    """All that is said of a case; None is what nobody recorded.

    `decision` is granted, refused or withdrawn, on `decision_on`; `housing_share` is housing's share of the floor area, 0 to 1.
    """

    route: Route
    purpose: Purpose
    site: Site
    planning: Planning | None = None
    cases: Cases | None = None
    environment: EnvironmentScreening | None = None
    housing_share: Decimal | None = None
    district: str | None = None
    application_on: date | None = None
    request_received_on: date | None = None
    hearing: Hearing | None = None
    decision_on: date | None = None
    decision: str | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """One version of what was said of a case."""

    number: int
    recorded_at: datetime
    note: str | None
    stated: Stated


@dataclass(frozen=True, slots=True)
class Case:
    """A case as known at an instant: its last version, the state after its last step, and how it was last assessed."""

    id: int
    reference: str
    created_at: datetime
    version: Version
    state: str
    assessment: int | None
    involvement: str | None
    legal_review: bool | None
    law_version: str | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which cases are asked for: those of a Bezirk, an involvement, a state; `before` is the last number of the page before."""

    district: str | None = None
    involvement: str | None = None
    state: str | None = None
    before: int | None = None
    limit: int | None = None


def enter(session: Session, reference: str, stated: Stated, author: Author, sent: Sent | None = None) -> int | None:
    """A new case with its first version and step, and that of its decision if it has one; its number. None where the same was
    sent at the same time and came first."""
    row: dict[str, Any] = {"reference": reference, "created_at": author.at, "actor": author.name, **keyed(sent)}
    made = insert_if_new(Conversion).values(**row).on_conflict_do_nothing().returning(Conversion.id)
    case_id = session.scalar(made)
    if case_id is None:
        return None
    _add_version(session, case_id, 1, stated, author)
    state: CaseState | None = None
    step = {"conversion_id": case_id, "at": author.at, "role": author.role, "actor": author.name}
    for kind in (StepKind.ENTERED, *([StepKind(stated.decision)] if stated.decision else [])):
        state = follow(state, kind)
        first = kind is StepKind.ENTERED
        details = {} if first or stated.decision_on is None else {"on": stated.decision_on.isoformat()}
        said = {"kind": kind.value, "state": state.value, "note": author.note if first else None, "details": details}
        session.execute(insert(ConversionStep).values(**step, **said))
    return int(case_id)


def lock(session: Session, case_id: int) -> None:
    """Whoever adds to a case waits for those who do: until the end of the transaction."""
    session.execute(text("SELECT pg_advisory_xact_lock(:locks, CAST(:id AS int))"), {"locks": LOCKS, "id": case_id})


def amend(session: Session, case_id: int, changes: Mapping[str, Any], author: Author) -> Version:
    """A further version with some members of Stated changed; the one before stays. The same again adds nothing.

    ConversionUnknownError for a case that nobody entered.
    """
    lock(session, case_id)
    last = versions(session, case_id, None)[-1]
    stated = replace(last.stated, **changes)
    if stated == last.stated:
        return last
    at = max(author.at, last.recorded_at)
    _add_version(session, case_id, last.number + 1, stated, replace(author, at=at))
    return Version(last.number + 1, at, author.note, stated)


def _add_version(session: Session, case_id: int, number: int, stated: Stated, author: Author) -> None:
    hearing = stated.hearing or Hearing()
    columns = {name: value for name, value in asdict(stated).items() if name not in ("site", "hearing")}
    columns |= {"hearing_months": hearing.months, "hearing_days": hearing.days}
    columns |= {"parcel_keys": list(stated.site.keys) or None, "geom": stated.site.outline}
    said = {"number": number, "recorded_at": author.at, "actor": author.name, "note": author.note}
    session.execute(insert(ConversionVersion).values(conversion_id=case_id, **said, **columns))


def versions(session: Session, case_id: int, known_at: datetime | None) -> list[Version]:
    """All that was said of a case by an instant (None: until now), oldest first; ConversionUnknownError where nothing was."""
    rows = session.execute(text(_VERSIONS), {"id": case_id, "known_at": known_at}).mappings().all()
    if not rows:
        raise ConversionUnknownError(f"There is no case {case_id}{'' if known_at is None else ' known by then'}.")
    return [_version(row) for row in rows]


def renewed_on(session: Session, case_id: int, known_at: datetime) -> set[date]:
    """The days on which renewed requests were received, as their steps state them."""
    rows = session.scalars(text(_RENEWED), {"id": case_id, "known_at": known_at})
    return set(rows)


def last_at(session: Session) -> datetime | None:
    """The last instant at which anything was added to a case: what is known now, even where a clock was put back."""
    instant: datetime | None = session.execute(text(_LAST_AT)).scalar_one()
    return instant


def tag(session: Session, case_id: int | None = None) -> str:
    """A short text that changes with everything that is added to a case, or to any case."""
    row = session.execute(text(_TAG), {"id": case_id}).one()
    return "-".join(str(number) for number in row)


def find(session: Session, case_id: int, known_at: datetime) -> Case:
    """One case as known at an instant; ConversionUnknownError where there was none."""
    found = _cases(session, known_at, "c.id = :id", {"id": case_id})
    if not found:
        raise ConversionUnknownError(f"There is no case {case_id} known by {known_at.isoformat()}.")
    return found[0]


def listing(session: Session, known_at: datetime, wanted: Wanted) -> list[Case]:
    """Cases as known at an instant, newest first."""
    where = ["true"]
    where += [f"{column} = :{name}" for name, column in _FILTERS.items() if getattr(wanted, name) is not None]
    if wanted.before is not None:
        where.append("c.id < :before")
    return _cases(session, known_at, " AND ".join(where), asdict(wanted))


def _cases(session: Session, known_at: datetime, where: str, bound: dict[str, Any]) -> list[Case]:
    rows = session.execute(text(_CASES.format(where=where)), {"limit": None, **bound, "known_at": known_at})
    return [_case(row) for row in rows.mappings()]


def _case(row: Any) -> Case:
    names = ("reference", "created_at", "state", "assessment", "involvement", "legal_review", "law_version")
    return Case(id=row["case_id"], version=_version(row), **{name: row[name] for name in names})


def _version(row: Any) -> Version:
    months, days = row["hearing_months"], row["hearing_days"]
    plain = {f.name: row[f.name] for f in fields(Stated) if f.name not in ("site", "hearing", *_CODES)}
    coded: dict[str, Any] = {name: None if row[name] is None else kind(row[name]) for name, kind in _CODES.items()}
    site = Site(tuple(row["parcel_keys"] or ()), row["outline"])
    hearing = None if months is None and days is None else Hearing(months, days)
    return Version(row["number"], row["recorded_at"], row["note"], Stated(**plain, **coded, site=site, hearing=hearing))


_CODES: dict[str, Any] = {
    "route": Route,
    "planning": Planning,
    "purpose": Purpose,
    "cases": Cases,
    "environment": EnvironmentScreening,
}
_FILTERS = {"district": "v.district", "involvement": "a.involvement", "state": "s.state"}

_SAID = """v.number, v.recorded_at, v.note, v.route, v.planning, v.purpose, v.cases, v.environment, v.housing_share, v.district,
    v.application_on, v.request_received_on, v.hearing_months, v.hearing_days, v.decision_on, v.decision, v.parcel_keys,
    ST_AsHEXEWKB(v.geom) AS outline"""

_VERSIONS = f"""
SELECT {_SAID}
FROM conversion_version v
WHERE v.conversion_id = :id AND (CAST(:known_at AS timestamptz) IS NULL OR v.recorded_at <= CAST(:known_at AS timestamptz))
ORDER BY v.number
"""

_RENEWED = """
SELECT CAST(details->>'on' AS date) FROM conversion_step
WHERE conversion_id = :id AND kind = 'request_renewed' AND at <= CAST(:known_at AS timestamptz)
"""

_LAST_AT = """
SELECT greatest((SELECT recorded_at FROM conversion_version ORDER BY id DESC LIMIT 1),
                (SELECT at FROM conversion_assessment ORDER BY id DESC LIMIT 1),
                (SELECT at FROM conversion_step ORDER BY id DESC LIMIT 1))
"""

_TAG = """
SELECT (SELECT coalesce(max(id), 0) FROM conversion_version WHERE CAST(:id AS bigint) IS NULL OR conversion_id = :id),
       (SELECT coalesce(max(id), 0) FROM conversion_assessment WHERE CAST(:id AS bigint) IS NULL OR conversion_id = :id),
       (SELECT coalesce(max(id), 0) FROM conversion_step WHERE CAST(:id AS bigint) IS NULL OR conversion_id = :id)
"""

_CASES = f"""
SELECT c.id AS case_id, c.reference, c.created_at, s.state, a.number AS assessment, a.involvement, a.legal_review, a.law_version,
       {_SAID}
FROM conversion c
CROSS JOIN LATERAL (
    SELECT * FROM conversion_version
    WHERE conversion_id = c.id AND recorded_at <= CAST(:known_at AS timestamptz) ORDER BY number DESC LIMIT 1
) v
CROSS JOIN LATERAL (
    SELECT state FROM conversion_step
    WHERE conversion_id = c.id AND at <= CAST(:known_at AS timestamptz) ORDER BY id DESC LIMIT 1
) s
LEFT JOIN LATERAL (
    SELECT number, involvement, legal_review, law_version FROM conversion_assessment
    WHERE conversion_id = c.id AND at <= CAST(:known_at AS timestamptz) ORDER BY number DESC LIMIT 1
) a ON true
WHERE {{where}}
ORDER BY c.id DESC LIMIT :limit
"""
