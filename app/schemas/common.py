"""The members that all answers have in common, and the shape of a problem. No field of an answer has a default."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer, WithJsonSchema

# Rounded as Decimal; a float is only how JSON writes the digits down.
Number = Annotated[
    Decimal, PlainSerializer(float, return_type=float, when_used="json"), WithJsonSchema({"type": "number"})
]


class Out(BaseModel):
    """What all answers have in common."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldError(Out):
    """One field of a problem: what is wrong and how to mend it."""

    field: str | None
    message: str
    remedy: str


class ProblemOut(BaseModel):
    """RFC 9457; further members by kind, such as `begins`."""

    model_config = ConfigDict(title="Problem", extra="allow")

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError]


class Knowledge(Out):
    """The state of knowledge that an answer rests on; `recorded_at` is the last recording it has seen."""

    known_at: datetime
    recorded_at: datetime | None
    fictitious: bool


class Citation(Out):
    """A parameter as it holds on the day, and where it is written."""

    parameter: str
    value: bool | int | str | Number | list[str] | list[Number]
    since: date
    text: str
    paragraph: str | None
    url: str
    published: date


class Attribution(Out):
    """A source of what is recorded in a layer: who is to be named, under which licence, as of which day it was fetched."""

    layer: str
    title: str
    attribution: str
    licence: str | None
    licence_url: str | None
    url: str | None
    as_of: date


class Basis(Out):
    """The version of the rules and what each number of theirs rests on."""

    rules_version: str
    citations: list[Citation]
