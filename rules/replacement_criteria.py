"""The criteria of a comparison between lost and offered land, each three-valued, with both values and a reason.

Of several candidates the worst decides (`of_all`), or the best (`of_one`), or what they have together.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache, wraps

from rules.criteria import Fact, Reason, first_day_within
from rules.facts import Outcome
from rules.law import DatedLaw
from rules.replacement_facts import Candidate, Land, Loss
from rules.replacement_reasons import Match


@dataclass(frozen=True, slots=True)
class Found:
    """What a criterion finds: both values, the reason and, of several candidates, the one that decided."""

    outcome: Outcome
    reason: Reason
    lost: Fact
    offered: Fact
    candidate: str | None = None


One = Callable[[Loss, Candidate, DatedLaw], Found]
Judge = Callable[[Loss, Sequence[Candidate], DatedLaw], Found]
BEST_FIRST = (Outcome.MET, Outcome.UNKNOWN, Outcome.NOT_MET)


def found(outcome: Outcome, code: Match, lost: Fact = None, offered: Fact = None, **params: Fact | int) -> Found:
    """A finding; `params` are the values that its sentence needs."""
    return Found(outcome, Reason(code, tuple(params.items())), lost, offered)


def of_all(judge: One) -> Judge:
    """A criterion that every candidate must meet: the worst decides, the first of the worst."""

    @wraps(judge)
    def judge_all(loss: Loss, candidates: Sequence[Candidate], law: DatedLaw) -> Found:
        return max(_each(judge, loss, candidates, law), key=lambda one: BEST_FIRST.index(one.outcome))

    return judge_all


def of_one(judge: One) -> Judge:
    """A criterion that one candidate meets for all: the best decides, the first of the best."""

    @wraps(judge)
    def judge_best(loss: Loss, candidates: Sequence[Candidate], law: DatedLaw) -> Found:
        return min(_each(judge, loss, candidates, law), key=lambda one: BEST_FIRST.index(one.outcome))

    return judge_best


def _each(judge: One, loss: Loss, candidates: Sequence[Candidate], law: DatedLaw) -> list[Found]:
    return [replace(judge(loss, one, law), candidate=one.key) for one in candidates]


def rank_classes(land: Land, law: DatedLaw) -> tuple[str, ...]:
    """The classes of the table of ranks that land may belong to: several where a fact is missing, none without a designation."""
    code = land.designation
    if code is None:
        return ()
    as_gi = code in law["replacements.as_gi"].codes
    if as_gi or code == "GE":
        name = "GI" if as_gi else code
        restricted = {Outcome.MET: (f"{name}_restricted",), Outcome.NOT_MET: (name,)}
        return restricted.get(land.restricted, (name, f"{name}_restricted"))
    if code in law["stock.designations_if_in_use_as_commercial"].codes:
        return {True: ("G",), False: ("other",), None: ("G", "other")}[land.in_use_as_commercial]
    return ("other",) if code in law["designations.known"].codes else ()


@of_all
def designation(loss: Loss, one: Candidate, law: DatedLaw) -> Found:
    """Met by the same rank or a higher one; unknown where it may be both. Source: Vorschlag dieses Dienstes."""
    table = _ranks(law["replacements.rank"].codes)
    lost, offered = rank_classes(loss, law), rank_classes(one, law)
    possible = {table[pair] for pair in ((a, b) for a in lost for b in offered)}
    outcome = possible.pop() if len(possible) == 1 else Outcome.UNKNOWN
    codes = {Outcome.MET: Match.RANK_KEPT, Outcome.NOT_MET: Match.RANK_LOWER, Outcome.UNKNOWN: Match.RANK_UNCLEAR}
    ranks = {"lost_rank": _rank(lost), "offered_rank": _rank(offered)}
    return found(outcome, codes[outcome], loss.designation, one.designation, **ranks)


@lru_cache
def _ranks(rows: tuple[str, ...]) -> dict[tuple[str, str], Outcome]:
    return {(lost, offered): Outcome(says) for lost, offered, says in (row.split() for row in rows)}


def _rank(classes: Sequence[str]) -> str:
    """The class, or the name of what keeps it open."""
    return "_or_".join(classes) or "unknown"


@of_all
def new_land(loss: Loss, one: Candidate, law: DatedLaw) -> Found:
    """Met by land outside the stock on the day of the loss and outside the reserve. Source: Vorschlag dieses Dienstes."""
    not_new = Outcome.NOT_MET if law["replacements.in_stock"].flag else Outcome.MET
    if one.in_stock_on_loss is not_new:
        return found(Outcome.NOT_MET, Match.IN_STOCK_BEFORE, None, None, lost_on=loss.lost_on)
    if one.in_reserve is not_new:
        return found(Outcome.NOT_MET, Match.IN_RESERVE_ALREADY)
    if Outcome.UNKNOWN in (one.in_stock_on_loss, one.in_reserve):
        return found(Outcome.UNKNOWN, Match.NEWNESS_UNKNOWN, lost_on=loss.lost_on)
    return found(Outcome.MET, Match.NEW_LAND, lost_on=loss.lost_on)


@of_all
def outside_port(loss: Loss, one: Candidate, law: DatedLaw) -> Found:
    """Met by land outside the port. Source: Vorschlag dieses Dienstes."""
    wanted = _as_outcome(law["replacements.in_port"].flag)
    codes = (Match.OFFERED_OUTSIDE_PORT, Match.OFFERED_IN_PORT, Match.OFFERED_PORT_UNKNOWN)
    return _wanted(one.in_port, wanted, codes)


@of_all
def apart_from_loss(loss: Loss, one: Candidate, law: DatedLaw) -> Found:
    """Met by land that is no part of the lost land. Source: Vorschlag dieses Dienstes."""
    wanted = _as_outcome(law["replacements.overlaps_loss"].flag)
    return _wanted(one.overlaps_loss, wanted, (Match.APART_FROM_LOSS, Match.ON_LOST_LAND, Match.OVERLAP_UNKNOWN))


def _wanted(fact: Outcome, wanted: Outcome, codes: tuple[Match, Match, Match]) -> Found:
    met, not_met, unknown = codes
    if fact is Outcome.UNKNOWN:
        return found(Outcome.UNKNOWN, unknown)
    return found(Outcome.MET, met) if fact is wanted else found(Outcome.NOT_MET, not_met)


def _as_outcome(flag: bool) -> Outcome:
    return Outcome.MET if flag else Outcome.NOT_MET


@of_all
def emission_day(loss: Loss, one: Candidate, law: DatedLaw) -> Found:
    """Met by a quota (dB(A) per m2, 6 to 22 h) no lower than the lost one, or none. Source: Vorschlag dieses Dienstes."""
    return _quota(loss, one, loss.day_db, one.day_db, law)


@of_all
def emission_night(loss: Loss, one: Candidate, law: DatedLaw) -> Found:
    """Met by a quota (dB(A) per m2, 22 to 6 h) no lower than the lost one, or none. Source: Vorschlag dieses Dienstes."""
    return _quota(loss, one, loss.night_db, one.night_db, law)


def _quota(loss: Loss, one: Candidate, lost: Decimal | None, offered: Decimal | None, law: DatedLaw) -> Found:
    if one.emission_limited is Outcome.NOT_MET:
        return found(Outcome.MET, Match.NO_QUOTA)
    if one.emission_limited is Outcome.MET and loss.emission_limited is Outcome.NOT_MET:
        return found(Outcome.NOT_MET, Match.QUOTA_NEW, None, offered)
    if Outcome.UNKNOWN in (one.emission_limited, loss.emission_limited) or lost is None or offered is None:
        return found(Outcome.UNKNOWN, Match.QUOTA_UNKNOWN, lost, offered)
    both = {"lost_db": lost, "offered_db": offered}
    if offered >= lost + law["replacements.quota_surplus_db"].amount:
        return found(Outcome.MET, Match.QUOTA_KEPT, lost, offered, **both)
    return found(Outcome.NOT_MET, Match.QUOTA_LOWER, lost, offered, **both)


def _facility(name: str) -> One:
    """Met where the lost land did not have it or the offered has it too."""

    def judge(loss: Loss, one: Candidate, law: DatedLaw) -> Found:
        wanted, lost, offered = law[f"replacements.{name}"].flag, getattr(loss, name), getattr(one, name)
        if lost is not None and lost is not wanted:
            return found(Outcome.MET, Match.NOT_LOST, lost, offered)
        if offered is wanted:
            return found(Outcome.MET, Match.ALSO_OFFERED, lost, offered)
        if lost is None or offered is None:
            return found(Outcome.UNKNOWN, Match.COMPARISON_UNKNOWN, lost, offered)
        return found(Outcome.NOT_MET, Match.NOT_OFFERED, lost, offered)

    return judge


def _burden(name: str) -> One:
    """Met where the offered land is free of it, or the lost one was not."""

    def judge(loss: Loss, one: Candidate, law: DatedLaw) -> Found:
        wanted, lost, offered = law[f"replacements.{name}"].flag, getattr(loss, name), getattr(one, name)
        if offered is wanted:
            return found(Outcome.MET, Match.NO_BURDEN, lost, offered)
        if lost is not None and lost is not wanted:
            return found(Outcome.MET, Match.BURDEN_AS_BEFORE, lost, offered)
        if lost is None or offered is None:
            return found(Outcome.UNKNOWN, Match.COMPARISON_UNKNOWN, lost, offered)
        return found(Outcome.NOT_MET, Match.BURDEN_NEW, lost, offered)

    return judge


@of_all
def hazard_class(loss: Loss, one: Candidate, law: DatedLaw) -> Found:
    """Met where Betriebsbereiche of the lost land's class (KAS-18) are permitted. Source: Vorschlag dieses Dienstes."""
    classes = law["neighbours.kas18_classes"].codes
    lost, offered = loss.hazard_class, one.hazard_class
    if lost == classes[0]:
        return found(Outcome.MET, Match.NO_HAZARD_LOST, lost, offered)
    if offered == classes[-1]:
        return found(Outcome.MET, Match.EVERY_HAZARD_CLASS, lost, offered)
    if lost not in classes or offered not in classes:
        return found(Outcome.UNKNOWN, Match.COMPARISON_UNKNOWN, lost, offered)
    both = {"lost_class": lost, "offered_class": offered}
    if classes.index(offered) >= classes.index(lost) + law["replacements.hazard_steps"].count:
        return found(Outcome.MET, Match.HAZARD_CLASS_KEPT, lost, offered, **both)
    return found(Outcome.NOT_MET, Match.HAZARD_CLASS_LOWER, lost, offered, **both)


