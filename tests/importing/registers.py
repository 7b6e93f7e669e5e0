"""Files taken into a register: for the tests of what an import does there."""

from datetime import UTC, date, datetime, timedelta

from gate_files import features, parcel_key, square, table
from sqlalchemy import text

from parcels import queries, register
from parcels.importing.store import LoadOptions, load
from tests import little_worlds

AT = datetime(2026, 1, 15, 11, tzinfo=UTC)
DAY = date(2026, 6, 1)
FACTS = (
    "district",
    "parcel",
    "zone",
    "port_area",
    "deduction",
    "holding",
    "ledger",
    "lineage",
    "recording",
    "zone_piece",
    "deduction_piece",
    "plan",
    "pipeline_zone",
    "plan_mark",
    "sensitive_use",
    "site_of_concern",
    "overlay",
    "overlay_piece",
)
# as a German table spells it
AVAILABLE = {name: {True: "ja", False: "nein"}.get(value, value) for name, value in little_worlds.AVAILABLE.items()}
AVAILABLE["construction_possible_from"] = "01.01.2013"


def take(session, layer, path, at=AT, **options):
    """Import a file and commit; its report."""
    report = load(session, layer, path, LoadOptions(**options), at, "test")
    session.commit()
    return report


def edit(session, layer, rows, at=AT):
    """Record rows by hand."""
    return register.edit(session, layer, rows, at, "test", None)


def fingerprint(session):
    """All that the register says, to the last column."""
    digest = "SELECT count(*), md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {} t"
    return [tuple(session.execute(text(digest.format(name))).one()) for name in (*FACTS, "register")]


def parcels(path, numbers, **cells):
    """A file of parcels of 1 ha."""
    rows = [{"key": parcel_key(n), "official_m2": 10_000, "district": "Nord", **cells} for n in numbers]
    return features(path, [square(n) for n in numbers], rows)


def zones(path, numbers, **cells):
    """A file of plans, each a zone over one parcel."""
    rows = [{"plan": f"Plan {n}", "designation": "GE", **cells} for n in numbers]
    return features(path, [square(n) for n in numbers], rows)


def holdings(path, *rows):
    """A table of holdings that would count, unless a row says otherwise."""
    names = list(dict.fromkeys(["key", *AVAILABLE, *[name for row in rows for name in row]]))
    filled = [{**AVAILABLE, **row} for row in rows]
    return table(path, [names, *[[row.get(name, "") for name in names] for row in filled]])


def net(session, known_at=AT + timedelta(days=300)):
    """The reserve's net m2 on a day in 2026."""
    return queries.reserve(session, DAY, known_at)[0].net_m2


def errors(report):
    """The findings that reject a row."""
    return [issue for issue in report.issues if issue.severity == "error"]
