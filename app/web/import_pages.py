"""The pages of imports: all of them, newest first, and one with its findings. Files are sent by command or API, with a token."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.web.numbers import number_of
from app.web.pages import Rendered, Visit, refused, render
from app.web.question import plain
from parcels import run_queries
from parcels.run_queries import RunUnknownError

RUNS_SHOWN, ISSUES_SHOWN = 50, 200
LARGEST = 2**31 - 1


def imports_page(session: Session, before: str | None, visit: Visit) -> Rendered:
    """The imports older than `before`, or the newest; what is no number is taken for none."""
    number = number_of(before, LARGEST)
    found = run_queries.listing(session, before=number, limit=RUNS_SHOWN + 1)
    values = {"runs": found[:RUNS_SHOWN], "more": len(found) > RUNS_SHOWN, "newest": number is None}
    return render(session, "imports.html", 200, visit, plain(visit.now, visit.language), **values)


def import_page(session: Session, given: str, visit: Visit) -> Rendered:
    """One import: how it went, its findings by kind and the first of them row by row."""
    speak, number = visit.speak, number_of(given, LARGEST)
    try:
        if number is None:
            raise RunUnknownError(given)
        seen = run_queries.find(session, number)
    except RunUnknownError:
        message = speak.text("There is no import “{given}”.", given=given[:40])
        return refused(session, 404, visit, message, speak.text("All imports are listed on the page “Imports”."))
    issues = run_queries.issues(session, number, limit=ISSUES_SHOWN)
    values = {"seen": seen, "kinds": run_queries.kinds(session, number), "issues": issues}
    return render(session, "import_run.html", 200, visit, plain(visit.now, visit.language), **values)
