"""What the container files promise: no root, nothing writable, no privileges; and the roles that they set up."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from app import embedded, embedded_place, embedded_server

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    compose: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return dict(compose["services"])


@pytest.fixture(scope="module")
def dockerfile() -> list[tuple[str, str]]:
    """Instructions of the last stage, as (name, rest)."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line.split(None, 1) for line in text.splitlines() if line and not line.startswith("#")]
    starts = [number for number, line in enumerate(lines) if line[0] == "FROM"]
    return [(name, rest) for name, rest in lines[starts[-1] :]]


@pytest.mark.parametrize("name", ["app", "db"])
def test_each_service_is_hardened(services: dict[str, Any], name: str) -> None:
    service = services[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "tmp" in [each.split(":")[0].strip("/") for each in service["tmpfs"]]
    assert service["mem_limit"]
    assert service["healthcheck"]["test"][0] == "CMD"


def test_only_the_service_is_reached_and_only_from_this_machine(services: dict[str, Any]) -> None:
    assert "ports" not in services["db"]
    assert services["db"]["networks"] == ["inner"]
    assert all(port.startswith("127.0.0.1:") for port in services["app"]["ports"])
    networks = yaml.safe_load((ROOT / "compose.yaml").read_text())["networks"]
    assert networks["inner"]["internal"] is True


def test_the_service_connects_as_its_own_roles(services: dict[str, Any]) -> None:
    environment = services["app"]["environment"]
    assert f"//{embedded.OWNER}:" in environment["LANDRESERVE_DATABASE_URL"]
    assert f"//{embedded.WEB}:" in environment["LANDRESERVE_WEB_DATABASE_URL"]
    assert "POSTGRES_PASSWORD" not in environment
    assert "--data-checksums" in services["db"]["environment"]["POSTGRES_INITDB_ARGS"]
    assert services["db"]["user"] == "postgres"


def test_no_password_is_written_down() -> None:
    text = (ROOT / "compose.yaml").read_text()
    values = re.findall(r"PASSWORD: (.*)", text) + re.findall(r"://\w+:(.*?)@", text)
    assert len(values) == 5
    assert all(re.fullmatch(r"\$\{\w+:\?\}", value) for value in values)


def test_the_image_is_pinned_not_root_and_watched(dockerfile: list[tuple[str, str]]) -> None:
    instructions = dict(dockerfile)
    assert re.fullmatch(r"python:3\.\d+-slim-\w+", instructions["FROM"])
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", instructions["USER"])
    assert "/healthz" in instructions["HEALTHCHECK"]
    assert instructions["CMD"] == '["landreserve", "up"]'
    assert [name for name, _ in dockerfile].index("USER") > [name for name, _ in dockerfile].index("RUN")
    assert "--require-hashes -r requirements.lock" in (ROOT / "Dockerfile").read_text()


@pytest.fixture(scope="module")
def foreign_database() -> Iterator[embedded_place.Place]:
    """A PostgreSQL without our roles, as a managed one would be."""
    with embedded.temporary() as (home, _):
        place = embedded_place.place_of(home)
        with embedded_server.connect(place) as administrator:
            administrator.execute("DROP DATABASE landreserve")
            for role in embedded.ROLES:
                administrator.execute(f"ALTER ROLE {role} RENAME TO former_{role}")
            administrator.execute("CREATE DATABASE landreserve TEMPLATE template0")
        yield place


def run_roles_sql(place: embedded_place.Place, **passwords: str) -> "subprocess.CompletedProcess[str]":
    psql, environment = embedded.program(place.home, "psql")
    options = ["-X", "-q", "-h", str(place.sockets), "-U", embedded_server.SUPERUSER, "-d", "landreserve"]
    command = [str(psql), *options, "-f", str(ROOT / "docs/roles.sql")]
    return subprocess.run(command, env=environment | passwords, capture_output=True, text=True, check=False)


def test_roles_sql_prepares_a_database_of_ones_own(foreign_database: embedded_place.Place) -> None:
    place = foreign_database
    without = run_roles_sql(place)
    assert without.returncode == 3
    done = run_roles_sql(place, LANDRESERVE_OWNER_PASSWORD="one'1", LANDRESERVE_WEB_PASSWORD="two2")
    assert (done.returncode, done.stderr) == (0, "")
    with embedded_server.connect(place, "landreserve") as administrator:
        found: dict[Any, Any] = dict(
            administrator.execute(
                "SELECT rolname, rolconfig FROM pg_roles WHERE rolname = ANY(%s) AND NOT rolsuper AND rolcanlogin"
                " AND NOT rolcreaterole AND NOT rolcreatedb",
                [list(embedded.ROLES)],
            ).fetchall()  # type: ignore[arg-type]
        )
        owners = administrator.execute(
            "SELECT datdba::regrole::text, nspowner::regrole::text FROM pg_database, pg_namespace"
            " WHERE datname = current_database() AND nspname = 'public'"
        ).fetchone()
    needs_superuser = {"temp_file_limit"}
    for role, settings in embedded.ROLES.items():
        assert set(found[role]) == {f"{key}={value}" for key, value in settings.items() if key not in needs_superuser}
    assert owners == (embedded.OWNER, embedded.OWNER)
