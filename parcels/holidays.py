"""Hamburg's public holidays (Feiertagsgesetz), from the library `holidays`, a year at a time."""

from datetime import date
from functools import cache

from holidays.countries.germany import Germany


@cache
def of_year(year: int) -> frozenset[date]:
    """The public holidays of a year in Hamburg; 31 October since 2018 and once in 2017. None are known before 1991."""
    return frozenset(Germany(subdiv="HH", years=year, expand=False))


def is_holiday(day: date) -> bool:
    """Whether a day is a public holiday in Hamburg (§ 31 Abs. 3 VwVfG speaks of "gesetzlicher Feiertag")."""
    return day in of_year(day.year)
