"""The command `check`: is a parcel eligible, for what, and what stands in the way."""

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from app import eligibility_answers
from app.answers import Asked
from app.cli import base
from app.cli.base import AsJson, KnownAt, Language, On, Refusal, speaker
from app.web.language import Translator
from parcels.eligibility import MOST
from rules.eligibility import Purpose

Keys = Annotated[
    list[str], typer.Argument(parser=base.key, metavar="KEY...", help="Flurstueckskennzeichen, 20 characters each.")
]
COLUMNS = ("part", "criterion", "outcome", "because", "since", "source")


def add_to(cli: typer.Typer) -> None:
    """Register the command."""
    cli.command()(check)


def check(
    keys: Keys,
    purpose: Annotated[Purpose, typer.Option("--purpose", help="What for.")] = Purpose.RESERVE,
    on: On = None,
    known_at: KnownAt = None,
    language: Language = None,
    as_json: AsJson = False,
) -> None:
    """Is a parcel eligible for reserve, award or protection. Exit 0: all answered; 1: some keys unknown; 2: all."""
    speak = speaker(language)
    if len(keys) > MOST:
        raise Refusal(f"These are {len(keys)} keys; one answer takes {MOST}. Ask in several calls.")
    with base.reading() as session:
        asked = base.asked(session, on, known_at)
        if len(set(keys)) == 1:
            alone = eligibility_answers.single(session, asked, keys[0], purpose, speak)
            plain = alone.model_dump(mode="json")
            parcels, unknown = [plain], []
        else:
            plain = json.loads(eligibility_answers.batch(session, asked, purpose, dict.fromkeys(keys), speak))
            parcels, unknown = plain["parcels"], plain["unknown_keys"]
    if not parcels:
        raise Refusal(f"The register has heard of none of these {len(unknown)} parcels by then.")
    if as_json:
        base.print_json(plain)
    else:
        _print(asked, parcels, plain, speak)
    for key in unknown:
        base.say(f"The register has no parcel {key}.")
    if unknown:
        raise typer.Exit(1)


def _print(asked: Asked, parcels: Sequence[dict[str, Any]], plain: dict[str, Any], speak: Translator) -> None:
    out = base.output()
    cited = {one["parameter"]: one for one in plain.get("citations", ())}
    for one in parcels:
        out.print(f"{one['key']}: {speak.code('purpose', plain['purpose'])}", style="bold", markup=False)
        from_ = f", from {one['eligible_from']}" if one["eligible_from"] else ""
        said = speak.code("verdict", one["verdict"])
        out.print(
            f"{one['verdict']} ({said}){from_}; net_m2 {one['net_m2']}, eligible {one['eligible_m2']}", markup=False
        )
        out.print(base.table(COLUMNS, [_row(c, cited, speak) for c in one["criteria"]], right=("part",)))
    for check in plain["checklist"]:
        out.print(f"- {check['because']['sentence']}", markup=False)
    out.print(base.footer(asked), markup=False)


def _row(criterion: dict[str, Any], cited: dict[str, dict[str, Any]], speak: Translator) -> list[Any]:
    source = criterion["citation"]
    source = cited[source] if isinstance(source, str) else source
    title = source["text"].partition(":")[0]
    return [
        criterion["part"],
        criterion["name"],
        f"{criterion['outcome']}{', ' + criterion['effect'] if criterion['outcome'] == 'not_met' else ''}",
        criterion["because"]["sentence"],
        criterion["fact_date"],
        f"{title}, {source['paragraph']}" if source["paragraph"] else title,
    ]
