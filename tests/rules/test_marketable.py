"""Private and marketable: every combination of what may be recorded."""

from datetime import UTC, date, datetime
from itertools import product

import pytest

from rules.facts import Outcome
from rules.law import LAW
from rules.marketable import all_of, private_marketable

LAW_OF_DAY = LAW.on(date(2026, 6, 1), datetime(2026, 6, 1, tzinfo=UTC))
HOLDERS = {
    "private": Outcome.MET,
    "SAGA": Outcome.MET,
    "LIG": Outcome.NOT_MET,
    None: Outcome.UNKNOWN,
    "?": Outcome.UNKNOWN,
}
MARKETABLE = {True: Outcome.MET, False: Outcome.NOT_MET, None: Outcome.UNKNOWN}


@pytest.mark.parametrize(("workplace", "holder", "marketable"), list(product(Outcome, HOLDERS, MARKETABLE)))
def test_it_is_met_only_where_all_is_known_and_so(workplace, holder, marketable):
    parts = {workplace, HOLDERS[holder], MARKETABLE[marketable]}
    expected = Outcome.UNKNOWN
    if Outcome.NOT_MET in parts:
        expected = Outcome.NOT_MET
    elif parts == {Outcome.MET}:
        expected = Outcome.MET
    assert private_marketable(workplace, holder, marketable, LAW_OF_DAY) is expected


def test_nothing_asked_is_met():
    assert all_of([]) is Outcome.MET
