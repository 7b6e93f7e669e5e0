"""Loading and picking dated values, tried on parameter files written for the test."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from rules.law import LAW, BrokenParametersError, Law, NotInForce, load

CITE = 'text = "Plan: so steht es"\nurl = "https://example.org"\npublished = {published}\nchecked = 2026-11-21\n'
AFTER = datetime(2026, 11, 21, tzinfo=UTC)


def entry(name: str, since: str, value: str, published: str | None = None) -> str:
    cite = CITE.format(published=published or since)
    return f"[[{name}]]\nfrom = {since}\nvalue = {value}\n[{name}.cite]\n{cite}"


def law_of(folder: Path, *entries: str, name: str = "trial.toml") -> Law:
    (folder / name).write_text("\n".join(entries), encoding="utf-8")
    return load(folder)


def test_half_open_on_the_seam(tmp_path: Path) -> None:
    law = law_of(tmp_path, entry("limit_ha", "2013-01-01", "100"), entry("limit_ha", "2023-01-01", "90.5"))
    last, first = law.on(date(2022, 12, 31), AFTER)["trial.limit_ha"], law.on(date(2023, 1, 1), AFTER)["trial.limit_ha"]
    assert (last.value, last.since, last.until) == (Decimal(100), date(2013, 1, 1), date(2023, 1, 1))
    assert (first.value, first.since, first.until) == (Decimal("90.5"), date(2023, 1, 1), None)


def test_not_in_force_names_itself_and_its_first_day(tmp_path: Path) -> None:
    law = law_of(tmp_path, entry("limit_ha", "2013-01-01", "100"))
    with pytest.raises(NotInForce) as caught:
        law.on(date(2012, 12, 31), AFTER)["trial.limit_ha"]
    error = caught.value
    assert (error.name, error.day, error.begins) == ("trial.limit_ha", date(2012, 12, 31), date(2013, 1, 1))
    assert str(error).startswith("trial.limit_ha is not in force on 2012-12-31")
    assert "begins on 2013-01-01" in str(error)


def test_unknown_name_is_a_key_error(tmp_path: Path) -> None:
    law = law_of(tmp_path, entry("limit_ha", "2013-01-01", "100"))
    with pytest.raises(KeyError):
        law.on(date(2020, 1, 1), AFTER)["trial.limit"]


def test_a_value_published_late_was_not_known_before(tmp_path: Path) -> None:
    law = law_of(
        tmp_path,
        entry("limit_ha", "2013-01-01", "100"),
        entry("limit_ha", "2024-01-01", "90", published="2025-03-01"),
    )
    on = date(2024, 6, 1)
    before = datetime(2025, 2, 28, 23, 59, tzinfo=timezone(timedelta(hours=1)))
    assert law.on(on, before)["trial.limit_ha"].value == Decimal(100)
    assert law.on(on, before)["trial.limit_ha"].until is None
    assert law.on(on, before + timedelta(minutes=1))["trial.limit_ha"].value == Decimal(90)
    assert law.seams(before) == [date(2013, 1, 1)]
    assert law.seams(AFTER) == [date(2013, 1, 1), date(2024, 1, 1)]


@pytest.mark.parametrize(
    ("known_at", "known"),
    [
        (datetime(2024, 6, 30, 21, 59, tzinfo=UTC), False),  # 23:59 in Berlin in summer
        (datetime(2024, 6, 30, 22, 0, tzinfo=UTC), True),
        (datetime(2024, 7, 1, 5, 0, tzinfo=timezone(timedelta(hours=9))), False),  # still the day before in Berlin
    ],
)
def test_the_date_in_berlin_decides_what_was_known(tmp_path: Path, known_at: datetime, known: bool) -> None:
    law = law_of(tmp_path, entry("limit_ha", "2013-01-01", "100", published="2024-07-01"))
    if known:
        assert law.begins(known_at) == date(2013, 1, 1)
        return
    with pytest.raises(NotInForce, match="Nothing had been published"):
        law.begins(known_at)
    with pytest.raises(NotInForce) as caught:
        law.on(date(2024, 7, 1), known_at)["trial.limit_ha"]
    assert caught.value.begins is None


def test_known_at_needs_a_time_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        LAW.on(date(2024, 1, 1), datetime(2024, 1, 1))  # noqa: DTZ001 - what is refused


def test_begins_when_the_last_parameter_does(tmp_path: Path) -> None:
    law = law_of(tmp_path, entry("early_ha", "2013-01-01", "1"), entry("late_ha", "2020-05-01", "1"))
    assert law.begins(AFTER) == date(2020, 5, 1)
    assert law.begins(AFTER, ["trial.early_ha"]) == date(2013, 1, 1)
    assert law.seams(AFTER, ["trial.late_ha"]) == [date(2020, 5, 1)]


def test_version_follows_the_content_alone(tmp_path: Path) -> None:
    first = law_of(tmp_path, entry("limit_ha", "2013-01-01", "100")).version
    assert (
        load(tmp_path).version
        == first
        == law_of(tmp_path, "# a remark", entry("limit_ha", "2013-01-01", "100")).version
    )
    assert law_of(tmp_path, entry("limit_ha", "2013-01-01", "101")).version != first
    assert law_of(tmp_path, entry("limit_ha", "2013-01-02", "100")).version != first
    assert first.startswith("1-")


VIEWS = ("codes", "flag", "count", "amount", "amounts")


@pytest.mark.parametrize(
    ("value", "view", "expected"),
    [
        ('["GE", "GI"]', "codes", ("GE", "GI")),
        ("true", "flag", True),
        ("12", "count", 12),
        ("0.25", "amount", Decimal("0.25")),
        ("[0.5, 1.0]", "amounts", (Decimal("0.5"), Decimal("1.0"))),
    ],
)
def test_a_value_is_read_as_what_it_is_and_as_nothing_else(
    tmp_path: Path, value: str, view: str, expected: object
) -> None:
    read = law_of(tmp_path, entry("it", "2013-01-01", value)).on(date(2020, 1, 1), AFTER)["trial.it"]
    assert getattr(read, view) == expected
    for other in set(VIEWS) - {view}:
        with pytest.raises(TypeError, match=r"trial\.it"):
            getattr(read, other)


@pytest.mark.parametrize("name", ["limit_ha", "limit_m2"])
def test_areas_are_exact_quantities_even_if_written_without_decimals(tmp_path: Path, name: str) -> None:
    value = law_of(tmp_path, entry(name, "2013-01-01", "100")).on(date(2020, 1, 1), AFTER)[f"trial.{name}"].value
    assert (value, type(value)) == (100, Decimal)


SOUND = entry("limit_ha", "2013-01-01", "100")
BROKEN = {
    "dates not ascending": (SOUND + entry("limit_ha", "2012-01-01", "90"), "does not come after"),
    "the same date twice": (SOUND + SOUND, "does not come after"),
    "no value": (SOUND.replace("value = 100\n", ""), "value missing"),
    "no citation": ("[[limit_ha]]\nfrom = 2013-01-01\nvalue = 1\n", "cite missing"),
    "citation not a table": ('[[limit_ha]]\nfrom = 2013-01-01\nvalue = 1\ncite = "x"\n', "no table"),
    "no source": (SOUND.replace('url = "https://example.org"\n', ""), "url missing"),
    "address of no web page": (SOUND.replace("https://example.org", "shelf 4"), "no web address"),
    "empty wording": (SOUND.replace("Plan: so steht es", " "), "cite.text is empty"),
    "wording without its source": (SOUND.replace("Plan: so steht es", "so steht es"), "source: wording"),
    "checked before published": (SOUND.replace("checked = 2026-11-21", "checked = 2012-01-01"), "before"),
    "published is no date": (
        SOUND.replace("published = 2013-01-01", 'published = "2013"'),
        "cite.published is no date",
    ),
    "from is an instant": (SOUND.replace("from = 2013-01-01", "from = 2013-01-01T00:00:00"), "from is no date"),
    "unknown key": (SOUND.replace("value = 100", "value = 100\nuntil = 2020-01-01"), "until not understood"),
    "another type later": (SOUND + entry("limit_ha", "2014-01-01", "true"), "another type"),
    "another element type later": (
        entry("limit_ha", "2013-01-01", '["GE"]') + entry("limit_ha", "2014-01-01", "[0.5]"),
        "another type",
    ),
    "mixed list": (entry("limit_ha", "2013-01-01", '["GE", 1]'), "codes only or quantities only"),
    "an empty list": (entry("limit_ha", "2013-01-01", "[]"), "holds something"),
    "a list of lists": (entry("limit_ha", "2013-01-01", '[["GE"]]'), "codes only or quantities only"),
    "a code twice": (entry("limit_ha", "2013-01-01", '["GE", "GE"]'), "each once"),
    "not a number": (entry("limit_ha", "2013-01-01", "nan"), "neither"),
    "a day as value": (entry("limit_ha", "2013-01-01", "2013-01-01"), "neither"),
    "a single table": ("[limit_ha]\nfrom = 2013-01-01\n", "array of tables"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_file_fails_with_file_and_parameter_named(tmp_path: Path, fault: str) -> None:
    content, words = BROKEN[fault]
    with pytest.raises(BrokenParametersError, match=r"trial\.toml: limit_ha: ") as caught:
        law_of(tmp_path, content)
    assert words in str(caught.value)


def test_what_is_no_toml_or_no_folder_of_parameters_fails(tmp_path: Path) -> None:
    with pytest.raises(BrokenParametersError, match="no parameters"):
        load(tmp_path)
    with pytest.raises(BrokenParametersError, match=r"trial\.toml"):
        law_of(tmp_path, "[[")
