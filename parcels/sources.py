"""The sources of official data, read from data/sources.toml: what is fetched from where, for which layer, under which licence."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import urlencode, urlsplit

from parcels.importing.layers import LAYERS
from parcels.origins import Origin

FILE = Path(__file__).resolve().parents[1] / "data" / "sources.toml"
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))
FORMATS = ("geojson", "gml")
# The CRS in which a service may be asked, with the name that a GeoJSON states it by. In both, east or longitude comes
# first, as GeoJSON has it: of EPSG:4326 a service answers latitude first, which no reader of GeoJSON expects.
CRS = {
    "http://www.opengis.net/def/crs/EPSG/0/25832": "urn:ogc:def:crs:EPSG::25832",
    "http://www.opengis.net/def/crs/OGC/1.3/CRS84": "urn:ogc:def:crs:OGC:1.3:CRS84",
}
MOST_TEXT = 1_000


class SourcesError(Exception):
    """The file of sources cannot be used; the message names file, entry and remedy."""


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence by its short name, with its full one and its text."""

    id: str
    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Source:
    """One source of one layer. `crs` is the one to ask for (features), or that of a file which states none (download)."""

    name: str
    city: str
    layer: str
    title: str
    kind: Literal["features", "download"]
    url: str
    licence: Licence
    attribution: str
    found: str
    checked: date
    crs: str | None = None
    format: str = "geojson"
    page_size: int = 500
    requests_per_second: float = 2.0
    about: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)

    @property
    def host(self) -> tuple[str, str]:
        """Scheme and host with port: the only ones that are asked on behalf of this source."""
        return host_of(self.url)

    @property
    def first(self) -> str:
        """The address that is asked first."""
        if self.kind == "download":
            return self.url
        return f"{self.url}?{urlencode({'f': 'json', 'crs': self.crs, 'limit': self.page_size})}"

    def origin(self, as_of: date | None) -> Origin:
        """What is kept with the recording of data from here."""
        licence = self.licence
        return Origin(self.title, self.attribution, licence.id, licence.url, self.about or self.url, as_of)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All sources and licences of a file, in its order."""

    licences: Mapping[str, Licence]
    sources: Mapping[str, Source]

    @property
    def cities(self) -> list[str]:
        """The cities that have sources."""
        return list(dict.fromkeys(source.city for source in self.sources.values()))

    def of(self, city: str) -> list[Source]:
        """The sources of a city."""
        return [source for source in self.sources.values() if source.city == city]


def host_of(url: str) -> tuple[str, str]:
    """Scheme and host with port of an address, lower case; ValueError where it has none that can be told."""
    parts = urlsplit(url)
    if not parts.hostname or parts.username or parts.password:
        raise ValueError("no plain host")
    default = {"https": 443, "http": 80}.get(parts.scheme, 0)
    return parts.scheme, f"{parts.hostname.lower()}:{parts.port or default}"


def read(path: Path = FILE) -> Catalogue:
    """The sources of a file; SourcesError names what in it cannot be used."""
    try:
        plain = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise SourcesError(f"{path}: the sources cannot be read ({problem}): correct the file.") from None
    _only(path, "the file", plain, ("licences", "sources"))
    licences = {
        name: _licence(_Entry(path, f"licences.{name}", values))
        for name, values in _tables(path, plain, "licences").items()
    }
    sources = {
        name: _source(_Entry(path, f"sources.{name}", values), name, licences)
        for name, values in _tables(path, plain, "sources").items()
    }
    return Catalogue(licences, sources)


def _tables(path: Path, plain: dict[str, Any], name: str) -> dict[str, dict[str, Any]]:
    tables = plain.get(name)
    if not isinstance(tables, dict) or not tables or not all(isinstance(one, dict) for one in tables.values()):
        raise SourcesError(f"{path}: there must be entries [{name}.NAME]: add them.")
    return tables


def _only(path: Path, where: str, values: Mapping[str, Any], known: tuple[str, ...]) -> None:
    if unknown := sorted(set(values) - set(known)):
        raise SourcesError(
            f"{path}, {where}: '{unknown[0]}' is not known here; known are {', '.join(known)}: remove or rename it."
        )


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry of the file; what it lacks or says wrongly is named with its place."""

    path: Path
    place: str
    values: dict[str, Any]

    def wrong(self, key: str, remedy: str) -> SourcesError:
        return SourcesError(f"{self.path}, [{self.place}], {key}: {remedy}")

    def text(self, key: str, check: Callable[[str], bool] = bool, remedy: str = "give a text.") -> str:
        value = self.values.get(key)
        if not isinstance(value, str) or not value.isprintable() or len(value) > MOST_TEXT or not check(value):
            raise self.wrong(key, remedy)
        return value

    def one_of(self, key: str, known: tuple[str, ...]) -> str:
        return self.text(key, lambda value: value in known, f"give one of {', '.join(known)}.")

    def address(self, key: str) -> str:
        return self.text(key, _may_be_asked, "give an https address with a host, without user name or fragment.")