@of_one
def largest_plot(loss: Loss, one: Candidate, law: DatedLaw) -> Found:
    """Met by one plot as large as the largest that was lost. Source: Vorschlag dieses Dienstes."""
    lost, offered = loss.largest_plot_m2, one.largest_plot_m2
    if lost is None or offered is None:
        return found(Outcome.UNKNOWN, Match.COMPARISON_UNKNOWN, lost, offered)
    limit_m2 = lost * law["replacements.plot_share"].amount
    codes = (Match.PLOT_LARGE_ENOUGH, Match.PLOT_TOO_SMALL)
    return _within(offered >= limit_m2, codes, lost, offered, offered_m2=offered, limit_m2=limit_m2)


@of_one
def shape(loss: Loss, one: Candidate, law: DatedLaw) -> Found:
    """Met by a plot whose shorter side is no shorter than the lost one's, or wide enough. Source: Vorschlag dieses Dienstes."""
    lost, offered, enough = loss.shorter_side_m, one.shorter_side_m, law["replacements.wide_enough_m"].amount
    limit_m = enough if lost is None else min(lost, enough)
    if offered is None or (lost is None and offered < limit_m):
        return found(Outcome.UNKNOWN, Match.COMPARISON_UNKNOWN, lost, offered)
    codes = (Match.WIDE_ENOUGH, Match.TOO_NARROW)
    return _within(offered >= limit_m, codes, lost, offered, offered_m=offered, limit_m=limit_m)


