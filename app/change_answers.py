"""What changed, as it is answered: the changes themselves and the sums that they explain."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from app.answers import Asked, basis, entry, ha
from app.schemas.changes import ChangeOut, ChangesOut, Event, Sum
from parcels import changes as found_in
from parcels import queries
from parcels.changes import Change


def changes(
    session: Session, asked: Asked, since: date, known_from: datetime | None, after: int, limit: int
) -> ChangesOut:
    """The changes from `since` to the day asked, or with `known_from` of that day since then; a page from number `after`.

    NotInForce where the reserve begins later than one of the days.
    """
    for day in {since, asked.on}:
        basis(Asked(day, asked.known_at, None, asked.fictitious), ["reserve.target_ha"])
    earlier = known_from or asked.known_at
    if known_from is None:
        found = found_in.over_days(session, since, asked.on, asked.known_at)
    else:
        found = found_in.over_knowledge(session, asked.on, known_from, asked.known_at)
    before, _ = queries.reserve(session, since, earlier)
    now, _ = queries.reserve(session, asked.on, asked.known_at)
    return ChangesOut(
        **asked.knowledge(),
        since=since,
        until=asked.on,
        known_from=earlier,
        known_to=asked.known_at,
        before=_sum(before.net_m2, before.free_m2),
        after=_sum(now.net_m2, now.free_m2),
        difference=_sum(now.net_m2 - before.net_m2, now.free_m2 - before.free_m2),
        changes=[change(one) for one in found[after : after + limit]],
        total=len(found),
        next=None,
    )


def _sum(net_m2: Decimal, free_m2: Decimal) -> Sum:
    return Sum(net_ha=ha(net_m2), free_ha=ha(free_m2), net_m2=net_m2, free_m2=free_m2)


def change(one: Change) -> ChangeOut:
    """One change. Who recorded it is not said here: reading is open, and a name is a personal datum."""
    line = one.after or one.before
    assert line is not None  # noqa: S101 (a change has at least one side)
    event = one.recorded
    return ChangeOut(
        on=one.on,
        kind=one.kind,  # type: ignore[arg-type]
        parcel=line.parcel_key,
        net_m2=one.net_m2,
        free_m2=one.free_m2,
        because=list(one.because),
        before=entry(one.before) if one.before else None,
        after=entry(one.after) if one.after else None,
        event=Event(at=event.at, kind=event.kind, layer=event.layer, note=event.note, source=event.source),
    )
