"""Alerts in words: every kind in both languages, figures exact, values of others in one clean line."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app import alert_words
from app.web.language import LANGUAGES, translator
from parcels.alerts import Alert
from rules.alerts import Kind, Series, Severity

GERMAN, ENGLISH = translator("de"), translator("en")
FACTS: dict[str, Any] = {
    "net_ha": "99.582133",
    "free_ha": "80.0000",
    "target_ha": "100",
    "margin_ha": "5",
    "before": "near",
    "state": "below",
}


def alert(kind: Kind = Kind.BELOW, subject: str = "net", recording: int | None = 17, **facts: Any) -> Alert:
    """An alert of 22 November 2026."""
    return Alert(
        id=5,
        uid=UUID("6f2d7c52-3f0b-4b55-9a51-0d4dfb9f3a01"),
        kind=kind,
        severity=Severity.CRITICAL,
        subject=subject,
        on_day=date(2026, 11, 22),
        raised_at=datetime(2026, 11, 22, 14, 30, 5, tzinfo=UTC),
        facts={**FACTS, **facts} if kind in alert_words.OF_THE_LINE else facts,
        recording=recording,
        resolved_at=None,
        acknowledgements=(),
    )


SUBJECTS = {kind: tuple(Series) if kind in alert_words.OF_THE_LINE else ("17",) for kind in Kind}
MORE = {
    Kind.FORECAST_BELOW: {"first_on": "2027-03-01"},
    Kind.DEADLINE_NEAR: {"deadline": "2026-12-01"},
    Kind.DEADLINE_MISSED: {"deadline": "2026-11-20"},
    Kind.PLEDGE_INSECURE: {
        **{"net_ha": "1.25", "site": "Altenfelde", "lost_on": "2027-03-01", "security": "insecure", "district": "Nord"},
        "reasons": [
            {
                "code": "available_too_late",
                "values": {"available_on": "2028-03-02", "lost_on": "2027-03-01", "months": 12},
            },
            {"code": "milestone_overdue", "values": {"milestone": "servicing", "planned_on": "2026-11-01"}},
        ],
    },
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_title_and_sentence_without_a_gap(language: str, kind: Kind) -> None:
    speak = translator(language)
    for subject in SUBJECTS[kind]:
        one = alert(kind, subject, **MORE.get(kind, {}))
        for said in (alert_words.title(one, speak), alert_words.sentence(one, speak)):
            assert said not in tuple(Kind)  # the code itself: no sentence in the catalogue
            assert "{" not in said
            assert speak.code("alert_reason", "missing") not in said
        assert alert_words.sentence(one, speak).endswith(".")


def test_figures_and_days_are_exact_and_as_the_language_writes_them() -> None:
    assert alert_words.title(alert(), GERMAN) == "Unter dem Ziel: Reserve (netto) bei 99,582133 ha"
    assert alert_words.sentence(alert(), GERMAN) == (
        "Die Reserve (netto) liegt am 22. November 2026 bei 99,582133 ha, unter dem Ziel von 100 ha. Es fehlen 0,417867 ha."
    )
    assert alert_words.sentence(alert(subject="free"), ENGLISH) == (
        "The reserve without reserved land stands at 80 ha on 22 November 2026, below the target of 100 ha. 20 ha are missing."
    )
    near = alert_words.sentence(alert(Kind.NEAR, net_ha="104.5"), GERMAN)
    assert "nur noch 4,5 ha über dem Ziel von 100 ha" in near
    assert "weniger als 5 ha" in near
    assert "unter 105 ha" in alert_words.sentence(alert(Kind.NEAR_OVER, net_ha="105.5"), GERMAN)


def test_a_pledge_is_told_with_its_hectares_and_every_reason() -> None:
    one = alert(Kind.PLEDGE_INSECURE, "B 1 (7)", **MORE[Kind.PLEDGE_INSECURE])
    assert alert_words.title(one, GERMAN) == "Zugesagte Ersatzfläche nicht gesichert: B 1 (7)"
    assert alert_words.sentence(one, GERMAN) == (
        "Nach dem Stand vom 22. November 2026 ist die Zusage B 1 (7), 1,25 ha von „Altenfelde“ für den Verlust am 1. März 2027: "
        "nicht gesichert. Bebaubar ist die Fläche erst ab 2. März 2028, mehr als 12 Monate nach dem Verlust am 1. März 2027. "
        "Für den 1. November 2026 geplant und nicht als geschehen erfasst: Fertigstellung der Erschließung. "
        "Ein neuer Tag ist nicht genannt."
    )


@pytest.mark.parametrize(
    ("state", "value", "german", "english"),
    [
        (
            "near",
            "100.5",
            "Die Reserve (netto) liegt am 22. November 2026 bei 100,5 ha, wieder über dem Ziel von 100 ha, aber noch nahe daran: "
            "nur 0,5 ha darüber. Die Vorwarnung beginnt unter 105 ha; eine eigene Meldung dazu gibt es nicht.",
            "The reserve (net) stands at 100.5 ha on 22 November 2026, above the target of 100 ha again, but still near it: "
            "only 0.5 ha above. The early warning begins below 105 ha; there is no alert of its own about that.",
        ),
        (
            "near",
            "105.4999",
            "Die Reserve (netto) liegt am 22. November 2026 bei 105,4999 ha, wieder über dem Ziel von 100 ha, aber noch nahe "
            "daran: nur 5,4999 ha darüber. Die Vorwarnung beginnt unter 105 ha; eine eigene Meldung dazu gibt es nicht.",
            "The reserve (net) stands at 105.4999 ha on 22 November 2026, above the target of 100 ha again, but still near it: "
            "only 5.4999 ha above. The early warning begins below 105 ha; there is no alert of its own about that.",
        ),
        (
            "clear",
            "105.5",
            "Die Reserve (netto) liegt am 22. November 2026 bei 105,5 ha, wieder über dem Ziel von 100 ha.",
            "The reserve (net) stands at 105.5 ha on 22 November 2026, above the target of 100 ha again.",
        ),
    ],
)
def test_a_recovery_into_the_margin_says_that_it_is_near(state: str, value: str, german: str, english: str) -> None:
    """The states are those of tests/rules/golden/alerts.csv; no other alert lasts while net stands within the margin."""
    one = alert(Kind.RECOVERED, before="below", state=state, net_ha=value)
    assert (alert_words.sentence(one, GERMAN), alert_words.sentence(one, ENGLISH)) == (german, english)
    assert ("noch nahe daran" in alert_words.title(one, GERMAN)) is (state == "near")
    assert ("still near" in alert_words.title(one, ENGLISH)) is (state == "near")


def test_just_below_is_not_rounded_to_the_target() -> None:
    assert "99,999999 ha" in alert_words.title(alert(net_ha="99.999999"), GERMAN)


def test_what_was_the_reason_and_when_it_was_over() -> None:
    assert alert_words.reason(alert(), GERMAN) == "Anlass ist die Änderung Nr. 17 vom 22. November 2026, 15:30:05."
    assert "time alone" in str(alert_words.reason(alert(recording=None), ENGLISH))
    assert alert_words.reason(alert(Kind.IMPORT_REJECTED, "3", recording=None), GERMAN) is None
    assert alert_words.over(alert(), GERMAN) is None
    passed = alert(Kind.RECOVERED)
    assert alert_words.over(replace(passed, resolved_at=passed.raised_at), GERMAN) is None  # being above lasts
    done = replace(alert(), resolved_at=datetime(2026, 12, 1, 23, 30, tzinfo=UTC))
    assert alert_words.over(done, GERMAN) == "Das ist vorbei seit 2. Dezember 2026, 00:30:00."


def test_the_target_is_cited_first_and_only_where_the_line_is_meant() -> None:
    cites = alert_words.citations(alert())
    assert cites[0].title == "Masterplan Industrie 2023"
    assert cites[0].paragraph == "Handlungsfeld 1 Nr. 1 Abs. 1 Satz 3"
    assert alert_words.source(cites[0]).endswith("Satz 3) https://www.hamburg.de/masterplan-industrie/")
    assert alert_words.citations(alert(Kind.IMPORT_REJECTED, "3")) == ()
    assert alert_words.citations(replace(alert(), on_day=date(2000, 1, 1))) == ()


def test_a_fact_that_is_missing_is_said_to_be() -> None:
    assert "(nicht angegeben)" in alert_words.sentence(alert(Kind.DEADLINE_NEAR, "17"), GERMAN)
    assert "(not stated)" in alert_words.title(alert(net_ha=None), ENGLISH)
    assert "(not stated)" in alert_words.title(alert(net_ha="NaN"), ENGLISH)


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ("a\r\nBcc: x@example.org", "a Bcc: x@example.org"),
        ("\u202egnp.exe\u2028\x00\x1b[31m", "gnp.exe [31m"),
        ("{subject.__class__}", "{subject.__class__}"),
        ("Straße der Länder", "Straße der Länder"),
        ("x" * 500, "x" * 199 + "…"),
    ],
)
def test_values_of_others_stay_one_line(given_: str, said: str) -> None:
    assert alert_words.clean(given_) == said
    assert alert_words.title(alert(Kind.PLEDGE_INSECURE, given_), GERMAN).endswith(said)


@example(text="free", value=1e-300)
@given(
    text=st.text(max_size=400), value=st.one_of(st.none(), st.text(), st.floats(), st.booleans(), st.lists(st.text()))
)
def test_whatever_an_alert_says_there_is_a_sentence(text: str, value: Any) -> None:
    for kind in Kind:
        one = replace(alert(kind, text), facts=dict.fromkeys((*FACTS, "deadline", "first_on", f"{text}_ha"), value))
        for speak in (GERMAN, ENGLISH):
            said = alert_words.title(one, speak)
            assert said == said.replace("\n", " ").replace("\r", " ")
            assert said.isprintable()
            assert alert_words.sentence(one, speak)
