"""What callers may write: one type each for text, days, instants, keys and amounts, with bounds and remedies."""

import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from parcels.importing.values import FIRST_YEAR, FORBIDDEN, LARGEST_M2, LAST_YEAR, LONGEST_TEXT

FIRST_DAY, LAST_DAY = date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31)
DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
INSTANT = re.compile(r"(\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?)(Z|[+ -]\d{2}:?\d{2})?", re.ASCII)
KEY = r"^02[0-9]{4}([0-9]{3}|___)[0-9]{5}([0-9]{4}|____)([0-9]{2}|__)$"


def fault(kind: str, message: str, remedy: str) -> PydanticCustomError:
    """A validation error that carries its remedy into the problem's `errors`."""
    return PydanticCustomError(kind, message.replace("{", "(").replace("}", ")"), {"remedy": remedy})


def text(value: str) -> str:
    """NFC; what the import takes: no control characters, no lone surrogates, nothing that turns the direction of reading."""
    if FORBIDDEN.search(value):
        raise fault("text_control", "The text holds control characters", "Remove control and direction characters.")
    return unicodedata.normalize("NFC", value)


def day(value: Any) -> Any:
    """A calendar day as YYYY-MM-DD between 1900 and 2200."""
    remedy = f"Write it as YYYY-MM-DD, between {FIRST_DAY} and {LAST_DAY}."
    if type(value) is not date and not (isinstance(value, str) and DAY.fullmatch(value)):
        raise fault("day", "This is no calendar day", remedy)
    try:
        found = value if isinstance(value, date) else date.fromisoformat(value)
    except ValueError:
        raise fault("day", "There is no such day", remedy) from None
    if not FIRST_DAY <= found <= LAST_DAY:
        raise fault("day_range", "The day is out of range", remedy)
    return found


def order_remedy(
    said: tuple[date | None, date | None], taken: tuple[date, date], end: str, first: str, last: str
) -> str:
    """What to do about a period `taken` that ends before it begins, of whose days the caller `said` these; `first` and `last`
    are their names, and `end` tells what the last one is unless given."""
    if said[1] is None:
        return f"{last} is {taken[1]}, {end}, unless given: give a later one."
    if said[0] is None:
        return f"{first} is {taken[0]} unless given: give a later {last}, or an earlier {first} as well."
    return "exchange them."


def instant(value: Any) -> Any:
    """An instant in ISO 8601 with its offset; an unescaped plus, which arrives as a space, is understood."""
    remedy = "Write it as 2026-01-31T12:00:00Z or with an offset such as +01:00 (in a URL: %2B01:00)."
    match = INSTANT.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise fault("instant", "This is no instant", remedy)
    if match[4] is None:
        raise fault("instant_naive", "The instant has no time zone", remedy)
    try:
        found = datetime.fromisoformat(match[1] + match[4].replace(" ", "+"))
    except ValueError:
        raise fault("instant", "There is no such instant", remedy) from None
    if not FIRST_DAY.year <= found.year <= LAST_DAY.year:
        raise fault("instant_range", "The instant is out of range", remedy)
    return found


Text = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT), AfterValidator(text)]
Day = Annotated[date, BeforeValidator(day)]
Instant = Annotated[datetime, BeforeValidator(instant)]
AmountM2 = Annotated[Decimal, Field(ge=0, le=LARGEST_M2, max_digits=12, decimal_places=2, allow_inf_nan=False)]
AreaM2 = Annotated[AmountM2, Field(gt=0)]


def dimensions(known: tuple[str, ...]) -> AfterValidator:
    """A list with commas of known names, each once."""

    def check(value: str) -> str:
        names = value.split(",")
        if len(set(names)) != len(names) or not set(names) <= set(known):
            raise fault(
                "dimension", "A name is unknown or repeated", f"Known are {', '.join(known)}; part them by commas."
            )
        return value

    return AfterValidator(check)


def parcel_key(value: str) -> str:
    """A Flurstueckskennzeichen of 20 characters, `_` where Flur, Nenner or Folge are missing."""
    if not re.fullmatch(KEY, value):
        raise fault(
            "parcel_key",
            "This is no Flurstueckskennzeichen of Hamburg",
            "Give all 20 characters: 02, Gemarkung 4, Flur 3, Zaehler 5, Nenner 4, Folge 2; _ for each that is missing.",
        )
    return value


ParcelKey = Annotated[str, AfterValidator(parcel_key), Field(json_schema_extra={"pattern": KEY})]
