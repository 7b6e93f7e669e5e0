"""Hamburg's public holidays (Feiertagsgesetz), from the library `holidays`, a year at a time."""

from datetime import date
from functools import cache

from holidays.countries.germany import Germany


@cache
def of_year(year: int) -> frozenset[date]:
    """The public holidays of a year in Hamburg; 31 October since 2018 and once in 2017. Empty where none are known."""
    return frozenset(Germany(subdiv="HH", years=year, expand=False))


def is_holiday(day: date) -> bool | None:
    """Whether a day is a public holiday in Hamburg; None in years of which the library knows nothing (before 1991, after 2100).

    Source: § 31 Abs. 3 VwVfG ("gesetzlicher Feiertag").
    """
    holidays = of_year(day.year)
    return day in holidays if holidays else None
