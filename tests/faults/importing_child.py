"""Imports a file and kills itself, with SIGKILL, after the step or the statement it was told.

python -m tests.faults.importing_child URL LAYER FILE WHERE: a step's name, or the number of a statement, or "never".
"""

import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import event

from parcels import db
from parcels.importing.store import LoadOptions, load

AT = datetime(2026, 5, 1, tzinfo=UTC)


def main(url: str, layer: str, file: str, where: str) -> None:
    engine = db.engine(url)
    statements = 0

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    @event.listens_for(engine, "after_cursor_execute")
    def count(*_: object) -> None:
        nonlocal statements
        statements += 1
        if where == str(statements):
            die()

    def on_progress(step: str, done: int, total: int | None) -> None:
        if where == step:
            die()

    with db.sessions(engine)() as session:
        load(session, layer, Path(file), LoadOptions(), AT, "test", on_progress)
        if where == "before commit":
            die()
        session.commit()
        if where == "after commit":
            die()


if __name__ == "__main__":
    main(*sys.argv[1:])
