"""The commands up (database, schema, demo register, rules, then the service itself) and worker (imports that are sent, alerts)."""

import errno
import os
import signal
import socket
import sys
import threading
from contextlib import nullcontext
from enum import StrEnum
from typing import Annotated, NoReturn

import typer
from sqlalchemy import Engine

from app import clock
from app import worker as work
from app.cli import base
from app.cli.base import Refusal
from app.cli.load import show_demo
from app.settings import Settings
from parcels import db, demo, queries, register
from parcels.importing.readers import sweep
from rules.law import LAW


class Work(StrEnum):
    """What a worker does."""

    IMPORTS = "imports"
    DELIVERIES = "deliveries"


def add_to(cli: typer.Typer) -> None:
    """Register the command."""
    cli.command()(up)
    cli.command()(worker)


def up(
    empty: Annotated[bool, typer.Option("--empty", help="Without the fictitious demo register.")] = False,
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option("--port", min=0, max=65535, help="Port; 0 for any free one.")] = None,
    no_worker: Annotated[
        bool, typer.Option("--no-worker", help="Imports that are sent, and alerts, wait for `worker`.")
    ] = False,
) -> None:
    """Start everything that is needed, and serve.

    The private PostGIS (unless LANDRESERVE_DATABASE_URL is set), schema, demo register, worker, API and pages."""
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = Settings().model_copy(update=given)
    with _listening(settings) as listener:
        settings = base.connected(settings)
        with base.owner_engine(settings) as engine:
            prepare(engine, empty)
        _announce(settings, listener.getsockname()[1])
        with nullcontext() if no_worker else work.supervised(_environment(settings)):
            _serve(settings, listener)


def worker(
    only: Annotated[Work | None, typer.Option("--only", help="Only one of the two kinds of work.")] = None,
    until_input_ends: Annotated[bool, typer.Option("--until-input-ends", hidden=True)] = False,
) -> None:
    """Carry out imports that are sent, and deliver alerts. `up` runs one by itself; further ones share the work."""
    settings = base.connected()
    if until_input_ends:
        threading.Thread(target=_stop_at_end, daemon=True).start()
    with base.owner_engine(settings) as engine:
        if only is Work.DELIVERIES:
            work.deliver(engine, settings)
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _stop)
        beside = work.supervised(_environment(settings), "--only", Work.DELIVERIES) if only is None else nullcontext()
        try:
            with beside:
                work.work(engine, settings.home)
        except work.Stopped:
            base.say("The worker has stopped; what it was at goes on with the next one.")


def _stop(*_: object) -> NoReturn:
    raise work.Stopped


def _stop_at_end() -> None:
    """Whoever started this process holds the other end of its input: when that is gone, so is the reason to work."""
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


def _environment(settings: Settings) -> dict[str, str]:
    """What the worker process is told: the database as its owner sees it, and where files that were sent wait."""
    return {
        "LANDRESERVE_DATABASE_URL": settings.owner_url(),
        "LANDRESERVE_HOME": str(settings.home),
        "LANDRESERVE_PORT": str(settings.port),
    }


def _serve(settings: Settings, listener: socket.socket) -> None:
    """Answer until told to stop. The web framework is loaded here: other commands start faster without it."""
    import uvicorn

    from app.main import create_app

    app = create_app(settings)

    class Server(uvicorn.Server):
        """Lets those go who listen to events: their answers would not end by themselves."""

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            app.state.hub.close()
            await super().shutdown(sockets)

    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=10,
        limit_concurrency=256,
    )
    Server(config).run(sockets=[listener])


def prepare(engine: Engine, empty: bool) -> None:
    """Bring schema, demo register and ledger to where this version of the service needs them."""
    sweep()
    db.migrate(engine)
    sessions = db.sessions(engine)
    if not empty:
        try:
            base.say(f"{show_demo(engine)} files of the fictitious demo register loaded.")
        except demo.RegisterNotEmpty:
            base.say("The register is kept as it is.")
    with sessions() as session:
        if queries.recorded_at(session) and register.rules_version(session) != LAW.version:
            base.say(f"Deriving the ledger under rules {LAW.version}.")
            register.rebuild(session, clock.now(), base.account())
            session.commit()


def _listening(settings: Settings) -> socket.socket:
    """A socket on the address, taken before anything is started."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as taken:
        listener.close()
        reason = "is taken" if taken.errno == errno.EADDRINUSE else f"cannot be used ({taken.strerror})"
        raise Refusal(
            f"{settings.host}:{settings.port} {reason}: set LANDRESERVE_HOST, LANDRESERVE_PORT or --port."
        ) from None
    return listener


def _announce(settings: Settings, port: int) -> None:
    name = settings.host if settings.host not in ("0.0.0.0", "::") else "localhost"  # noqa: S104 (compared, not bound)
    address = str(settings.public_url or f"http://{f'[{name}]' if ':' in name else name}:{port}").rstrip("/")
    base.say(f"Start page  {address}/")
    base.say(f"The number  {address}/api/reserve")
    if settings.docs:
        base.say(f"The API     {address}/docs")
    base.say("Ctrl-C ends the service; the private PostGIS goes on until `landreserve db stop`.")
