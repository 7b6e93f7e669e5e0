"""The benchmark itself still runs: every job, ours and its peer, over a city of 900 parcels. No time is judged here."""

import shutil

import pytest

from tests.bench import __main__ as bench


@pytest.mark.timeout(180)
def test_every_job_runs_and_both_sides_agree() -> None:
    outcomes, peak, counts = bench.run(cities=1, side=30, runs=1, only=bench.JOBS, say=lambda _: None)
    expected = ["GET /api/reserve", "the same, ETag matched (304)", "full rebuild, verified", "one sale, committed"]
    expected.append("alert received after the sale's commit, p95")
    if shutil.which("ogr2ogr"):
        expected[3:3] = ["import of the parcels", "the same beside all the rest, derived"]
    assert [outcome.job for outcome in outcomes] == expected
    assert all(outcome.ours > 0 and outcome.peer > 0 for outcome in outcomes)
    assert counts["parcels"] == 900
    assert counts["ledger"] > 0
    assert peak > 1 << 20
