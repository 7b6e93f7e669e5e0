"""Loading the demo register: its files go through the importer step by step, each recorded at its step's instant."""

from collections.abc import Callable

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from parcels.demo import FOLDER, STEPS, Step
from parcels.importing.store import LoadOptions, Progress, load
from parcels.models import Recording, Register

ACTOR = "demo"
File = tuple[Step, str, str, LoadOptions]


class NotEmptyError(Exception):
    """The register holds something else already."""


def is_empty(session: Session) -> bool:
    """Whether nothing was ever recorded."""
    return session.scalars(select(Register.recorded_at)).one() is None


def pending(session: Session) -> list[File]:
    """The demo files that are still to be loaded, in order: all for an empty register, the rest after an interruption.

    NotEmptyError for a register that is not the demo register, or has it already.
    """
    recorded, fictitious = session.execute(select(Register.recorded_at, Register.fictitious)).one()
    loaded = set(session.scalars(select(Recording.source)))
    files = [
        (step, layer, name, LoadOptions(**options))
        for step in STEPS
        for layer, name, options in step.files
        if name not in loaded
    ]
    if recorded is not None and not (fictitious and files):
        raise NotEmptyError("The register is not empty; the demo register is loaded into an empty one only.")
    return files


def load_all(sessions: Callable[[], Session], on_file: Callable[[File, int, int], None], on_progress: Progress) -> int:
    """Load what is pending, a transaction a file, and mark the register as fictitious; returns how many files."""
    with sessions() as session:
        files = pending(session)
    for number, (step, layer, name, options) in enumerate(files, 1):
        on_file((step, layer, name, options), number, len(files))
        with sessions() as session:
            session.execute(update(Register).values(fictitious=True))
            load(session, layer, FOLDER / name, options, step.at, ACTOR, on_progress, step.note)
            session.commit()
    return len(files)
