"""Fetching a source page by page: what a service gives becomes one file, what goes wrong with it a clear refusal."""

import gzip
import hashlib
import json
import shutil
import ssl
import subprocess
import threading
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from gate_files import through
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from services import ITEMS, UTM, Collection, Reply, parcel, serving

from parcels.importing.contract import Refused
from parcels.importing.fetching import Fetcher, Manners
from parcels.importing.ogc_api import Collected, collect
from parcels.importing.shelf import alone
from parcels.sources import Licence, Source, host_of

NOW = datetime(2026, 11, 22, 11, tzinfo=UTC)
QUICK = Manners(requests_per_second=10_000, silence_seconds=5)
LICENCE = Licence("dl-de/by-2-0", "Datenlizenz", "https://www.govdata.de/dl-de/by-2-0")


def source(url, **more):
    """A source of parcels served at an address."""
    told = {"name": "hamburg-parcels", "city": "hamburg", "layer": "parcels", "title": "Flurstücke", "kind": "features"}
    told |= {"url": url, "licence": LICENCE, "attribution": "FHH", "found": "here", "checked": date(2026, 11, 22)}
    return Source(**{**told, "crs": UTM, "page_size": 10, **more})


class Run:
    """Fetches a source again and again into one folder, remembering how long it was told to wait."""

    def __init__(self, folder, proxy=None, **manners):
        self.folder, self.proxy, self.waits = folder, proxy, []
        self.manners = replace(QUICK, **manners)

    def __call__(self, wanted, now=NOW) -> Collected:
        fetcher = Fetcher(wanted.name, host_of(wanted.url), "landreserve/test", lambda: now, self.manners, self.proxy)
        fetcher.wait = self.waits.append
        with alone(self.folder / "sync"):
            return collect(wanted, self.folder / "sync", fetcher, now)

    @property
    def pauses(self):
        """The pauses after failures; those between requests are shorter than a hundredth of a second."""
        return [seconds for seconds in self.waits if seconds >= 0.01]


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path)


def told(run, wanted, **more) -> Refused:
    """The refusal of a source: it names the source and the address, and leaves no file."""
    with pytest.raises(Refused) as refusal:
        run(wanted, **more)
    assert refusal.value.message.startswith(f"{wanted.name}: {wanted.host[0]}://")
    assert refusal.value.message.rstrip().endswith(".")
    assert not list(run.folder.glob("sync/*.g*"))
    return refusal.value


def features(file):
    return json.loads(file.read_text())["features"]


def test_pages_become_one_file_that_the_gate_takes(run):
    parcels = [parcel(n) for n in range(1, 36)]
    with serving(Collection(parcels)) as service:
        found = run(source(service.url + ITEMS))
    assert (found.pages, found.features, found.unchanged, found.resumed, found.requests) == (4, 35, 0, 0, 4)
    assert features(found.file) == parcels
    first = service.requests[0]
    assert first.query == {"f": "json", "crs": UTM, "limit": "10"}
    assert first.headers["user-agent"] == "landreserve/test"
    assert first.headers["accept-encoding"] == "identity"
    taken = through(found.file, "parcels", columns={"key": "flstkennz", "official_m2": "flaeche"})
    assert (len(taken.rows), taken.kinds()) == (35, [])
    assert taken.rows[0]["official_m2"] == "10000.00"


def test_what_is_unchanged_is_not_fetched_again(run):
    collection = Collection([parcel(n) for n in range(25)])
    with serving(collection) as service:
        wanted = source(service.url + ITEMS)
        before = run(wanted).file.read_bytes()
        again = run(wanted)
        assert (again.unchanged, again.bytes, again.file.read_bytes()) == (3, 0, before)
        assert all("if-none-match" in request.headers for request in service.requests[3:])
        collection.features[12] = parcel(12, flaeche=9000.0)
        changed = run(wanted)
    assert (changed.unchanged, changed.pages) == (2, 3)
    assert changed.bytes == len(collection.page(10, 10))
    assert features(changed.file)[12]["properties"]["flaeche"] == 9000.0
    assert len(list((run.folder / "sync").glob("*.page"))) == 3


def test_without_etags_a_page_is_compared_by_its_content(run):
    with serving(Collection([parcel(n) for n in range(25)], etags=False)) as service:
        wanted = source(service.url + ITEMS)
        run(wanted)
        again = run(wanted)
    assert (again.unchanged, again.pages, again.bytes > 0) == (3, 3, True)


