"""Many cells read at once mean the same as each of them read alone."""

from hypothesis import example, given
from hypothesis import strategies as st

from parcels.importing.values import Unreadable, area, key, plain_areas, plain_keys

DIGITS = st.text("0123456789", min_size=5, max_size=5)
KEYS = st.builds("020114{}{}______".format, st.sampled_from(["___", "003"]), DIGITS)
ODD = st.sampled_from(
    [
        "",
        None,
        " 020114___00001______",
        "030114___00001______",
        "020114___00001______\n020114___00002______",
        20114.0,
        "x",
    ]
)
HUNDREDTHS = st.integers(min_value=-200, max_value=10**11 + 100).map(lambda number: number / 100)
NUMBERS = HUNDREDTHS | st.integers(-2, 10**9 + 2) | st.floats() | st.sampled_from([True, None, "12", 10**400, -0.0])


def alone(read, cells, *args):
    """The cells read one by one; None where one of them cannot be read."""
    try:
        return [read(cell, *args) for cell in cells]
    except Unreadable:
        return None


@given(st.lists(KEYS, min_size=1) | st.lists(KEYS | ODD, min_size=1))
@example(["020114___00001______\n020114___00002______", ""])
def test_keys_at_once(cells):
    together = plain_keys(cells, "02")
    assert together is None or list(together) == alone(key, cells, "02")
    if set(cells) <= {
        cell for cell in cells if isinstance(cell, str) and cell.startswith("020114") and len(cell) == 20
    }:
        assert together is not None


@given(st.lists(HUNDREDTHS, min_size=1) | st.lists(NUMBERS, min_size=1))
@example([0.004])
@example([1.005])
def test_areas_at_once(cells):
    together = plain_areas(cells)
    assert together is None or together == alone(area, cells, True) == alone(area, cells, False)
    if all(isinstance(cell, float) and 1 <= cell <= 10**9 and cell == round(cell, 2) for cell in cells):
        assert together is not None
