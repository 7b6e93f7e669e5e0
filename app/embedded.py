"""The private PostGIS: a PostgreSQL of our own on a Unix socket, without TCP, without a superuser for the service.

`start` finds the programs, makes the cluster, its roles and its database where they are missing, and returns the two
addresses that the service uses. The launcher alone speaks as the cluster's superuser.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from psycopg import Connection, sql

from app import embedded_place as places
from app import embedded_server as server
from app.embedded_place import EmbeddedError, Place, Programs

__all__ = [
    "EmbeddedError",
    "Status",
    "Urls",
    "create_database",
    "default_home",
    "drop_database",
    "exchange_database",
    "program",
    "remove",
    "start",
    "status",
    "stop",
    "temporary",
    "urls",
]

DATABASE = "landreserve"
TEMPLATE = "landreserve_template"
OWNER = "landreserve_owner"
WEB = "landreserve_web"
EXTENSIONS = ("postgis", "btree_gist")
ROLES = {
    OWNER: {
        "statement_timeout": "0",
        "lock_timeout": "10s",
        "client_connection_check_interval": "1s",
    },
    WEB: {
        "statement_timeout": "5s",
        "lock_timeout": "2s",
        "idle_in_transaction_session_timeout": "15s",
        "client_connection_check_interval": "1s",
        "temp_file_limit": "1GB",
    },
}
MUST_BE_ON = ("fsync", "full_page_writes", "synchronous_commit", "data_checksums")

Say = Callable[[str], None]
Superuser = Connection[tuple[object, ...]]


@dataclass(frozen=True)
class Urls:
    """SQLAlchemy addresses over the Unix socket: `owner` for migrations, CLI and imports; `web` for requests."""

    owner: str
    web: str


@dataclass(frozen=True)
class Status:
    """What is known of the private PostGIS: whether it answers, its process, where it lies, its major version."""

    running: bool
    pid: int | None
    data: Path
    sockets: Path
    log: Path
    major: int | None


def default_home() -> Path:
    """`LANDRESERVE_HOME`, else /var/lib/landreserve for root, else the user's XDG data folder."""
    if home := os.environ.get("LANDRESERVE_HOME"):
        return Path(home)
    if os.geteuid() == 0:
        return places.ROOT_HOME
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "landreserve"


def start(home: Path, say: Say, *, emergency: bool = False) -> Urls:
    """Bring the private PostGIS of `home` up, making what is missing; calling it again changes nothing.

    `emergency` first gives back the 64 MiB that are kept for a full disk. Raises EmbeddedError with the remedy.
    """
    place = places.place_of(home)
    if place.home != home.expanduser().resolve():
        say(f"The server's account cannot enter {home}: its data lies in {place.home} instead.")
    places.make_home(place)
    if emergency:
        places.drop_ballast(place)
    with server.only_one_starter(place, say):
        programs = _programs_for(place, say)
        if not server.answers(place):
            say(f"Starting PostgreSQL {programs.major} (data: {place.data}, log: {place.home / 'log'}).")
            server.bring_up(place, programs, say)
        with server.connect(place) as superuser:
            _check_settings(superuser, programs)
            _provide_roles(superuser)
            _provide_template(place, superuser)
            _provide_database(superuser, DATABASE)
        if not emergency:
            places.keep_ballast(place)
    return urls(home)


def stop(home: Path) -> bool:
    """Stop the private PostGIS of `home`; False when it was not running."""
    place = places.place_of(home)
    if places.data_major(place) is None:
        return False
    with server.only_one_starter(place, lambda _: None):
        if not server.alive(place) and not server.answers(place):
            return False
        server.shut_down(place, places.find_programs(places.data_major(place)))
    return True


def status(home: Path) -> Status:
    """Tell whether the private PostGIS of `home` answers, and where it lies; starts nothing."""
    place = places.place_of(home)
    major = places.data_major(place)
    running = major is not None and server.answers(place)
    pid = server.postmaster_pid(place) if running else None
    return Status(running, pid, place.data, place.sockets, place.home / "log", major)


def urls(home: Path, database: str = DATABASE) -> Urls:
    """The addresses of `database` in the private PostGIS of `home`, whether it runs or not."""
    host = quote(str(places.place_of(home).sockets), safe="")
    return Urls(*(f"postgresql+psycopg://{role}@/{quote(database, safe='')}?host={host}" for role in (OWNER, WEB)))


def create_database(home: Path, name: str, like: str = TEMPLATE) -> Urls:
    """Make a database owned by the owner role; for tests and restores. It is empty but for the extensions, or a copy of `like`,
    to which nobody may be connected.

    An existing one of that name is left as it is.
    """
    with server.connect(places.place_of(home)) as superuser:
        _provide_database(superuser, name, like)
    return urls(home, name)


