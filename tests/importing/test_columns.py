"""Which column of a file is which may be said: then its other names for it are passed over, and none is guessed."""

from gate_files import features, parcel_key, refused, square, through
from hypothesis import given
from hypothesis import strategies as st

from parcels.importing.layers import LAYERS, as_said, matched


def test_two_columns_that_mean_the_same_are_told_apart(tmp_path):
    """As in Hamburg's Bezirke: `bezirk` is a number, `bezirk_name` the name."""
    path = features(tmp_path / "bezirke.geojson", [square()], [{"bezirk": "1", "bezirk_name": "Hamburg-Mitte"}])
    assert refused(path, "districts").kind == "column-twice"
    taken = through(path, "districts", columns={"name": "bezirk_name"})
    assert [row["name"] for row in taken.rows] == ["Hamburg-Mitte"]
    assert [issue.value for issue in taken.issues if issue.kind == "columns-ignored"] == ["'bezirk'"]


def test_a_name_that_nobody_would_guess_is_understood(tmp_path):
    path = features(tmp_path / "p.geojson", [square()], [{"schluessel": parcel_key(1), "groesse": 10_000.0}])
    taken = through(path, "parcels", columns={"key": "schluessel", "official_m2": "groesse"})
    assert [(row["key"], row["official_m2"]) for row in taken.rows] == [(parcel_key(1), "10000.00")]


def test_one_that_is_said_and_not_there_is_not_replaced_by_another(tmp_path):
    path = features(tmp_path / "p.geojson", [square()], [{"flstkennz": parcel_key(1)}])
    refusal = refused(path, "parcels", columns={"key": "fsk"})
    assert (refusal.kind, "'key'" in refusal.message) == ("column-missing", True)


NAMES = st.lists(
    st.sampled_from(["flstkennz", "fsk", "key", "FLSTKENNZ", "flaeche", "afl", "x", "", "bezirk"]), max_size=8
)


@given(found=NAMES)
def test_nothing_said_changes_nothing(found):
    assert as_said(LAYERS["parcels"], found, {}) == found


@given(found=NAMES.map(lambda names: list(dict.fromkeys(names))))
def test_what_is_said_is_what_is_matched(found):
    if "fsk" in found:
        alone = [name for name in as_said(LAYERS["parcels"], found, {"key": "fsk"}) if name not in ("flaeche", "afl")]
        places = matched(LAYERS["parcels"], alone)
        assert alone[places["key"]] == "key"
        assert alone.count("key") == 1
