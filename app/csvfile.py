"""CSV that is safe to open in a spreadsheet: a text that would be read as a formula gets an apostrophe before it."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

FORMULA = tuple("=+-@\t\r\n＝＋－＠")


def safe(value: Any, comma: bool = False) -> str:
    """One cell: numbers (with a decimal `comma`), yes/no, lists parted by |, nothing as nothing; texts never a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | Decimal):
        return str(value).replace(".", ",") if comma else str(value)
    text = "|".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return f"'{text}" if text.lstrip(" \u00a0").startswith(FORMULA) else text


def lines(header: Sequence[str], pages: Iterable[Iterable[Sequence[Any]]], excel: bool = False) -> Iterator[str]:
    """The file page by page; with `excel` a byte order mark, semicolons and decimal commas, as German spreadsheets expect them."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";" if excel else ",", lineterminator="\r\n")
    if excel:
        buffer.write("\ufeff")
    writer.writerow(header)
    for page in pages:
        writer.writerows([safe(cell, excel) for cell in row] for row in page)
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    if rest := buffer.getvalue():
        yield rest
