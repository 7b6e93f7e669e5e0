"""A database of a test's own, with real commits, and what a register says as one comparable value."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text

from app import embedded
from parcels import db

TABLES = (
    "district",
    "parcel",
    "zone",
    "port_area",
    "deduction",
    "holding",
    "plan",
    "pipeline_zone",
    "plan_mark",
    "sensitive_use",
    "site_of_concern",
    "overlay",
    "lineage",
)
TABLES += ("ledger", "recording", "register")
TABLES += ("guidance", "guidance_file", "guidance_rule", "guidance_zone")
TABLES += ("conversion", "conversion_version", "conversion_assessment", "conversion_step", "conversion_track")
TABLES += ("dissolution", "dissolution_version", "candidate", "candidate_version", "candidate_overlap", "milestone")
TABLES += ("pledge", "pledge_release", "replacement_decision")
PIECES = ("district_piece", "zone_piece", "port_area_piece", "deduction_piece", "overlay_piece")


@contextmanager
def own_database(cluster: Path | None, migrated: bool = True) -> Iterator[embedded.Urls]:
    """Addresses of a fresh database in the run's private PostGIS; dropped afterwards."""
    if cluster is None:
        pytest.skip("needs databases of its own: the run's LANDRESERVE_TEST_DATABASE_URL names one only")
    name = f"own_{uuid4().hex[:12]}"
    urls = copy_of_migrated(cluster, name) if migrated else embedded.create_database(cluster, name)
    try:
        yield urls
    finally:
        embedded.drop_database(cluster, name)


def copy_of_migrated(cluster: Path, name: str) -> embedded.Urls:
    """Addresses of a new migrated database: copying one takes a fraction of migrating it."""
    return embedded.create_database(cluster, name, _migrated(cluster))


@cache
def _migrated(cluster: Path) -> str:
    """The name of the database that is copied, migrated once for each cluster."""
    name = "migrated"
    with engine_of(embedded.create_database(cluster, name).owner) as engine:
        db.migrate(engine)
    return name


@contextmanager
def engine_of(url: str) -> Iterator[Engine]:
    """An engine that is disposed of afterwards."""
    engine = db.engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def fingerprint(engine: Engine) -> dict[str, tuple[int, str]]:
    """Count and digest of every table, down to the last column."""
    digest = "SELECT count(*), md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {} t"
    with engine.connect() as connection:
        return {name: tuple(connection.execute(text(digest.format(name))).one()) for name in (*TABLES, *PIECES)}
