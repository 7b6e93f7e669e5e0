"""The API's description as a page without scripts, and a page for each kind of problem."""

import json
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException

from app.problem_kinds import KINDS
from app.problems import MEDIA_TYPE

HERE = Path(__file__).parent / "templates"
TEMPLATES = Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined)

router = APIRouter(include_in_schema=False)
problem_pages = APIRouter(include_in_schema=False)


@router.get("/docs")
def reference(request: Request) -> HTMLResponse:
    """Every call with its parameters, an example and its problems."""
    schema = request.app.openapi()
    base = str(request.app.state.settings.public_url or request.base_url).rstrip("/")
    calls = [
        _call(schema, base, path, method, operation)
        for path, operations in schema["paths"].items()
        for method, operation in operations.items()
    ]
    return HTMLResponse(TEMPLATES.get_template("reference.html").render(schema=schema, calls=calls))


@problem_pages.get("/problems/{slug}")
def problem_page(slug: str) -> HTMLResponse:
    """What a problem means, German first."""
    if slug not in KINDS:
        raise HTTPException(404)
    return HTMLResponse(TEMPLATES.get_template("problem.html").render(slug=slug, kind=KINDS[slug]))


@problem_pages.get("/docs/reference.css")
def style() -> FileResponse:
    """The style of both."""
    return FileResponse(HERE / "reference.css", media_type="text/css")


def _call(schema: dict[str, Any], base: str, path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    body = _body(operation, schema) if "requestBody" in operation else None
    token = {} not in operation.get("security", [{}])
    return {
        "id": operation["operationId"],
        "path": path,
        "method": method.upper(),
        "description": " ".join(operation.get("description", "").split()),
        "token": token,
        "parameters": [{"description": "", **p, "kind": _kind(p["schema"])} for p in operation.get("parameters", [])],
        "curl": _curl(base, path, method, operation.get("requestBody"), token),
        "body": body,
        "answer": _example(_success(operation)["content"].get("application/json", {})),
        "problems": sorted(_problems(operation)),
    }


def _success(operation: dict[str, Any]) -> dict[str, Any]:
    """The one answer of an operation that is no problem."""
    found: dict[str, Any] = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
    return found


def _curl(base: str, path: str, method: str, body: dict[str, Any] | None, token: bool) -> str:
    named = {"{key}": "029901___00017______", "{number}": "17", "{sha256}": "0" * 64}
    address = base + path
    for name, value in named.items():
        address = address.replace(name, value)
    shown = " \\\n  -H 'Authorization: Bearer lr_...'" if token else ""
    if body is None:
        return f"curl {'' if method == 'get' else f'-X {method.upper()} '}'{address}'{shown}"
    if (form := body["content"].get("multipart/form-data")) is not None:
        fields = " ".join(f"-F {name}={json.dumps(value)}" for name, value in form["schema"]["examples"][0].items())
        return f"curl '{address}' \\\n  -H 'Authorization: Bearer lr_...' \\\n  -F file=@parcels.gpkg {fields}"
    headers = "-H 'Authorization: Bearer lr_...' -H 'If-Match: \"...\"' -H 'Content-Type: application/json'"
    return f"curl -X {method.upper()} '{address}' \\\n  {headers} \\\n  -d @body.json"


def _example(content: dict[str, Any]) -> str | None:
    found = content.get("example")
    if found is None:
        examples: dict[str, Any] = content.get("examples", {})
        found = next((one["value"] for one in examples.values()), None)
    return None if found is None else json.dumps(found, ensure_ascii=False, indent=2)


def _body(operation: dict[str, Any], schema: dict[str, Any]) -> str | None:
    """The example that the body's schema carries; of a form, the call shows it."""
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" not in content:
        return None  # there is none, or its fields stand in the call
    name = content["application/json"]["schema"]["$ref"].rpartition("/")[2]
    return json.dumps(schema["components"]["schemas"][name]["examples"][0], ensure_ascii=False, indent=2)


def _problems(operation: dict[str, Any]) -> set[str]:
    contents = [answer.get("content", {}).get(MEDIA_TYPE, {}) for answer in operation["responses"].values()]
    return {slug for content in contents for slug in content.get("examples", {})}


def _kind(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"] if one.get("type") != "null")
    name = schema.get("$ref", "").rpartition("/")[2] or schema.get("format") or schema.get("type", "")
    return f"list of {_kind(schema['items'])}" if name == "array" else str(name)
