"""CSV is safe to open: no text becomes a formula, no number is touched."""

import csv
import io
from decimal import Decimal

import pytest

from app.csvfile import lines, safe

FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "＝1",
    "＋1",
    "－1",
    "＠A",
    "  =1",
    '=HYPERLINK("http://x")',
    "=cmd|' /C calc'!A1",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_gets_an_apostrophe_and_is_otherwise_kept(text: str) -> None:
    assert safe(text) == f"'{text}"
    (_, (cell,)) = list(csv.reader(io.StringIO("".join(lines(["a"], [[[text]]])), newline="")))
    assert cell == f"'{text}"


@pytest.mark.parametrize(
    "text", ["Müllerstraße ß", "a=b", "1-2", "<img src=x onerror=alert(1)>", 'say "x", y', "a;b", ""]
)
def test_other_texts_stay_as_they_are(text: str) -> None:
    (_, (cell,)) = list(csv.reader(io.StringIO("".join(lines(["a"], [[[text, ""][:1]]])), newline=""))) or [["a"], [""]]
    assert cell == text


def test_numbers_flags_lists_and_nothing() -> None:
    row = [Decimal("-12.50"), -3, True, False, None, ["Plan 1", "=Plan"]]
    assert [safe(cell) for cell in row] == ["-12.50", "-3", "yes", "no", "", "Plan 1|=Plan"]
    assert safe(["=Plan"]) == "'=Plan"
    assert safe(Decimal("-12.50"), comma=True) == "-12,50"


def test_an_empty_file_has_its_header() -> None:
    assert "".join(lines(["a", "b"], [])) == "a,b\r\n"
    assert "".join(lines(["a", "b"], [], excel=True)) == "\ufeffa;b\r\n"
