"""Parcels recorded beside others that they overlap, as findings: for a file's rows against the register, and for edits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from parcels.importing.alongside import KIND, REMEDY, UNCHECKED
from parcels.importing.beside import Remark
from parcels.importing.contract import MOST_PAIRS
from parcels.limits import OutlinesError
from parcels.overlaps import parcels_overlap


def check(session: Session, at: datetime, rows: Sequence[dict[str, Any]] | None = None) -> list[Remark]:
    """A warning for each two parcels that share land on a day, as `parcels_overlap` finds them of a file's or an edit's rows."""
    try:
        found, pairs = parcels_overlap(session, at, rows)
    except OutlinesError as error:
        why = f"the parcels were not compared with those recorded, {error.why}"
        return [Remark(1, "", "geometry", UNCHECKED, "warning", why, error.remedy)]
    remarks = [
        Remark(
            *(one.row, one.key, "geometry", KIND, "warning"),
            f"shares {one.m2:.2f} m2 with the recorded parcel {one.other} on the same days, which count twice",
            *(REMEDY, f"{one.m2:.2f}"),
        )
        for one in found
    ]
    if pairs > len(found):
        said = f"{pairs} pairs of parcels share land, the first {MOST_PAIRS} are listed"
        remarks.append(Remark(found[0].row, "", "geometry", KIND, "warning", said, "mend those first", str(pairs)))
    return remarks