@of_all
def road(loss: Loss, one: Candidate, law: DatedLaw) -> Found:
    """Met where the motorway is not much farther than from the lost land. Source: Vorschlag dieses Dienstes."""
    lost, offered = loss.road_m, one.road_m
    if lost is None or offered is None:
        return found(Outcome.UNKNOWN, Match.COMPARISON_UNKNOWN, lost, offered)
    limit_m = lost + law["replacements.road_detour_m"].amount
    codes = (Match.ROAD_NEAR, Match.ROAD_TOO_FAR)
    return _within(offered <= limit_m, codes, lost, offered, lost_m=lost, offered_m=offered, limit_m=limit_m)


@of_all
def distance(loss: Loss, one: Candidate, law: DatedLaw) -> Found:
    """Met by land near the lost one. Source: Vorschlag dieses Dienstes."""
    offered, limit_m = one.distance_m, law["replacements.distance_m"].amount
    if offered is None:
        return found(Outcome.UNKNOWN, Match.COMPARISON_UNKNOWN)
    codes = (Match.NEAR_ENOUGH, Match.TOO_FAR)
    return _within(offered <= limit_m, codes, None, offered, offered_m=offered, limit_m=limit_m)


@of_all
def district(loss: Loss, one: Candidate, law: DatedLaw) -> Found:
    """Met by land in the same Bezirk. Source: Vorschlag dieses Dienstes."""
    lost, offered = loss.district, one.district
    if lost is None or offered is None:
        return found(Outcome.UNKNOWN, Match.COMPARISON_UNKNOWN, lost, offered)
    kept = (lost == offered) is law["replacements.same_district"].flag
    codes = (Match.SAME_DISTRICT, Match.OTHER_DISTRICT)
    return _within(kept, codes, lost, offered, lost_district=lost, offered_district=offered)


