"""Settings come from the environment alone, are frozen, and never show a password."""

import pytest
from pydantic import SecretStr, ValidationError

from app import embedded
from app.settings import Settings, SettingsError, with_database


def test_an_ordinary_address_gets_our_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    for scheme in ("postgresql", "postgres", "postgresql+psycopg"):
        monkeypatch.setenv("LANDRESERVE_DATABASE_URL", f"{scheme}://owner:geheim@db/x")
        assert Settings().owner_url() == "postgresql+psycopg://owner:geheim@db/x"
        assert Settings().web_url() == Settings().owner_url()
    monkeypatch.setenv("LANDRESERVE_WEB_DATABASE_URL", "postgresql://web:leise@db/x")
    assert Settings().web_url() == "postgresql+psycopg://web:leise@db/x"
    assert not {"geheim", "leise"} & set(repr(Settings()).replace(":", " ").replace("@", " ").split())
    assert "geheim" not in f"{Settings()!r}{Settings()}{Settings().model_dump()}"


@pytest.mark.parametrize("url", ["mysql://x/y", "postgresql://", "nonsense"])
def test_an_address_of_something_else_is_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("LANDRESERVE_DATABASE_URL", url)
    with pytest.raises(ValidationError):
        Settings()


def test_without_an_address_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANDRESERVE_DATABASE_URL", "")
    monkeypatch.delenv("LANDRESERVE_WEB_DATABASE_URL", raising=False)
    assert Settings().database_url is None
    with pytest.raises(SettingsError, match="LANDRESERVE_DATABASE_URL"):
        Settings().web_url()
    private = with_database(Settings(), embedded.Urls("postgresql+psycopg://o@/l", "postgresql+psycopg://w@/l"))
    assert (private.owner_url(), private.web_url()) == ("postgresql+psycopg://o@/l", "postgresql+psycopg://w@/l")


def test_hosts_are_the_local_ones_and_those_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANDRESERVE_ALLOWED_HOSTS", "Reserve.Hamburg.example, other")
    monkeypatch.setenv("LANDRESERVE_PUBLIC_URL", "https://public.example/x")
    monkeypatch.setenv("LANDRESERVE_HOST", "::")
    assert Settings().hosts() == {
        *("localhost", "127.0.0.1", "[::1]"),
        *("reserve.hamburg.example", "other", "public.example"),
    }


@pytest.mark.parametrize(("days", "taken"), [(29, False), (30, True), (36500, True), (36501, False)])
def test_deliveries_are_kept_for_longer_than_they_are_tried(
    monkeypatch: pytest.MonkeyPatch, days: int, taken: bool
) -> None:
    monkeypatch.setenv("LANDRESERVE_DELIVERIES_KEPT_DAYS", str(days))
    if taken:
        assert Settings().deliveries_kept_days == days
    else:
        with pytest.raises(ValidationError):
            Settings()


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        Settings().port = 1  # type: ignore[misc]
    assert isinstance(Settings(database_url=SecretStr("postgresql://x/y")).database_url, SecretStr)
