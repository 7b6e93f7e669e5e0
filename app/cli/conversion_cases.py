"""The commands about conversion cases: conversions list, show, assess."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from pydantic import BaseModel, ValidationError

from app import clock, conversion_problems, conversions, problems
from app.cli import base
from app.cli.base import AsJson, KnownAt, On, Refusal, shown
from app.conversion_bodies import QuestionIn
from app.schemas.conversions import AssessmentOut
from app.web.language import DEFAULT, LANGUAGES, translator
from parcels.conversions import Wanted
from parcels.edits import ValueRefusedError
from rules.conversion_steps import CaseState
from rules.conversions import Involvement

COLUMNS = (
    "id",
    "reference",
    "state",
    "route",
    "district",
    "involvement",
    "law_version",
    "consent_deadline",
    "bwi_deadline",
)
Body = TypeVar("Body", bound=BaseModel)
Language = Annotated[
    str, typer.Option("--language", help=f"The language of sentences: {', '.join(LANGUAGES)}.", metavar="LANGUAGE")
]


def add_to(group: typer.Typer) -> None:
    """Register the commands in the group `conversions`."""
    group.command("list")(list_cases)
    group.command("show")(show)
    group.command("assess")(assess)


def list_cases(
    on: On = None,
    known_at: KnownAt = None,
    district: Annotated[str | None, typer.Option("--district", parser=base.text, help="Only this Bezirk.")] = None,
    involvement: Annotated[Involvement | None, typer.Option("--involvement", help="Only those assessed so.")] = None,
    state: Annotated[CaseState | None, typer.Option("--state", help="Only those in this state.")] = None,
    before: Annotated[int | None, typer.Option("--before", min=1, help="Only those before this number.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1_000, help="At most so many.")] = 100,
    as_json: AsJson = False,
) -> None:
    """The conversion cases, newest first. With their deadlines on a day."""
    now = clock.now()
    with base.reading() as session:
        asked = conversions.ask(session, on or clock.day(now), known_at, now)
        found = conversions.listing(session, asked, Wanted(district, involvement, state, before, limit))
    if as_json:
        base.print_json([row.model_dump(mode="json") for row in found])
        return
    out = base.output()
    out.print(base.table(COLUMNS, [[getattr(row, name) for name in COLUMNS] for row in found]))
    out.print(f"{len(found)} cases, {base.footer(asked)}", markup=False)


def show(
    number: Annotated[int, typer.Argument(min=1, metavar="NUMBER", help="The case's number.")],
    on: On = None,
    known_at: KnownAt = None,
    language: Language = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """A case with its clock and its last assessment. All versions and assessments with --json."""
    now = clock.now()
    with base.reading() as session, _told(language):
        asked = conversions.ask(session, on or clock.day(now), known_at, now)
        found = conversions.case(session, number, asked, known(language))
    if as_json:
        base.print_json(found)
        return
    out = base.output()
    said = found.versions[-1]
    out.print(f"{found.reference}: {said.route}, {said.purpose}, {shown(said.district)}, {found.state}", markup=False)
    if found.clock is not None:
        out.print(found.clock.sentence, markup=False)
    if found.assessments:
        _print(AssessmentOut.model_validate(found.assessments[-1].assessment))


def assess(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A conversion as the API takes it, JSON.")],
    language: Language = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """What the law makes of a conversion. Nothing is stored."""
    now = clock.now()
    body = read_body(file, QuestionIn)
    with base.reading() as session, _told(language):
        found = conversions.assess(session, body, clock.day(now), now)[known(language)]
    if as_json:
        base.print_json(found)
    else:
        _print(found)


def known(language: str) -> str:
    """A language that there are sentences in."""
    if language not in LANGUAGES:
        raise typer.BadParameter(f"known are {', '.join(LANGUAGES)}", param_hint="--language")
    return language


@contextmanager
def _told(language: str) -> Iterator[None]:
    """What cannot be assessed is refused with its sentence and remedy."""
    speak = translator(known(language))
    try:
        yield
    except conversion_problems.KINDS as error:
        told = conversion_problems.of(error, speak)
        remedies = dict.fromkeys(one["remedy"] for one in told.errors)
        raise Refusal(" ".join([told.detail, *filter(None, remedies)])) from error


def read_body(file: Path, kind: type[Body]) -> Body:
    """The file's content, checked as a request's body is."""
    try:
        return kind.model_validate(json.loads(file.read_bytes()))
    except ValidationError as wrong:
        said = "; ".join(
            f"{one['field']}: {one['message']}. {one['remedy']}" for one in problems.of_fields(wrong.errors())
        )
        raise Refusal(f"{file}: {said}") from None
    except (ValueError, RecursionError):
        raise Refusal(f"{file}: this is no JSON.") from None
    except ValueRefusedError as wrong:
        raise Refusal(f"{file}: {wrong}. {wrong.remedy}") from None


def _print(found: AssessmentOut) -> None:
    out = base.output()
    out.print(f"{found.law_version_name}. {found.involvement_sentence}", style="bold", markup=False)
    for reason in found.reasons:
        out.print(f"- {reason.sentence}", markup=False)
    rows = [[one.title, one.outcome, one.reason.sentence, one.citation.paragraph] for one in found.conditions]
    out.print(base.table(("condition", "outcome", "because", "source"), rows))
    columns = ("parcel", "designation", "m2", "workplace", "private_marketable", "in_port")
    rows = [[getattr(one, name) for name in columns] for one in found.affected]
    out.print(base.table(columns, rows, right=("m2",)))
    out.print(f"{found.clock.sentence} {found.guidance.sentence}", markup=False)
    days = f"consent by {shown(found.consent_deadline)}, BWI by {shown(found.bwi_deadline)}"
    out.print(f"on {found.on}, {days}, rules {found.rules_version}", markup=False)