def test_a_page_that_was_damaged_on_disk_is_fetched_anew(run):
    with serving(Collection([parcel(n) for n in range(25)])) as service:
        wanted = source(service.url + ITEMS)
        before = run(wanted).file.read_bytes()
        damaged = sorted((run.folder / "sync").glob("*.page"))[0]
        damaged.write_bytes(b" " * damaged.stat().st_size)
        with pytest.raises(Refused, match="not what was fetched"):
            run(wanted)
        assert run(wanted).file.read_bytes() == before


BUSY = Reply(429, b"slow down", {"Retry-After": "7"})
DATED = Reply(503, b"", {"Retry-After": "Sun, 22 Nov 2026 11:00:42 GMT"})
BROKEN = Reply(500, b"oops")


def test_a_service_that_stumbles_is_asked_again_after_a_pause(run):
    incidents = {2: [BUSY, BROKEN, Reply(502)], 3: [DATED]}
    with serving(Collection([parcel(n) for n in range(25)], incidents)) as service:
        found = run(source(service.url + ITEMS))
    assert (found.features, found.requests) == (25, 7)
    assert run.pauses == [7, 2, 4, 42]


@pytest.mark.parametrize(
    ("after", "pause"),
    [("soon", 1), ("-5", 1), ("Sun, 22 Nov 2026 10:00:00 GMT", 0), ("Sun, 22 Nov 2026 11:00:05 -0000", 5), ("3.5", 1)],
)
def test_a_pause_that_makes_no_sense_is_our_own(run, after, pause):
    with serving(Collection([parcel(1)], {1: [Reply(429, b"", {"Retry-After": after})]})) as service:
        assert run(source(service.url + ITEMS)).features == 1
    assert run.pauses == [pause] * bool(pause)


def test_a_service_that_tells_dates_instead_of_etags_is_asked_by_them(run):
    whole, changed = Collection([parcel(1)], etags=False), "Sat, 21 Nov 2026 08:00:00 GMT"

    def answer(asked):
        good = whole(asked)
        told = {**good.headers, "Last-Modified": changed}
        return (
            Reply(304, b"", told) if asked.headers.get("if-modified-since") == changed else replace(good, headers=told)
        )

    with serving(answer) as service:
        wanted = source(service.url + ITEMS)
        run(wanted)
        again = run(wanted)
    assert (again.unchanged, again.bytes, again.features) == (1, 0, 1)


def test_one_that_asks_for_a_long_pause_is_left_alone(run):
    later = Reply(429, b"", {"Retry-After": "86400"})
    with serving(Collection([parcel(1)], {1: [later]})) as service:
        said = told(run, source(service.url + ITEMS))
    assert (said.kind, "86,400 s" in said.message, run.pauses) == ("unreachable", True, [])


@pytest.mark.parametrize("cut", [0, 500])
def test_a_connection_cut_in_the_middle_is_resumed_at_that_page(run, cut):
    body = Collection([parcel(n) for n in range(45)]).page(10, 20)
    collection = Collection([parcel(n) for n in range(45)], {3: [Reply(200, body, cut=cut) for _ in range(5)]})
    with serving(collection) as service:
        wanted = source(service.url + ITEMS)
        said = told(run, wanted)
        assert (said.kind, run.pauses) == ("unreachable", [1, 2, 4, 8])
        assert "offset=20" in said.message
        service.requests.clear()
        found = run(wanted, NOW + timedelta(hours=1))
    assert (found.resumed, found.pages, found.features, found.requests) == (2, 5, 45, 3)
    assert found.began_at == NOW
    assert [request.query.get("offset") for request in service.requests] == ["20", "30", "40"]
    assert [feature["id"] for feature in features(found.file)] == list(range(45))


def test_what_was_interrupted_long_ago_begins_anew_and_asks_what_changed(run):
    collection = Collection([parcel(n) for n in range(25)], {3: [Reply(404)]})
    with serving(collection) as service:
        wanted = source(service.url + ITEMS)
        told(run, wanted)
        found = run(wanted, NOW + timedelta(hours=25))
    assert (found.resumed, found.unchanged, found.pages) == (0, 2, 3)
    assert found.began_at == NOW + timedelta(hours=25)


