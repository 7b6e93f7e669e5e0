"""Where the private PostgreSQL lies: its programs, its folders, the account that it runs under."""

import hashlib
import os
import pwd
import shutil
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

OLDEST_MAJOR = 14  # client_connection_check_interval
ROOT_HOME = Path("/var/lib/landreserve")
SOCKET_FOLDER_MAX = 90  # a Unix socket's whole path has at most 107 bytes
BALLAST_BYTES = 64 * 1024**2


class EmbeddedError(RuntimeError):
    """The private PostGIS cannot do what was asked; the message names the remedy."""


@dataclass(frozen=True)
class Programs:
    """One installed PostgreSQL that has PostGIS; `root` is `/` or the folder that packages were unpacked into."""

    folder: Path
    major: int
    root: Path

    def environment(self) -> dict[str, str]:
        """Environment for its programs: nothing of ours, and the library paths of unpacked packages."""
        env = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}
        if self.root == Path("/"):
            return env
        libraries = sorted(self.root.glob("usr/lib/*-linux-gnu*")) + sorted(self.root.glob("lib/*-linux-gnu*"))
        folders = [sub for lib in libraries for sub in (lib, lib / "blas", lib / "lapack") if sub.is_dir()]
        share = self.root / "usr/share"
        return env | {
            "LD_LIBRARY_PATH": os.pathsep.join(map(str, folders)),
            "PROJ_DATA": str(share / "proj"),
            "GDAL_DATA": str(share / "gdal"),
        }


@dataclass(frozen=True)
class Place:
    """Where one private cluster lies and the account that its processes run under."""

    home: Path
    data: Path
    sockets: Path
    uid: int
    gid: int


def packages_folder() -> Path:
    """Folder that an ordinary user's PostgreSQL packages are unpacked into (see .ci/bootstrap.sh)."""
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share"
    return Path(base) / "landreserve" / "packages"


def find_programs(major: int | None = None) -> Programs:
    """The newest PostgreSQL with PostGIS on this machine, or the one of `major`; EmbeddedError when there is none."""
    found = [
        Programs(folder, int(folder.parent.name), root)
        for root in (packages_folder(), Path("/"))
        for folder in root.glob("usr/lib/postgresql/*/bin")
        if folder.parent.name.isdigit()
        and (folder / "postgres").exists()
        and (root / "usr/share/postgresql" / folder.parent.name / "extension/postgis.control").exists()
    ]
    fitting = [each for each in found if each.major >= OLDEST_MAJOR and major in (None, each.major)]
    if fitting:
        return max(fitting, key=lambda each: (each.major, each.root == Path("/")))
    if major is None:
        raise EmbeddedError("No PostgreSQL with PostGIS was found. Run `make setup`, or set LANDRESERVE_DATABASE_URL.")
    others = ", ".join(str(each.major) for each in found) or "none"
    raise EmbeddedError(
        f"The data folder is of PostgreSQL {major}, but with PostGIS there is here: {others}. "
        f"Install postgresql-{major}-postgis-3, or carry the data over by pg_dump and pg_restore (docs/operations.md)."
    )


def place_of(home: Path) -> Place:
    """Folders and account for `home`. Root's server runs unprivileged; a home that it could not enter moves."""
    home = home.expanduser().resolve()
    uid, gid = os.geteuid(), os.getegid()
    if uid == 0:
        account = _unprivileged_account()
        if not all(parent.stat().st_mode & stat.S_IXOTH for parent in home.parents if parent.exists()):
            home = ROOT_HOME / "at" / _digest(home)
        uid, gid = _owner_of(home / "data") or (account.pw_uid, account.pw_gid)
    sockets = home / "run"
    if len(os.fsencode(sockets)) > SOCKET_FOLDER_MAX:
        sockets = Path("/tmp") / f"landreserve-{uid}-{_digest(home)}"  # noqa: S108 - owner and mode are checked
    return Place(home, home / "data", sockets, uid, gid)


def make_home(place: Place) -> None:
    """Make the home and what is above it; a home of root's can be entered by all, a user's by that user alone."""
    root = os.geteuid() == 0
    for folder in reversed([place.home, *place.home.parents]):
        if not folder.exists():
            folder.mkdir(exist_ok=True)
            folder.chmod(0o755 if root else 0o700)
    if root:
        place.home.chmod(place.home.stat().st_mode | 0o011)  # one by mkdtemp is 0700


def own_folder(place: Place, folder: Path) -> None:
    """Make `folder` 0700 and the server's, or make sure that it is so already."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != place.uid or found.st_mode & 0o077:
            raise EmbeddedError(f"{folder} must be a folder of uid {place.uid} with mode 0700: remove it.") from None
    else:
        os.chown(folder, place.uid, place.gid)


def data_major(place: Place) -> int | None:
    """Major version that the data folder was made by; None where there is none yet."""
    version = place.data / "PG_VERSION"
    owner = _owner_of(place.data)
    if owner and os.geteuid() not in (0, owner[0]):
        raise EmbeddedError(f"{place.data} belongs to uid {owner[0]}: start as that user, or set LANDRESERVE_HOME.")
    return int(version.read_text()) if version.exists() else None


def keep_ballast(place: Place) -> None:
    """Keep 64 MiB that an emergency start can give back: on a full disk PostgreSQL cannot even start."""
    ballast = place.home / "ballast"
    if not ballast.exists() and shutil.disk_usage(place.home).free > 16 * BALLAST_BYTES:
        with ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, BALLAST_BYTES)


def drop_ballast(place: Place) -> None:
    """Give the ballast's 64 MiB back to a full disk."""
    (place.home / "ballast").unlink(missing_ok=True)


def disk_is_full(place: Place) -> bool:
    """Whether less than the ballast's 64 MiB are free where the data lies."""
    return shutil.disk_usage(place.home).free < BALLAST_BYTES


def where_to_look(place: Place) -> str:
    """The end of an error message about a server that does not start."""
    if disk_is_full(place):
        return " (the disk is full: make room; `landreserve db start --emergency` gives back 64 MiB kept for this)"
    return f" (log: {place.home / 'log'})"


def delete(place: Place) -> None:
    """Delete the stopped cluster with all of its data; other files in its home stay."""
    folders = [place.data, place.home / "data.new", place.sockets, place.home / "log"]
    for folder in (each for each in folders if each.exists()):
        shutil.rmtree(folder)
    for name in ("ballast", "postgresql.conf", "server.lock", "start.lock"):
        (place.home / name).unlink(missing_ok=True)


def _owner_of(path: Path) -> tuple[int, int] | None:
    found = path.stat() if path.exists() else None
    return (found.st_uid, found.st_gid) if found and found.st_uid else None


def _unprivileged_account() -> pwd.struct_passwd:
    by_name: Mapping[str, pwd.struct_passwd] = {each.pw_name: each for each in pwd.getpwall()}
    return by_name.get("postgres") or by_name["nobody"]


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
