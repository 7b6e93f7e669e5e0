"""What lies at a place and is said in versions: how a dissolution and a candidate are entered alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy.dialects.postgresql import insert as insert_if_new
from sqlalchemy.orm import Session

from parcels.authors import Author, Sent, keyed
from parcels.replacement_tables import Candidate, Dissolution
from parcels.sites import Place

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Said = TypeVar("Said", bound="DataclassInstance")


def entered(
    session: Session, table: type[Dissolution | Candidate], origin: Any, place: Place, author: Author, sent: Sent | None
) -> int | None:
    """A new row of an `Origin` (dissolutions.py, candidates.py) with its place; its number. None where the same was sent at the
    same time and came first."""
    row = {name: value for name, value in asdict(origin).items() if name != "site"}
    row |= {"parcel_keys": list(origin.site.keys) or None, "outline": origin.site.outline, **keyed(sent)}
    row |= {"created_at": author.at, "actor": author.name, "keys": list(place.keys), "land": place.geometry}
    number: int | None = session.scalar(insert_if_new(table).values(**row).on_conflict_do_nothing().returning(table.id))
    return number


@dataclass(frozen=True, slots=True)
class Version(Generic[Said]):
    """One version of what was `said` (dissolutions.Lost, candidates.Offered): who said it, and when it was recorded."""

    number: int
    recorded_at: datetime
    actor: str
    note: str | None
    said: Said

    def columns(self) -> dict[str, Any]:
        """It as a row of its table, but for what it is a version of."""
        who = {name: getattr(self, name) for name in ("number", "recorded_at", "actor", "note")}
        return {**who, **asdict(self.said)}


def first(said: Said, author: Author) -> Version[Said]:
    """What is said to begin with."""
    return Version(1, author.at, author.name, author.note, said)


def following(last: Version[Said], changes: Mapping[str, Any], author: Author) -> Version[Said]:
    """The version after the last one, with some members changed; the last one where that says nothing else."""
    said = replace(last.said, **changes)
    if said == last.said:
        return last
    return Version(last.number + 1, max(author.at, last.recorded_at), author.name, author.note, said)


def read(kind: type[Said], row: Any) -> Version[Said]:
    """A version as its row says it."""
    said = kind(**{one.name: getattr(row, one.name) for one in fields(kind)})
    return Version(row.number, row.recorded_at, row.actor, row.note, said)
