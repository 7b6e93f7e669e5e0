"""`landreserve check`: verdicts, sentences in two languages, exit codes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.app.conftest import Town
from tests.app.test_cli import Landreserve, Said, on_database
from tests.conftest import key

__all__ = ["on_database"]


@pytest.fixture
def check(
    town: Town, on_database: Callable[[Town], Landreserve], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Said]:
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
    command = on_database(town)

    def run(*arguments: str) -> Said:
        return command("check", *arguments)

    return run


def test_a_parcel_with_its_criteria_and_sources(check: Callable[..., Said]) -> None:
    said = check(key(6), "--on", "2026-06-01")
    assert said.code == 0
    assert f"{key(6)}: Zählt es zur Reserve?" in said.out
    assert "not_eligible (nein)" in said.out
    assert "Die Fläche ist vergeben: verkauft." in said.out
    assert "2026-05-01" in said.out
    assert "Masterplan Industrie 2023, Handlungsfeld 1 Nr. 1" in said.out


def test_the_language_is_the_one_asked_for_the_terminal_s_or_german(
    check: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "The land is disposed of: sold." in check(key(6), "--on", "2026-06-01", "--lang", "en").out
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    assert "The land is disposed of: sold." in check(key(6), "--on", "2026-06-01").out
    assert check(key(6), "--lang", "fr").code == 2


def test_json_is_the_api_s_answer(check: Callable[..., Said]) -> None:
    said = check(key(2), "--purpose", "award", "--on", "2026-06-01", "--json").json
    assert (said["verdict"], said["eligible_from"], len(said["checklist"])) == ("conditional", "2026-09-01", 4)
    both = check(key(2), key(1), "--json", "--on", "2026-06-01").json
    assert [one["key"] for one in both["parcels"]] == [key(1), key(2)]


def test_exit_codes(check: Callable[..., Said]) -> None:
    some = check(key(1), key(99))
    assert (some.code, f"The register has no parcel {key(99)}." in some.err) == (1, True)
    assert key(1) in some.out
    for refused in ((key(99),), (key(98), key(99)), ("0299",), (key(1), "--purpose", "gift"), ()):
        assert check(*refused).code == 2, refused
    before = check(key(1), "--purpose", "protection", "--on", "2022-12-31")
    assert (before.code, "It begins on 2023-01-01" in before.err) == (2, True)


@pytest.mark.parametrize("module", ["app.cli", "app.main", "app.eligibility_answers", "app.speaking", "app.web"])
def test_modules_can_be_imported_first(module: str) -> None:
    """Answers speak through the pages' catalogue, and pages show answers: whichever comes first, it works."""
    subprocess.run([sys.executable, "-c", f"import {module}"], check=True, timeout=120)


def test_the_checklist_of_an_award_is_read_out(check: Callable[..., Said]) -> None:
    said = check(key(1), "--purpose", "award", "--on", "2026-06-01")
    assert "eligible (ja)" in said.out
    assert "- Wirtschaftskraft: von einem Menschen" in said.out
