"""What callers send of pledges."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from app.dissolution_bodies import LARGEST
from app.inputs import AreaM2, Day, Text

PLEDGE: dict[str, JsonValue] = {"dissolution": 17, "candidate": 3, "net_m2": 12500.5, "pledged_on": None, "note": None}
RELEASE: dict[str, JsonValue] = {"released_on": None, "note": "Die Auflösung entfällt"}
TRANSFER: dict[str, JsonValue] = {"dissolution": 18, "net_m2": 8000, "note": "Vorrang für die frühere Auflösung"}
Number = Annotated[int, Field(ge=1, le=LARGEST, strict=True)]


class PledgeIn(BaseModel):
    """Net m2 of a candidate to be bound to one dissolution."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [PLEDGE]})

    dissolution: Number
    candidate: Number
    net_m2: AreaM2
    pledged_on: Day | None = Field(None, description="Today in Hamburg if left out; not in the future")
    note: Text | None = None


class ReleaseIn(BaseModel):
    """That a pledge is to bind no more."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [RELEASE]})

    released_on: Day | None = Field(None, description="First day on which it binds no more; today if left out")
    note: Text = Field(description="Why")


class TransferIn(BaseModel):
    """That a pledge ends and its land is bound anew on the same day: what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [TRANSFER]})

    dissolution: Number | None = None
    candidate: Number | None = None
    net_m2: AreaM2 | None = Field(None, description="As much as before if left out")
    on: Day | None = Field(None, description="Today in Hamburg if left out; not in the future")
    note: Text = Field(description="Why")
