"""What lies at a place and is said in versions: how a dissolution and a candidate are entered alike."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy.dialects.postgresql import insert as insert_if_new
from sqlalchemy.orm import Session

from parcels.authors import Author, Sent, keyed
from parcels.replacement_tables import Candidate, Dissolution
from parcels.sites import Place


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


def version(number: int, said: Any, author: Author) -> dict[str, Any]:
    """The columns of a version, of what is said of it and who says so."""
    who = {"recorded_at": author.at, "actor": author.name, "note": author.note}
    return {"number": number, **who, **asdict(said)}
