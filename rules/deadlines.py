"""The clock of the municipality's consent, and inside it that of the authority for the economy.

The day of the receipt does not count (§ 187 Abs. 1 BGB); a period of months ends on the day of the same number, else on the
month's last (§ 188 Abs. 2, 3); an extension is counted from the end of the period before it (§ 190).
"""

import calendar
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from rules.conversion_facts import CaseRefused, Consent, Hearing, Refusal, Route
from rules.conversion_law import in_force, name_on, parameter, versions
from rules.law import LAW, Cite, DatedLaw, Law

IsHoliday = Callable[[date], bool | None]  # None: nobody knows the holidays of that year

# the parameter that says how many months a consent has; where there is none, nothing is deemed to be given
MONTHS: dict[Consent, str] = {
    Consent.P36: "deadlines.p36_months",
    Consent.P31_3_P36: "deadlines.p31_3_p36_months",
    Consent.P36A: "deadlines.p36a_months",
}


class State(StrEnum):
    """How a clock stands on a day; `missed` once the unmoved day has passed without an answer in time."""

    NO_REQUEST = "no_request"
    OPEN = "open"
    WARNED = "warned"
    MISSED = "missed"
    ANSWERED = "answered"
    NO_DEADLINE = "no_deadline"


@dataclass(frozen=True, slots=True)
class Request:
    """A request for consent as it reached the municipality, and how long the public was heard on it."""

    received_on: date
    hearing: Hearing | None = None


@dataclass(frozen=True, slots=True)
class Deadline:
    """By when the municipality must have refused, else its consent is deemed given; the last day each, inclusive.

    `unmoved` is the day by § 188 BGB, which warnings count to; `moved` the one by § 31 Abs. 3 VwVfG, None too where the
    year's holidays are not known. All are None where nothing is deemed given. `legal_review`: the wording changed while
    the clock ran, or began after the receipt.
    """

    consent: Consent
    law_version: str
    received_on: date
    months: int | None
    hearing: Hearing | None
    unmoved: date | None
    moved: date | None
    bwi_on: date | None
    warnings: tuple[date, ...]
    legal_review: bool
    citations: tuple[Cite, ...]


@dataclass(frozen=True, slots=True)
class Clock:
    """How the clock of a case stands: the deadline of the last request, and those of the requests it replaced.

    `contested`: missed by § 188 BGB, but in time if the day moved by § 31 Abs. 3 VwVfG counts: for lawyers.
    """

    state: State
    current: Deadline | None
    earlier: tuple[Deadline, ...]
    next_warning: date | None
    contested: bool = False


def consent(
    route: Route,
    received_on: date,
    hearing: Hearing | None,
    known_at: datetime,
    is_holiday: IsHoliday,
    law: Law = LAW,
) -> Deadline:
    """The deadline of a request by the wording in force when it was received; CaseRefused for a hearing not allowed.

    A route that began later is counted by its first wording from the receipt: the earliest day, and the safe one.
    """
    dated = law.on(_counting_day(route, received_on, known_at, law), known_at)
    version, value = in_force(route, dated)
    check_hearing(version.consent, hearing, dated)
    if version.consent not in MONTHS:
        cites = (value.cite,)
        return Deadline(
            version.consent,
            version.name,
            received_on,
            None,
            hearing,
            None,
            None,
            None,
            (),
            received_on < dated.day,
            cites,
        )
    months = dated[MONTHS[version.consent]]
    unmoved = extended(months_later(received_on, months.count), hearing, dated)
    if unmoved < dated.day:  # it would have ended before there was anything to consent to
        in_force(route, law.on(received_on, known_at))
    weeks = sorted(dated["deadlines.warning_weeks"].amounts, reverse=True)
    changed = name_on(route, law.on(unmoved, known_at)) != version.name
    extension = (dated["deadlines.hearing_months"].cite,) if hearing else ()
    return Deadline(
        consent=version.consent,
        law_version=version.name,
        received_on=received_on,
        months=months.count,
        hearing=hearing,
        unmoved=unmoved,
        moved=next_working_day(unmoved, is_holiday),
        bwi_on=max(received_on, unmoved - timedelta(weeks=dated["deadlines.bwi_weeks"].count)),
        warnings=tuple(max(received_on, unmoved - timedelta(weeks=int(before))) for before in weeks),
        legal_review=changed or received_on < dated.day,
        citations=(months.cite, *extension, dated["deadlines.counting"].cite, dated["deadlines.moved"].cite),
    )


