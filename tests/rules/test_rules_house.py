"""House rules of rules/: no number of legal meaning in code, every rule names a source that the parameters know."""

import ast
import inspect
import sys
from importlib import import_module
from pathlib import Path

import pytest

import rules
from rules import criteria
from rules.law import LAW

MODULES = sorted(Path(rules.__file__).parent.rglob("*.py"))
TITLES = {value.cite.title for values in LAW.parameters.values() for value in values}


def numbers(source: str) -> set[object]:
    literals = (node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant))
    return {value for value in literals if isinstance(value, int | float | complex) and not isinstance(value, bool)}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_no_number_but_0_and_1_stands_in_a_rule(module: Path) -> None:
    assert numbers(module.read_text(encoding="utf-8")) <= {0, 1}


def test_the_guard_against_numbers_sees_one() -> None:
    assert numbers("HORIZON = 12\nrate = 0.5\nyes = True") == {12, 0.5}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_rules_import_the_standard_library_alone(module: Path) -> None:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names | {"rules"}


@pytest.mark.parametrize(("name", "entry"), criteria.CRITERIA.items(), ids=lambda value: str(value)[:40])
def test_a_criterion_names_the_source_that_its_answer_cites(name: str, entry: tuple[str, criteria.Judge]) -> None:
    parameter, judge = entry
    titles = {value.cite.title for value in LAW.parameters[parameter]}
    assert judge.__name__ == name
    assert any(f"Source: {title}" in (judge.__doc__ or "") for title in titles)


NO_PARAMETERS = {"__init__", "xplan"}  # the codes of XPlanung are tables with sources of their own
RULES = [import_module(f"rules.{path.stem}") for path in MODULES if path.stem not in NO_PARAMETERS]


@pytest.mark.parametrize("module", RULES, ids=lambda module: module.__name__)
def test_a_source_named_in_a_docstring_is_known_to_the_parameters(module: object) -> None:
    own = [
        f for _, f in inspect.getmembers(module, inspect.isfunction) if f.__module__ == getattr(module, "__name__", "")
    ]
    for function in own:
        if not function.__name__.startswith("_"):
            doc = function.__doc__ or ""
            assert doc, function.__name__
            source = doc.partition("Source: ")[-1]
            assert not source or source.startswith(tuple(TITLES)), f"{function.__name__}: {source}"
