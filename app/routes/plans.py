"""GET /api/plans: the plans of the register on a day, in force or in procedure, and the files they were read from."""

from collections.abc import Iterator
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import StreamingResponse

from app import deps, plan_answers
from app.auth import READ_SECURITY, READER
from app.deps import HEAVY, Read, ReadSession
from app.examples import PLANS, example
from app.inputs import Text
from app.problems import declared
from app.routes.reserve import Limit
from app.schemas.plans import PlansOut
from parcels import plan_files, plan_listing

router = APIRouter(prefix="/api/plans", tags=["plans"])
Sha256 = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="The file's SHA-256", examples=["0" * 64])]
Stage = Literal[
    "started",
    "draft",
    "participation",
    "display",
    "adopted",
    "in_force",
    "partly_lapsed",
    "repealed",
    "expired",
    "unknown",
]


@router.get(
    "",
    response_model=PlansOut,
    responses={200: example(PLANS), **declared("token-invalid")},
    dependencies=[READER, HEAVY],
    openapi_extra=READ_SECURITY,
)
def list_plans(
    request: Request,
    read: Read,
    stage: Annotated[Stage | None, Query(description="Only plans in this stage on the day")] = None,
    after: Annotated[Text | None, Query(description="From the `next` link: the last name of the page before")] = None,
    limit: Limit = 100,
) -> PlansOut:
    """The plans of the register on a day, by name: those whose files were imported, and those recorded as zones only."""
    asked = read.asked
    found = plan_listing.listing(read.session, asked.on, asked.pinned_at, stage, after, limit + 1)
    following = None
    if len(found) > limit:
        day, pinned = asked.on.isoformat(), asked.pinned_at.isoformat()
        following = deps.following(request, on=day, known_at=pinned, after=found[limit - 1].name)
    return plan_answers.page(asked, found[:limit], following)


@router.get(
    "/files/{sha256}",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "The file, byte by byte as it was imported: XPlanGML, or an archive of it",
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        },
        **declared("plan-file-unknown", "token-invalid"),
    },
    dependencies=[READER],
    openapi_extra=READ_SECURITY,
)
def get_file(request: Request, session: ReadSession, sha256: Sha256) -> StreamingResponse:
    """The file that plans were read from, kept as evidence. Its checksum stands with every plan and zone that was read from it."""
    found = plan_files.find(session, sha256)
    sessions = request.app.state.reading

    def blocks() -> Iterator[bytes]:
        """Each takes its own session, so that a slow caller holds no connection."""
        for number in range(found.blocks):
            with sessions() as own:
                content = plan_files.block(own, sha256, number)
            yield content

    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.name, safe='')}",
        "Content-Length": str(found.size_bytes),
        "Cache-Control": "private, max-age=31536000, immutable",
        "ETag": f'"{sha256}"',
    }
    return StreamingResponse(blocks(), 200, headers, "application/octet-stream")
