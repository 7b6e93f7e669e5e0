"""The way of a site to land that can be built on: its milestones, what holds of them on a day, and how secure a pledge on it is.

What is planned and not done by its day is no date any more: it is unknown, and named (Masterplan Industrie 2023, Handlungsfeld 1
Nr. 1 Abs. 1 Satz 2: „mit zeitlich sicherem Entwicklungspfad“).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from rules.criteria import Reason
from rules.facts import Outcome
from rules.law import DatedLaw
from rules.replacement_criteria import BEST_FIRST, CRITERIA, available_on
from rules.replacement_facts import Candidate, Loss
from rules.replacement_reasons import Match, Progress


class MilestoneKind(StrEnum):
    """The stages of a plan (parameter `replacements.stages`), and what else land waits for.

    `unplanned`: somebody stated that there is no Aufstellungsbeschluss. `plan_ripe`: Planreife (§ 33 Abs. 1 BauGB) is established.
    `funding`, `servicing`: the Erschließung is funded, is finished. `available`: building can start.
    """

    UNPLANNED = "unplanned"
    STARTED = "started"
    PARTICIPATION = "participation"
    DRAFT = "draft"
    DISPLAY = "display"
    PLAN_RIPE = "plan_ripe"
    ADOPTED = "adopted"
    IN_FORCE = "in_force"
    PARTLY_LAPSED = "partly_lapsed"
    EXPIRED = "expired"
    REPEALED = "repealed"
    FUNDING = "funding"
    SERVICING = "servicing"
    AVAILABLE = "available"


BESIDE_THE_PLAN = (MilestoneKind.PLAN_RIPE, MilestoneKind.FUNDING, MilestoneKind.SERVICING, MilestoneKind.AVAILABLE)
STAGES = tuple(kind for kind in MilestoneKind if kind not in BESIDE_THE_PLAN)


@dataclass(frozen=True, slots=True)
class Milestone:
    """What is said of one step: the day for which it is planned and the day on which it was done; None is not recorded."""

    kind: MilestoneKind
    planned_on: date | None = None
    done_on: date | None = None

    @property
    def day(self) -> date | None:
        """The day on which it was done, else the one for which it is planned."""
        return self.done_on or self.planned_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """What holds of a site's way on a day; None is unknown, as for Candidate.

    `in_force_expected`, `servicing_done_on`, `available_from`: days of what is done or still ahead. `done`: what is done by then,
    and not ended by a set-back. What is neither done nor overtaken is `ahead` (by day), `overdue` (by day) or `undated`.
    """

    on: date
    stage: MilestoneKind | None
    plan_ripe: bool | None
    in_force_expected: date | None
    servicing_done_on: date | None
    servicing_funded: bool | None
    available_from: date | None
    done: frozenset[MilestoneKind]
    ahead: tuple[Milestone, ...]
    overdue: tuple[Milestone, ...]
    undated: tuple[Milestone, ...]


class Security(StrEnum):
    """How sure it is that pledged land comes in time; `delivered`: its plan is in force and it can be built on."""

    DELIVERED = "delivered"
    SECURE = "secure"
    OPEN = "open"
    INSECURE = "insecure"


@dataclass(frozen=True, slots=True)
class Finding:
    """The security of a pledge, and why: what is not met, then what is not known; what is met only where nothing else is."""

    security: Security
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Slip:
    """A milestone that moved; `days` is negative for an earlier day, and None where the day became unknown."""

    kind: MilestoneKind
    was_on: date
    is_on: date | None
    days: int | None


@dataclass(frozen=True, slots=True)
class Statement:
    """A fact of a Holding that milestones state over [since, until); `until` None is open."""

    fact: str
    value: bool | date
    since: date
    until: date | None = None


OF_A_LOSS = (Match.AVAILABLE_IN_TIME, Match.AVAILABLE_TOO_LATE, Match.NO_DATE, Progress.PLEDGE_DELIVERED)
WORST = {Outcome.NOT_MET: Security.INSECURE, Outcome.UNKNOWN: Security.OPEN, Outcome.MET: Security.SECURE}
_ANY_LAND = Candidate(key="", net_m2=None, designation=None)


def by_plan(
    stage: str | None, in_force_expected: date | None, on: date, said: Iterable[Milestone]
) -> tuple[Milestone, ...]:
    """What a plan's file says of its own way, as read on a day, where people's milestones say nothing of it."""
    kinds = {one.kind for one in said}
    found = []
    if stage in STAGES and kinds.isdisjoint(STAGES):
        found.append(Milestone(MilestoneKind(stage), done_on=on))
    if in_force_expected and stage != MilestoneKind.IN_FORCE and MilestoneKind.IN_FORCE not in kinds:
        found.append(Milestone(MilestoneKind.IN_FORCE, planned_on=in_force_expected))
    return tuple(found)


def path(milestones: Iterable[Milestone], on: date, law: DatedLaw) -> Path:
    """What holds of a site's way on a day; of a kind given twice the last holds, done after that day is planned then.

    The stage is the latest that is done, of one day's the last in the order of stages. That servicing is to be funded on some
    day leaves open whether it is. Source: Vorschlag dieses Dienstes.
    """
    said = _not_undone(_last(milestones), on, law)
    done = frozenset(kind for kind, one in said.items() if _is_done(one, on))
    stage = _stage([said[kind] for kind in done], law)
    settled = done | _overtaken(stage, done, law)
    pending = sorted((one for kind, one in said.items() if kind not in settled), key=lambda one: one.day or on)
    overdue = tuple(one for one in pending if one.day and one.day < on)
    days = {kind: one.day for kind, one in said.items() if one not in overdue}
    return Path(
        on=on,
        stage=stage,
        plan_ripe=True if MilestoneKind.PLAN_RIPE in done else None,
        in_force_expected=days.get(MilestoneKind.IN_FORCE),
        servicing_done_on=days.get(MilestoneKind.SERVICING),
        servicing_funded=True if MilestoneKind.FUNDING in settled else None,
        available_from=days.get(MilestoneKind.AVAILABLE),
        done=done,
        ahead=tuple(one for one in pending if one.day and one.day >= on),
        overdue=overdue,
        undated=tuple(one for one in pending if one.day is None),
    )


def _last(milestones: Iterable[Milestone]) -> dict[MilestoneKind, Milestone]:
    said = {one.kind: one for one in milestones}
    return {kind: said[kind] for kind in MilestoneKind if kind in said}


def _is_done(one: Milestone, on: date) -> bool:
    return one.done_on is not None and one.done_on <= on


def _not_undone(said: Mapping[MilestoneKind, Milestone], on: date, law: DatedLaw) -> dict[MilestoneKind, Milestone]:
    """The milestones without those of a procedure that the latest set-back ended: what lies on its day or before."""
    set_back = set(law["replacements.stages_set_back"].codes)
    procedure = (set(law["replacements.stages"].codes) | {MilestoneKind.PLAN_RIPE}) - set_back
    ended_on = max((one.day or on for one in said.values() if one.kind in set_back and _is_done(one, on)), default=None)
    if ended_on is None:
        return dict(said)
    return {kind: one for kind, one in said.items() if kind not in procedure or one.day is None or one.day > ended_on}


def _stage(done: Iterable[Milestone], law: DatedLaw) -> MilestoneKind | None:
    order = law["replacements.stages"].codes
    reached = [(one.day, order.index(one.kind), one.kind) for one in done if one.kind in order]
    return max(reached)[-1] if reached else None


def _overtaken(stage: MilestoneKind | None, done: frozenset[MilestoneKind], law: DatedLaw) -> frozenset[MilestoneKind]:
    """What nobody waits for any more: the stages before the one reached, and what another milestone makes needless."""
    order, set_back = law["replacements.stages"].codes, law["replacements.stages_set_back"].codes
    earlier = order[: order.index(stage)] if stage and stage not in set_back else ()
    pairs = (row.split() for row in law["replacements.milestones_overtaken"].codes)
    needless = (kind for kind, by in pairs if by in done)
    return frozenset(MilestoneKind(kind) for kind in (*earlier, *needless))


def dated(land: Candidate, way: Path) -> Candidate:
    """Offered land with the facts of its way in place of its own."""
    return replace(
        land,
        stage=way.stage,
        plan_ripe=way.plan_ripe,
        in_force_expected=way.in_force_expected,
        servicing_done_on=way.servicing_done_on,
        servicing_funded=way.servicing_funded,
        available_from=way.available_from,
    )


def security(lost_on: date, way: Path, law: DatedLaw) -> Finding:
    """How sure it is on the way's day that the land comes in time for a loss; a day that nobody holds to leaves it open.

    Source: Vorschlag dieses Dienstes.
    """
    waiting = _waiting(way, law)
    delivered_on = _delivered_on(way)
    if delivered_on and not waiting:
        days = (("delivered_on", delivered_on), ("lost_on", lost_on))
        return Finding(Security.DELIVERED, (Reason(Progress.PLEDGE_DELIVERED, days),))
    loss, land = Loss(net_m2=None, designation=None, lost_on=lost_on), dated(_ANY_LAND, way)
    criteria = [CRITERIA[name][1](loss, [land], law) for name in law["replacements.security_criteria"].codes]
    judged = [(one.outcome, one.reason) for one in criteria] + [(Outcome.UNKNOWN, reason) for reason in waiting]
    judged.sort(key=lambda one: BEST_FIRST.index(one[0]), reverse=True)
    worst = judged[0][0]
    lacking = [reason for outcome, reason in judged if outcome is not Outcome.MET or worst is Outcome.MET]
    return Finding(WORST[worst], tuple(lacking))


def available(way: Path) -> date | None:
    """The day from which the land can be built on; None without a day."""
    return available_on(dated(_ANY_LAND, way))


def own_security(way: Path, law: DatedLaw) -> Finding:
    """How secure a way is by itself: as for a loss on the very day from which one can build, of which nothing is said."""
    finding = security(available(way) or way.on, way, law)
    return replace(finding, reasons=tuple(reason for reason in finding.reasons if reason.code not in OF_A_LOSS))


def _delivered_on(way: Path) -> date | None:
    """The day since which the plan is in force and the land can be built on, if that is so."""
    day = available(way)
    if way.stage is not MilestoneKind.IN_FORCE or MilestoneKind.AVAILABLE not in way.done or day is None:
        return None
    return max(day, way.in_force_expected or day) if day <= way.on else None


def _waiting(way: Path, law: DatedLaw) -> list[Reason]:
    """What is overdue, has no day, or lies ahead without being a step to the land: a set-back, money that is not there yet."""
    said = {MilestoneKind.FUNDING: Progress.FUNDING_AHEAD}
    said |= {MilestoneKind(kind): Progress.SET_BACK_AHEAD for kind in law["replacements.stages_set_back"].codes}
    reasons = [_reason(Progress.MILESTONE_OVERDUE, one) for one in way.overdue]
    reasons += [Reason(Progress.MILESTONE_UNDATED, (("milestone", one.kind.value),)) for one in way.undated]
    return reasons + [_reason(said[one.kind], one) for one in way.ahead if one.kind in said]


def _reason(code: Progress, one: Milestone) -> Reason:
    return Reason(code, (("milestone", one.kind.value), ("planned_on", one.day)))


def slipped(before: Iterable[Milestone], after: Iterable[Milestone]) -> tuple[Slip, ...]:
    """The milestones whose day is another one now, or none; what had no day before has not moved."""
    was, now = _last(before), _last(after)
    found = []
    for kind, one in was.items():
        day = now[kind].day if kind in now else None
        if one.day is not None and day != one.day:
            found.append(Slip(kind, one.day, day, (day - one.day).days if day else None))
    return tuple(found)


def stated(milestones: Iterable[Milestone], on: date) -> tuple[Statement, ...]:
    """What milestones state of the holding of a site of whole parcels; of what is overdue or undated, nothing.

    `serviced` is false until the day of servicing and true from it; `construction_possible_from` is told from `on`.
    """
    said, found = _last(milestones), []
    for kind in (MilestoneKind.SERVICING, MilestoneKind.AVAILABLE):
        one = said.get(kind)
        if one is None or one.day is None or (one.day < on and not _is_done(one, on)):
            continue
        if kind is MilestoneKind.AVAILABLE:
            found.append(Statement("construction_possible_from", one.day, on))
            continue
        if one.day > on:
            found.append(Statement("serviced", False, on, one.day))
        found.append(Statement("serviced", True, one.day))
    return tuple(found)
