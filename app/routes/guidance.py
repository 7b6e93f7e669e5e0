"""GET /api/guidance: what the guidance (Handreichung) of a day says, as it was known at an instant."""

from fastapi import APIRouter

from app import guidance_answers
from app.auth import READ_SECURITY, READER
from app.deps import Read
from app.examples import example
from app.guidance_examples import GUIDANCE
from app.problems import declared
from app.schemas.guidance import GuidanceOut

router = APIRouter(prefix="/api/guidance", tags=["guidance"])


@router.get(
    "",
    response_model=GuidanceOut,
    responses={200: example(GUIDANCE), **declared("token-invalid")},
    dependencies=[READER],
    openapi_extra=READ_SECURITY,
)
def get_guidance(read: Read) -> GuidanceOut:
    """The guidance in force on a day: versions, rules, named areas. Its owner loads it by `landreserve guidance load`; as delivered
    there is none, and every case that it could speak of is to be checked. A demonstration set says so."""
    return guidance_answers.on_day(read.session, read.asked)
