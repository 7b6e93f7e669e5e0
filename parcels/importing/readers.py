"""The processes that read files of others: one for each file, in a folder of its own, with an empty environment.

To load what it reads with takes such a process a quarter of a second, longer than most plans take. Where file comes after file,
one therefore stands by that has done so.
"""

import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

log = logging.getLogger(__name__)

Child = subprocess.Popen[bytes]
PROJECT = Path(__file__).resolve().parents[2]
START = "import sys; sys.path.insert(0, sys.argv[2]); from parcels.importing.child import main; main(*sys.argv[1:])"
FOLDER = "landreserve-import-"
PIPE_BYTES = 1 << 20

# every vector driver of GDAL that is not on the list of vectors.DRIVERS; the child refuses to work if one is left over
SKIPPED = (
    "MEM,PCIDSK,PDS4,VICAR,PDF,MBTiles,EEDA,OGCAPI,GDALG,MapInfo File,LVBAG,S57,DGN,OGR_VRT,GPX,LIBKML,KML,GeoJSONSeq,"
    "ESRIJSON,TopoJSON,OGR_GMT,SQLite,WAsP,OpenFileGDB,DXF,GeoRSS,VFK,PGDUMP,OSM,GPSBabel,OGR_PDS,WFS,OAPIF,EDIGEO,Idrisi,ODS,XLSX,"
    "Elasticsearch,Carto,AmigoCloud,SXF,Selafin,JML,PLSCENES,CSW,VDV,MVT,NGW,MapML,GTFS,PMTiles,JSONFG,MiraMonVector,ADBC,"
    "AVCBin,AVCE00,AIVector,HTTP"
)
ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "GDAL_SKIP": SKIPPED,
    "GML_DOWNLOAD_SCHEMA": "NO",
    "GML_SKIP_RESOLVE_ELEMS": "ALL",
    "GML_SAVE_RESOLVED_TO": "SAME",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "{noext}",
    "GDAL_HTTP_MAX_RETRY": "0",
    "OGR_GEOMETRY_ACCEPT_UNCLOSED_RING": "NO",
    "OGR_SQLITE_LOAD_EXTENSIONS": "NO",
    "PROJ_NETWORK": "OFF",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
}


@dataclass(frozen=True, slots=True)
class _Standing:
    """A reader that waits for a file, and what ends it."""

    job: Path
    child: Child
    ending: ExitStack

    @property
    def able(self) -> bool:
        """Whether it still lives, in a folder that nobody has cleared away, or put another's in its place."""
        if self.child.poll() is not None or not self.job.is_dir():
            return False
        return self.job.lstat().st_uid == os.geteuid()


_standing: list[_Standing] = []  # one at most; imports of one process follow each other
_wanted = 0  # blocks in which one is to stand by


@contextmanager
def standing_by(wanted: bool = True) -> Iterator[None]:
    """Within the block a reader stands by, if wanted, as soon as the first file has been read: one for each file, as ever."""
    global _wanted
    _wanted += wanted
    try:
        yield
    finally:
        _wanted -= wanted
        while _standing and not _wanted:
            _standing.pop().ending.close()


def stand_by() -> None:
    """Start the reader that is to stand by, if one is wanted and none does. That it cannot be started holds up no import."""
    if _standing or not _wanted:
        return
    ending = ExitStack()
    try:
        job, child = ending.enter_context(_started("standing-by"))
    except OSError as failure:
        log.warning("no reader stands by: %s", failure)
        return
    _standing.append(_Standing(job, child, ending))


@contextmanager
def reader() -> Iterator[tuple[Path, Child]]:
    """A process for one file, and the folder that both work in; it waits for its order. Nothing of either stays behind."""
    with ExitStack() as ending:
        ending.push(_followed)
        standing = _standing.pop() if _standing else None
        if standing is not None:
            ending.push(standing.ending)
        if standing is not None and standing.able:
            yield standing.job, standing.child
        else:
            yield ending.enter_context(_started())


def _followed(kind: type[BaseException] | None, *_: object) -> None:
    """After a file one stands by, also where it was refused; not where the process is told to stop."""
    if kind is None or issubclass(kind, Exception):
        stand_by()


@contextmanager
def _started(*how: str) -> Iterator[tuple[Path, Child]]:
    """A fresh interpreter in its own session and folder, without environment or inherited files."""
    job = Path(tempfile.mkdtemp(prefix=f"{FOLDER}{os.getpid()}-"))
    try:
        with (job / "stderr").open("w+b") as errors:
            child = subprocess.Popen(  # noqa: S603 - our own interpreter, our own code
                [sys.executable, "-I", "-X", "utf8", "-c", START, str(job), str(PROJECT), *how],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**ENVIRONMENT, "TMPDIR": str(job)},
                cwd=job,
                close_fds=True,
                start_new_session=True,
                pipesize=PIPE_BYTES,  # so that the child reads on while the database works
            )
            try:
                yield job, child
            finally:
                end(child)
                for pipe in (child.stdin, child.stdout):
                    stream(pipe).close()
                errors.seek(-min(4000, errors.seek(0, os.SEEK_END)), os.SEEK_END)
                if said := errors.read().decode("utf-8", "replace").strip():
                    log.debug("the importing child said %r", said)
    finally:
        shutil.rmtree(job, ignore_errors=True)


def end(child: Child) -> None:
    """End the child and whatever it started, and collect it."""
    if child.poll() is None:
        try:
            child.wait(timeout=0.05)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def stream(pipe: IO[bytes] | None) -> IO[bytes]:
    """The child's end of a pipe, which it always has."""
    if pipe is None:
        raise ValueError("the child has no pipe")
    return pipe


def sweep() -> int:
    """Remove job folders whose process no longer lives (after a crash); returns how many."""
    swept = 0
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER}*"):
        owner = folder.name.removeprefix(FOLDER).split("-")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            shutil.rmtree(folder, ignore_errors=True)
            swept += 1
    return swept
