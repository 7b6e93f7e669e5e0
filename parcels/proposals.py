"""The best set of candidates for a loss: a mixed-integer program, solved by HiGHS, with its gap; or what stands in the way."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from rules.law import DatedLaw
from rules.proposals import PLEDGED, UNMEASURED, Option, options
from rules.replacements import Assessment, Candidate, Loss, assess

# Bounds of effort, in nodes, not in time: the same question has the same answer on every machine.
NODES, NODES_FOR_TIES = 1_000, 150
INFEASIBLE = 2  # as scipy.optimize.milp calls it
# The solver sees whole numbers: amounts in hundredths of a square metre, as they are stored, and costs in their steps.
HUNDREDTH_M2 = Decimal("0.01")
HALF = 0.5  # whole numbers differ by more than this or not at all
MAX_AREAS, OVERLAPS, FIRM_KINDS = "max_areas", "overlaps", "firm_kinds"
FITTING = 16  # candidates whose order one solve settles exactly


class LossNotMeasured(Exception):
    """Nothing can be proposed for a loss whose net area nobody recorded."""


class EffortSpent(Exception):
    """Within the bound of effort neither a set was found nor that there is none."""


@dataclass(frozen=True, slots=True)
class Relief:
    """What lifting one requirement would leave missing, in net m2; none is a solution."""

    requirement: str
    missing_m2: Decimal


@dataclass(frozen=True, slots=True)
class Proposal:
    """The set of keys, its free net m2 and their cost; none where no set does, with the hectares short and what would help.

    `optimal`: proved to be the cheapest; else it costs at most the share `gap` more than the cheapest. `tie_settled`: of sets that
    cost the same, it is the one of the fewest areas and the first keys. `missing_m2` is what the best set leaves open.
    """

    chosen: tuple[str, ...]
    covered_m2: Decimal
    surplus_m2: Decimal
    cost_m2: Decimal
    optimal: bool
    gap: Decimal
    tie_settled: bool
    missing_m2: Decimal
    reliefs: tuple[Relief, ...]
    assessment: Assessment | None


@dataclass(frozen=True, slots=True)
class _Row:
    """low <= sum of coefficients times chosen <= high."""

    terms: dict[int, float]
    low: float = -np.inf
    high: float = np.inf

    def kept(self, chosen: Container[int]) -> bool:
        total = sum(value for n, value in self.terms.items() if n in chosen)
        return self.low <= total <= self.high


@dataclass(frozen=True, slots=True)
class _Problem:
    """The options that may be chosen, and what every set of them must keep."""

    options: tuple[Option, ...]
    amounts: tuple[Decimal, ...]
    rows: tuple[_Row, ...] = ()
    nodes: int = NODES

    def also(self, *rows: _Row) -> "_Problem":
        return replace(self, rows=(*self.rows, *rows))

    def amount(self, chosen: Iterable[int]) -> Decimal:
        return sum((self.amounts[n] for n in chosen), Decimal(0))

    def cost(self, chosen: Iterable[int]) -> Decimal:
        return sum((self.options[n].cost_m2 for n in chosen), Decimal(0))


@dataclass(frozen=True, slots=True)
class _Solved:
    chosen: tuple[int, ...]
    proved: bool
    gap: float


def propose(loss: Loss, candidates: Sequence[Candidate], law: DatedLaw, max_areas: int | None = None) -> Proposal:
    """The cheapest set of at most `max_areas` candidates that covers the loss, each meeting what is essential, none overlapping.

    Every displaced kind of firm finds a place, or may. What remains unknown of a candidate makes it dearer, and the assessment of
    the set says so. Raises LossNotMeasured, EffortSpent, NotInForce.
    Source: Masterplan Industrie 2023, Handlungsfeld 1 Nr. 1 Abs. 1 Satz 2.
    """
    if loss.net_m2 is None:
        raise LossNotMeasured
    need = loss.net_m2 * law["replacements.extent_share"].amount
    every = options(loss, candidates, law)
    problem = _problem(loss, every, max_areas)
    best = _cheapest(problem, need)
    if best is None:
        return _short(loss, every, max_areas, need)
    try:
        chosen, settled = _first_of_the_cheapest(problem, need, best)
    except EffortSpent:
        chosen, settled = best.chosen, False
    taken = [problem.options[n] for n in chosen]
    covered = problem.amount(chosen)
    return Proposal(
        chosen=tuple(one.candidate.key for one in taken),
        covered_m2=covered,
        surplus_m2=covered - need,
        cost_m2=problem.cost(chosen),
        optimal=best.proved,
        gap=Decimal(0) if best.proved else Decimal(str(round(best.gap, 6))),
        tie_settled=settled,
        missing_m2=Decimal(0),
        reliefs=(),
        assessment=assess(loss, [one.candidate for one in taken], law),
    )


def _problem(loss: Loss, every: Iterable[Option], max_areas: int | None, lifted: str | None = None) -> _Problem:
    """What may be chosen and what must be kept, but for one requirement that is lifted."""
    usable = tuple(one for one in every if not one.fails - {lifted})
    rows: list[_Row] = []
    if max_areas is not None and lifted != MAX_AREAS:
        rows.append(_Row(dict.fromkeys(range(len(usable)), 1.0), high=max_areas))
    if lifted != OVERLAPS:
        place = {one.candidate.key: n for n, one in enumerate(usable)}
        pairs = {
            (min(n, place[key]), max(n, place[key]))
            for n, one in enumerate(usable)
            for key in one.candidate.overlaps
            if key in place and place[key] != n
        }
        rows += [_Row({a: 1.0, b: 1.0}, high=1) for a, b in sorted(pairs)]
    if lifted != FIRM_KINDS:
        for kind in sorted(set(loss.firm_kinds or ())):
            fits = [n for n, one in enumerate(usable) if (c := one.candidate.firm_kinds) is None or kind in c]
            rows.append(_Row(dict.fromkeys(fits, 1.0), low=1))
    amounts = tuple(one.net_m2 if lifted == PLEDGED else one.free_m2 for one in usable)
    return _Problem(usable, amounts, tuple(rows))


def _costs(problem: _Problem) -> list[float]:
    return [float(one.cost_steps) for one in problem.options]


def _amounts(problem: _Problem) -> list[float]:
    return [float(m2 / HUNDREDTH_M2) for m2 in problem.amounts]


def _cheapest(problem: _Problem, need: Decimal) -> _Solved | None:
    return _covering(problem, need, _costs(problem))


def _covering(problem: _Problem, need: Decimal, costs: Sequence[float]) -> _Solved | None:
    """The cheapest set that covers the need, to the hundredth; None if there is none.

    The solver works in floating point: a set that it takes for good and that is not, counted exactly, is ruled out by a row.
    """
    extent = _Row(dict(enumerate(_amounts(problem))), low=float(need / HUNDREDTH_M2) - HALF)
    asked = problem.also(extent) if need > 0 else problem
    while (solved := _solve(asked, costs)) is not None:
        chosen = set(solved.chosen)
        if problem.amount(chosen) >= need and all(row.kept(chosen) for row in problem.rows):
            return solved
        signs = {n: 1.0 if n in chosen else -1.0 for n in range(len(problem.options))}
        asked = asked.also(_Row(signs, high=len(chosen) - 1))
    return None


def _solve(problem: _Problem, costs: Sequence[float]) -> _Solved | None:
    """One run of HiGHS; None where no set keeps the rows. EffortSpent if it ended without an answer."""
    size = len(problem.options)
    if any(not row.terms and row.low > 0 for row in problem.rows):
        return None
    if not size:
        return _Solved((), True, 0.0)
    rows = [row for row in problem.rows if row.terms]
    limits: tuple[LinearConstraint, ...] = ()
    if rows:
        where = [(r, n) for r, row in enumerate(rows) for n in row.terms]
        data = [value for row in rows for value in row.terms.values()]
        matrix = csr_array((data, tuple(zip(*where, strict=True))), shape=(len(rows), size))
        limits = (LinearConstraint(matrix, [row.low for row in rows], [row.high for row in rows]),)
    result = milp(
        np.asarray(costs, dtype=float),
        integrality=np.ones(size),
        bounds=Bounds(0, 1),
        constraints=limits,
        options={"node_limit": problem.nodes, "mip_rel_gap": 0.0},
    )
    if result.status == INFEASIBLE:
        return None
    if result.x is None:
        raise EffortSpent
    chosen = tuple(n for n in range(size) if result.x[n] > 1 / 2)
    proved = result.status == 0 or result.fun - result.mip_dual_bound < HALF
    return _Solved(chosen, proved, float(result.mip_gap or 0.0))


def _first_of_the_cheapest(problem: _Problem, need: Decimal, best: _Solved) -> tuple[tuple[int, ...], bool]:
    """Of the sets that cost no more, the one of the fewest areas, then of the first keys; and whether that is proved."""
    if not best.proved:
        return best.chosen, False
    size = len(problem.options)
    steps = dict(enumerate(_costs(problem)))
    cap = _Row(steps, high=sum(steps[n] for n in best.chosen) + HALF)
    within = replace(problem, nodes=NODES_FOR_TIES).also(cap)
    fewest = _covering(within, need, [1.0] * size)
    if fewest is None or not fewest.proved:
        return best.chosen, False
    alike = within.also(_Row(dict.fromkeys(range(size), 1.0), high=len(fewest.chosen)))
    other = alike.also(_Row(dict.fromkeys(fewest.chosen, 1.0), high=len(fewest.chosen) - 1))
    again = _covering(other, need, [0.0] * size) if fewest.chosen else None
    return (fewest.chosen, True) if again is None else _first_keys(alike, need, fewest.chosen)


def _first_keys(problem: _Problem, need: Decimal, chosen: tuple[int, ...]) -> tuple[tuple[int, ...], bool]:
    """The set whose keys come first: settled for a few candidates at a time, as a number written in bits."""
    for start in range(0, len(problem.options), FITTING):
        few = range(start, min(start + FITTING, len(problem.options)))
        bits = {n: -float(1 << (few[-1] - n)) for n in few}
        found = _covering(problem, need, [bits.get(n, 0.0) for n in range(len(problem.options))])
        if found is None or not found.proved:
            return chosen, False
        chosen = found.chosen
        taken = set(chosen)
        problem = problem.also(*(_Row({n: 1.0}, float(n in taken), float(n in taken)) for n in few))
        if max(chosen, default=-1) <= few[-1]:
            break
    return chosen, True


def _short(loss: Loss, every: Sequence[Option], max_areas: int | None, need: Decimal) -> Proposal:
    """Why nothing covers the loss: what is missing at best, and at best with each requirement lifted in turn."""
    missing = _missing(_problem(loss, every, max_areas), need)
    names = {name for one in every for name in one.fails} - {UNMEASURED} | {MAX_AREAS, OVERLAPS, FIRM_KINDS, PLEDGED}
    tried = [Relief(name, _missing(_problem(loss, every, max_areas, name), need)) for name in sorted(names)]
    helps = sorted(
        (one for one in tried if one.missing_m2 < missing), key=lambda one: (one.missing_m2, one.requirement)
    )
    nothing = Decimal(0)
    return Proposal((), nothing, nothing, nothing, True, nothing, True, missing, tuple(helps), None)


def _missing(problem: _Problem, need: Decimal) -> Decimal:
    """The net m2 that the largest set leaves open; the whole need where no set keeps the rows."""
    solved = _covering(problem, Decimal(0), [-amount for amount in _amounts(problem)])
    covered = problem.amount(solved.chosen) if solved else Decimal(0)
    return max(need - covered, Decimal(0))
