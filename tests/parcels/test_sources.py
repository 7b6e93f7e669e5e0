"""The file of sources: what stands in it is complete and safe to ask, what does not is named with its place."""

import tomllib
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from parcels import sources
from parcels.importing.layers import LAYERS
from parcels.sources import Catalogue, SourcesError

GOOD = """
[licences.open]
name = "Open"
url = "https://licence.example/open"

[sources.town-parcels]
city = "town"
layer = "parcels"
title = "Parcels"
kind = "features"
url = "https://api.town.example/collections/parcels/items"
crs = "http://www.opengis.net/def/crs/EPSG/0/25832"
columns = { key = "id" }
licence = "open"
attribution = "Town"
found = "there"
checked = 2026-11-22

[sources.town-port]
city = "town"
layer = "port"
title = "Port"
kind = "download"
format = "gml"
url = "https://data.town.example:8443/port?f=gml"
licence = "open"
attribution = "Town"
found = "there"
checked = 2026-11-22
"""


def read(folder: Path, text: str = GOOD) -> Catalogue:
    path = folder / "sources.toml"
    path.write_text(text, "utf-8")
    return sources.read(path)


def test_the_city_s_own_sources_are_complete() -> None:
    found = sources.read()
    assert found.cities == ["hamburg"]
    assert [source.layer for source in found.of("hamburg")] == ["districts", "port", "parcels"]
    for source in found.sources.values():
        scheme, host = source.host
        assert scheme == "https"
        assert host.removesuffix(":443").endswith(".hamburg.de")
        assert source.licence.url == "https://www.govdata.de/dl-de/by-2-0"
        assert source.attribution.startswith("Freie und Hansestadt Hamburg")
        assert set(source.columns) <= {column.name for column in LAYERS[source.layer].columns}
    parcels = found.sources["hamburg-parcels"]
    asked = parse_qs(urlsplit(parcels.first).query)
    assert asked == {"f": ["json"], "crs": [parcels.crs], "limit": ["500"]}


def test_a_source_says_what_is_kept_with_its_data(tmp_path: Path) -> None:
    found = read(tmp_path)
    assert (found.cities, list(found.sources)) == (["town"], ["town-parcels", "town-port"])
    port = found.sources["town-port"]
    assert (port.first, port.host) == (port.url, ("https", "data.town.example:8443"))
    origin = port.origin(None)
    assert (origin.title, origin.attribution, origin.licence, origin.url) == ("Port", "Town", "open", port.url)


@pytest.mark.parametrize(
    ("before", "after", "place"),
    [
        ('layer = "parcels"', 'layer = "castles"', "[sources.town-parcels], layer: give one of districts"),
        ('kind = "features"', 'kind = "magic"', "[sources.town-parcels], kind: give one of features, download"),
        ('title = "Parcels"\n', "", "[sources.town-parcels], title: give a text"),
        ('title = "Parcels"', 'title = "a\\u0000b"', "title: give a text"),
        ('title = "Parcels"', "title = 3", "title: give a text"),
        ("https://api.town.example", "http://api.town.example", "url: give an https address"),
        ("https://api.town.example", "ftp://api.town.example", "url: give an https address"),
        ("https://api.town.example", "file:///etc/passwd", "url: give an https address"),
        ("https://api.town.example", "https://user:secret@api.town.example", "url: give an https address"),
        ("https://api.town.example", "https://", "url: give an https address"),
        ("https://api.town.example", "https://api.town.example:99999", "url: give an https address"),
        ("parcels/items", "parcels/items?limit=3", "url: give the address of the items without a query"),
        ("https://licence.example/open", "javascript:alert(1)", "[licences.open], url: give an https address"),
        ("EPSG/0/25832", "EPSG/0/4326", "crs: give one of"),
        ('licence = "open"', 'licence = "closed"', "licence: give one of open"),
        ("checked = 2026-11-22", 'checked = "yesterday"', "checked: give the day"),
        ("checked = 2026-11-22", "checked = 2026-11-22T10:00:00", "checked: give the day"),
        ('{ key = "id" }', '{ castle = "id" }', "columns: 'castle' is not known here; known are key"),
        ('{ key = "id" }', "3", "columns: give a table"),
        ('found = "there"', 'found = "there"\npage_size = 0', "page_size: give a number of features"),
        ('found = "there"', 'found = "there"\npage_size = true', "page_size: give a number of features"),
        ('found = "there"', 'found = "there"\nrequests_per_second = 0', "requests_per_second: give a number"),
        ('found = "there"', 'found = "there"\npassword = "x"', "'password' is not known here"),
        ('format = "gml"', 'format = "exe"', "[sources.town-port], format: give one of geojson, gml"),
        ('format = "gml"', 'format = "gml"\ncrs = "25832"', "crs: give it as EPSG:25832"),
        ("[sources.town-port]", '[sources."../port"]', "its name: use lower case letters"),
        ('city = "town"', 'city = "Town Hall"', "city: use lower case letters"),
        ("[licences.open]", "[licences]", "licences.NAME"),
        ("[sources.town-parcels]", "[sources.town-parcels", "the sources cannot be read"),
        ("[licences.open]", "[more]\nx = 1\n[licences.open]", "the file: 'more' is not known here"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_place(tmp_path: Path, before: str, after: str, place: str) -> None:
    assert before in GOOD
    with pytest.raises(SourcesError) as wrong:
        read(tmp_path, GOOD.replace(before, after, 1))
    assert str(wrong.value).startswith(str(tmp_path / "sources.toml"))
    assert place in str(wrong.value)


def test_a_file_that_is_not_there_or_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourcesError, match="cannot be read"):
        sources.read(tmp_path / "missing.toml")
    (tmp_path / "sources.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SourcesError, match="cannot be read"):
        sources.read(tmp_path / "sources.toml")


def test_this_machine_itself_may_be_asked_without_https(tmp_path: Path) -> None:
    for local in ("http://127.0.0.1:8080", "http://localhost", "http://[::1]:1"):
        assert read(tmp_path, GOOD.replace("https://api.town.example", local)).sources["town-parcels"].host[0] == "http"
    with pytest.raises(SourcesError):
        read(tmp_path, GOOD.replace("https://api.town.example", "http://127.0.0.1.example"))


def test_each_entry_says_what_it_rests_on() -> None:
    plain = tomllib.loads(sources.FILE.read_text("utf-8"))
    assert all(entry["found"] and entry["checked"] for entry in plain["sources"].values())
