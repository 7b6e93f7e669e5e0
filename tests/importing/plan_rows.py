"""What the gate says of plans, row by row, taken into a register: for the tests of what an import of plans does there."""

from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import shapely
from gate_files import square
from registers import AT
from sqlalchemy import text

from parcels.importing import store
from parcels.importing.checks import copy_text
from parcels.importing.store import LoadOptions

COLUMNS = (
    *(
        "row",
        "plan",
        "number",
        "kind",
        "stage",
        "valid_from",
        "valid_to",
        "changes",
        "bau_nvo",
        "xplan_version",
        "gml_id",
    ),
    *("feature", "use", "code", "restrictions", "regulates_use", "member", "geom"),
)
IN_FORCE = {"stage": "in_force", "valid_from": "2015-03-01"}
SHA = "0" * 64


class Stream:
    """A reading of rows that passed the gate."""

    columns = COLUMNS
    layers_of_defence = ("none",)
    file = Path("kept already")

    def __init__(self, rows, sha256, rejected=()):
        self.rows, self.sha256, self.issues = rows, sha256, list(rejected)
        self.rows_read, self.rows_rejected = len(rows) + len(self.issues), len(self.issues)

    def chunks(self):
        defaults = {"regulates_use": "true", "xplan_version": "5.4"}
        rows = [{"gml_id": f"GML_{number}", **defaults, **row} for number, row in enumerate(self.rows, 1)]
        cells = [[None if (cell := row.get(name)) is None else str(cell) for row in rows] for name in COLUMNS[1:]]
        yield copy_text([row.get("row", number) for number, row in enumerate(rows, 1)], cells[:-1], cells[-1])

    def rest(self):
        return []

    def placed(self, issues):
        return list(issues)


def ewkb(shape):
    many = shape if shape.geom_type == "MultiPolygon" else shapely.MultiPolygon([shape])
    return shapely.to_wkb(shapely.set_srid(many, 25832), include_srid=True, hex=True)


def plan(name, *areas, outline=None, **said):
    """A plan and its areas (use, code, shape or a number of a square); the outline is around them all. Bans are for ever."""
    shaped = [(use, code, square(shape) if isinstance(shape, int) else shape) for use, code, shape in areas]
    around = outline or shapely.union_all([shape for *_, shape in shaped])
    facts = {"plan": name, "kind": "bebauungsplan", **IN_FORCE, **said}
    if around.is_empty:
        around = square(0)
    own = {"ban": {"valid_from": None, "valid_to": None}}
    rows = [{**facts, **own.get(use, {}), "use": use, "code": code, "geom": ewkb(shape)} for use, code, shape in shaped]
    return [{**facts, "use": "outline", "feature": "BP_Plan", "geom": ewkb(around)}, *rows]


def take_plans(session, *plans, days=0, name="plan.gml", sha256=SHA, rejected=(), commit=True, **options):
    """Import the rows of plans, as if they had come from a file, and commit; its report."""
    rows = [row for one in plans for row in one]

    @contextmanager
    def read(source, layer, asked, on_progress):
        yield Stream(rows, sha256, rejected)

    kept = "INSERT INTO plan_file (sha256, number, content) VALUES (:sha256, 0, 'x') ON CONFLICT DO NOTHING"
    session.execute(text(kept), {"sha256": sha256})
    before, store.read = store.read, read
    try:
        report = store.load(session, "plans", Path(name), LoadOptions(**options), AT + timedelta(days), "test")
    finally:
        store.read = before
    if commit:
        session.commit()
    return report


def standing(session, table):
    """What is known now of a table: unit or plan, what it says, first and last day, in the order of these."""
    said = {
        "plan": "name, stage",
        "zone": "plan, designation",
        "pipeline_zone": "plan, designation",
        "deduction": "ref, kind",
        "plan_mark": "plan, kind",
    }[table]
    rows = session.execute(
        text(
            f"SELECT {said}, lower(valid)::text, upper(valid)::text FROM {table} WHERE upper_inf(known) "
            f"ORDER BY 1, lower(valid) NULLS FIRST, 2"
        )
    )
    return [tuple(row) for row in rows]


def kinds(report):
    """Kind and severity of all findings."""
    return [(issue.kind, issue.severity) for issue in report.issues]
