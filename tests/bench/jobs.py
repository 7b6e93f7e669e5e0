"""What is measured: each job runs ours and its peer in turn over one generated city, in one private cluster."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio.raw
from sqlalchemy import URL, Engine, text
from sqlalchemy.orm import Session

from app import embedded
from parcels import db, history, ledger, register
from parcels.importing import readers, store
from tests.bench import city
from tests.bench.measure import Outcome, Peak, interleaved, seconds

HERE = Path(__file__).parent
HURRIED = "SET LOCAL work_mem = '128MB'; SET LOCAL statement_timeout = '15min'"
DESIGNATIONS = ["GE", "GI", "I", "G"]


@dataclass(frozen=True)
class Place:
    """Where the benchmark runs: the cluster's home, its owner's engine, the size of the city, the memory watched."""

    home: Path
    engine: Engine
    cities: int
    side: int
    runs: int
    peak: Peak

    def session(self) -> Session:
        """A session of the owner on the city's database."""
        return db.sessions(self.engine)()


def prepare(place: Place) -> dict[str, int]:
    """Build the city and, beside it, the bare tables of the peers; returns rows per layer."""
    with place.session() as session:
        counts = city.build(session, place.cities, place.side)
        session.execute(text((HERE / "bare.sql").read_text("utf-8")))
        session.commit()
    return counts


def rebuild(place: Place) -> list[Outcome]:
    """A full derivation compared with the ledger, against the plain overlay of the same parcels."""

    def ours() -> float:
        with place.session() as session, place.peak.watch():
            session.execute(text("SET LOCAL statement_timeout = '15min'"))
            found: list[ledger.Difference] = []
            taken = seconds(lambda: found.append(ledger.verify(session, datetime.now(UTC))))
            if found[0] != ledger.Difference([], []):
                raise AssertionError("the ledger differs from its rebuild")
            return taken

    def peer() -> float:
        with place.session() as session:
            session.execute(text(HURRIED))
            taken = seconds(lambda: _overlay(session))
            _same_sum(session)
            return taken

    one, other = interleaved(ours, peer, place.runs)
    return [Outcome("full rebuild, verified", "s", one, other, 1.5, True, place.runs)]


def _overlay(session: Session) -> None:
    session.execute(text((HERE / "touched.sql").read_text("utf-8")), {"workplace": DESIGNATIONS})
    session.execute(text("CREATE INDEX ON beside_work USING gist (geom)"))
    session.execute(text((HERE / "overlay.sql").read_text("utf-8")))


def _same_sum(session: Session) -> None:
    """Both must have found the same net area of workplace land, to one m2 in all."""
    bound = {"workplace": DESIGNATIONS}
    plain = session.execute(
        text("SELECT sum(net_m2) FROM net WHERE designation = ANY (:workplace)"), bound
    ).scalar_one()
    kept = session.execute(
        text(
            "SELECT sum(net_m2) FROM ledger WHERE upper_inf(known) AND upper_inf(valid) AND designation = ANY (:workplace)"
        ),
        bound,
    ).scalar_one()
    if abs(plain - kept) > 1:
        raise AssertionError(f"the overlay finds {plain} m2, the ledger {kept} m2")


def sale(place: Place) -> list[Outcome]:
    """One holding sold, derived, recorded and committed, against one row updated and a summary kept by a trigger."""
    sales = min(200, 20 * place.runs)
    with place.session() as session:
        names = ", ".join(name for name in history.LAYERS["holdings"].columns if name != "geom")
        free = f"SELECT {names} FROM holding WHERE upper_inf(known) AND disposition = 'free' ORDER BY md5(parcel_key) LIMIT :n"
        rows = [dict(row) for row in session.execute(text(free), {"n": sales + 1}).mappings()]
        keys = list(session.scalars(text("SELECT key FROM bare.net ORDER BY md5(key) LIMIT :n"), {"n": sales + 1}))
    remaining = iter(zip(rows, keys, strict=False))
    pairs = []
    with place.engine.connect() as connection:
        bare = connection.execution_options(isolation_level="AUTOCOMMIT")
        sell = text("UPDATE bare.net SET available = false WHERE key = :key")
        for row, key in remaining:
            stated = {**row, "disposition": "sold"}
            with place.session() as session:
                ours = seconds(lambda s=session, r=stated: _sell(s, r))  # type: ignore[misc]
            pairs.append((ours, seconds(lambda k=key: bare.execute(sell, {"key": k}))))  # type: ignore[misc]
    warm = pairs[1:] or pairs
    ours_ms, peer_ms = (1000 * statistics.median(side) for side in zip(*warm, strict=True))
    return [Outcome("one sale, committed", "ms", ours_ms, peer_ms, 10, True, len(warm))]


def _sell(session: Session, row: dict[str, Any]) -> None:
    register.edit(session, "holdings", [row], datetime.now(UTC), "bench", None)
    session.commit()


