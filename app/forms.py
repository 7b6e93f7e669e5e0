"""A file with its fields, sent as a form. It is read only after the caller was let in, and by bounded steps."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any, BinaryIO

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from app.auth import Writer
from app.inputs import Day, Text, fault
from app.problems import Problem, field_error
from parcels.importing.layers import LAYERS
from parcels.importing.store import LoadOptions

FIELD_BYTES = 4_000
EXAMPLE: dict[str, JsonValue] = {"layer": "parcels", "crs": "EPSG:25832", "dry_run": True}
SEND = "Send multipart/form-data with a field `file` and a field `layer`: curl -F file=@parcels.gpkg -F layer=parcels."


def known_layer(value: str) -> str:
    """One of the layers that files go into."""
    if value not in LAYERS:
        raise fault("layer", "There is no such layer", f"Known are {', '.join(LAYERS)}.")
    return value


class ImportIn(BaseModel):
    """How the file is to be taken: as the options of `landreserve import`."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [EXAMPLE]})

    layer: Annotated[Text, AfterValidator(known_layer)] = Field(
        description="What the file is about", json_schema_extra={"enum": list(LAYERS)}
    )
    crs: Text | None = Field(None, description="For files that carry none, as EPSG:25832")
    repair: bool = Field(False, description="Repair invalid polygons; each is listed")
    encoding: Text | None = Field(None, description="For tables and Shapefiles that name none")
    replace: bool = Field(False, description="The file is the whole layer: close what it lacks")
    since: Day | None = Field(None, description="valid_from of rows without one")
    confirm_closing: int | None = Field(None, ge=0, le=2**31 - 1, description="Repeat how many facts may end")
    dry_run: bool = Field(False, description="Do everything but record it")
    note: Text | None = Field(None, description="Why: stays with the recording")

    def options(self) -> LoadOptions:
        """As the import takes them."""
        return LoadOptions(**self.model_dump(exclude={"layer", "note"}))


@dataclass(frozen=True, slots=True)
class Sent:
    """A form that was read: the file's name and content, and the fields beside it."""

    name: str
    content: BinaryIO
    fields: ImportIn


async def sent(request: Request, _: Writer) -> AsyncIterator[Sent]:
    """The form of a caller who may write; its file is closed when the answer is made."""
    form = await _form(request)
    try:
        yield _read(form)
    finally:
        await form.close()


SentForm = Annotated[Sent, Depends(sent, scope="function")]


async def _form(request: Request) -> FormData:
    try:
        return await request.form(max_files=1, max_fields=len(ImportIn.model_fields), max_part_size=FIELD_BYTES)
    except HTTPException as refused:
        if refused.status_code != 400:
            raise
        told = field_error("body", "No well-formed form with one file", SEND)
        raise Problem("malformed-body", "The body is no form that can be read.", [told]) from None


def _read(form: FormData) -> Sent:
    files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
    faults = (
        [field_error("file", "There is no file", SEND)] if not form.get("file") or form.get("file") not in files else []
    )
    given: dict[str, Any] = {}
    for name, value in form.multi_items():
        if name == "file" or not value:
            continue
        if name in given or isinstance(value, UploadFile):
            faults.append(field_error(name, "Given more than once, or as a file", "Give it once, as plain text."))
        given[name] = value
    if faults:
        raise Problem("invalid-request", "; ".join(f"{one['field']}: {one['message']}" for one in faults), faults)
    try:
        fields = ImportIn.model_validate(given)
    except ValidationError as wrong:
        raise RequestValidationError(wrong.errors()) from None
    return Sent(files[0].filename or "", files[0].file, fields)
