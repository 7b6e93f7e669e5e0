"""The page's language: which one is asked for, its sentences, and how it writes numbers, days and instants."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import Translations

from rules.criteria import Fact, Reason
from rules.law import BERLIN

CATALOGUES = Path(__file__).parent / "locales"
LANGUAGES = {"de": Locale("de", "DE"), "en": Locale("en", "GB")}
DEFAULT = "de"
UNITS = {"_m": "m", "_db": "dB(A)/m²", "_kw": "kW"}  # by the end of a value's name; square metres otherwise
SQUARE_METRES_PER_HECTARE = Decimal(10_000)
# values that are codes themselves, each with the kind under which the catalogue names it
CODED = {
    **{kind: kind for kind in ("designation", "holder", "disposition", "award_criterion")},
    **{kind: kind for kind in ("route", "planning", "purpose", "consent", "law_version")},
    "earlier_version": "law_version",
    **{kind: kind for kind in ("plan_stage", "firm_kind", "milestone")},
    **{"lost_rank": "rank", "offered_rank": "rank"},
}


@dataclass(frozen=True, slots=True)
class Translator:
    """Sentences of one catalogue and the spelling of its locale; days and instants are Europe/Berlin."""

    language: str
    locale: Locale
    catalogue: Translations

    def text(self, message: str, /, **values: object) -> str:
        """A sentence of the pages; its msgid is the English one, with named gaps."""
        return str(self.catalogue.gettext(message)).format(**values)

    def count(self, singular: str, plural: str, n: int, /, **values: object) -> str:
        """The sentence that fits the number n, which it may name as {n}."""
        return str(self.catalogue.ngettext(singular, plural, n)).format(n=self.number(n), **values)

    def code(self, kind: str, code: str) -> str:
        """The name of a code (kinds: criterion, state, standing, disposition, holder, ...); the code itself if it has none."""
        return str(self.catalogue.pgettext(kind, code))

    def reason(self, reason: Reason) -> str:
        """The sentence that a reason's code stands for, with its values as this language writes them."""
        return self.sentence("because", reason.code.value, reason.params)

    def sentence(self, kind: str, code: str, params: Iterable[tuple[str, Fact | int]]) -> str:
        """The sentence of a code (kinds: because, ground, refusal, ...), with its values as this language writes them."""
        values = {name: self._value(name, value) for name, value in params}
        return str(self.catalogue.pgettext(kind, code)).format(**values)

    def _value(self, name: str, value: Fact | int) -> str:
        if isinstance(value, date):
            return self.day(value)
        if isinstance(value, Decimal):
            unit = next((unit for end, unit in UNITS.items() if name.endswith(end)), None)
            return f"{self.number(value.normalize())} {unit}" if unit else self.square_metres(value)
        if isinstance(value, int):
            return self.number(value)
        return self.code(CODED[name], str(value)) if name in CODED else str(value)

    def number(self, value: int | Decimal) -> str:
        """A number with as many decimals as it needs."""
        return _number(self.language, value)

    def hectares(self, value_m2: Decimal, sign: bool = False) -> str:
        """Square metres as hectares with four decimals, without the unit."""
        amount = round(value_m2 / SQUARE_METRES_PER_HECTARE, 4) or Decimal(0)  # no minus before nothing
        pattern = "+#,##0.0000;-#,##0.0000" if sign and amount else "#,##0.0000"
        return str(format_decimal(amount, pattern, self.locale))

    def difference(self, value_m2: Decimal) -> str:
        """A difference in hectares with sign and unit; exactly in square metres where hectares would show nothing."""
        if value_m2 and not round(value_m2 / SQUARE_METRES_PER_HECTARE, 4):
            return f"{'+' if value_m2 > 0 else ''}{self.square_metres(value_m2)}"
        return f"{self.hectares(value_m2, sign=True)} ha"

    def square_metres(self, value_m2: Decimal) -> str:
        """Square metres exactly, with the unit."""
        return f"{self.number(value_m2.normalize())} m²"

    def day(self, value: date, length: str = "long") -> str:
        """A day in words ("long") or short ("medium")."""
        return str(format_date(value, length, locale=self.locale))

    def instant(self, value: datetime, length: str = "long") -> str:
        """An instant to the second, in Berlin's time."""
        local = value.astimezone(BERLIN)
        return f"{self.day(local.date(), length)}, {format_datetime(local, 'HH:mm:ss', locale=self.locale)}"


@lru_cache(maxsize=1_000)  # the same limits stand in very many sentences
def _number(language: str, value: int | Decimal) -> str:
    return str(format_decimal(value, locale=LANGUAGES[language], decimal_quantization=False))


@cache
def translator(language: str) -> Translator:
    """The translator of a language of LANGUAGES; its catalogue is compiled from the .po file when first asked for."""
    with (CATALOGUES / language / "LC_MESSAGES" / "messages.po").open("rb") as lines:
        catalogue = read_po(lines, locale=language, abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translator(language, LANGUAGES[language], Translations(compiled))


def chosen(asked: str | None, accepted: str | None) -> str:
    """The language asked for outright, else the best of an Accept-Language header, else German."""
    if asked in LANGUAGES:
        return asked
    ranked = [(quality, language) for language, quality in _ranges(accepted or "") if language in LANGUAGES and quality]
    return max(ranked, key=lambda found: found[0])[1] if ranked else DEFAULT


def _ranges(header: str) -> list[tuple[str, float]]:
    """Primary languages of an Accept-Language header (RFC 9110 § 12.5.4) with their weights, in order."""
    found = re.findall(
        r"(?:^|,)\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9-]*)?\s*(?:;\s*q=([01](?:\.\d{0,3})?)\s*)?(?=,|$)", header
    )
    return [(language.lower(), float(weight or 1)) for language, weight in found]
