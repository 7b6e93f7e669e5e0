"""The outcome table of the involvement: complete, monotone where it must be, and never clearing a case silently."""

from itertools import product

import pytest

from rules.conversions import GuidanceResult, Involvement, Level
from rules.facts import Outcome
from rules.involvement import decide, table

KNOWN = (Outcome.MET, Outcome.NOT_MET)
STRENGTH = list(Involvement)  # strongest first
THREE = list(product(Outcome, Outcome, GuidanceResult))
SITUATIONS = list(product(Level, Outcome, Outcome, GuidanceResult))


def weaker(one: Involvement, other: Involvement) -> bool:
    return STRENGTH.index(one) > STRENGTH.index(other)


def test_every_situation_has_exactly_one_involvement() -> None:
    assert set(table()) == set(SITUATIONS)
    assert set(table().values()) == set(Involvement)


@pytest.mark.parametrize("level", Level)
def test_a_silent_handreichung_is_always_checked(level: Level) -> None:
    found = {decide(level, land, near, GuidanceResult.SILENT) for land, near in product(Outcome, Outcome)}
    assert found == {Involvement.CHECK}


@pytest.mark.parametrize(("level", "land", "near", "guidance"), SITUATIONS)
def test_a_missing_fact_is_checked_unless_it_could_change_nothing(
    level: Level, land: Outcome, near: Outcome, guidance: GuidanceResult
) -> None:
    lands = KNOWN if land is Outcome.UNKNOWN else (land,)
    nears = KNOWN if near is Outcome.UNKNOWN else (near,)
    possible = {decide(level, one, other, guidance) for one, other in product(lands, nears)}
    found = decide(level, land, near, guidance)
    assert found is (possible.pop() if len(possible) == 1 else Involvement.CHECK)
    if Outcome.UNKNOWN in (land, near):
        assert found is not Involvement.NONE


@pytest.mark.parametrize(("level", "land", "near", "guidance"), SITUATIONS)
def test_none_only_where_no_workplace_land_is_concerned_and_every_fact_is_known(
    level: Level, land: Outcome, near: Outcome, guidance: GuidanceResult
) -> None:
    if decide(level, land, near, guidance) is Involvement.NONE:
        assert (land, near) == (Outcome.NOT_MET, Outcome.NOT_MET)
        assert guidance is not GuidanceResult.SILENT


@pytest.mark.parametrize(("land", "near", "guidance"), THREE)
def test_required_is_a_matter_of_the_duty_and_of_departing_from_the_handreichung(
    land: Outcome, near: Outcome, guidance: GuidanceResult
) -> None:
    required = {level for level in Level if decide(level, land, near, guidance) is Involvement.REQUIRED}
    concerned = Outcome.MET in (land, near) and guidance is GuidanceResult.EXCLUDED
    assert required == ({Level.DUTY} if concerned else set())


@pytest.mark.parametrize(("land", "near", "guidance"), THREE)
def test_a_higher_level_never_involves_less(land: Outcome, near: Outcome, guidance: GuidanceResult) -> None:
    duty, recommended, information = (decide(level, land, near, guidance) for level in Level)
    assert not weaker(duty, recommended)
    assert not weaker(recommended, information)


@pytest.mark.parametrize(("level", "guidance"), list(product(Level, GuidanceResult)))
def test_more_land_concerned_never_involves_less(level: Level, guidance: GuidanceResult) -> None:
    for other in KNOWN:
        assert not weaker(decide(level, Outcome.MET, other, guidance), decide(level, Outcome.NOT_MET, other, guidance))
        assert not weaker(decide(level, other, Outcome.MET, guidance), decide(level, other, Outcome.NOT_MET, guidance))


@pytest.mark.parametrize(
    ("level", "land", "near", "guidance", "expected"),
    [
        # reading A and B agree: used otherwise against the Handreichung
        (Level.DUTY, Outcome.MET, Outcome.NOT_MET, GuidanceResult.EXCLUDED, Involvement.REQUIRED),
        # reading A: impaired against the Handreichung
        (Level.DUTY, Outcome.NOT_MET, Outcome.MET, GuidanceResult.EXCLUDED, Involvement.REQUIRED),
        # reading B alone would require: impaired, whatever the Handreichung permits
        (Level.DUTY, Outcome.NOT_MET, Outcome.MET, GuidanceResult.PERMITTED, Involvement.CHECK),
        (Level.DUTY, Outcome.MET, Outcome.NOT_MET, GuidanceResult.PERMITTED, Involvement.INFORMATION),
        (Level.DUTY, Outcome.MET, Outcome.NOT_MET, GuidanceResult.CASE_BY_CASE, Involvement.CHECK),
        (Level.DUTY, Outcome.MET, Outcome.MET, GuidanceResult.SILENT, Involvement.CHECK),
        (Level.RECOMMENDED, Outcome.MET, Outcome.NOT_MET, GuidanceResult.CASE_BY_CASE, Involvement.RECOMMENDED),
        (Level.INFORMATION, Outcome.MET, Outcome.NOT_MET, GuidanceResult.PERMITTED, Involvement.INFORMATION),
        (Level.DUTY, Outcome.NOT_MET, Outcome.NOT_MET, GuidanceResult.PERMITTED, Involvement.NONE),
    ],
)
def test_what_the_masterplan_s_sentence_comes_to(
    level: Level, land: Outcome, near: Outcome, guidance: GuidanceResult, expected: Involvement
) -> None:
    assert decide(level, land, near, guidance) is expected
