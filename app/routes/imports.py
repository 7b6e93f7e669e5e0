"""Imports: sent to be carried out, watched while they are, and asked afterwards what they found."""

import hashlib
import json
import logging
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session

from app import csvfile, deps, import_answers, uploads
from app.auth import READ_SECURITY, READER, WRITE_SECURITY, Caller, Writer
from app.deps import HEAVY, FreshSession, Now, WriteSession
from app.examples import IMPORT, IMPORT_ISSUES, IMPORT_ISSUES_CSV, IMPORT_QUEUED, IMPORTS, example
from app.forms import ImportIn, SentForm
from app.import_answers import ISSUE_COLUMNS
from app.inputs import Text
from app.problems import Problem, declared
from app.routes.reserve import Limit
from app.schemas.imports import ImportDetailOut, ImportIssuesOut, ImportOut, ImportsOut
from parcels import run_queries, runs
from parcels.importing.contract import Severity
from parcels.runs import Order, State

log = logging.getLogger(__name__)

router = APIRouter(prefix="/api/imports", tags=["imports"])
LARGEST = 2**31 - 1
Number = Annotated[int, Path(ge=1, le=LARGEST, description="The import's number")]
CSV_PAGE = 5_000
FORM = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                **ImportIn.model_json_schema(),
                "required": ["file", "layer"],
                "properties": {
                    "file": {"type": "string", "format": "binary", "description": "The file"},
                    **ImportIn.model_json_schema()["properties"],
                },
            }
        }
    },
}


@router.get(
    "",
    response_model=ImportsOut,
    responses={200: example(IMPORTS), **declared("token-invalid")},
    dependencies=[READER],
    openapi_extra=READ_SECURITY,
)
def list_imports(
    request: Request,
    response: Response,
    session: FreshSession,
    who: Caller,
    layer: Annotated[Text | None, Query(description="Only imports into this layer")] = None,
    state: Annotated[State | None, Query(description="Only imports in this state")] = None,
    before: Annotated[int | None, Query(ge=1, le=LARGEST, description="From the `next` link")] = None,
    limit: Limit = 100,
) -> ImportsOut:
    """Every import, newest first: also those that were refused, tried only, or whose process was killed."""
    _fresh(response)
    found = run_queries.listing(session, layer, state, before, limit + 1)
    more = len(found) > limit
    return ImportsOut(
        imports=[import_answers.one(seen, who is not None) for seen in found[:limit]],
        next=deps.following(request, before=str(found[limit - 1].run.id)) if more else None,
    )


@router.post(
    "",
    response_model=ImportOut,
    status_code=202,
    responses={
        202: example(IMPORT_QUEUED),
        **declared(
            *("token-missing", "token-invalid", "role-missing", "malformed-body", "too-large", "key-reused"),
            *("queue-full", "disk-full"),
        ),
    },
    openapi_extra={**WRITE_SECURITY, "requestBody": FORM},
)
def post_import(
    request: Request,
    response: Response,
    who: Writer,
    form: SentForm,
    session: WriteSession,
    now: Now,
    idempotency_key: Annotated[
        Text | None, Header(description="The same request under the same key is carried out once", examples=["7f3c-1"])
    ] = None,
) -> ImportOut:
    """Send a file to be imported. It is checked and recorded by a worker: ask at Location how far it is."""
    settings = request.app.state.settings
    try:
        upload = uploads.store(settings.home, form.name, form.content)
    except OSError as failure:
        log.error("a file that was sent cannot be kept in %s: %s", settings.home, failure.strerror)
        raise Problem("disk-full", f"The file cannot be kept: {failure.strerror}. Nothing was changed.") from None
    kept = False
    try:
        order = Order(
            form.fields.layer,
            upload.name,
            who.name,
            form.fields.options(),
            form.fields.note,
            sha256=upload.sha256,
            upload=upload.folder,
            token=who.id,
            idempotency_key=idempotency_key,
            fingerprint=_fingerprint(form.fields, upload),
        )
        run = _queued(session, order, now, settings.max_queued_imports)
        kept = run.run.upload == upload.folder
    finally:
        if not kept:
            uploads.remove(settings.home, upload.folder)
    response.headers["Location"] = _address(request, run.run.id)
    _fresh(response)
    return import_answers.one(run, True)


