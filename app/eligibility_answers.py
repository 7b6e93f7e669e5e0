"""Eligibility as it is answered, for one parcel and for many: the same for HTTP, for the command line and for the page.

Of many parcels most criteria are alike: each is written as JSON once, and the answer is put together of what is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from app.answers import Asked, attribution, basis
from app.clock import day
from app.schemas.common import Citation
from app.schemas.eligibility import (
    BecauseOut,
    CheckOut,
    CriterionOut,
    CriterionRef,
    EligibilitiesOut,
    EligibilityOut,
    OverlayOut,
    PartOut,
    VerdictBase,
)
from parcels import eligibility, overlays, parcels
from parcels.eligibility import Eligibility, Judged
from parcels.fact_dates import FACT_OF, Dated
from rules.criteria import Reason
from rules.eligibility import PURPOSES, RECORDED, Criterion, Purpose, Verdict
from rules.facts import Outcome
from rules.law import LAW
from rules.suitability import Ground

if TYPE_CHECKING:
    from app.web.language import Translator  # the pages ask here: at run time they come later

CHECKLIST = "eligibility.award_checklist"
CHUNK = 5_000  # parcels judged and written at a time: what is written needs no objects any more
NOWHERE = Dated(None, None)


def single(session: Session, asked: Asked, key: str, purpose: Purpose, speak: Translator) -> EligibilityOut:
    """The verdict on one parcel; ParcelUnknownError or ParcelNotYetKnownError where nothing was known of it by then."""
    parcels.check_heard_of(session, key, asked.known_at)
    (found,), _ = eligibility.assess(session, [key], purpose, asked.on, asked.known_at)
    cited = _citations(asked, purpose)
    return EligibilityOut(
        **asked.knowledge(),
        **_verdict(found),
        on=asked.on,
        purpose=purpose,
        criteria=[
            CriterionOut(**_criterion(number, part, one, speak), citation=cited[one.basis.name])
            for number, part in enumerate(found.parts, 1)
            for one in part.criteria
        ],
        parts=[PartOut(**_part(number, part)) for number, part in enumerate(found.parts, 1)],
        checklist=checklist(asked, purpose, speak),
        overlays=overlaid(session, asked, [key])[key],
        rules_version=LAW.version,
        attribution=attribution(session, asked),
    )


def batch(
    session: Session,
    asked: Asked,
    purpose: Purpose,
    shares: Mapping[str, Decimal | None],
    speak: Translator,
    with_overlays: bool = False,
) -> str:
    """The verdicts on many parcels (key -> the share of it that was asked about, None: all) as JSON of an EligibilitiesOut."""
    writer = _Writer(speak)
    verdicts: Counter[Verdict] = Counter()
    unknown: list[str] = []
    net_m2 = eligible_m2 = Decimal(0)
    written = []
    for keys in _chunks(sorted(shares)):
        found, missing = eligibility.assess(session, keys, purpose, asked.on, asked.known_at)
        unknown += missing
        verdicts.update(one.verdict for one in found)
        net_m2 += sum((one.net_m2 for one in found), Decimal(0))
        eligible_m2 += sum((one.eligible_m2 for one in found), Decimal(0))
        over = overlaid(session, asked, [one.key for one in found]) if with_overlays else {}
        written.append(",".join(writer.parcel(one, shares[one.key], over.get(one.key)) for one in found))
    whole = EligibilitiesOut(
        **asked.knowledge(),
        on=asked.on,
        purpose=purpose,
        verdicts={verdict: verdicts[verdict] for verdict in Verdict},
        net_m2=net_m2,
        eligible_m2=eligible_m2,
        unknown_keys=unknown,
        citations=list(_citations(asked, purpose).values()),
        checklist=checklist(asked, purpose, speak),
        rules_version=LAW.version,
        attribution=attribution(session, asked),
        parcels=[],
    )
    return f"{whole.model_dump_json().removesuffix(']}')}{','.join(filter(None, written))}]}}"


def overlaid(session: Session, asked: Asked, keys: Sequence[str]) -> dict[str, list[OverlayOut]]:
    """What maps say of parcels beside their use, with the age of the data at the state of knowledge."""
    today = day(asked.known_at)
    return {
        key: [OverlayOut(**asdict(one), age_days=(today - one.data_on).days if one.data_on else None) for one in found]
        for key, found in overlays.over(session, keys, asked.on, asked.known_at).items()
    }


def checklist(asked: Asked, purpose: Purpose, speak: Translator) -> list[CheckOut]:
    """The award criteria, each to be judged by a person; nothing for other purposes. NotInForce before there were any."""
    if purpose is not Purpose.AWARD:
        return []
    (cited,) = basis(asked, (CHECKLIST,)).citations
    codes = LAW.on(asked.on, asked.known_at)[CHECKLIST].codes
    reasons = [Reason(Ground.TO_BE_JUDGED, (("award_criterion", code),)) for code in codes]
    return [
        CheckOut(name=code, outcome=Outcome.UNKNOWN, because=_because(reason, speak), citation=cited)
        for code, reason in zip(codes, reasons, strict=True)
    ]


class _Writer:
    """Writes parcels as JSON, what is alike once."""

    def __init__(self, speak: Translator) -> None:
        self.speak = speak
        self.written: dict[tuple[int, int, Dated], tuple[Criterion, str]] = {}

    def parcel(self, found: Eligibility, share: Decimal | None, over: Sequence[OverlayOut] | None) -> str:
        """A ParcelVerdict."""
        numbered = list(enumerate(found.parts, 1))
        criteria = ",".join(self._criterion(number, part, one) for number, part in numbered for one in part.criteria)
        parts = ",".join(PartOut(**_part(number, part)).model_dump_json() for number, part in numbered)
        head = VerdictBase(**_verdict(found)).model_dump_json().removesuffix("}")
        told = "null" if share is None else float(share)
        beside = "null" if over is None else f"[{','.join(one.model_dump_json() for one in over)}]"
        return f'{head},"share":{told},"criteria":[{criteria}],"parts":[{parts}],"overlays":{beside}}}'

    def _criterion(self, number: int, part: Judged, one: Criterion) -> str:
        """A CriterionRef. Found again by which object it is: to compare what it says would take longer than to write it."""
        if isinstance(one.fact, Decimal):  # an area, of this parcel only
            return self._write(number, part, one)
        known = (id(one), number, _dated(part, one))
        found = self.written.get(known)
        if found is None:  # the criterion is kept, so that no other one takes its place in memory
            found = self.written[known] = (one, self._write(number, part, one))
        return found[1]

    def _write(self, number: int, part: Judged, one: Criterion) -> str:
        return CriterionRef(**_criterion(number, part, one, self.speak), citation=one.basis.name).model_dump_json()


def _chunks(keys: Sequence[str]) -> Iterator[list[str]]:
    rest = iter(keys)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


def _citations(asked: Asked, purpose: Purpose) -> dict[str, Citation]:
    names = [parameter for parameter, _ in (*PURPOSES[purpose].values(), *RECORDED.values())]
    return {cited.parameter: cited for cited in basis(asked, dict.fromkeys(names)).citations}


def _verdict(found: Eligibility) -> dict[str, Any]:
    names = ("key", "district", "verdict", "net_m2", "eligible_m2", "eligible_from")
    return {name: getattr(found, name) for name in names}


def _part(number: int, judged: Judged) -> dict[str, Any]:
    facts, part = judged.facts, judged.facts.land.part
    return {
        "number": number,
        "part": facts.part,
        "designation": part.designation,
        "in_use_as_commercial": part.in_use_as_commercial,
        "plans": facts.plans,
        "site": facts.site,
        "holder": part.holding.holder if part.holding else None,
        "disposition": part.holding.disposition if part.holding else None,
        "gross_m2": facts.gross_m2,
        "net_m2": facts.net_m2,
        "area_basis": facts.area_basis,
        "standing": facts.standing,
        "in_question": judged.asked,
        "verdict": judged.verdict,
    }


def _criterion(number: int, part: Judged, one: Criterion, speak: Translator) -> dict[str, Any]:
    dated = _dated(part, one)
    return {
        "part": number,
        "name": one.name,
        "outcome": one.outcome,
        "effect": one.effect,
        "because": _because(one.reason, speak),
        "fact": _plain(one.fact),
        "fact_date": dated.valid_from,
        "recorded_at": dated.recorded_at,
    }


def _dated(part: Judged, one: Criterion) -> Dated:
    """Since when the fact is so; what is not recorded has no day."""
    return NOWHERE if one.fact is None else part.facts.dates.get(FACT_OF[one.name], NOWHERE)


def _because(reason: Reason, speak: Translator) -> BecauseOut:
    params = {name: _plain(value) for name, value in reason.params}
    return BecauseOut(code=reason.code.value, params=params, sentence=speak.reason(reason))


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
