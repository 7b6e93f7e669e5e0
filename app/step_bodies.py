"""What callers send to take a step in a conversion case."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from app.conversion_bodies import HearingIn
from app.inputs import Day, Text, fault
from parcels.conversion_steps import StepOrder
from rules.conversion_facts import Hearing
from rules.conversion_steps import AMENDS, StepKind

LARGEST = 2**31 - 1
BWI: dict[str, JsonValue] = {"kind": "bwi_involved", "after": 1, "on": "2026-11-02", "note": "Akte übersandt"}
RENEWED: dict[str, JsonValue] = {"kind": "request_renewed", "after": 4, "on": "2026-11-16"}
DATED = AMENDS - {StepKind.HEARING_SET}


class StepIn(BaseModel):
    """A step that follows on the last one that its author has read."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [BWI, RENEWED]})

    kind: StepKind = Field(description="What happened")
    after: int = Field(ge=1, le=LARGEST, description="`last_step` of the case as it was read", strict=True)
    on: Day | None = Field(None, description="The day it happened; today, but to be stated of requests and decisions")
    hearing: HearingIn | None = Field(None, description="Only with hearing_set, and then required")
    note: Text | None = Field(None, description="Never public; required with the kind note")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind in DATED and self.on is None:
            raise fault("on", f"{self.kind.value} needs its day", "State `on`: deadlines are reckoned from it.")
        if (self.kind is StepKind.HEARING_SET) != (self.hearing is not None):
            raise fault("hearing", "`hearing` goes with hearing_set", "Give both or neither.")
        if self.kind is StepKind.NOTE and self.note is None:
            raise fault("note", "There is no note", "Write it into `note`.")
        return self

    def order(self, today: date) -> StepOrder:
        """As it is taken."""
        span = Hearing(self.hearing.months, self.hearing.days) if self.hearing else None
        return StepOrder(self.kind, self.after, self.on or today, span)

    def fingerprint(self, number: int) -> str:
        """What was asked for, of which case."""
        asked = json.dumps([number, self.model_dump(mode="json")], sort_keys=True)
        return hashlib.sha256(asked.encode("utf-8", "surrogatepass")).hexdigest()