def _within(kept: bool, codes: tuple[Match, Match], lost: Fact, offered: Fact, **params: Fact) -> Found:
    met, not_met = codes
    return found(_as_outcome(kept), met if kept else not_met, lost, offered, **params)


def grid(loss: Loss, candidates: Sequence[Candidate], law: DatedLaw) -> Found:
    """Met where the connected loads (kW) together are no less than the lost one. Source: Vorschlag dieses Dienstes."""
    recorded = [one.grid_kw for one in candidates if one.grid_kw is not None]
    lost, offered = loss.grid_kw, sum(recorded, Decimal(0)) if recorded else None
    if lost is None or offered is None:
        return found(Outcome.UNKNOWN, Match.COMPARISON_UNKNOWN, lost, offered)
    kept = offered >= lost + law["replacements.grid_surplus_kw"].amount
    if not kept and len(recorded) < len(candidates):
        return found(Outcome.UNKNOWN, Match.COMPARISON_UNKNOWN, lost, offered)
    codes = (Match.GRID_KEPT, Match.GRID_WEAKER)
    return _within(kept, codes, lost, offered, lost_kw=lost, offered_kw=offered)


def firm_kinds(loss: Loss, candidates: Sequence[Candidate], law: DatedLaw) -> Found:
    """Met where each displaced kind of firm finds its place on one of the candidates. Source: Vorschlag dieses Dienstes."""
    known = law["replacements.firm_kinds"].codes
    lost = loss.firm_kinds
    places = {kind for one in candidates for kind in one.firm_kinds or ()}
    offered = ", ".join(kind for kind in known if kind in places) or None
    if lost is None or not set(lost) <= set(known):
        return found(Outcome.UNKNOWN, Match.COMPARISON_UNKNOWN, ", ".join(sorted(lost or ())) or None, offered)
    if not lost:
        return found(Outcome.MET, Match.NO_FIRM_DISPLACED, None, offered)
    said, without = ", ".join(kind for kind in known if kind in lost), sorted(set(lost) - places)
    if not without:
        return found(Outcome.MET, Match.FIRMS_FIND_PLACE, said, offered)
    if any(one.firm_kinds is None for one in candidates):
        return found(Outcome.UNKNOWN, Match.COMPARISON_UNKNOWN, said, offered)
    return found(Outcome.NOT_MET, Match.FIRM_WITHOUT_PLACE, said, offered, firm_kind=without[0])


@of_all
def plan_stage(loss: Loss, one: Candidate, law: DatedLaw) -> Found:
    """Met by an adopted plan; open with Planreife after display (§ 33 BauGB). Source: Vorschlag dieses Dienstes."""
    stage = one.stage
    if stage is None or stage not in law["replacements.stages"].codes:
        return found(Outcome.UNKNOWN, Match.STAGE_UNKNOWN, None, stage)
    if stage in law["replacements.stages_secure"].codes:
        return found(Outcome.MET, Match.STAGE_SECURE, None, stage, plan_stage=stage)
    if stage not in law["replacements.stages_provisional"].codes:
        return found(Outcome.NOT_MET, Match.STAGE_NOT_SECURE, None, stage, plan_stage=stage)
    if one.plan_ripe is None:
        return found(Outcome.UNKNOWN, Match.STAGE_RIPENESS_UNKNOWN, None, stage, plan_stage=stage)
    if one.plan_ripe:
        return found(Outcome.UNKNOWN, Match.STAGE_PROVISIONAL, None, stage, plan_stage=stage)
    return found(Outcome.NOT_MET, Match.STAGE_NOT_RIPE, None, stage, plan_stage=stage)


