"""Authorities by the names of a day; which days are golden cases of the parameters (golden/parameters.csv)."""

from datetime import UTC, date, datetime

import pytest

from rules.authorities import AuthorityRole, authority, parameter
from rules.law import LAW, NotInForce

KNOWN = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("role", "day", "short", "name"),
    [
        ("economy", date(2025, 4, 30), "BWI", "Behörde für Wirtschaft und Innovation"),
        ("economy", date(2025, 5, 1), "BWAI", "Behörde für Wirtschaft, Arbeit und Innovation"),
        ("urban_development", date(2026, 1, 1), "BSW", "Behörde für Stadtentwicklung und Wohnen"),
        ("land_developer", date(2026, 1, 1), "HIE", "Hamburg Invest Entwicklungsgesellschaft mbH & Co. KG"),
        ("industry_coordinator", date(2026, 1, 1), "Industriekoordinator", "Industriekoordinator"),
    ],
)
def test_an_authority_is_called_as_on_the_day(role: str, day: date, short: str, name: str) -> None:
    found = authority(AuthorityRole(role), LAW.on(day, KNOWN))
    assert (found.short, found.name) == (short, name)
    assert found.cite.text


def test_every_role_has_its_names_and_no_name_is_without_a_role() -> None:
    recorded = {name for name in LAW.parameters if name.startswith("authorities.")}
    assert recorded == {parameter(role) for role in AuthorityRole}


def test_before_its_first_name_an_authority_is_not_in_force() -> None:
    with pytest.raises(NotInForce):
        authority(AuthorityRole.LAND_DEVELOPER, LAW.on(date(2017, 10, 1), KNOWN))
