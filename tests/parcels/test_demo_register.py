"""The demo register through the gate, the history and the ledger, against the independent reckoning with shapely."""

import csv
import itertools
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from app import candidate_answers, demo_replacements, dissolution_answers, pledge_answers, replacements
from app.replacement_bodies import ProposalIn
from app.replacement_edge import View, ask
from app.web.language import translator
from parcels import (
    alerts,
    candidates,
    changes,
    demo,
    dissolutions,
    ledger,
    neighbours,
    overlays,
    pledges,
    queries,
    replacement_log,
    undelivered,
)
from rules.facts import Outcome
from rules.pipeline import Security

GOLDEN = Path(__file__).parent / "golden" / "demo_reserve.csv"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture(scope="module")
def register(engine: Engine) -> Iterator[Session]:
    with engine.connect() as connection:
        outer = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
            reports = demo.load(session)
            assert not [issue for report in reports for issue in report.issues if issue.severity == "error"]
            yield session
        outer.rollback()


def rows() -> list[dict[str, str]]:
    with GOLDEN.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row['on']} as known {row['known_at']}: {row['why']}")
def test_reserve_is_what_the_independent_reckoning_finds(register: Session, row: dict[str, str]) -> None:
    total, _ = queries.reserve(register, date.fromisoformat(row["on"]), datetime.fromisoformat(row["known_at"]))
    for name in ("net_m2", "free_m2", "gross_m2", "unclear_m2", "unrecorded_m2"):
        assert abs(getattr(total, name) - Decimal(row[name])) < Decimal("0.1"), name
    assert total.areas == int(row["areas"])


def test_ledger_equals_a_full_rebuild(register: Session) -> None:
    with register.begin_nested() as savepoint:
        difference = ledger.verify(register, NOW)
        savepoint.rollback()
    assert difference == ledger.Difference([], [])


def test_its_past_is_told_to_nobody(register: Session) -> None:
    assert len(alerts.listing(register)) > 10
    assert undelivered.unattended_since(register, NOW) is None


def test_groups_sum_to_the_total_on_every_seam(register: Session) -> None:
    for point in queries.series(register, date(2017, 1, 1), date(2028, 1, 1), NOW):
        for by in (("district",), ("designation", "holder"), ("site",), ("size_class",), queries.DIMENSIONS):
            total, groups = queries.reserve(register, point.on, NOW, by)
            assert (total.net_m2, total.free_m2) == (point.net_m2, point.free_m2)
            for name in ("net_m2", "free_m2", "gross_m2", "unclear_m2", "unrecorded_m2"):
                assert sum((getattr(g.totals, name) for g in groups), Decimal(0)) == getattr(total, name), (by, name)


def test_changes_over_days_add_up(register: Session) -> None:
    since, until = date(2017, 1, 1), date(2027, 12, 31)
    found = changes.over_days(register, since, until, NOW)
    before, _ = queries.reserve(register, since, NOW)
    after, _ = queries.reserve(register, until, NOW)
    assert sum((change.net_m2 for change in found), Decimal(0)) == after.net_m2 - before.net_m2
    assert sum((change.free_m2 for change in found), Decimal(0)) == after.free_m2 - before.free_m2
    assert {change.kind for change in found} == {"entered", "left", "changed"}
    assert all(change.because and change.recorded.at for change in found)


def test_changes_over_knowledge_add_up(register: Session) -> None:
    on = date(2025, 6, 1)
    instants = [datetime(2024, 1, 1, tzinfo=UTC), *register.scalars(text("SELECT at FROM recording ORDER BY at")), NOW]
    for known_from, known_to in itertools.pairwise(instants):
        if known_from >= known_to:
            continue
        found = changes.over_knowledge(register, on, known_from, known_to)
        before, _ = queries.reserve(register, on, known_from)
        after, _ = queries.reserve(register, on, known_to)
        assert sum((change.net_m2 for change in found), Decimal(0)) == after.net_m2 - before.net_m2
        assert all(change.recorded.at == known_to for change in found)


def test_entries_explain_the_number_to_the_last_square_metre(register: Session) -> None:
    on = date(2026, 11, 21)
    total, _ = queries.reserve(register, on, NOW)
    lines = queries.entries(register, on, NOW)
    counted = [line for line in lines if line.standing.startswith("counted")]
    assert sum(line.net_m2 for line in counted) == total.net_m2
    assert sum(line.net_m2 for line in lines if line.standing == "unclear") == total.unclear_m2
    assert all(line.not_met for line in lines if line.standing == "excluded")
    assert all(line.unknown for line in lines if line.standing == "unclear")
    paged, after = [], None
    while page := queries.entries(register, on, NOW, after=after, limit=37):
        paged += page
        after = (page[-1].parcel_key, page[-1].id)
    assert paged == lines


def test_same_files_again_change_nothing(register: Session) -> None:
    count = "SELECT count(*), max(at) FROM recording"
    with register.begin_nested() as savepoint:
        before = register.execute(text(count)).one()
        step = demo.STEPS[-1]
        reports = [demo.load_file(register, step, *file, at=NOW) for file in step.files]
        assert all(report.change.recording is None for report in reports)
        assert register.execute(text(count)).one() == before
        savepoint.rollback()


def test_what_lies_around_is_found_of_every_outcome(register: Session) -> None:
    on = date(2026, 11, 21)
    keys = list(register.scalars(text("SELECT key FROM parcel WHERE upper_inf(known) ORDER BY key")))
    told = overlays.over(register, keys, on, NOW)
    assert {one.outcome for said in told.values() for one in said} == set(Outcome)
    sites = {
        key: register.scalar(
            text("SELECT ST_AsEWKT(geom) FROM parcel WHERE key = :key AND upper_inf(known)"), {"key": key}
        )
        for key in keys[::9]
    }
    screened = [neighbours.near(register, site, on, NOW, "housing") for site in sites.values()]
    assert {finding.outcome for one in screened for near in one.neighbours for finding in near.findings} == set(Outcome)
    assert any(neighbours.sensitive(register, site, on, NOW) for site in sites.values())


def test_what_it_says_of_replacement_is_entered_once(register: Session) -> None:
    with register.begin_nested() as savepoint:
        demo_replacements.load(register)
        mark = replacement_log.mark(register)
        demo_replacements.load(register)
        assert replacement_log.mark(register) == mark
        view = View(register, ask(register, NOW.date(), None, NOW), translator("de"), told=False)
        lost = dissolution_answers.listing(view, dissolutions.Wanted())
        offered = candidate_answers.listing(view, candidates.Wanted())
        (pledge,) = pledges.listing(register, NOW)
        levels = {one.security.security for one in pledge_answers.rows(view, [pledge]) if one.security}
        body = ProposalIn.model_validate({"dissolution": pledge.bound.dissolution})
        proposed = replacements.propose(register, body, view.asked, view.speak)
        assert ledger.verify(register, NOW) == ledger.Difference([], [])
        savepoint.rollback()
    assert [one.lost_on.year for one in lost] == [2027, 2025]
    assert all(one.lost_m2 and one.lost_m2 > 100_000 for one in lost)
    assert [one.balance.net_m2 for one in offered] == [70_000, 112_000, 81_000]
    assert levels == {Security.SECURE}
    assert proposed.feasible
    assert len(proposed.chosen) == 2