def test_a_journal_cut_in_its_last_line_loses_that_line_alone(run):
    collection = Collection([parcel(n) for n in range(35)], {4: [Reply(404), Reply(404)]})
    with serving(collection) as service:
        wanted = source(service.url + ITEMS)
        told(run, wanted)
        journal = run.folder / "sync" / "journal.jsonl"
        journal.write_text(journal.read_text()[:-20])
        told(run, wanted)
        found = run(wanted)
    assert (found.resumed, found.features) == (3, 35)


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        ({"crs": None}, "crs-wrong", "does not state"),
        (
            {"crs": "<http://www.opengis.net/def/crs/OGC/1.3/CRS84>"},
            "crs-wrong",
            "answers in http://www.opengis.net/def/crs/OGC",
        ),
        ({"matched": 24}, "incomplete", "gives more"),
        ({"matched": 26}, "incomplete", "26 features, and gives 25"),
        ({"onward": lambda n, href: f"https://evil.example{href}"}, "foreign-link", "evil.example"),
        ({"onward": lambda n, href: f"//evil.example{href}"}, "foreign-link", "http://evil.example/datasets"),
        ({"onward": lambda n, href: "http://127.0.0.1:1/items"}, "foreign-link", "not followed"),
        ({"onward": lambda n, href: "file:///etc/passwd"}, "foreign-link", "not followed"),
        ({"onward": lambda n, href: "http://user@127.0.0.1/"}, "foreign-link", "not followed"),
        ({"onward": lambda n, href: "http://[::1"}, "foreign-link", "not followed"),
        (
            {"onward": lambda n, href: f"{ITEMS}?limit=10&offset=0&x={n}", "matched": None},
            "page-repeats",
            "repeats a page",
        ),
        ({"onward": lambda n, href: f"{ITEMS}?f=json&limit=10&offset=10", "matched": None}, "page-repeats", "repeats"),
        ({"onward": lambda n, href: href + "&x=\x1b[2J"}, "foreign-link", "\\x1b[2J"),
        ({"matched": -5}, "unexpected-answer", "cannot be (-5)"),
        ({"matched": 10**30}, "unexpected-answer", "cannot be (1000000"),
        ({"more": {"type": "Feature"}}, "unexpected-answer", "no collection of features"),
    ],
)
def test_what_contradicts_itself_is_refused(run, change, kind, words):
    with serving(Collection([parcel(n) for n in range(25)], **change)) as service:
        said = told(run, source(service.url + ITEMS))
    assert (said.kind, words in said.message) == (kind, True), said.message


def test_links_that_never_end_end_by_the_number_of_pages(tmp_path):
    run = Run(tmp_path, pages=5)
    onward = Collection([parcel(n) for n in range(1_000)], matched=None)
    with serving(onward) as service:
        assert told(run, source(service.url + ITEMS)).kind == "too-large"
    assert len(service.requests) == 6

    def empty(asked):
        links = [{"rel": "next", "href": f"{ITEMS}?page={len(service.requests)}"}]
        body = {"type": "FeatureCollection", "features": [], "links": links}
        return Reply(200, json.dumps(body).encode(), {"Content-Crs": f"<{UTM}>"})

    with serving(empty) as service:
        assert told(Run(tmp_path / "other"), source(service.url + ITEMS)).kind == "page-repeats"


def test_data_that_moved_between_two_pages_is_not_mixed(run):
    collection = Collection([parcel(n) for n in range(25)], {3: [Reply(404)]})
    with serving(collection) as service:
        wanted = source(service.url + ITEMS)
        told(run, wanted)
        collection.features.append(parcel(25))
        assert told(run, wanted).kind == "moved"
        found = run(wanted)  # the pass that was spoilt is not gone on with
        assert (found.resumed, found.features) == (0, 26)
        collection.features[20:] = collection.features[3:9]  # as many, but some of them twice
        assert told(run, wanted).kind == "moved"


