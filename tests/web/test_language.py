"""The catalogue: every code and every sentence in both languages, with the same gaps; numbers and days as people write them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import get_args

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import app.web
from app.conversion_due import Late
from app.conversions import Unassessed
from app.replacement_problems import Refused
from app.routes.plans import Stage
from app.schemas.decisions import Decision
from app.web.language import CATALOGUES, LANGUAGES, chosen, translator
from app.web.replacement_pictures import Standing
from parcels.dissolutions import Cause
from parcels.importing.contract import Severity
from parcels.proposals import MAX_AREAS, OVERLAPS
from parcels.published import CONFIDENCES, figures
from parcels.restating import Why
from parcels.runs import State as RunState
from parcels.simulation import Effect as SimulationEffect
from parcels.subscriptions import Channel, DisabledReason
from parcels.tokens import ROLES
from rules import conversion_facts, deadlines
from rules.authorities import AuthorityRole
from rules.conversion_law import versions
from rules.conversion_steps import CaseState, StepKind, StepRefusal
from rules.criteria import CRITERIA, Because, Reason
from rules.eligibility import PURPOSES, RECORDED, Effect, Purpose, Verdict
from rules.facts import Holding, Outcome, Part, State
from rules.guidance import GuidanceBecause, GuidanceQuestion
from rules.law import LAW
from rules.neighbours import Kind as NeighbourKind
from rules.neighbours import Near, Nearby, screen
from rules.outlook import Assumption, Crossing, Reaching, Scenario
from rules.outlook_sites import Aside
from rules.pipeline import MilestoneKind, Security, path, security
from rules.proposals import PLEDGED, UNMEASURED
from rules.replacement_reasons import Match, Progress
from rules.replacements import NAMES, assess
from rules.replacements import Verdict as ReplacementVerdict
from rules.suitability import Ground
from tests.rules.test_pipeline import PATHS, milestones
from tests.rules.test_replacements import BETTER, LOSS, OFFERED
from tests.rules.test_replacements import ROWS as REPLACEMENTS
from tests.rules.test_replacements import changed as changed_land

WEB = Path(app.web.__file__).parent
KNOWN_AT = datetime(2026, 11, 22, tzinfo=UTC)
TODAY = LAW.on(date(2026, 11, 22), KNOWN_AT)
CODES = {
    "because": [*Because, *Near, *Ground, *Match, *Progress],
    "criterion": [
        *CRITERIA,
        *RECORDED,
        *{name for criteria in PURPOSES.values() for name in criteria},
        *("noise", "hazard", "distance_class"),
    ],
    "neighbour": list(NeighbourKind),
    "sensitive": TODAY["surroundings.sensitive_kinds"].codes,
    "overlay": TODAY["surroundings.overlay_kinds"].codes,
    "verdict": list(Verdict),
    "outcome": list(Outcome),
    "effect": list(Effect),
    "simulation_effect": list(SimulationEffect),
    "award_criterion": TODAY["eligibility.award_checklist"].codes,
    "state": list(State),
    "kind": ["entered", "left", "changed"],
    "change": ["designation", "disposition", "holder", "net_m2", "recorded", "no_longer_workplace_land", "reserved"],
    "disposition": TODAY["dispositions.known"].codes,
    "scope": {figure.scope for figure in figures()},
    "confidence": list(CONFIDENCES),
    "import": list(get_args(RunState)),
    "severity": list(get_args(Severity)),
    "ground": list(conversion_facts.Ground),
    "condition": list(conversion_facts.Requirement),
    "route": list(conversion_facts.Route),
    "planning": list(conversion_facts.Planning),
    "purpose": [*conversion_facts.Purpose, *Purpose],
    "cases": list(conversion_facts.Cases),
    "involvement": list(conversion_facts.Involvement),
    "guidance_result": list(conversion_facts.GuidanceResult),
    "environment": list(conversion_facts.EnvironmentScreening),
    "consent": list(conversion_facts.Consent),
    "clock": [*deadlines.State, "missed_unless_moved"],
    "refusal": list(conversion_facts.Refusal),
    "remedy": list(conversion_facts.Refusal),
    "law_version": list(versions()),
    "guidance": [*GuidanceBecause, "also_missing", "otherwise", "demonstration"],
    "guidance_fact": [*(field.name for field in fields(GuidanceQuestion))],
    "authority": list(AuthorityRole),
    "step": list(StepKind),
    "case_state": list(CaseState),
    "step_refusal": list(StepRefusal),
    "unassessed": list(Unassessed),
    "step_remedy": list(StepRefusal),
    "late": list(Late),
    "moment": ["received", "warning", "bwi", "consent", "moved", "today"],
    "condition_found": list(Outcome),
    "impairment": list(Outcome),
    "yes_no": list(Outcome),
    "level": list(conversion_facts.Involvement),
    "step_role": list(ROLES),
    "scenario": list(Scenario),
    "crossing": list(Crossing),
    "reaching": list(Reaching),
    "assumption": [*Assumption, "not_recorded", "line_only", "newest_plan", "whole_parcels"],
    "stage": list(get_args(Stage)),
    "replacement": [*NAMES, *(MAX_AREAS, OVERLAPS, PLEDGED, UNMEASURED)],
    "replacement_verdict": list(ReplacementVerdict),
    "replacement_refusal": list(Refused),
    "replacement_remedy": list(Refused),
    "replacement_warning": [
        *("loss_unknown", "loss_unclear", "pledges_still_held", "net_unknown", "nothing_new", "newness_unclear"),
        *("designations_mixed", "shares_land", "only_partly_new", "more_than_lost"),
    ],
    "replacement_to_do": [Outcome.NOT_MET, Outcome.UNKNOWN],
    "restating": list(Why),
    "proposal": ["optimal", "within_gap", "infeasible", "relief_enough", "relief_short"],
    "receiver": ["disabled", "failing"],
    "receiver_disabled": list(get_args(DisabledReason)),
    "receiver_helps": [*get_args(DisabledReason), "failing_yet", "ours"],
    "channel": list(get_args(Channel)),
    "delivery": ["given_up", "cancelled"],
    "rank": {"unknown", *(row.split()[0] for row in TODAY["replacements.rank"].codes)},
    "plan_stage": TODAY["replacements.stages"].codes,
    "milestone": list(MilestoneKind),
    "security": list(Security),
    "aside": list(Aside),
    "firm_kind": TODAY["replacements.firm_kinds"].codes,
    "bar": [*Security, "missing", "free", "shadowed"],
    "step_standing": list(Standing),
    "counted": list(Outcome),
    "cause": list(Cause),
    "decision": list(get_args(Decision)),
    "fact": ["in_use_as_commercial", "restricted", "emission_limited"],
}


def catalogue(language: str) -> Catalog:
    with (CATALOGUES / language / "LC_MESSAGES" / "messages.po").open("rb") as lines:
        return read_po(lines, locale=language, abort_invalid=True)


def gaps(sentence: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", sentence))


def used() -> set[str | tuple[str, ...]]:
    """Every sentence that templates and modules ask the catalogue for."""
    methods = [("**.html", "jinja2.ext.babel_extract"), ("**.py", "python")]
    keywords = {"_": None, "text": None, "ngettext": (1, 2), "count": (1, 2)}
    found = {row[2] for row in extract_from_dir(WEB, methods, keywords=keywords)}  # type: ignore[arg-type]
    faults = extract_from_dir(WEB, methods[1:], keywords={"Misasked": (2, 3)})  # type: ignore[dict-item]
    return found | {message for row in faults for message in row[2]}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", CODES)
def test_every_code_has_a_sentence(language: str, kind: str) -> None:
    sentences = catalogue(language)
    missing = [code for code in CODES[kind] if not (m := sentences.get(str(code), kind)) or not m.string]
    assert missing == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_stands_twice(language: str) -> None:
    """Of two under one code the reader takes one, and whoever meant the other has none."""
    lines = (CATALOGUES / language / "LC_MESSAGES" / "messages.po").read_text("utf-8")
    asked = re.findall(r'(?:^msgctxt "(.*)"\n)?^msgid "(.+)"$', lines, re.MULTILINE)
    assert len(asked) > 400
    assert [one for one in asked if asked.count(one) > 1] == []


def test_every_sentence_of_the_pages_is_in_german_with_the_same_gaps() -> None:
    german, asked = catalogue("de"), used()
    assert len(asked) > 100
    for message in asked:
        found = german.get(message[0] if isinstance(message, tuple) else message)
        assert found is not None, f"no German for {message!r}"
        strings = found.string if isinstance(found.string, tuple) else (found.string,)
        ids = message if isinstance(message, tuple) else (message,)
        for english, string in zip(ids, strings, strict=True):
            assert string
            assert gaps(string) == gaps(english), english


def test_no_sentence_is_left_over() -> None:
    said = {
        message.id if isinstance(message.id, str) else tuple(message.id)
        for message in catalogue("de")
        if message.id and not message.context
    }
    assert said - used() == set()


def test_codes_have_the_same_gaps_in_both_languages() -> None:
    german, english = catalogue("de"), catalogue("en")
    pairs = [(message, english.get(message.id, message.context)) for message in german if message.context]
    assert len(pairs) > 80
    for one, other in pairs:
        assert other is not None
        assert gaps(str(one.string)) == gaps(str(other.string)), one.id


def reasons() -> Iterator[Reason]:
    """What the rules give as reasons for parts of all sorts."""
    holdings = [
        Holding(holder, disposition, None, flag, flag, flag, flag, day)
        for holder, disposition, flag, day in product(
            (None, "HIE", "private", "nobody"),
            (None, "free", "sold", "nothing"),
            (None, True, False),
            (None, date(2020, 1, 1), date(2040, 1, 31)),
        )
    ]
    for designation, port, net_m2 in product((None, "GE", "WA", "??"), (True, False), (None, Decimal(0), Decimal(5))):
        for holding in (None, *holdings):
            part = Part(designation, None, port, net_m2, holding)
            yield from (judge(part, TODAY.day, TODAY).reason for _, judge in CRITERIA.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_rules_say_can_be_said_in_words(language: str) -> None:
    speak = translator(language)
    sentences = {reason: speak.reason(reason) for reason in set(reasons())}
    said = {reason.code for reason in sentences}
    assert said == set(Because) - {Because.TOO_SMALL}  # no minimum size is in force
    for sentence in sentences.values():
        assert sentence.endswith(".")
        assert "{" not in sentence
        assert "None" not in sentence


def neighbours() -> Iterator[Reason]:
    """What the screening gives as reasons for neighbours of all sorts."""
    land = [
        Nearby(kind, name, Decimal(metres), designation, stock)
        for kind, name, metres, designation, stock in product(
            set(NeighbourKind) - {NeighbourKind.PLANT},
            (None, "Billbrook 1"),
            ("12.50", "100.00"),
            (None, "GE", "G", "SO"),
            Outcome,
        )
    ]
    plants = [
        Nearby(NeighbourKind.PLANT, "Werk", Decimal(metres), kas18_class=kas18, distance_class=of, on_site=on_site)
        for metres, kas18, of, on_site in product(
            ("12.50", "1500.00"), (None, "none", "II"), (None, "none", "V"), (True, False)
        )
    ]
    for purpose, facts in product(("housing", "office", "other"), [*land, *plants]):
        found = screen([facts], purpose, TODAY, False, False, 1)
        yield from (finding.reason for one in found.neighbours for finding in one.findings)
        yield from found.reasons


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_screening_says_can_be_said_in_words(language: str) -> None:
    speak = translator(language)
    sentences = {reason: speak.reason(reason) for reason in set(neighbours())}
    assert {reason.code for reason in sentences} == set(Near)
    for sentence in sentences.values():
        assert sentence.endswith(".")
        assert not re.search(r"[{}]|None|m²|Klasse –|class –", sentence), sentence


def replacements() -> Iterator[Reason]:
    """What the comparison gives as reasons: those of its golden cases, and of each fact left out on either side."""
    pairs = [(replace(LOSS, **changed_land(row["loss"])), changed_land(row["candidate"])) for row in REPLACEMENTS]  # type: ignore[arg-type]
    pairs += [(LOSS, {name: value}) for name, values in BETTER.items() for value in values]
    pairs += [(LOSS, {"net_m2": None}), (LOSS, {"designation": "G"})]
    for loss, facts in pairs:
        one = replace(OFFERED, **facts)  # type: ignore[arg-type]
        again = replace(OFFERED, key="Wilhelmsburg 7", overlaps=frozenset("A"))
        for found in (assess(loss, some, TODAY) for some in ([], [one], [one, again])):
            yield from (criterion.reason for criterion in found.criteria)
            yield from (reason for counted in found.coverage.candidates for reason in counted.reasons)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_comparison_says_can_be_said_in_words(language: str) -> None:
    speak = translator(language)
    sentences = {reason: speak.reason(reason) for reason in set(replacements())}
    assert {reason.code for reason in sentences} == set(Match)
    for sentence in sentences.values():
        assert sentence.endswith(".")
        assert not re.search(r"[{}]|None|True|False|_", sentence), sentence


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_milestones_say_of_a_pledge_can_be_said_in_words(language: str) -> None:
    speak = translator(language)
    ways = [path(milestones(row["milestones"]), TODAY.day, TODAY) for row in PATHS]
    ways += [
        path(milestones(f"{kind}:{planned}:"), TODAY.day, TODAY)
        for kind in MilestoneKind
        for planned in ("", "2026-01-31")
    ]
    sentences = {reason: speak.reason(reason) for way in ways for reason in security(LOSS.lost_on, way, TODAY).reasons}
    assert set(Progress) <= {reason.code for reason in sentences}
    for sentence in sentences.values():
        assert sentence.endswith(".")
        assert not re.search(r"[{}]|None|True|False|_", sentence), sentence


def test_values_in_sentences_are_written_in_the_language() -> None:
    params = (("possible_from", date(2028, 2, 1)), ("counts_from", date(2027, 2, 1)), ("months", 12))
    late = Reason(Because.CONSTRUCTION_TOO_LATE, params)
    small = Reason(Because.TOO_SMALL, (("net_m2", Decimal("1234.50")), ("minimum_m2", Decimal(5000))))
    german, english = translator("de"), translator("en")
    assert german.reason(late) == (
        "Gebaut werden kann erst ab 1. Februar 2028; innerhalb von 12 Monaten liegt das ab 1. Februar 2027."
    )
    assert "1 February 2028" in english.reason(late)
    assert german.reason(small) == "1.234,5 m² netto reichen nicht; mindestens 5.000 m² sind nötig."
    assert english.reason(small) == "1,234.5 m² net are not enough; at least 5,000 m² are required."
    near = Reason(Near.NEIGHBOUR_WITHOUT_PLAN, (("distance_m", Decimal("12.50")), ("limit_m", Decimal(1500))))
    assert "12,5 m Entfernung" in german.reason(near)
    assert english.reason(near).endswith("up to 1,500 m is looked at.")
    sold = Reason(Because.DISPOSED, (("disposition", "sold"),))
    assert (german.reason(sold), english.reason(sold)) == (
        "Die Fläche ist vergeben: verkauft.",
        "The land is disposed of: sold.",
    )


def test_a_value_that_looks_like_a_gap_stays_what_it_is() -> None:
    reason = Reason(Because.HOLDER_NOT_LISTED, (("holder", "{holder.__class__}"),))
    assert "{holder.__class__}" in translator("de").reason(reason)


def test_amounts_days_and_instants() -> None:
    german, english = translator("de"), translator("en")
    assert (german.hectares(Decimal("1021665.56")), english.hectares(Decimal("1021665.56"))) == ("102,1666", "102.1666")
    assert (german.hectares(Decimal("-20933"), sign=True), german.hectares(Decimal(0), sign=True)) == (
        "-2,0933",
        "0,0000",
    )
    assert german.hectares(Decimal("12345678"), sign=True) == "+1.234,5678"
    assert german.square_metres(Decimal("1021665.50")) == "1.021.665,5 m²"
    assert german.square_metres(Decimal("1E+6")) == "1.000.000 m²"
    differences = [german.difference(Decimal(m2)) for m2 in ("-20933", "0.51", "0.5", "-0.01", "0")]
    assert differences == ["-2,0933 ha", "+0,0001 ha", "+0,5 m²", "-0,01 m²", "0,0000 ha"]
    assert german.hectares(Decimal("-0.01")) == "0,0000"
    instant = datetime(2026, 7, 1, 22, 30, 5, tzinfo=UTC)
    assert german.instant(instant) == "2. Juli 2026, 00:30:05"
    assert english.instant(instant) == "2 July 2026, 00:30:05"
    assert german.day(date(2026, 11, 22), "medium") == "22.11.2026"


@pytest.mark.parametrize(
    ("asked", "accepted", "language"),
    [
        (None, None, "de"),
        (None, "", "de"),
        (None, "en-GB,en;q=0.9,de;q=0.8", "en"),
        (None, "fr, de;q=0.5, en;q=0.7", "en"),
        (None, "de-AT, en;q=1.0", "de"),
        (None, "fr;q=0.9, *;q=0.1", "de"),
        (None, "en;q=0", "de"),
        (None, ";;;q=x,,\x00", "de"),
        ("de", "en", "de"),
        ("en", "de", "en"),
        ("xx", "en", "en"),
        ("../en", None, "de"),
    ],
)
def test_the_language_is_the_one_asked_for_then_the_accepted_one_then_german(
    asked: str | None, accepted: str | None, language: str
) -> None:
    assert chosen(asked, accepted) == language
