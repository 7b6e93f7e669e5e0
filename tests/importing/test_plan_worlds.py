"""Random files of plans, one after the other: each day says what the last file that spoke for it said, and the ledger follows."""

from collections import defaultdict
from datetime import date, timedelta

import shapely
from gate_files import SOUTH, WEST
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from plan_rows import plan, take_plans
from registers import AT
from sqlalchemy import text

from parcels import ledger, register
from tests.little_worlds import AVAILABLE
from tests.shapes import ewkt

DAYS = ("2020-01-01", "2021-06-01", "2024-02-29", "2027-07-01")
PROBES = ("2013-01-01", *DAYS, "2030-01-01")
NAMES = ("Plan 1", "Plan 2")
LAYERS = {"zone": "plan", "pipeline_zone": "plan", "deduction": "substr(ref, 7)", "plan_mark": "plan"}
CODES = {"zone": "designation", "pipeline_zone": "designation", "deduction": "kind", "plan_mark": "kind"}


@st.composite
def files(draw):
    """One plan as one file says: name, stage, first and last day, areas on a grid of 50 m."""
    stage = draw(st.sampled_from(["draft", "adopted", "in_force", "in_force", "repealed"]))
    begins = draw(st.sampled_from([None, *DAYS[:-1]])) if stage in ("in_force", "repealed") else None
    later = [day for day in DAYS if begins is None or day > begins]
    ends = draw(st.sampled_from(later)) if stage == "repealed" else None
    area = st.tuples(
        st.sampled_from(
            [("designation", "GE"), ("designation", "MU"), ("designation", "GI"), ("deduction", "road"), ("ban", None)]
        ),
        st.integers(0, 3),
        st.integers(0, 3),
    )
    areas = [(*use, cell(column, row)) for use, column, row in draw(st.lists(area, max_size=4, unique=True))]
    return draw(st.sampled_from(NAMES)), stage, begins, ends, areas


def cell(column, row):
    west, south = WEST + 50 * column, SOUTH + 50 * row
    return shapely.box(west, south, west + 100, south + 100)


def spoken(model, name, stage, begins, day):
    """Whether a file speaks for a day of its plan."""
    if stage in ("in_force", "repealed"):
        return begins is None or day >= begins
    return all(model["plan", name, before] != "in_force" for before in PROBES if before <= day)


def said(table, stage, holds, areas):
    """What is recorded of a file in a layer on one of the days for which it speaks."""
    uses = {
        "zone": "designation" if holds else None,
        "deduction": "deduction" if holds else None,
        "pipeline_zone": "designation" if stage in ("draft", "adopted") else None,
        "plan_mark": None,  # a ban has days of its own
    }
    return {code for use, code, _ in areas if use == uses[table]}


@settings(
    max_examples=25,
    derandomize=True,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(sequence=st.lists(files(), min_size=2, max_size=6))
def test_each_day_says_what_the_last_file_that_spoke_for_it_said(session, sequence):
    model = defaultdict(lambda: None)
    with session.begin_nested() as world:
        ground = [cell(0, 0), cell(2, 1)]
        for layer, rows in {
            "parcels": [
                {"key": f"029901___{n:05d}______", "official_m2": 10_000, "geom": ewkt(g)} for n, g in enumerate(ground)
            ],
            "zones": [{"plan": "Alt", "designation": "GE", "regulates_use": True, "geom": ewkt(ground[0])}],
            "holdings": [{"parcel_key": "029901___00000______", **AVAILABLE}],
        }.items():
            register.edit(session, layer, rows, AT, "test", None)
        for hour, (name, stage, begins, ends, areas) in enumerate(sequence):
            file = plan(name, *areas, stage=stage, valid_from=begins, valid_to=ends)
            for _ in range(2):  # the second time it changes nothing
                done = take_plans(session, file, days=1 + hour, commit=False, confirm_closing=ending(session, file))
            assert done.change.recording is None
            assert ledger.verify(session, AT + timedelta(99)) == ledger.Difference([], [])
            for day in [day for day in PROBES if spoken(model, name, stage, begins, day)]:
                holds = stage in ("in_force", "repealed") and (ends is None or day < ends)
                model["plan", name, day] = "in_force" if holds else stage
                for table in LAYERS:
                    model[table, name, day] = said(table, stage, holds, areas)
            for day in PROBES if any(use == "ban" for use, *_ in areas) else ():
                model["plan_mark", name, day] = {"ban"}
            check(session, model)
        world.rollback()


def ending(session, file):
    """How much a file would end, which is confirmed beforehand."""
    with session.begin_nested() as tried:
        found = take_plans(session, file, commit=False, days=99, dry_run=True).ended.facts
        tried.rollback()
    return found


def check(session, model):
    for (table, name, day), expected in model.items():
        bound = {"name": name, "day": date.fromisoformat(day)}
        if table == "plan":
            statement = "SELECT stage FROM plan WHERE name = :name AND upper_inf(known) AND valid @> CAST(:day AS date)"
            assert session.scalars(text(statement), bound).all() == [expected], (name, day)
            continue
        statement = (
            f"SELECT DISTINCT {CODES[table]} FROM {table} WHERE {LAYERS[table]} = :name AND upper_inf(known) "
            "AND valid @> CAST(:day AS date)"
        )
        assert set(session.scalars(text(statement), bound)) == (expected or set()), (table, name, day)
