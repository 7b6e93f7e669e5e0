"""An alert in words: title, sentence, reason and source, for e-mail, feed, events and pages. Codes become sentences here alone.

What an alert's facts may say beside the figures of the line: `deadline` (an ISO day) of a case, `first_on` (an ISO day) of a
forecast, `district`; of a pledge `net_ha`, `site`, `lost_on`, `security` and `reasons`. A fact that is not there is said to be
missing, never left out of a sentence.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from app.web.language import Translator
from parcels.alerts import Alert
from rules.alerts import PASSED, Kind, LineState, Series, line
from rules.law import LAW, Cite, NotInForce
from rules.pipeline import Security

OF_THE_LINE = frozenset(
    {Kind.BELOW, Kind.BELOW_AT_START, Kind.NEAR, Kind.NEAR_OVER, Kind.RECOVERED, Kind.FORECAST_BELOW}
)
# a forecast without a recording may stand for several of them: of it neither is said
BY_TIME = (OF_THE_LINE - {Kind.FORECAST_BELOW}) | {Kind.DEADLINE_NEAR, Kind.DEADLINE_MISSED}
LONGEST = 200  # characters of a value in a sentence: a subject line has to hold it


def title(alert: Alert, speak: Translator) -> str:
    """One line without line breaks, good for a subject line."""
    return speak.code("alert_title", _code(alert)).format_map(_values(alert, speak))


def sentence(alert: Alert, speak: Translator) -> str:
    """What has happened, with day and figures."""
    return speak.code("alert", _code(alert)).format_map(_values(alert, speak))


def reason(alert: Alert, speak: Translator) -> str | None:
    """Which recording was the reason, or that it was time alone; None where neither is known."""
    if alert.recording is not None:
        said = speak.code("alert_reason", "recording")
        return said.format(recording=alert.recording, instant=speak.instant(alert.raised_at))
    return speak.code("alert_reason", "time") if alert.kind in BY_TIME else None


def over(alert: Alert, speak: Translator) -> str | None:
    """That it is over, and since when; None where it lasts, or tells of something that has passed."""
    if alert.resolved_at is None or alert.kind in PASSED:
        return None
    return speak.code("alert_reason", "over").format(instant=speak.instant(alert.resolved_at))


def citations(alert: Alert) -> tuple[Cite, ...]:
    """Where the line of the alert's day is written, the target first; nothing for alerts that are not about the line."""
    if alert.kind not in OF_THE_LINE:
        return ()
    try:
        return line(LAW.on(alert.on_day, alert.raised_at)).citations
    except NotInForce:
        return ()


def source(cite: Cite) -> str:
    """A citation in one line: wording, place, address."""
    place = f" ({cite.paragraph})" if cite.paragraph else ""
    return f"{cite.text}{place} {cite.url}"


def spoken(alert: Alert, speak: Translator) -> dict[str, str]:
    """Title and sentence, for programs that have no catalogue."""
    return {"title": title(alert, speak), "sentence": sentence(alert, speak)}


def data(alert: Alert) -> dict[str, Any]:
    """The alert as data, without words. Areas are in hectares, as text."""
    return {
        "alert": str(alert.uid),
        "kind": alert.kind,
        "severity": alert.severity,
        "subject": alert.subject,
        "on": alert.on_day.isoformat(),
        "raised_at": instant(alert.raised_at),
        "recording": alert.recording,
        "facts": alert.facts,
    }


def instant(at: datetime) -> str:
    """An instant for programs: ISO 8601 in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def clean(said: str) -> str:
    """Text of others as it may stand in one line: control and formatting characters (line breaks, turned writing) as blanks."""
    plain = "".join(" " if unicodedata.category(one)[0] in "CZ" else one for one in said[: 4 * LONGEST])
    short = re.sub(" +", " ", plain).strip()
    return short if len(short) <= LONGEST else f"{short[: LONGEST - 1]}…"


def _code(alert: Alert) -> str:
    """The code of an alert's words: who recovers into the margin stands near the target, and no other alert says so."""
    near = alert.kind is Kind.RECOVERED and alert.facts.get("state") == LineState.NEAR
    return f"{alert.kind}_near" if near else alert.kind


class _Values(dict[str, str]):
    """The values of a sentence; what is missing is said to be."""

    def __init__(self, values: Mapping[str, str], missing: str) -> None:
        super().__init__(values)
        self.missing = missing

    def __missing__(self, name: str) -> str:
        return self.missing


def _values(alert: Alert, speak: Translator) -> _Values:
    """Facts and figures as the language writes them."""
    values = {name: written for name, fact in alert.facts.items() if (written := _written(fact, speak)) is not None}
    values |= {"subject": clean(alert.subject), "day": speak.day(alert.on_day)}
    if alert.subject in tuple(Series):
        values["series"] = speak.code("alert_series", alert.subject)
    target, margin = _amount(alert, "target_ha"), _amount(alert, "margin_ha")
    value = _amount(alert, f"{alert.subject}_ha")
    figures = {"value": value, "target": target, "margin": margin}
    if value is not None and target is not None:
        figures |= {"gap": target - value, "above": value - target}
    if target is not None and margin is not None:
        figures["limit"] = target + margin
    values |= {name: _ha(figure, speak) for name, figure in figures.items() if figure is not None}
    values |= _of_pledge(alert, speak) if alert.kind is Kind.PLEDGE_INSECURE else {}
    return _Values(values, speak.code("alert_reason", "missing"))


def _of_pledge(alert: Alert, speak: Translator) -> dict[str, str]:
    """How much is pledged, how secure that is, and why, in whole sentences; nothing of what is not said."""
    found, pledged = {}, _amount(alert, "net_ha")
    if pledged is not None:
        found["pledged"] = _ha(pledged, speak)
    if alert.facts.get("security") in tuple(Security):
        found["security"] = speak.code("security", alert.facts["security"])
    reasons = alert.facts.get("reasons")
    if isinstance(reasons, list) and reasons:
        found["because"] = " ".join(_because(one, speak) for one in reasons)
    return found


def _because(reason: Mapping[str, Any], speak: Translator) -> str:
    values = reason["values"].items()
    return speak.sentence("because", reason["code"], [(name, _fact(name, value)) for name, value in values])


def _fact(name: str, kept: Any) -> Any:
    """The value of a reason as it was before it was kept as JSON: days are known by their names."""
    return date.fromisoformat(kept) if kept is not None and name.endswith("_on") else kept


def _written(fact: Any, speak: Translator) -> str | None:
    """A fact of any sort; None where there is none."""
    if fact is None or isinstance(fact, bool | list | dict):
        return None
    if isinstance(fact, int | float) and (amount := _decimal(fact)) is not None:
        return speak.number(amount)
    said = clean(str(fact))
    try:
        return speak.day(date.fromisoformat(said)) if re.fullmatch(r"\d{4}-\d\d-\d\d", said) else said
    except ValueError:
        return said


def _amount(alert: Alert, name: str) -> Decimal | None:
    return _decimal(alert.facts.get(name))


def _decimal(fact: Any) -> Decimal | None:
    """A figure of ordinary size; None for anything else."""
    try:
        amount = Decimal(str(fact))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and abs(amount) < 10**12 and amount == round(amount, 12) else None


def _ha(amount: Decimal, speak: Translator) -> str:
    """Hectares with the unit, exactly: rounded, 99.99999 ha would stand there as 100."""
    return f"{speak.number(amount.normalize())} ha"