def _fingerprint(fields: ImportIn, upload: uploads.Upload) -> str:
    """What was asked for: the file and how it is to be taken."""
    asked = json.dumps([fields.model_dump(mode="json"), upload.name, upload.sha256], sort_keys=True)
    return hashlib.sha256(asked.encode()).hexdigest()


def _queued(session: Session, order: Order, now: Any, most: int) -> run_queries.Seen:
    """The run of an order: the one that it became before under its key, or a new one."""
    if runs.under_key(session, order) is None and runs.waiting(session) >= most:
        raise Problem("queue-full", f"{most} imports wait already.")
    found = run_queries.find(session, runs.queue(session, order, now))
    if found.run.fingerprint != order.fingerprint:
        raise Problem("key-reused", "Under this Idempotency-Key something else was sent before.")
    return found


def _address(request: Request, number: int) -> str:
    public = request.app.state.settings.public_url
    return f"{str(public).rstrip('/') if public else ''}/api/imports/{number}"


def _fresh(response: Response) -> None:
    """An import goes on: what is said of it is not kept by anybody. Who ordered it depends on who asks."""
    response.headers.update({"Cache-Control": "no-store", "Vary": "Accept, Authorization"})


@router.get(
    "/{number}",
    response_model=ImportDetailOut,
    responses={200: example(IMPORT), **declared("import-unknown", "token-invalid")},
    dependencies=[READER],
    openapi_extra=READ_SECURITY,
)
def get_import(response: Response, session: FreshSession, who: Caller, number: Number) -> ImportDetailOut:
    """One import: how far it is, or how it ended, what it changed, and its findings by kind."""
    _fresh(response)
    seen = run_queries.find(session, number)
    return import_answers.detail(seen, run_queries.kinds(session, number), who is not None)


@router.get(
    "/{number}/issues",
    response_model=ImportIssuesOut,
    responses={
        200: {
            "description": "The findings, as JSON page by page or as CSV all at once",
            "content": {
                **example(IMPORT_ISSUES)["content"],
                "text/csv": {"schema": {"type": "string"}, "example": IMPORT_ISSUES_CSV},
            },
        },
        **declared("import-unknown", "token-invalid"),
    },
    dependencies=[READER, HEAVY],
    openapi_extra=READ_SECURITY,
)
def get_issues(
    request: Request,
    response: Response,
    session: FreshSession,
    number: Number,
    severity: Annotated[Severity | None, Query(description="Only these; errors are rows that were rejected")] = None,
    kind: Annotated[Text | None, Query(description="Only findings of this kind")] = None,
    after: Annotated[int, Query(ge=0, le=LARGEST, description="From the `next` link")] = 0,
    limit: Limit = 1_000,
    format: Annotated[Literal["json", "csv"] | None, Query(description="Instead of Accept")] = None,  # noqa: A002
    excel: Annotated[bool, Query(description="CSV with byte order mark, semicolons and decimal commas")] = False,
) -> Any:
    """What an import found, row by row: in which row, about what, which field, and what to do about it."""
    seen = run_queries.find(session, number)
    if deps.wants_csv(request):
        return _csv(request, number, severity, kind, excel)
    _fresh(response)
    found = run_queries.issues(session, number, severity, kind, after, limit + 1)
    more = len(found) > limit
    return ImportIssuesOut(
        id=number,
        state=seen.state,
        issues=[import_answers.issue(issue) for issue in found[:limit]],
        next=deps.following(request, after=str(found[limit - 1].number)) if more else None,
    )


def _csv(request: Request, number: int, severity: Severity | None, kind: str | None, excel: bool) -> Response:
    """All findings; each page takes its own session, so that a slow caller holds no connection."""
    sessions = request.app.state.reading

    def pages() -> Iterator[list[list[Any]]]:
        after = 0
        while True:
            with sessions() as session:
                page = run_queries.issues(session, number, severity, kind, after, CSV_PAGE)
                rows = [import_answers.issue_row(issue) for issue in page]
            yield rows
            if len(rows) < CSV_PAGE:
                return
            after = page[-1].number

    name = f"landreserve_import_{number}_issues.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(csvfile.lines(ISSUE_COLUMNS, pages(), excel), 200, headers, "text/csv; charset=utf-8")