@of_all
def servicing(loss: Loss, one: Candidate, law: DatedLaw) -> Found:
    """Met by servicing (Erschließung) that has a date and its money. Source: Vorschlag dieses Dienstes."""
    funded, done_on = one.servicing_funded, one.servicing_done_on
    if funded is not None and funded is not law["replacements.servicing_funded"].flag:
        return found(Outcome.NOT_MET, Match.SERVICING_UNFUNDED, None, done_on)
    if funded is None or done_on is None:
        return found(Outcome.UNKNOWN, Match.SERVICING_UNKNOWN, None, done_on)
    return found(Outcome.MET, Match.SERVICING_SECURE, None, done_on, done_on=done_on)


def available_on(one: Candidate) -> date | None:
    """The day from which the land can be built on: the latest of what it waits for; None without a day."""
    return None if one.available_from is None else earliest_on(one)


def earliest_on(one: Candidate) -> date | None:
    """The day before which the land cannot be built on, by all that is known of its way; None where nothing is."""
    in_force = None if one.stage == "in_force" else one.in_force_expected
    return max((day for day in (one.available_from, in_force, one.servicing_done_on) if day is not None), default=None)


@of_all
def available_in_time(loss: Loss, one: Candidate, law: DatedLaw) -> Found:
    """Met by land that can be built on by the loss, or some months later. Source: Vorschlag dieses Dienstes."""
    day, months = earliest_on(one), law["replacements.tolerance_months"].count
    kept = day is None or first_day_within(day, months) <= loss.lost_on
    if day is None or (kept and available_on(one) is None):
        return found(Outcome.UNKNOWN, Match.NO_DATE, loss.lost_on, None, lost_on=loss.lost_on)
    codes = (Match.AVAILABLE_IN_TIME, Match.AVAILABLE_TOO_LATE)
    outcome, code = _as_outcome(kept), codes[not kept]
    return found(outcome, code, loss.lost_on, day, available_on=day, lost_on=loss.lost_on, months=months)


# name -> (the parameter whose citation it carries, the rule), in the order in which people read them; the extent comes first
CRITERIA: dict[str, tuple[str, Judge]] = {
    "designation": ("rank", designation),
    "new_land": ("in_stock", new_land),
    "outside_port": ("in_port", outside_port),
    "apart_from_loss": ("overlaps_loss", apart_from_loss),
    "emission_day": ("quota_surplus_db", emission_day),
    "emission_night": ("quota_surplus_db", emission_night),
    "around_the_clock": ("around_the_clock", of_all(_facility("around_the_clock"))),
    "hazard_class": ("hazard_steps", hazard_class),
    "largest_plot": ("plot_share", largest_plot),
    "shape": ("wide_enough_m", shape),
    "road": ("road_detour_m", road),
    "rail": ("rail", of_all(_facility("rail"))),
    "quay": ("quay", of_all(_facility("quay"))),
    "district": ("same_district", district),
    "distance": ("distance_m", distance),
    "grid": ("grid_surplus_kw", grid),
    "fibre": ("fibre", of_all(_facility("fibre"))),
    "hydrogen": ("hydrogen", of_all(_facility("hydrogen"))),
    "contaminated": ("contaminated", of_all(_burden("contaminated"))),
    "flood": ("flood", of_all(_burden("flood"))),
    "heavy_rain": ("heavy_rain", of_all(_burden("heavy_rain"))),
    "firm_kinds": ("firm_kinds", firm_kinds),
    "plan_stage": ("stages_secure", plan_stage),
    "servicing": ("servicing_funded", servicing),
    "available_in_time": ("tolerance_months", available_in_time),
}
# A candidate that fails one of these is named and not summed; whose facts are missing here counts as unclear.
GATES = ("designation", "new_land", "outside_port", "apart_from_loss")