def _may_be_asked(url: str) -> bool:
    """https; plain http only to this machine itself, where tests serve."""
    try:
        scheme, _ = host_of(url)
    except ValueError:
        return False
    local = urlsplit(url).hostname in LOOPBACK
    return (scheme == "https" or (scheme == "http" and local)) and url.isascii() and not set(url) & set('# <>"')


def _licence(entry: _Entry) -> Licence:
    _only(entry.path, f"[{entry.place}]", entry.values, ("name", "url"))
    return Licence(entry.place.removeprefix("licences."), entry.text("name"), entry.address("url"))


_KEYS = (
    *("city", "layer", "title", "kind", "url", "licence", "attribution", "found", "checked", "about", "columns"),
    "requests_per_second",
)
_KEYS_OF = {"features": ("crs", "page_size"), "download": ("crs", "format")}


def _source(entry: _Entry, name: str, licences: Mapping[str, Licence]) -> Source:
    if not NAME.fullmatch(name):
        raise entry.wrong("its name", "use lower case letters, digits and hyphens, 60 at most.")
    kind = cast(Literal["features", "download"], entry.one_of("kind", tuple(_KEYS_OF)))
    _only(entry.path, f"[{entry.place}]", entry.values, (*_KEYS, *_KEYS_OF[kind]))
    layer = entry.one_of("layer", tuple(LAYERS))
    checked = entry.values.get("checked")
    if type(checked) is not date:
        raise entry.wrong("checked", "give the day on which the entry was checked, such as 2026-11-22.")
    url = entry.address("url")
    if kind == "features" and "?" in url:
        raise entry.wrong("url", "give the address of the items without a query: it is added.")
    return Source(
        name=name,
        city=entry.text("city", lambda value: bool(NAME.fullmatch(value)), "use lower case letters and hyphens."),
        layer=layer,
        title=entry.text("title"),
        kind=kind,
        url=url,
        licence=licences[entry.one_of("licence", tuple(licences))],
        attribution=entry.text("attribution"),
        found=entry.text("found"),
        checked=checked,
        crs=_crs(entry, kind),
        format=entry.one_of("format", FORMATS) if kind == "download" else "geojson",
        page_size=_page_size(entry),
        requests_per_second=_rate(entry),
        about=entry.address("about") if "about" in entry.values else None,
        columns=_columns(entry, layer),
    )


def _crs(entry: _Entry, kind: str) -> str | None:
    if kind == "features":
        return entry.one_of("crs", tuple(CRS))
    if "crs" not in entry.values:
        return None
    remedy = "give it as EPSG:25832, or leave it out where the file states it."
    return entry.text("crs", lambda value: bool(re.fullmatch(r"EPSG:\d{4,6}", value)), remedy)


def _page_size(entry: _Entry) -> int:
    size = entry.values.get("page_size", 500)
    if type(size) is not int or not 1 <= size <= 10_000:
        raise entry.wrong("page_size", "give a number of features from 1 to 10000.")
    return size


def _rate(entry: _Entry) -> float:
    rate = entry.values.get("requests_per_second", 2.0)
    if type(rate) not in (int, float) or not 0.01 <= rate <= 100:
        raise entry.wrong("requests_per_second", "give a number from 0.01 to 100.")
    return float(rate)


def _columns(entry: _Entry, layer: str) -> dict[str, str]:
    columns = entry.values.get("columns", {})
    known = tuple(column.name for column in LAYERS[layer].columns)
    if not isinstance(columns, dict) or not all(isinstance(name, str) and name for name in columns.values()):
        raise entry.wrong("columns", "give a table: column of the layer = name in the source.")
    _only(entry.path, f"[{entry.place}], columns", columns, known)
    return dict(columns)
