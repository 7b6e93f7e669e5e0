"""Every example in README and docs is run as printed: commands by the shell, against the demo register and a live server."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from app import embedded
from parcels import db, demo

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


MARK = "-- end of a command --"


def commands(block: str) -> list[tuple[str, str]]:
    """The `$ commands` of a console block, each with the output printed below it."""
    found = []
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        while output.startswith("    "):  # a command goes on in lines that are indented
            more, _, output = output.partition("\n")
            command = f"{command}\n{more}"
        found.append((command, output))
    return found


def examples() -> Iterator[pytest.param]:
    """Each console block of each page: its commands run one after the other in one shell."""
    for page in PAGES:
        for number, block in enumerate(BLOCK.findall(page.read_text("utf-8")), 1):
            yield pytest.param(commands(block), id=f"{page.name}-{number}")


@pytest.fixture(scope="module")
def served(cluster: Path | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a shell in which the demo register is served on 127.0.0.1:8000 (curl is told the real port)."""
    if cluster is None:
        pytest.skip("needs a private PostGIS to put the demo register into")
    urls = embedded.create_database(cluster, "docs")
    engine = db.engine(urls.owner)
    db.migrate(engine)
    with Session(engine) as session:
        demo.load(session)
        session.commit()
    engine.dispose()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("LANDRESERVE_")},
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "LANDRESERVE_DATABASE_URL": urls.owner,
        "LANDRESERVE_WEB_DATABASE_URL": urls.web,
        "LANDRESERVE_PORT": port,
        "LANDRESERVE_HOME": str(tmp_path_factory.mktemp("home")),
        "COLUMNS": "100",
        "NO_COLOR": "1",
    }
    with subprocess.Popen(
        ["landreserve", "up", "--empty"], env=environment, cwd=ROOT, stdout=subprocess.DEVNULL
    ) as server:
        try:
            _wait_for(f"http://127.0.0.1:{port}/healthz", server)
            yield environment
        finally:
            server.terminate()
    embedded.drop_database(cluster, "docs")


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=1):  # noqa: S310 (our own server)
            return
        time.sleep(0.1)
    pytest.fail("the server did not answer")


@pytest.mark.parametrize("block", list(examples()))
def test_example_prints_what_the_page_says(served: dict[str, str], block: list[tuple[str, str]]) -> None:
    if any("curl" in command for command, _ in block) and not shutil.which("curl"):
        pytest.skip("curl is not installed")
    done = run(served, [command for command, _ in block])
    assert done == [_plain(output) for _, output in block]


def run(environment: dict[str, str], lines: list[str]) -> list[list[str]]:
    """What each command prints, as a reader of the page sees it: the port of the page, no blanks at line ends."""
    here, there = f"127.0.0.1:{environment['LANDRESERVE_PORT']}", "127.0.0.1:8000"
    script = f"\necho '{MARK}'\n".join(line.replace(there, here) for line in lines)
    done = subprocess.run(
        ["bash", "-c", script], env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120
    )
    return [_plain(part) for part in done.stdout.decode().replace(here, there).split(MARK)]


def _plain(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip("\n").splitlines()]


LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s#]*)(?:#([^)\s]+))?\)")


def without_code(page: Path) -> str:
    """A page's text without what stands in code blocks."""
    return re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """What the headings of a page are called in a link: lower case, blanks as hyphens, no other punctuation."""
    headings = re.findall(r"^#+ (.+)$", without_code(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def dead_links(page: Path) -> list[str]:
    """Relative links of a page that lead to no file, or to no heading of it."""
    dead = []
    for path, anchor in LINK.findall(without_code(page)):
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            dead.append(f"{path}#{anchor}" if anchor else path)
    return dead


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    assert dead_links(page) == []


def test_a_dead_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    (tmp_path / "other.md").write_text("# Über `alles`, kurz\n")
    good = "[a](other.md) [b](other.md#über-alles-kurz) [c](#here) [d](https://example.org/x)"
    page.write_text(f"# Here\n{good} [e](gone.md) [f](other.md#gone) [g](#gone)\n```sh\n[h](gone.md)\n```\n")
    assert dead_links(page) == ["gone.md", "other.md#gone", "#gone"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_paths_named_in_a_page_exist(page: Path) -> None:
    named = re.findall(r"`((?:app|parcels|rules|migrations|data|tests|docs|\.ci)/[\w./-]*)`", page.read_text("utf-8"))
    assert [path for path in named if not (ROOT / path).exists()] == []
