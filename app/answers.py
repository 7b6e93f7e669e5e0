"""The answers, built from what the register says: the same for HTTP and for the command line. Nothing here reads a clock."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.schemas.common import Attribution, Basis, Citation
from app.schemas.reserve import Criteria, Entry, Point, PublishedOut, ReserveGroup, ReserveOut, SeriesOut, Target
from parcels import origins, published, queries
from parcels.models import Register
from parcels.queries import Group, Line, Totals
from rules import reserve as rules
from rules.law import LAW, Value

SQUARE_METRES_PER_HECTARE = Decimal(10_000)
HA, M2 = Decimal("0.0001"), Decimal("0.01")
ENTRY_COLUMNS = (
    *("parcel", "part", "site", "district", "holder", "disposition", "designation", "in_use_as_commercial", "plans"),
    *("gross_m2", "port_m2", "net_m2", "area_basis", "standing", "not_met", "unknown", "valid_from", "valid_to"),
)


class KnownAtAheadError(ValueError):
    """Nobody knows yet what will be known."""

    def __init__(self, known_at: datetime, latest: datetime) -> None:
        super().__init__(f"{known_at.isoformat()} lies in the future; the latest is {latest.isoformat()}")


@dataclass(frozen=True, slots=True)
class Asked:
    """The two dates of an answer, and the last recording it can have seen; between two recordings all answers are equal."""

    on: date
    known_at: datetime
    recorded_at: datetime | None
    fictitious: bool

    @property
    def pinned_at(self) -> datetime:
        """An instant that will always give this answer: a change under way cannot come to lie before it."""
        return self.recorded_at or self.known_at

    def knowledge(self) -> dict[str, Any]:
        """The members of every answer that say what it rests on."""
        return {"known_at": self.known_at, "recorded_at": self.recorded_at, "fictitious": self.fictitious}


def ask(session: Session, on: date, known_at: datetime | None, now: datetime) -> Asked:
    """Resolve what is asked: no `known_at` means all that is recorded; one in the future raises KnownAtAheadError."""
    recorded_at, fictitious = session.execute(select(Register.recorded_at, Register.fictitious)).one()
    latest = max(now, recorded_at) if recorded_at else now
    if known_at is None:
        known_at = latest
    elif known_at > latest:
        raise KnownAtAheadError(known_at, latest)
    if recorded_at and recorded_at > known_at:
        recorded_at = queries.recorded_at(session, known_at)
    return Asked(on, known_at, recorded_at, fictitious)


def ha(m2: Decimal) -> Decimal:
    """Square metres as hectares with 4 decimals, rounded half to even."""
    return (m2 / SQUARE_METRES_PER_HECTARE).quantize(HA)


def basis(asked: Asked, names: Iterable[str]) -> Basis:
    """The parameters of these names on the day with their citations; NotInForce where one has no value."""
    law = LAW.on(asked.on, asked.known_at)
    return Basis(rules_version=LAW.version, citations=[_citation(law[name]) for name in names])


def _citation(value: Value) -> Citation:
    cite, content = value.cite, value.value
    return Citation(
        parameter=value.name,
        value=list(content) if isinstance(content, tuple) else content,  # type: ignore[arg-type]
        since=value.since,
        text=cite.text,
        paragraph=cite.paragraph,
        url=cite.url,
        published=cite.published,
    )


def attribution(session: Session, asked: Asked) -> list[Attribution]:
    """The sources of what was recorded by then, each once; empty where no recording states one."""
    return [Attribution(**asdict(one)) for one in origins.attributions(session, asked.pinned_at)]


def amounts(totals: Totals) -> dict[str, Any]:
    """The totals as members of an answer."""
    names = ("net", "free", "gross", "unclear", "unrecorded")
    hectares = {f"{name}_ha": ha(getattr(totals, f"{name}_m2")) for name in names}
    return {**hectares, "areas": totals.areas, "net_m2": totals.net_m2, "free_m2": totals.free_m2}


def reserve(session: Session, asked: Asked, by: Sequence[str]) -> ReserveOut:
    """The reserve on a day against its target, in total and by dimensions; NotInForce before the target begins."""
    on_basis = basis(asked, ("reserve.target_ha", *dict.fromkeys(rules.PARAMETERS)))
    target_ha = LAW.on(asked.on, asked.known_at)["reserve.target_ha"].amount
    total, found = queries.reserve(session, asked.on, asked.known_at, by)
    net_ha, free_ha = total.net_m2 / SQUARE_METRES_PER_HECTARE, total.free_m2 / SQUARE_METRES_PER_HECTARE
    return ReserveOut(
        **asked.knowledge(),
        **amounts(total),
        on=asked.on,
        target_ha=target_ha,
        gap_ha=rules.gap_ha(net_ha, target_ha).quantize(HA),
        state=rules.state(net_ha, free_ha, target_ha),
        groups=groups(asked, found, by),
        basis=on_basis,
        attribution=attribution(session, asked),
    )


def groups(asked: Asked, found: Iterable[Group], by: Sequence[str]) -> list[ReserveGroup]:
    """The groups with their names."""
    sizes = queries.size_class_labels(asked.on, asked.known_at) if "size_class" in by else []
    return [ReserveGroup(by=_named(one.values, sizes), **amounts(one.totals)) for one in found]


def _named(values: dict[str, str | None], sizes: Sequence[str]) -> dict[str, str | None]:
    """Size classes are counted by the database and named by the law."""
    size = values.get("size_class")
    return values if size is None else {**values, "size_class": sizes[int(size)]}


def series(session: Session, asked: Asked, since: date, until: date) -> SeriesOut:
    """Both series over since..until with a point per seam; NotInForce where the reserve begins later than `since`."""
    law = LAW.on(since, asked.known_at)
    targets = [law["reserve.target_ha"]]
    later = LAW.published("reserve.target_ha", asked.known_at)
    targets += [value for value in later if since < value.since <= until]
    points = queries.series(session, since, until, asked.known_at)
    return SeriesOut(
        **asked.knowledge(),
        since=since,
        until=until,
        points=[Point(on=p.on, net_ha=ha(p.net_m2), free_ha=ha(p.free_m2)) for p in points],
        targets=[Target(since=max(since, t.since), target_ha=t.amount) for t in targets],
        published=[PublishedOut(**asdict(figure)) for figure in published.figures()],
        rules_version=LAW.version,
    )


def entry(line: Line) -> Entry:
    """A line of the ledger as it is answered."""
    values = asdict(line)
    for name in ("id", "not_met", "unknown"):
        del values[name]
    return Entry(
        parcel=values.pop("parcel_key"),
        criteria=Criteria(not_met=line.not_met, unknown=line.unknown),
        **values,
    )


def entry_row(line: Line) -> list[Any]:
    """A line of the ledger as a row of ENTRY_COLUMNS."""
    return [line.parcel_key if name == "parcel" else getattr(line, name) for name in ENTRY_COLUMNS]