def drop_database(home: Path, name: str) -> None:
    """Remove a database made by `create_database`, ending its sessions; the service's own is refused."""
    if name in (DATABASE, TEMPLATE):
        raise EmbeddedError(f"The database {name} is the service's own and is not dropped.")
    with server.connect(places.place_of(home)) as superuser:
        superuser.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def exchange_database(home: Path, name: str, former: str) -> None:
    """Put another database in the present one's place, which is kept as `former`; ends the sessions on both."""
    with server.connect(places.place_of(home)) as superuser:
        end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ANY ({})"
        superuser.execute(sql.SQL(end).format(sql.Literal([DATABASE, name])))
        with superuser.transaction():
            for old, new in ((DATABASE, former), (name, DATABASE)):
                rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
                superuser.execute(rename.format(sql.Identifier(old), sql.Identifier(new)))


def program(home: Path, name: str) -> tuple[Path, dict[str, str]]:
    """Path and environment of one of PostgreSQL's programs (pg_dump, pg_restore, psql) that fits the data of `home`."""
    programs = places.find_programs(places.data_major(places.place_of(home)))
    return programs.folder / name, programs.environment()


def remove(home: Path) -> None:
    """Stop the private PostGIS of `home` and delete all of its data; other files in `home` stay."""
    place = places.place_of(home)
    stop(home)
    places.delete(place)
    for folder in {home, place.home}:
        if folder.exists() and not any(folder.iterdir()):
            folder.rmdir()


@contextmanager
def temporary(say: Say = lambda _: None) -> Iterator[tuple[Path, Urls]]:
    """A private PostGIS for the length of a `with` block: gives its home and addresses, then stops and deletes it."""
    home = Path(tempfile.mkdtemp(prefix="landreserve-"))
    try:
        yield home, start(home, say)
    finally:
        remove(home)


def _programs_for(place: Place, say: Say) -> Programs:
    """The programs that fit the data folder, which is made first where there is none."""
    major = places.data_major(place)
    programs = places.find_programs(major)
    if major is None:
        say(f"Making a private PostgreSQL {programs.major} in {place.data}.")
        server.initialise(place, programs)
    return programs


def _check_settings(superuser: Superuser, programs: Programs) -> None:
    """Refuse a server that could lose what it has acknowledged, or that is not the one of the data folder."""
    for name in MUST_BE_ON:
        value = _one(superuser, sql.SQL("SELECT current_setting({})").format(name))
        if value != "on":
            raise EmbeddedError(f"PostgreSQL runs with {name} = {value}; it must be on. See local.conf in its home.")
    major = int(str(_one(superuser, sql.SQL("SELECT current_setting({})").format("server_version_num")))) // 10_000
    if major != programs.major:
        raise EmbeddedError(f"PostgreSQL {major} answers, but the data folder is of {programs.major}: stop that one.")


def _provide_roles(superuser: Superuser) -> None:
    for role, settings in ROLES.items():
        name = sql.Identifier(role)
        if _one(superuser, sql.SQL("SELECT count(*) FROM pg_roles WHERE rolname = {}").format(role)) == 0:
            superuser.execute(sql.SQL("CREATE ROLE {}").format(name))
        rights = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
        superuser.execute(sql.SQL("ALTER ROLE {} " + rights).format(name))
        for key, value in settings.items():
            superuser.execute(sql.SQL("ALTER ROLE {} SET {} = {}").format(name, sql.Identifier(key), value))


def _provide_template(place: Place, superuser: Superuser) -> None:
    """A database with the extensions, which only a superuser may make, to clone from; a template when it is whole."""
    name = sql.Identifier(TEMPLATE)
    whole = "SELECT count(*) FROM pg_database WHERE datistemplate AND datname = {}"
    if _one(superuser, sql.SQL(whole).format(TEMPLATE)):
        return
    superuser.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
    superuser.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(name))
    with server.connect(place, TEMPLATE) as inside:
        for extension in EXTENSIONS:
            inside.execute(sql.SQL("CREATE EXTENSION {}").format(sql.Identifier(extension)))
        inside.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        inside.execute(sql.SQL("ALTER SCHEMA public OWNER TO {}").format(sql.Identifier(OWNER)))
    superuser.execute(sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false IS_TEMPLATE true").format(name))


def _provide_database(superuser: Superuser, database: str, like: str = TEMPLATE) -> None:
    name, owner, web = sql.Identifier(database), sql.Identifier(OWNER), sql.Identifier(WEB)
    if _one(superuser, sql.SQL("SELECT count(*) FROM pg_database WHERE datname = {}").format(database)) == 0:
        clone = "CREATE DATABASE {} OWNER {} TEMPLATE {}"
        superuser.execute(sql.SQL(clone).format(name, owner, sql.Identifier(like)))
    superuser.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    superuser.execute(sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(name, web))


def _one(superuser: Superuser, query: sql.Composed) -> object:
    row = superuser.execute(query).fetchone()
    return row[0] if row else None