def _counting_day(route: Route, received_on: date, known_at: datetime, law: Law) -> date:
    """The day whose law counts: that of the receipt, or the first of the next wording if the route had none then."""
    if name_on(route, law.on(received_on, known_at)) in versions():
        return received_on
    usable = [value.since for value in law.published(parameter(route), known_at) if value.value in versions()]
    return next((since for since in usable if since > received_on), received_on)


def check_hearing(consent: Consent, hearing: Hearing | None, law: DatedLaw) -> None:
    """CaseRefused where the public may not be heard, for longer than allowed, or where not exactly one span is given."""
    if hearing is None:
        return
    if consent is not Consent.P36A:
        raise CaseRefused(Refusal.HEARING_NOT_ALLOWED, consent=consent.value)
    given = [span for span in (hearing.months, hearing.days) if span is not None]
    if len(given) != 1 or given[0] < 1:
        raise CaseRefused(Refusal.HEARING_NOT_ONE_SPAN)
    months, days = law["deadlines.hearing_months"].count, law["deadlines.hearing_days"].count
    if (hearing.months or 0) > months or (hearing.days or 0) > days:
        raise CaseRefused(Refusal.HEARING_TOO_LONG, months=months, days=days)


def extended(end: date, hearing: Hearing | None, law: DatedLaw) -> date:
    """The end of a period extended by a hearing (§ 36a Abs. 2 BauGB, § 190 BGB); by days never beyond a month more."""
    if hearing is None:
        return end
    if hearing.months is not None:
        return months_later(end, hearing.months)
    longest = months_later(end, law["deadlines.hearing_months"].count)
    return min(end + timedelta(days=hearing.days or 0), longest)


def months_later(day: date, months: int) -> date:
    """The day of the same number so many months later, else that month's last (§ 188 Abs. 2, 3 BGB)."""
    first = day.replace(day=1)
    for _ in range(months):
        first += timedelta(days=calendar.monthrange(first.year, first.month)[1])
    return first.replace(day=min(day.day, calendar.monthrange(first.year, first.month)[1]))


def next_working_day(day: date, is_holiday: IsHoliday) -> date | None:
    """The day itself, else the next that is no Saturday, Sunday or holiday (§ 31 Abs. 3 VwVfG, HmbVwVfG).

    None where the holidays of the year are not known: better no day than a wrong one.
    """
    while (holiday := is_holiday(day)) or day.weekday() in (calendar.SATURDAY, calendar.SUNDAY):
        day += timedelta(days=1)
    return None if holiday is None else day


def clock(
    route: Route,
    requests: Sequence[Request],
    on: date,
    known_at: datetime,
    is_holiday: IsHoliday,
    answered_on: date | None = None,
    law: Law = LAW,
) -> Clock:
    """How the clock stands on a day: of the requests received by then the last counts, the earlier stay visible.

    An answer (refusal, consent, or the decision on the permit itself) ends the clock of the request that it follows; a
    renewed request opens it again. Requests may come in any order.
    """
    received = sorted((one for one in requests if one.received_on <= on), key=lambda one: one.received_on)
    found = [consent(route, one.received_on, one.hearing, known_at, is_holiday, law) for one in received]
    if not found:
        return Clock(State.NO_REQUEST, None, (), None)
    current, earlier = found[-1], tuple(found[:-1])
    coming = next((day for day in current.warnings if day > on), None)
    state = _state(current, on, answered_on)
    return Clock(
        state=state,
        current=current,
        earlier=earlier,
        next_warning=coming if state in (State.OPEN, State.WARNED) else None,
        contested=state is State.MISSED and _in_time_if_moved(current, on, answered_on),
    )


def _in_time_if_moved(current: Deadline, on: date, answered_on: date | None) -> bool:
    answered = answered_on is not None and current.received_on <= answered_on <= on
    return current.moved is not None and (answered_on if answered and answered_on else on) <= current.moved


def _state(current: Deadline, on: date, answered_on: date | None) -> State:
    last = on if current.unmoved is None else min(on, current.unmoved)
    if answered_on is not None and current.received_on <= answered_on <= last:
        return State.ANSWERED
    if current.unmoved is None:
        return State.NO_DEADLINE
    if on > current.unmoved:
        return State.MISSED
    return State.WARNED if any(day <= on for day in current.warnings) else State.OPEN
