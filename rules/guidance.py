"""What a guidance (Handreichung) says of a conversion: its rules matched, the strictest result taken, doubt never cleared.

A rule that matches gives its result; of several the strictest holds, and those that say something else are told. A rule whose
condition cannot be decided, because a fact is missing, does not match; but it takes a permission back: `case_by_case` where
the rule would be stricter than `permitted`. Where nothing matches the guidance is silent.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from rules.conversions import Cases, GuidanceResult, Planning, Purpose, Route
from rules.facts import Outcome

STRICTEST_FIRST = (
    GuidanceResult.EXCLUDED,
    GuidanceResult.CASE_BY_CASE,
    GuidanceResult.SILENT,
    GuidanceResult.PERMITTED,
)
AreaName = tuple[str, str]
"""An area that a guidance names: its document, its name."""


class GuidanceBecause(StrEnum):
    """The codes of the reasons of a finding."""

    RULE = "rule"
    FACT_MISSING = "fact_missing"
    NO_RULE_MATCHES = "no_rule_matches"
    NO_RULES = "no_rules"
    NOT_ASKED = "not_asked"


@dataclass(frozen=True, slots=True)
class Condition:
    """When a rule applies; an empty tuple or None asks nothing. Bounds include their value; m2, share of floor area 0 to 1.

    `zones` names areas of the rule's own document, of which the site meets one.
    """

    purposes: tuple[Purpose, ...] = ()
    cases: tuple[Cases, ...] = ()
    planning: tuple[Planning, ...] = ()
    districts: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    min_affected_m2: Decimal | None = None
    max_affected_m2: Decimal | None = None
    min_housing_share: Decimal | None = None
    max_housing_share: Decimal | None = None
    private_marketable: bool | None = None


@dataclass(frozen=True, slots=True)
class GuidanceRule:
    """One rule of one version of a document; without `routes` it holds for all, without `designations` for all land."""

    document: str
    version: str
    id: str
    result: GuidanceResult
    page: str
    wording: str
    routes: tuple[Route, ...] = ()
    designations: tuple[str, ...] = ()
    condition: Condition = Condition()
    demonstration: bool = False


@dataclass(frozen=True, slots=True)
class GuidanceQuestion:
    """What is asked about workplace land of one designation; None is a fact that is not known.

    `district` is None also where the site lies in several. `affected_m2` is the workplace land that the case takes, of all
    designations together: no bound is evaded by splitting it. `housing_share` is housing's share of the floor area, `zones` are
    the named areas that the site meets (an empty set: none).
    """

    route: Route
    purpose: Purpose
    designation: str | None = None
    planning: Planning | None = None
    cases: Cases | None = None
    district: str | None = None
    affected_m2: Decimal | None = None
    housing_share: Decimal | None = None
    private_marketable: Outcome = Outcome.UNKNOWN
    zones: frozenset[AreaName] | None = None


@dataclass(frozen=True, slots=True)
class GuidanceFinding:
    """What the guidance says: the rules that decide (the first of them for citing), those that say otherwise, what is missing.

    `undecided` are the rules that might apply, `missing` the names of the facts that would decide them.
    """

    result: GuidanceResult
    because: GuidanceBecause
    deciding: tuple[GuidanceRule, ...] = ()
    otherwise: tuple[GuidanceRule, ...] = ()
    undecided: tuple[GuidanceRule, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def cited(self) -> GuidanceRule | None:
        """The rule to be read out: the first that decides, else the first that might apply; None where there is neither."""
        return next(iter((*self.deciding, *self.undecided)), None)

    @property
    def rule(self) -> str | None:
        """The id of the rule to be cited."""
        return self.cited.id if self.cited else None

    @property
    def version(self) -> str | None:
        """The version of the guidance in which that rule stands."""
        return self.cited.version if self.cited else None

    @property
    def page(self) -> str | None:
        """The page on which it stands."""
        return self.cited.page if self.cited else None

    @property
    def demonstration(self) -> bool:
        """Whether the finding rests on a demonstration set."""
        return any(rule.demonstration for rule in (*self.deciding, *self.otherwise, *self.undecided))


def find(rules: Sequence[GuidanceRule], question: GuidanceQuestion) -> GuidanceFinding:
    """What the rules say of one question. Source: Masterplan Industrie 2023, Handlungsfeld 1 Nr. 1 Abs. 2 Satz 3."""
    judged = [(rule, _judged(rule, question)) for rule in rules]
    matching = tuple(rule for rule, found in judged if set(found.values()) <= {Outcome.MET})
    said = strictest([rule.result for rule in matching])
    open_ = [(rule, found) for rule, found in judged if Outcome.UNKNOWN in found.values() and not _ruled_out(found)]
    doubts = [(rule, found) for rule, found in open_ if not matching or _rank(rule.result) < _rank(said)]
    undecided = tuple(rule for rule, _ in doubts)
    missing = tuple(dict.fromkeys(name for _, found in doubts for name in found if found[name] is Outcome.UNKNOWN))
    result = strictest([said, _possible(undecided)]) if undecided else said
    if matching and result is said:
        deciding = tuple(rule for rule in matching if rule.result is result)
        otherwise = tuple(rule for rule in matching if rule.result is not result)
        return GuidanceFinding(result, GuidanceBecause.RULE, deciding, otherwise, undecided, missing)
    if undecided:
        return GuidanceFinding(result, GuidanceBecause.FACT_MISSING, (), matching, undecided, missing)
    because = GuidanceBecause.NO_RULE_MATCHES if rules else GuidanceBecause.NO_RULES
    return GuidanceFinding(result, because)


def strictest(results: Iterable[GuidanceResult]) -> GuidanceResult:
    """The strictest of several results; silent where there are none. Silence is stricter than a permission."""
    return min(results, key=_rank, default=GuidanceResult.SILENT)


def combined(findings: Sequence[GuidanceFinding]) -> GuidanceFinding:
    """The finding about a case of several designations: the strictest of theirs, the first of equals.

    Without any, as no workplace land is taken, the guidance was not asked and is silent.
    """
    silent = GuidanceFinding(GuidanceResult.SILENT, GuidanceBecause.NOT_ASKED)
    return min(findings, key=lambda found: _rank(found.result), default=silent)


def _possible(undecided: Sequence[GuidanceRule]) -> GuidanceResult:
    """What might be excluded is looked at case by case: a missing fact neither clears a case nor decides it."""
    return max(strictest([rule.result for rule in undecided]), GuidanceResult.CASE_BY_CASE, key=_rank)


def _rank(result: GuidanceResult) -> int:
    return STRICTEST_FIRST.index(result)


def _ruled_out(found: Mapping[str, Outcome]) -> bool:
    return Outcome.NOT_MET in found.values()


def _judged(rule: GuidanceRule, question: GuidanceQuestion) -> dict[str, Outcome]:
    """What the question meets of each thing that the rule asks, by the name of the fact."""
    asks = rule.condition
    found = {
        "route": _among(question.route, rule.routes),
        "designation": _among(question.designation, rule.designations),
        "purpose": _among(question.purpose, asks.purposes),
        "cases": _among(question.cases, asks.cases),
        "planning": _among(question.planning, asks.planning),
        "district": _among(question.district, asks.districts),
        "zones": _meets(question.zones, [(rule.document, name) for name in asks.zones]),
        "affected_m2": _within(question.affected_m2, asks.min_affected_m2, asks.max_affected_m2),
        "housing_share": _within(question.housing_share, asks.min_housing_share, asks.max_housing_share),
        "private_marketable": _as_asked(question.private_marketable, asks.private_marketable),
    }
    return {name: outcome for name, outcome in found.items() if outcome is not None}


def _among(fact: str | None, wanted: Sequence[str]) -> Outcome | None:
    """None where nothing is asked."""
    if not wanted:
        return None
    if fact is None:
        return Outcome.UNKNOWN
    return Outcome.MET if fact in wanted else Outcome.NOT_MET


def _meets(fact: frozenset[AreaName] | None, wanted: Sequence[AreaName]) -> Outcome | None:
    if not wanted:
        return None
    if fact is None:
        return Outcome.UNKNOWN
    return Outcome.NOT_MET if fact.isdisjoint(wanted) else Outcome.MET


def _within(fact: Decimal | None, least: Decimal | None, most: Decimal | None) -> Outcome | None:
    if least is None and most is None:
        return None
    if fact is None:
        return Outcome.UNKNOWN
    inside = (least is None or fact >= least) and (most is None or fact <= most)
    return Outcome.MET if inside else Outcome.NOT_MET


def _as_asked(fact: Outcome, wanted: bool | None) -> Outcome | None:
    if wanted is None:
        return None
    if fact is Outcome.UNKNOWN:
        return Outcome.UNKNOWN
    return Outcome.MET if (fact is Outcome.MET) == wanted else Outcome.NOT_MET
