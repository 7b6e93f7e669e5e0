"""A service of others in a thread: pages of features as an OGC API serves them, and everything that can go wrong with one."""

import hashlib
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from gate_files import parcel_key, square
from shapely.geometry import mapping

UTM = "http://www.opengis.net/def/crs/EPSG/0/25832"
ITEMS = "/datasets/v1/alkis_vereinfacht/collections/Flurstueck/items"


@dataclass
class Reply:
    """An answer; `cut` ends the connection after so many bytes of the body, `drip` waits so long before each byte."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    drip: float = 0.0


@dataclass
class Asked:
    """A request: its path with the query, and its headers in lower case."""

    path: str
    headers: dict[str, str]

    @property
    def query(self) -> dict[str, str]:
        return {name: values[-1] for name, values in parse_qs(urlsplit(self.path).query).items()}


@dataclass
class Service:
    """What a running service was asked, and where it is."""

    url: str
    requests: list[Asked]

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.requests]


@contextmanager
def serving(answer: Callable[[Asked], Reply], tls: ssl.SSLContext | None = None) -> Iterator[Service]:
    """Answers on 127.0.0.1 until the block ends."""
    requests: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked = Asked(self.path, {name.lower(): value for name, value in self.headers.items()})
            requests.append(asked)
            reply = answer(asked)
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if reply.drip:
                self.dripped(reply)
            elif reply.status != 304:
                self.wfile.write(reply.body[: reply.cut])
            if reply.cut is not None:
                self.close_connection = True

        def dripped(self, reply: Reply) -> None:
            with suppress(OSError):  # the other side has had enough
                for byte in reply.body:
                    time.sleep(reply.drip)
                    self.wfile.write(bytes((byte,)))

        def log_message(self, *_: Any) -> None:
            """Nothing on the terminal."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield Service(f"http://127.0.0.1:{server.server_address[1]}", requests)
        finally:
            server.shutdown()
            thread.join()


def parcel(number: int, **properties: Any) -> dict[str, Any]:
    """A feature as Hamburg's service gives it, in EPSG:25832."""
    told = {
        "oid": f"DEHH{number:08d}FL",
        "flstkennz": parcel_key(number),
        "flaeche": 10000.0,
        "gemarkung": "Neustadt Nord",
    }
    told |= {"gemeinde": "Freie und Hansestadt Hamburg", "flurschl": "020114___", **properties}
    shape = json.loads(json.dumps(mapping(square(number % 50, number // 50))))
    return {"type": "Feature", "id": number, "geometry": shape, "properties": told}


@dataclass
class Collection:
    """A collection that pages by offset, knows ETags and states its CRS; `incidents` come once each before page n (from 1)."""

    features: list[dict[str, Any]]
    incidents: dict[int, list[Reply]] = field(default_factory=dict)
    etags: bool = True
    crs: str | None = f"<{UTM}>"
    matched: int | None = -1
    more: dict[str, Any] = field(default_factory=dict)
    onward: Callable[[int, str], str] | None = None
    path: str = ITEMS
    one_more: bool = False  # an empty page behind the last full one

    def __call__(self, asked: Asked) -> Reply:
        """Answer one request."""
        if urlsplit(asked.path).path != self.path:
            return Reply(404, b"no such collection")
        limit, offset = int(asked.query["limit"]), int(asked.query.get("offset", "0"))
        number = offset // limit + 1
        if waiting := self.incidents.get(number):
            return waiting.pop(0)
        body = self.page(limit, offset)
        headers = {"Content-Type": "application/geo+json", **({"Content-Crs": self.crs} if self.crs else {})}
        if self.etags:
            headers["ETag"] = f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
            if asked.headers.get("if-none-match") == headers["ETag"]:
                return Reply(304, b"", headers)
        return Reply(200, body, headers)

    def page(self, limit: int, offset: int) -> bytes:
        """The features from an offset on, with links as ldproxy and deegree give them."""
        part = self.features[offset : offset + limit]
        matched = len(self.features) if self.matched == -1 else self.matched
        links = [{"rel": "self", "type": "application/geo+json", "href": self.path}]
        if offset + limit < len(self.features) + self.one_more:
            href = f"{self.path}?f=json&limit={limit}&offset={offset + limit}"
            href = self.onward(offset // limit + 1, href) if self.onward else href
            links += [{"rel": "next", "type": kind, "href": href} for kind in ("text/html", "application/geo+json")]
        told = {"type": "FeatureCollection", "links": links, "numberReturned": len(part), **self.more}
        told |= {} if matched is None else {"numberMatched": matched}
        return json.dumps({**told, "features": part}).encode()