def load(place: Place, folder: Path) -> list[Outcome]:
    """The parcels from a GeoPackage through the gate, as a register's first layer and beside all the rest, against ogr2ogr.

    The peer fills a bare table. The goal is for the first: validated, with history and issues; beside all the rest, every
    parcel is measured and judged as well, which the peer of the rebuild does. A reader stands by, as with the worker.
    """
    if shutil.which("ogr2ogr") is None:
        return []
    file = folder / "parcels.gpkg"
    with ProcessPoolExecutor(1, get_context("spawn")) as other:  # what writing takes is no memory of the application's
        rows = other.submit(_write_parcels, place.engine.url, file).result()
    holdings = _copy_of_holdings(place)

    def first() -> float:
        return rows / _in_fresh_register(place, lambda session: _load(session, file, place.peak, derived=False))

    def beside() -> float:
        def work(session: Session) -> float:
            _record_rest(place, session, holdings)
            return _load(session, file, place.peak, derived=True)

        return rows / _in_fresh_register(place, work)

    def peer() -> float:
        return rows / seconds(lambda: _ogr2ogr(place, file))

    runs = [(first(), peer(), beside()) for _ in range(place.runs)]
    one, other, last = (statistics.median(side) for side in zip(*runs, strict=True))
    return [
        Outcome("import of the parcels", "rows/s", one, other, 0.5, False, place.runs),
        Outcome("the same beside all the rest, derived", "rows/s", last, other, None, False, place.runs),
    ]


def _write_parcels(url: URL, file: Path) -> int:
    query = """SELECT key, official_m2::float8, gemarkung, district, ST_AsBinary(geom)
        FROM parcel WHERE upper_inf(known) ORDER BY id"""
    with db.engine(url.render_as_string(hide_password=False)).connect() as connection:
        found = connection.execute(text(query)).all()
    columns = [list(column) for column in zip(*found, strict=True)]
    pyogrio.raw.write(
        file,
        np.array([bytes(shape) for shape in columns[4]], dtype=object),
        [np.array(columns[0], dtype=object), np.array(columns[1]), *(np.array(c, dtype=object) for c in columns[2:4])],
        ["key", "official_m2", "gemarkung", "district"],
        layer="parcels",
        driver="GPKG",
        geometry_type="MultiPolygon",
        crs="EPSG:25832",
    )
    return len(found)


def _copy_of_holdings(place: Place) -> bytes:
    names = ", ".join(history.LAYERS["holdings"].columns)
    query = f"COPY (SELECT row_number() OVER (), {names} FROM holding WHERE upper_inf(known)) TO STDOUT"
    with place.session() as session, _cursor(session).copy(query) as copy:
        return b"".join(bytes(chunk) for chunk in copy)


def _cursor(session: Session) -> Any:
    driver = session.connection().connection.driver_connection
    assert driver is not None
    return driver.cursor()


def _in_fresh_register(place: Place, work: Callable[[Session], float]) -> float:
    """Do something to a register of its own, which is dropped afterwards, with a reader that stands by."""
    name = "landreserve_bench_import"
    engine = db.engine(embedded.create_database(place.home, name).owner)
    try:
        with readers.standing_by():
            readers.stand_by()
            db.migrate(engine)
            with db.sessions(engine)() as session:
                return work(session)
    finally:
        engine.dispose()
        embedded.drop_database(place.home, name)


def _record_rest(place: Place, session: Session, holdings: bytes) -> None:
    """Everything but the parcels."""
    city.record(session, ("zones", "port", "deductions"), place.cities, place.side)
    layer = history.LAYERS["holdings"]
    history.open_workspace(session, layer)
    columns = ", ".join(layer.columns)
    with _cursor(session).copy(f"COPY {layer.incoming} (row, {columns}) FROM STDIN") as copy:
        copy.write(holdings)
    city.record_stated(session, layer)


def _load(session: Session, file: Path, peak: Peak, derived: bool) -> float:
    session.execute(text("SET statement_timeout = '15min'"))
    reports: list[store.Report] = []

    def run() -> None:
        reports.append(store.load(session, "parcels", file, store.LoadOptions(), datetime.now(UTC), "bench"))
        session.commit()

    with peak.watch():
        taken = seconds(run)
    if reports[0].rows_rejected or bool(reports[0].change.posting.added) != derived:
        raise AssertionError(
            f"{reports[0].rows_rejected} rows rejected, {reports[0].change.posting.added} lines derived"
        )
    return taken


def _ogr2ogr(place: Place, file: Path) -> None:
    url = place.engine.url
    target = f"PG:host={url.query['host']} user={url.username} dbname={url.database} schemas=bare"
    command = ["ogr2ogr", "-f", "PostgreSQL", target, str(file), "-nln", "loaded", "-nlt", "MULTIPOLYGON", "-overwrite"]
    command += ["-lco", "SPATIAL_INDEX=GIST", "-lco", "GEOMETRY_NAME=geom", "--config", "PG_USE_COPY", "YES"]
    subprocess.run(command, check=True, timeout=900, env={**os.environ, "PROJ_NETWORK": "OFF"})