HTML = Reply(200, b"<html>Wartung</html>", {"Content-Type": "text/html; charset=utf-8"})
BOMB = gzip.compress(b" " * 50_000_000)


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (HTML, "unexpected-answer", "a web page"),
        (Reply(200, HTML.body, {"Content-Crs": f"<{UTM}>"}), "unexpected-answer", "no JSON"),
        (Reply(404, b"gone"), "unexpected-answer", "status 404"),
        (Reply(401), "unexpected-answer", "status 401"),
        (Reply(304), "unexpected-answer", "status 304"),
        (Reply(200, BOMB, {"Content-Encoding": "gzip", "Content-Crs": UTM}), "unexpected-answer", "compressed"),
        (Reply(302, b"", {"Location": "https://evil.example/"}), "foreign-link", "evil.example"),
        (Reply(302, b"", {"Location": "ftp://127.0.0.1/"}), "foreign-link", "ftp://"),
        (Reply(301), "unexpected-answer", "redirects again and again"),
        (
            Reply(200, b'{"type": "FeatureCollection", "features": [NaN]}', {"Content-Crs": UTM}),
            "unexpected-answer",
            "JSON",
        ),
        (
            Reply(200, b'{"type": "FeatureCollection", "features": [1]}', {"Content-Crs": UTM}),
            "unexpected-answer",
            "no coll",
        ),
        (Reply(200, b"[" * 900_000, {"Content-Crs": UTM}), "unexpected-answer", "no JSON"),
        (Reply(200, b"[]," * 1_000_001, {"Content-Crs": UTM}), "unexpected-answer", "brackets"),
        (Reply(200, b"\xff\xfe\x00", {"Content-Crs": UTM}), "unexpected-answer", "no JSON"),
        (Reply(200, b"9" * 5_000, {"Content-Crs": UTM}), "unexpected-answer", "no JSON"),
    ],
)
def test_an_answer_that_is_none_is_refused(run, reply, kind, words):
    with serving(lambda asked: reply) as service:
        said = told(run, source(service.url + ITEMS))
    assert (said.kind, words in said.message) == (kind, True), said.message


def test_too_much_is_let_go_of_at_once(tmp_path):
    big = Reply(200, b" " * 3_000_000, {"Content-Crs": UTM})
    with serving(lambda asked: big) as service:
        said = told(Run(tmp_path, answer_bytes=1 << 20), source(service.url + ITEMS))
    assert (said.kind, "1 MiB" in said.message) == ("too-large", True)
    with serving(Collection([parcel(n) for n in range(100)])) as service:
        said = told(Run(tmp_path / "all", bytes=10_000), source(service.url + ITEMS))
    assert (said.kind, "in all" in said.message, 1 < len(service.requests) < 10) == ("too-large", True, True)


def test_a_redirect_within_the_host_is_followed(run):
    collection = Collection([parcel(n) for n in range(5)])

    def moved(asked):
        if asked.path.startswith("/old"):
            return Reply(301, b"", {"Location": asked.path.replace("/old", ITEMS)})
        return collection(asked)

    with serving(moved) as service:
        assert run(source(f"{service.url}/old")).features == 5


def test_nobody_there_is_said_after_a_few_tries(run):
    with serving(lambda asked: BROKEN) as service:
        gone = service.url
    said = told(run, source(gone + ITEMS))
    assert (said.kind, "5 tries" in said.message, "kept" in said.message) == ("unreachable", True, True)
    assert run.pauses == [1, 2, 4, 8]


def test_a_service_that_is_silent_is_not_waited_for_for_ever(tmp_path):
    ended = threading.Event()

    def silent(asked):
        ended.wait(10)
        return Reply(200)

    with serving(silent) as service:
        said = told(Run(tmp_path, silence_seconds=0.2, attempts=2), source(service.url + ITEMS))
        ended.set()
    assert (said.kind, "too long" in said.message) == ("unreachable", True)


def test_nor_one_whose_answer_comes_byte_by_byte(tmp_path):
    slow = Reply(200, b" " * 200, {"Content-Crs": UTM}, drip=0.05)
    began = time.monotonic()
    with serving(lambda asked: slow) as service:
        said = told(Run(tmp_path, answer_seconds=0.3, attempts=2), source(service.url + ITEMS))
    assert (said.kind, "was not there after" in said.message) == ("unreachable", True)
    assert time.monotonic() - began < 5


def test_it_asks_no_faster_than_agreed(tmp_path):
    run = Run(tmp_path, requests_per_second=4)
    with serving(Collection([parcel(n) for n in range(45)])) as service:
        assert run(source(service.url + ITEMS)).requests == 5
    assert len(run.waits) == 4
    assert all(0.15 < pause <= 0.25 for pause in run.waits)


def test_a_proxy_is_the_one_that_is_named_and_none_of_the_environment(tmp_path, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    page = Collection([parcel(1)]).page(10, 0)
    answer = Reply(200, page, {"Content-Crs": UTM})
    with serving(lambda asked: answer) as service:
        assert Run(tmp_path / "without")(source(service.url + ITEMS)).features == 1
        assert Run(tmp_path / "with", proxy=service.url)(source(f"http://localhost:7{ITEMS}")).features == 1
    assert service.paths[1].startswith("http://localhost:7/")


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(tmp_path):
    if not shutil.which("openssl"):
        pytest.skip("a certificate to be refused is made by openssl, which is not installed")
    secret, public = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    made += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(secret), "-out", str(public)]
    subprocess.run(made, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, secret)
    with serving(Collection([parcel(1)]), context) as service:
        said = told(Run(tmp_path), source(service.url.replace("http://127.0.0.1", "https://localhost") + ITEMS))
    assert (said.kind, "cannot be trusted" in said.message, service.requests) == ("untrusted", True, [])


