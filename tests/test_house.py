"""The house keeps its own rules: what may be said where, and that the papers name what is there."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from app.settings import Settings
from parcels import schema
from parcels.sql import steps

ROOT = Path(__file__).resolve().parents[1]
FLOORS = ("app", "parcels", "rules")
CLOCKS = {"now", "utcnow", "today", "time", "time_ns", "localtime", "gmtime", "now_utc"}
# These measure how long something takes, or wait; the day and the instant of an answer never come from them.
MEASURE_TIME = {"parcels/importing/sandbox.py", "parcels/importing/child.py", "parcels/importing/repair.py"}
PAPERS = ("README.md", "docs/operations.md")


def sources(*floors: str) -> list[Path]:
    return sorted(path for floor in floors for path in (ROOT / floor).rglob("*.py"))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def calls(path: Path) -> list[ast.Call]:
    return [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]


def called(call: ast.Call) -> tuple[str, str]:
    """(what it is called on, its name); the first is empty for a plain name."""
    if isinstance(call.func, ast.Attribute):
        return ast.unparse(call.func.value), call.func.attr
    return "", call.func.id if isinstance(call.func, ast.Name) else ""


def test_no_clock_below_the_edge():
    found = [
        f"{name(path)}:{call.lineno} {ast.unparse(call.func)}"
        for path in sources("parcels", "rules")
        if name(path) not in MEASURE_TIME
        for call in calls(path)
        if called(call)[1] in CLOCKS
        and called(call)[0].split(".")[-1] in ("", "datetime", "date", "time", "dt")
        and called(call) != ("", "time")  # a time of day, not the time
    ]
    assert found == []


def test_no_clock_in_statements():
    """The database has clocks as well."""
    clock = re.compile(
        r"\b(now\(\)|current_(date|time|timestamp)|(clock|statement|transaction)_timestamp\(\))", re.IGNORECASE
    )
    files = [*sources("parcels"), *(ROOT / "parcels").rglob("*.sql"), *(ROOT / "migrations").rglob("*.py")]
    assert [name(path) for path in files if clock.search(path.read_text("utf-8"))] == []


def test_transactions_are_the_edge_s():
    """Below app nothing opens or ends a transaction; savepoints aside."""
    found = [
        f"{name(path)}:{call.lineno}"
        for path in sources("parcels", "rules")
        for call in calls(path)
        if called(call)[1] in ("commit", "begin", "rollback") and "savepoint" not in called(call)[0]
    ]
    assert found == []


def public(path: Path) -> list[ast.AST]:
    """Public functions, classes and their public methods, as they stand in the file."""
    tree = ast.parse(path.read_text("utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    tops = [node for node in tree.body if isinstance(node, kinds) and not node.name.startswith("_")]
    within = [
        node
        for top in tops
        if isinstance(top, ast.ClassDef)
        for node in top.body
        if isinstance(node, kinds) and not node.name.startswith("_")
    ]
    return [*tops, *within]


@pytest.mark.parametrize("floor", FLOORS)
def test_what_is_public_says_what_it_is(floor):
    silent = [
        f"{name(path)}:{node.lineno} {node.name}"
        for path in sources(floor)
        for node in public(path)
        if not ast.get_docstring(node)
    ]
    assert silent == []


@pytest.mark.parametrize("floor", FLOORS)
def test_modules_say_what_they_are_and_stay_small(floor):
    silent = [
        name(path)
        for path in sources(floor)
        if path.read_text("utf-8").strip() and not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]
    assert silent == []
    long = {name(path): lines for path in sources(floor) if (lines := len(path.read_text("utf-8").splitlines())) > 400}
    assert long == {}


def test_every_setting_is_in_the_papers():
    papers = "".join((ROOT / paper).read_text("utf-8") for paper in PAPERS)
    missing = [
        f"LANDRESERVE_{field.upper()}"
        for field in Settings.model_fields
        if f"LANDRESERVE_{field.upper()}" not in papers
    ]
    assert missing == []


PATHS = re.compile(
    r"(?:\]\(|`)((?:app|parcels|rules|migrations|data|docs|tests|\.ci)/[\w./-]*|[\w-]+\.(?:md|toml|yaml|lock))(?:\)|`)"
)


@pytest.mark.parametrize("paper", ["README.md", "docs/operations.md", "docs/real-data.md", "DECISIONS.md"])
def test_every_path_in_the_papers_exists(paper):
    if not (ROOT / paper).exists():
        pytest.skip(f"{paper} is not written")
    found = set(PATHS.findall((ROOT / paper).read_text("utf-8")))
    here = {path for path in found if (ROOT / path).exists() or ((ROOT / paper).parent / path).exists()}
    assert found - here == set()


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [path for line in listed.stdout.split("\0") if line and (path := ROOT / line).is_file()]


# Spelled in two halves, so that this file does not name what it looks for.
NOT_OURS = [
    "/wo" + "rk/",
    "/ho" + "me/",
    "/ro" + "ot/.",
    "file" + "s.pythonhosted",
    "pypi" + ".org/simple",
    "arti" + "factory",
]


def test_no_file_names_a_machine_or_a_package_host():
    found = []
    for path in tracked():
        content = path.read_bytes()
        if b"\0" not in content[:8192]:
            found += [f"{name(path)}: {word}" for word in NOT_OURS if word.encode() in content]
    assert found == []


def test_nothing_generated_is_tracked():
    odd = [
        name(path)
        for path in tracked()
        if re.search(r"(__pycache__|\.(pyc|log|gpkg|db|sqlite|whl|egg-info)$)", name(path))
    ]
    assert odd == []


def test_every_table_is_among_those_that_a_backup_is_proved_by():
    """A module of tables that nobody imports would be left out of migrations' check and of backups' proof, unseen."""
    found = {path.stem for path in (ROOT / "parcels").glob("*.py") if "__tablename__" in path.read_text("utf-8")}
    assert found == {module.__name__.rpartition(".")[2] for module in schema.MODULES}


def test_no_temporary_table_hides_one_of_the_register():
    """A connection of the pool keeps its temporary tables, and whoever asks next would ask them."""
    made = {
        found
        for path in sources("app", "parcels")
        for found in re.findall(r"TEMP TABLE (?:IF NOT EXISTS )?(\w+)", path.read_text("utf-8"))
    }
    assert {"touched", "to_measure"} <= made
    assert (made | set(steps("measure")[0])) & set(schema.METADATA.tables) == set()
