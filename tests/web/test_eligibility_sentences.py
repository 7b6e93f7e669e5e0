"""Every verdict on eligibility can be read aloud: each finding of the golden cases has a whole sentence."""

from __future__ import annotations

from datetime import date

import pytest

from app.web.language import LANGUAGES, translator
from rules.eligibility import Purpose, judge
from rules.law import LAW
from tests.rules.test_eligibility_rules import ROWS, land
from tests.rules.test_golden_rules import KNOWN_AT, Row


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "row", [row for row in ROWS if row["expect_verdict"] != "not_in_force"], ids=lambda row: row["case"]
)
def test_every_finding_is_a_sentence(row: Row, language: str) -> None:
    on = date.fromisoformat(row["on"])
    for found in judge(land(row), Purpose(row["purpose"]), on, LAW.on(on, KNOWN_AT)):
        said = translator(language).reason(found.reason)
        assert said.endswith(".")
        assert "{" not in said