def test_a_disk_that_cannot_keep_it_is_said(tmp_path):
    (tmp_path / "sync").write_text("in the way")
    with serving(Collection([parcel(1)])) as service, pytest.raises(Refused, match="cannot be kept in"):
        Run(tmp_path)(source(service.url + ITEMS))


def test_an_empty_page_at_the_end_is_no_harm(run):
    with serving(Collection([parcel(n) for n in range(20)], one_more=True)) as service:
        found = run(source(service.url + ITEMS))
    assert (found.pages, found.features) == (3, 20)


def test_an_empty_collection_is_an_empty_file(run):
    with serving(Collection([])) as service:
        found = run(source(service.url + ITEMS))
    assert (found.features, features(found.file)) == (0, [])


def test_two_at_once_do_not_mix(run):
    with serving(Collection([parcel(1)])) as service:
        wanted = source(service.url + ITEMS)
        with alone(run.folder / "sync"), pytest.raises(Refused, match="Another sync is at work"):
            run(wanted)
        assert service.requests == []
        assert run(wanted).features == 1


def test_a_download_is_taken_as_it_is_and_asked_about_only_once(run):
    body = json.dumps({"type": "FeatureCollection", "features": [parcel(1)]}).encode()
    tag = f'"{hashlib.sha256(body).hexdigest()}"'

    def answer(asked):
        known = asked.headers.get("if-none-match") == tag
        return Reply(304 if known else 200, b"" if known else body, {"ETag": tag, "Content-Type": "application/json"})

    with serving(answer) as service:
        wanted = source(f"{service.url}/port.json", kind="download", crs="EPSG:25832")
        found, again = run(wanted), run(wanted)
    assert (found.file.name, found.file.read_bytes(), found.features) == ("hamburg-parcels.geojson", body, None)
    assert (again.unchanged, again.bytes, again.file.read_bytes()) == (1, 0, body)


def test_paths_of_the_city_s_recorded_pages(run, realdata):
    """Pages as api.hamburg.de gives them: no links where there is one page, ids that are numbers."""
    page = (realdata / "portal" / "oaf" / "hgis_items_page.json").read_bytes()
    sample = (realdata / "alkis" / "hh_oaf_flurstueck_sample_25832.json").read_bytes()
    headers = {"Content-Type": "application/geo+json", "Content-Crs": f"<{UTM}>"}
    with serving(
        lambda asked: Reply(200, page if "trees" in urlsplit(asked.path).path else sample, headers)
    ) as service:
        trees = run(source(f"{service.url}/trees/items"))
        assert [feature["properties"]["baumid"] for feature in features(trees.file)] == [100, 101]
        found = run(source(f"{service.url}/parcels/items"))
    taken = through(
        found.file, "parcels", columns={"key": "flstkennz", "official_m2": "flaeche", "gemarkung": "gemarkung"}
    )
    assert (found.features, len(taken.rows), taken.kinds()) == (5, 5, [])
    assert {row["key"] for row in taken.rows} >= {"020114___11913______"}


PLAN = st.lists(st.sampled_from(["ok", "cut", "500", "429", "stop"]), max_size=12)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(count=st.integers(0, 60), size=st.integers(1, 25), plan=PLAN)
def test_whatever_goes_wrong_on_the_way_the_file_is_the_same(tmp_path_factory, count, size, plan):
    """Interrupted and taken up again as often as it may be: in the end every feature once, in order."""
    parcels = [parcel(n) for n in range(count)]
    collection = Collection(parcels)
    todo = list(plan)

    def shaky(asked):
        good = collection(asked)
        what = todo.pop(0) if todo else "ok"
        bad = {"cut": replace(good, cut=len(good.body) // 2), "500": BROKEN, "429": BUSY, "stop": Reply(403)}
        return bad.get(what, good)

    run = Run(tmp_path_factory.mktemp("sync"))
    with serving(shaky) as service:
        wanted = source(service.url + ITEMS, page_size=size)
        for _ in range(len(plan) + 1):
            try:
                found = run(wanted)
                break
            except Refused:  # that it ends at all, the last line says
                continue
    assert features(found.file) == parcels
