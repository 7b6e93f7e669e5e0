"""What the child does to itself before it touches a file of others: limits, no network, no other files.

Each layer that the system does not grant is left out and named; the driver list and the limits hold everywhere.
"""

import ctypes
import errno
import os
import resource
import sys
import sysconfig
from pathlib import Path
from types import ModuleType
from typing import cast

from parcels.importing.contract import Limits

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
LARGEST_FILE = 1 << 30
OPEN_FILES = 64
FORGONE = ("socket", "socketpair", "connect", "execve", "execveat", "ptrace", "process_vm_readv")


def _seccomp() -> ModuleType | None:
    """The binding to libseccomp; it looks the library up by running ldconfig, so it comes before all other confinement."""
    try:
        import pyseccomp
    except (ImportError, RuntimeError):
        return None
    return cast(ModuleType, pyseccomp)


SECCOMP = _seccomp()  # looked up while the file is still being copied


def confine(limits: Limits, cpu_seconds: int, job: Path, project: Path) -> list[str]:
    """Lay every layer of defence that the system grants; returns the names of those that hold."""
    held = [_limit(limits, cpu_seconds)]
    if _leave_network():
        held.append("netns")
    if _see_only(job, project):
        held.append("landlock")
    if SECCOMP and _forgo_calls(SECCOMP):
        held.append("seccomp")
    return held


def _limit(limits: Limits, cpu_seconds: int) -> str:
    for what, most in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_FSIZE, LARGEST_FILE),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (most, most))
    return "rlimits"


def _leave_network() -> bool:
    """Move into a network namespace of one's own, with nothing in it; without root by way of a user namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    flags = CLONE_NEWNET if os.geteuid() == 0 else CLONE_NEWUSER | CLONE_NEWNET
    if libc.unshare(flags) == 0:
        return True
    return bool(libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0)


def _see_only(job: Path, project: Path) -> bool:
    """Landlock: read the interpreter, its libraries and this code; read and write the job's folder; nothing else."""
    try:
        from landlock import FSAccess, LandlockError, Ruleset
    except ImportError:
        return False
    try:
        rules = Ruleset()
        readable = FSAccess.READ_FILE | FSAccess.READ_DIR
        for path in _libraries(project):
            rules.allow(path, rules=readable if path.is_dir() else FSAccess.READ_FILE)
        rules.allow(job)
        rules.apply()
    except (LandlockError, OSError):
        return False
    return True


def _forgo_calls(seccomp: ModuleType) -> bool:
    """No sockets, of whatever family (a network namespace leaves those on the file system reachable), no other programs."""
    try:
        rules = seccomp.SyscallFilter(seccomp.ALLOW)
        for call in FORGONE:
            rules.add_rule(seccomp.ERRNO(errno.EPERM), call)
        rules.load()
    except (OSError, RuntimeError):
        return False
    return True


def _libraries(project: Path) -> list[Path]:
    paths = sysconfig.get_paths()
    wanted = {Path(paths[name]) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    wanted |= {Path(sys.base_prefix) / "lib", Path("/usr/lib"), Path("/usr/local/lib"), Path("/lib"), Path("/lib64")}
    wanted |= {
        Path("/usr/share/zoneinfo"),
        Path("/etc/ld.so.cache"),
        Path("/dev/null"),
        Path("/dev/urandom"),
        project / "parcels",
        project / "rules",
    }
    return sorted({path.resolve() for path in wanted if path.exists()})
