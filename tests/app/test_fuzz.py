"""The whole API against generated requests: never a 5xx, always what the description says."""

from collections.abc import Callable
from datetime import date
from typing import Any

import hypothesis
import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from schemathesis import GenerationMode, checks
from schemathesis.specs.openapi import checks as openapi

from app.bodies import SOLD
from app.main import create_app
from app.settings import Settings
from parcels import db, ledger
from tests.app.conftest import NOW, UNTOUCHED, Town, fill, service, token
from tests.conftest import key

CHECKS = (
    checks.not_a_server_error,
    openapi.status_code_conformance,
    openapi.content_type_conformance,
    openapi.response_schema_conformance,
)
SLOW = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much]


ENDLESS = ("/api/events",)  # an answer that does not end; tests/app/test_events.py listens to it
OPERATIONS = sorted(
    (path, method)
    for path, found in create_app(Settings(database_url=SecretStr("postgresql://nobody/none")))
    .openapi()["paths"]
    .items()
    for method in found
    if path not in ENDLESS
)


@pytest.fixture(scope="module")
def ghost_town(new_database: Callable[[str], Town]) -> tuple[Town, str]:
    """A town that may be written to pieces, and a planner's token for it."""
    made = new_database("ghost_town")
    fill(made)
    return made, token(made, "planner")[1]


@pytest.fixture(scope="module")
def fuzzed(ghost_town: tuple[Town, str], tmp_path_factory: pytest.TempPathFactory) -> Any:
    home = tmp_path_factory.mktemp("home")
    app = service(ghost_town[0].web, home=home, max_queued_imports=1_000_000)
    return schemathesis.openapi.from_asgi("/openapi.json", app)


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_operation_keeps_its_word(
    fuzzed: Any, ghost_town: tuple[Town, str], path: str, method: str, mode: GenerationMode
) -> None:
    """Generated requests, good and bad ones: no 5xx, and only declared statuses, types and shapes."""
    operation = fuzzed[path][method]
    if mode is GenerationMode.NEGATIVE and not list(operation.iter_parameters()):
        pytest.skip("nothing about it can be wrong")
    headers = {"Authorization": f"Bearer {ghost_town[1]}", "Host": "testserver"}
    statuses = set()

    @settings(max_examples=20, deadline=None, suppress_health_check=SLOW, derandomize=True, database=None)
    @given(case=operation.as_strategy(generation_mode=mode), number=st.integers(1, 30))
    def try_one(case: Any, number: int) -> None:
        if "key" in case.path_parameters and number <= 23:
            case.path_parameters["key"] = key(number)
        answer = case.call(headers={**headers, **({"If-Match": "*"} if number % 2 else {})})
        statuses.add(answer.status_code)
        case.validate_response(answer, checks=list(CHECKS))

    try_one()
    assert statuses


LISTED = {
    "holder": st.sampled_from(["LIG", "HIE", "private", None]),
    "disposition": st.sampled_from(["free", "sold", "let", None]),
    "designation": st.sampled_from(["GE", "GI", None]),
    "disposition_until": st.none(),
    "construction_possible_from": st.one_of(st.none(), st.dates(date(1900, 1, 1), date(2200, 12, 31)).map(str)),
    "declared_net_m2": st.sampled_from([None, 0.01, 1_000_000_000]),
    "valid_from": st.dates(date(1900, 1, 1), date(2200, 12, 30)).map(str),
    **{name: st.sampled_from([True, False, None]) for name in ("serviced", "cleared", "binding_use", "opposing_plan")},
}


@settings(max_examples=30, deadline=None, suppress_health_check=SLOW, derandomize=True, database=None)
@given(number=st.integers(1, 6), facts=st.fixed_dictionaries(LISTED))
def test_whatever_is_recorded_the_ledger_stays_in_step(
    ghost_town: tuple[Town, str], number: int, facts: dict[str, Any]
) -> None:
    """Good edits, on any days, are recorded; afterwards a full derivation finds the same ledger."""
    town, shown = ghost_town
    headers = {"Authorization": f"Bearer {shown}", "If-Match": "*"}
    with TestClient(service(town.web), raise_server_exceptions=False, headers=headers) as client:
        answer = client.put(f"/api/parcels/{key(number)}/holding", json={**SOLD, **facts})
    assert answer.status_code == 200, answer.text
    engine = db.engine(town.owner, pool_size=1)
    with db.sessions(engine)() as session:
        found = ledger.verify(session, NOW)
        session.rollback()
    engine.dispose()
    assert (found.missing, found.surplus) == ([], [])


NASTY = st.one_of(
    st.sampled_from(
        ["\x00", "%00", "null", "NaN", "-1", str(2**63), "1e400", "\u202e", "0001-01-01", "9999-12-31", "'--"]
    ),
    st.text(alphabet=st.characters(codec="utf-8"), max_size=60),
)
NAMES = (
    "on",
    "known_at",
    "known_from",
    "known_to",
    "from",
    "to",
    "by",
    "limit",
    "after",
    "standing",
    "format",
    "district",
)
PATHS = (
    *("/api/reserve", "/api/reserve/series", "/api/reserve/entries", "/api/reserve/changes", "/api/stock"),
    *("/api/parcels", f"/api/parcels/{UNTOUCHED}", f"/api/parcels/{UNTOUCHED}/history", "/api/parcels/x", "/"),
)


@settings(max_examples=60, deadline=None, suppress_health_check=SLOW, derandomize=True)
@given(path=st.sampled_from(PATHS), query=st.dictionaries(st.sampled_from(NAMES), NASTY, max_size=3))
@hypothesis.example(path="/api/reserve/entries", query={"district": "\x00"})
@hypothesis.example(path="/api/parcels", query={"after": "\x00"})
@hypothesis.example(path="/", query={"on": "\x00", "known_at": "9999-12-31T23:59:59+23:59"})
def test_no_query_breaks_the_service(api: Any, path: str, query: dict[str, str]) -> None:
    answer = api.get(path, params=query)
    assert answer.status_code < 500, (path, query, answer.text)
    if path != "/" and answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
