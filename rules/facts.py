"""The facts that the rules judge: frozen, hashable, without geometry; None is a fact that nobody recorded."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum


class Outcome(StrEnum):
    """What a criterion finds; `unknown` never counts and never vanishes."""

    MET = "met"
    NOT_MET = "not_met"
    UNKNOWN = "unknown"


class Standing(StrEnum):
    """How a part stands towards the reserve on a day."""

    COUNTED_FREE = "counted_free"
    COUNTED_RESERVED = "counted_reserved"
    UNCLEAR = "unclear"
    UNRECORDED = "unrecorded"
    EXCLUDED = "excluded"


class State(StrEnum):
    """The reserve against its target; `warning` is a target met by land that is partly reserved (anhandgegeben)."""

    MET = "met"
    WARNING = "warning"
    BELOW = "below"


@dataclass(frozen=True, slots=True)
class Holding:
    """Who holds a parcel or a part of it and what is recorded of its availability; codes as in the parameters."""

    holder: str | None = None
    disposition: str | None = None
    disposition_until: date | None = None
    serviced: bool | None = None
    cleared: bool | None = None
    binding_use: bool | None = None
    opposing_plan: bool | None = None
    construction_possible_from: date | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a parcel under one designation on a day; `net_m2` is Nettobauland outside the port in square metres.

    `designation` None: no plan recorded there. `holding` None: nobody recorded who holds it.
    `net_m2` None: a holding without geometry that declares no area.
    """

    designation: str | None
    in_use_as_commercial: bool | None
    wholly_in_port: bool
    net_m2: Decimal | None
    holding: Holding | None
