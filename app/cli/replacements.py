"""The commands about replacement: replacements dissolutions, candidates, pledges, assess, propose. All of them only ask."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from pydantic import BaseModel
from sqlalchemy.orm import Session

from app import (
    candidate_answers,
    clock,
    conversion_problems,
    dissolution_answers,
    pledge_answers,
    replacement_edge,
    replacement_problems,
    replacements,
)
from app.cli import base
from app.cli.base import AsJson, KnownAt, On, Refusal, shown
from app.cli.conversion_cases import Language, known, read_body
from app.replacement_bodies import ComparisonIn, ProposalIn
from app.replacement_edge import View
from app.schemas.replacements import ReplacementAssessmentOut
from app.web.language import DEFAULT, translator
from parcels import candidates, dissolutions, pledges

Body = TypeVar("Body", ComparisonIn, ProposalIn)
Before = Annotated[int | None, typer.Option("--before", min=1, help="Only those before this number.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1_000, help="At most so many.")]
District = Annotated[str | None, typer.Option("--district", parser=base.text, help="Only in this Bezirk.")]
Asked = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The question as the API takes it, JSON.")]
DISSOLVED = (
    "id",
    "reference",
    "designation",
    "district",
    "lost_on",
    "lost_ha",
    "pledged_ha",
    "open_ha",
    "withdrawn_on",
)
OFFERED = ("id", "name", "designation", "district", "net_ha", "free_ha", "stage", "available_from", "withdrawn_on")
PLEDGED = ("id", "dissolution", "candidate", "net_ha", "pledged_on", "holds", "security")
AMOUNTS = ("lost_ha", "pledged_ha", "open_ha", "net_ha", "free_ha")

group = typer.Typer(help="Replacement: what is lost, offered, pledged.", no_args_is_help=True)


def add_to(cli: typer.Typer) -> None:
    """Register the commands."""
    group.command("dissolutions")(list_dissolutions)
    group.command("candidates")(list_candidates)
    group.command("pledges")(list_pledges)
    group.command("assess")(assess)
    group.command("propose")(propose)
    cli.add_typer(group, name="replacements")


def list_dissolutions(
    on: On = None,
    known_at: KnownAt = None,
    district: District = None,
    before: Before = None,
    limit: Limit = 100,
    as_json: AsJson = False,
) -> None:
    """What is dissolved, newest first. With what is pledged for it and still open on a day."""
    with _viewing(on, known_at, DEFAULT) as view:
        wanted = dissolutions.Wanted(district=district, before=before, limit=limit)
        found = dissolution_answers.listing(view, wanted)
    _print(view, found, DISSOLVED, [one.model_dump() for one in found], as_json)


def list_candidates(
    on: On = None,
    known_at: KnownAt = None,
    district: District = None,
    offered: Annotated[bool, typer.Option("--offered", help="Only those still offered on the day.")] = False,
    before: Before = None,
    limit: Limit = 100,
    as_json: AsJson = False,
) -> None:
    """What is offered as replacement, newest first. With balance and way of a day."""
    with _viewing(on, known_at, DEFAULT) as view:
        wanted = candidates.Wanted(view.asked.on if offered else None, district, before=before, limit=limit)
        found = candidate_answers.listing(view, wanted)
    _print(view, found, OFFERED, [{**one.model_dump(), **one.balance.model_dump()} for one in found], as_json)


def list_pledges(
    on: On = None,
    known_at: KnownAt = None,
    holding: Annotated[bool, typer.Option("--holding", help="Only those that bind on the day.")] = False,
    before: Before = None,
    limit: Limit = 100,
    language: Language = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """The pledges, newest first. With how secure they are on a day."""
    with _viewing(on, known_at, language) as view:
        wanted = pledges.Wanted(holding_on=view.asked.on if holding else None, before=before, limit=limit)
        found = pledge_answers.rows(view, pledges.listing(view.session, view.asked.known_at, wanted))
    rows = [
        {
            **one.model_dump(),
            "dissolution": one.dissolution.reference,
            "candidate": one.candidate.name,
            "security": one.security and one.security.title,
        }
        for one in found
    ]
    _print(view, found, PLEDGED, rows, as_json)


def assess(file: Asked, language: Language = DEFAULT, as_json: AsJson = False) -> None:
    """Whether what is offered makes up for what is lost. Nothing is stored."""
    with _asking(file, ComparisonIn, language) as (session, body, asked):
        found = replacements.assess(session, body, asked)[known(language)]
    if as_json:
        base.print_json(found)
    else:
        _print_assessment(found)


def propose(file: Asked, language: Language = DEFAULT, as_json: AsJson = False) -> None:
    """The set of candidates that covers a loss at the least cost. Nothing is stored."""
    with _asking(file, ProposalIn, language) as (session, body, asked):
        found = replacements.propose(session, body, asked, translator(known(language)))
    if as_json:
        base.print_json(found)
        return
    out = base.output()
    out.print(found.sentence, style="bold", markup=False)
    for relief in found.reliefs:
        out.print(f"- {relief.sentence}", markup=False)
    rows = [[one.candidate.name, one.free_ha] for one in found.chosen]
    if rows:
        out.print(base.table(("candidate", "free_ha"), rows, right=("free_ha",)))
    aside = [[one.candidate.name, ", ".join(need.title for need in one.requirements)] for one in found.set_aside]
    if aside:
        out.print(base.table(("set aside", "because of"), aside))
    if found.assessment is not None:
        _print_assessment(found.assessment)


@contextmanager
def _viewing(on: Any, known_at: Any, language: str) -> Iterator[View]:
    now, speak = clock.now(), translator(known(language))
    with base.reading() as session, _told(language):
        yield View(session, replacement_edge.ask(session, on or clock.day(now), known_at, now), speak, told=True)


@contextmanager
def _asking(file: Path, kind: type[Body], language: str) -> Iterator[tuple[Session, Body, Any]]:
    now, body = clock.now(), read_body(file, kind)
    with base.reading() as session, _told(language):
        yield session, body, replacement_edge.ask(session, body.on or clock.day(now), body.known_at, now)


@contextmanager
def _told(language: str) -> Iterator[None]:
    """What is refused says so with its remedy."""
    speak = translator(known(language))
    try:
        yield
    except (*replacement_problems.KINDS, *conversion_problems.KINDS) as error:
        kinds = replacement_problems if isinstance(error, replacement_problems.KINDS) else conversion_problems
        told = kinds.of(error, speak)
        remedies = dict.fromkeys(one["remedy"] for one in told.errors)
        raise Refusal(" ".join([told.detail, *filter(None, remedies)])) from error


def _print(
    view: View, found: Sequence[BaseModel], columns: Sequence[str], rows: Sequence[dict[str, Any]], as_json: bool
) -> None:
    if as_json:
        base.print_json([one.model_dump(mode="json") for one in found])
        return
    out = base.output()
    right = [name for name in columns if name in AMOUNTS]
    out.print(base.table(columns, [[row[name] for name in columns] for row in rows], right=right))
    out.print(f"{len(found)} of them, {base.footer(view.asked)}", markup=False)


def _print_assessment(found: ReplacementAssessmentOut) -> None:
    out = base.output()
    said = found.coverage
    out.print(found.verdict_sentence, style="bold", markup=False)
    rows = [
        [
            one.title,
            one.outcome,
            "essential" if one.essential else "weighed",
            one.because.sentence,
            one.citation.paragraph,
        ]
        for one in found.criteria
    ]
    out.print(base.table(("criterion", "outcome", "weight", "because", "source"), rows))
    counted = [
        [one.candidate.name, one.outcome, one.ha, " ".join(reason.sentence for reason in one.reasons)]
        for one in said.candidates
    ]
    out.print(base.table(("candidate", "counts", "ha", "because"), counted, right=("ha",)))
    out.print(
        f"lost {shown(said.lost_ha)} ha, counted {shown(said.counted_ha)} ha, unclear {shown(said.unclear_ha)} ha, "
        f"missing {shown(said.missing_ha)} ha; on {found.on}, rules {found.rules_version}",
        markup=False,
    )
