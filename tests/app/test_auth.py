"""Tokens: who may write, what is refused, and that a secret is never seen again."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, text

from app.bodies import SOLD
from parcels import db, tokens
from parcels.models import ApiToken
from tests.app.conftest import FIRST, NOW, UNTOUCHED, Town, service

Problem = Callable[..., dict[str, Any]]
NewToken = Callable[..., tuple[str, str]]
PATH = f"/api/parcels/{UNTOUCHED}/holding"


def bearer(shown: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {shown}", "If-Match": '"stale"'}


def test_writing_needs_a_token(api: TestClient, problem: Problem) -> None:
    answer = api.put(PATH, json=SOLD, headers={"If-Match": "*"})
    problem(answer, 401, "token-missing")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("role", "status"), [("viewer", 403), ("hie", 403), ("bwi", 403), ("planner", 412), ("admin", 412)]
)
def test_only_planners_and_admins_write(api: TestClient, new_token: NewToken, role: str, status: int) -> None:
    _, shown = new_token(role)
    assert api.put(PATH, json=SOLD, headers=bearer(shown)).status_code == status


def test_forged_tokens_are_refused_even_for_reading(api: TestClient, new_token: NewToken, problem: Problem) -> None:
    token_id, shown = new_token("admin")
    _, other = new_token("admin")
    forged = [
        shown[:-1] + ("A" if shown[-1] != "A" else "B"),
        f"lr_{token_id}_{other.split('_', 2)[2]}",
        f"lr_{token_id}_",
        f"lr_{token_id}",
        f"xx_{shown[3:]}",
        shown.upper(),
        "lr",
        "",
        "'; DROP TABLE api_token; --",
    ]
    for text_shown in forged:
        answer = api.get("/api/reserve", headers={"Authorization": f"Bearer {text_shown}"})
        problem(answer, 401, "token-invalid")
        assert "invalid_token" in answer.headers["www-authenticate"]
    problem(api.get("/api/reserve", headers={"Authorization": f"Basic {shown}"}), 401, "token-invalid")
    assert api.get("/api/reserve", headers={"Authorization": f"Bearer {shown}"}).status_code == 200


def test_expired_and_revoked_tokens_are_refused(
    api: TestClient, town: Town, new_token: NewToken, problem: Problem
) -> None:
    _, expired = new_token("planner", FIRST, NOW)
    _, lasting = new_token("planner", FIRST, NOW + timedelta(microseconds=1))
    revoked_id, revoked = new_token("planner")
    assert api.get("/api/reserve", headers=bearer(revoked)).status_code == 200
    engine = db.engine(town.owner)
    with db.sessions(engine)() as session:
        tokens.revoke(session, revoked_id, NOW)
        session.commit()
    engine.dispose()
    for shown in (expired, revoked):
        problem(api.put(PATH, json=SOLD, headers=bearer(shown)), 401, "token-invalid")
    assert api.put(PATH, json=SOLD, headers=bearer(lasting)).status_code == 412


def test_reading_can_be_closed(town: Town, new_token: NewToken, problem: Problem) -> None:
    _, shown = new_token("viewer")
    closed = TestClient(service(town.web, read_requires_token=True))
    paths = ["/api/reserve", "/api/reserve/series", "/api/reserve/entries", "/api/reserve/changes", "/api/stock"]
    for path in [
        *paths,
        "/api/plans",
        "/api/parcels",
        f"/api/parcels/{UNTOUCHED}",
        f"/api/parcels/{UNTOUCHED}/history",
    ]:
        problem(closed.get(path), 401, "token-missing")
    assert closed.get("/api/reserve", headers=bearer(shown)).status_code == 200
    assert closed.get("/healthz").status_code == 200


def test_use_is_noted_at_most_once_a_minute(town: Town) -> None:
    engine = db.engine(town.owner)
    with db.sessions(engine)() as session:
        token, shown = tokens.create(session, "Minute", "viewer", FIRST)

        def used(seconds: float) -> object:
            tokens.find(session, shown, NOW + timedelta(seconds=seconds))
            return session.scalar(select(ApiToken.last_used_at).where(ApiToken.id == token.id))

        assert [used(0), used(59), used(60), used(100)] == [NOW, NOW, *[NOW + timedelta(minutes=1)] * 2]
        session.rollback()
    engine.dispose()


def test_a_secret_is_shown_once(
    api: TestClient, town: Town, new_token: NewToken, caplog: pytest.LogCaptureFixture
) -> None:
    token_id, shown = new_token("planner")
    secret = shown.split("_", 2)[2]
    assert len(secret) >= 43  # 256 bits
    caplog.set_level(logging.DEBUG)
    answers = [
        api.put(PATH, json=SOLD, headers=bearer(shown)),
        api.put(PATH, json={**SOLD, "holder": "nobody"}, headers=bearer(shown)),
        api.get("/api/reserve", headers=bearer(shown + "x")),
        api.get("/nowhere", headers=bearer(shown)),
    ]
    engine = db.engine(town.owner)
    with engine.connect() as connection:
        stored = "".join(connection.scalars(text("SELECT t::text FROM api_token t")))
    with db.sessions(engine)() as session:
        found = repr(tokens.listing(session))
    engine.dispose()
    assert token_id in stored
    said = stored + found + caplog.text + "".join(f"{a.text}{a.headers}" for a in answers)
    assert secret not in said
    assert secret.encode().hex() not in said
