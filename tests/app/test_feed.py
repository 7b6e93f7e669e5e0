"""The feed keeps to RFC 4287: its grammar, checked rule by rule, in both languages, with whatever an alert says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from app import feed
from app.web.language import translator
from parcels import alerts, db
from rules.alerts import Kind, Severity
from tests.app.conftest import FIRST, Town, service, token
from tests.app.test_alert_words import FACTS, alert
from tests.faults.own import engine_of

BASE = "https://reserve.hamburg.example"
NOW = datetime(2026, 11, 23, tzinfo=UTC)
# RFC 4287 appendix B, as far as the feed goes: no element but these, in any order; XML Schema's dateTime in UTC.
GRAMMAR = """
<grammar xmlns="http://relaxng.org/ns/structure/1.0" ns="http://www.w3.org/2005/Atom"
    datatypeLibrary="http://www.w3.org/2001/XMLSchema-datatypes">
  <start><element name="feed"><attribute name="xml:lang"/><interleave>
    <ref name="id"/><ref name="title"/><ref name="updated"/><zeroOrMore><ref name="link"/></zeroOrMore>
    <oneOrMore><element name="author"><element name="name"><data type="token"><param name="minLength">1</param></data></element>
    </element></oneOrMore>
    <optional><element name="subtitle"><text/></element></optional></interleave>
    <zeroOrMore><element name="entry"><interleave>
      <ref name="id"/><ref name="title"/><ref name="updated"/>
      <optional><element name="published"><ref name="instant"/></element></optional>
      <zeroOrMore><element name="category"><attribute name="term"/>
        <optional><attribute name="label"/></optional></element></zeroOrMore>
      <zeroOrMore><ref name="link"/></zeroOrMore>
      <optional><element name="content"><attribute name="type"><value>text</value></attribute><text/></element></optional>
    </interleave></element></zeroOrMore>
  </element></start>
  <define name="id"><element name="id"><data type="anyURI"><param name="pattern">[a-z]+:.+</param></data></element></define>
  <define name="title"><element name="title"><data type="token"><param name="minLength">1</param></data></element></define>
  <define name="updated"><element name="updated"><ref name="instant"/></element></define>
  <define name="instant"><data type="dateTime"><param name="pattern">.+Z</param></data></define>
  <define name="link"><element name="link">
    <attribute name="rel"><choice><value>self</value><value>alternate</value></choice></attribute>
    <attribute name="type"><data type="string"><param name="pattern">.+/.+</param></data></attribute>
    <attribute name="href"><data type="anyURI"><param name="pattern">https?://.+</param></data></attribute></element></define>
</grammar>
"""
RULES = etree.RelaxNG(etree.fromstring(GRAMMAR))
ATOM = {"a": feed.NAMESPACE}


def valid(body: bytes) -> etree._Element:
    """The document, after everything that RFC 4287 asks of it (§ 4.1.1, 4.1.2, 4.2.6, 4.2.7)."""
    root = etree.fromstring(body)
    RULES.assertValid(root)
    for one in (root, *root.findall("a:entry", ATOM)):
        kinds = [(link.get("rel"), link.get("type"), link.get("hreflang")) for link in one.findall("a:link", ATOM)]
        assert len(kinds) == len(set(kinds))
    assert [link.get("rel") for link in root.findall("a:link", ATOM)].count("self") == 1
    ids = root.xpath("//a:id/text()", namespaces=ATOM)
    assert len(ids) == len(set(ids))
    return root


def texts(root: Any, path: str) -> list[str]:
    return [str(one) for one in root.xpath(f"{path}/text()", namespaces=ATOM)]


def test_the_grammar_bites() -> None:
    body = feed.feed([alert()], translator("de"), BASE, NOW)
    valid(body)
    for good, bad in (
        (b"<updated>", b"<updated>x"),
        (b"<id>urn:uuid:", b"<id>"),
        (b"<title>", b"<titel>"),
        (b'rel="self"', b'rel="me"'),
    ):
        broken = body.replace(good, bad).replace(b"</title>", b"</titel>" if b"titel" in bad else b"</title>")
        with pytest.raises(etree.DocumentInvalid):
            valid(broken)


@pytest.mark.parametrize("language", ["de", "en"])
def test_every_kind_of_alert_in_both_languages(language: str) -> None:
    found = [replace(alert(kind, "1"), id=n, uid=UUID(int=n)) for n, kind in enumerate(Kind)]
    root = valid(feed.feed(found, translator(language), BASE, NOW))
    assert root.get(feed.LANGUAGE) == language
    assert len(texts(root, "//a:entry/a:title")) == len(set(texts(root, "//a:entry/a:title"))) == len(Kind)


def test_an_entry_says_what_since_when_and_where() -> None:
    over = replace(alert(), resolved_at=datetime(2026, 12, 1, 8, tzinfo=UTC))
    root = valid(feed.feed([over], translator("de"), BASE, NOW))
    assert texts(root, "//a:entry/a:id") == ["urn:uuid:6f2d7c52-3f0b-4b55-9a51-0d4dfb9f3a01"]
    assert texts(root, "//a:entry/a:published") == ["2026-11-22T14:30:05Z"]
    assert texts(root, "//a:updated") == ["2026-12-01T08:00:00Z"] * 2
    assert root.xpath("//a:entry/a:link/@href", namespaces=ATOM) == [f"{BASE}/alerts/5"]
    (content,) = texts(root, "//a:content")
    assert "Es fehlen 0,417867 ha." in content
    assert "Das ist vorbei seit 1. Dezember 2026, 09:00:00." in content
    assert "Masterplan Industrie 2023" in content


def test_without_alerts_it_is_a_feed_all_the_same() -> None:
    root = valid(feed.feed([], translator("en"), BASE, NOW))
    assert texts(root, "/a:feed/a:updated") == ["2026-11-23T00:00:00Z"]


@given(said=st.text(max_size=100))
def test_whatever_an_alert_says_the_feed_is_well_formed(said: str) -> None:
    valid(
        feed.feed(
            [
                alert(Kind.PLEDGE_INSECURE, said),
            ],
            translator("de"),
            BASE,
            NOW,
        )
    )
    valid(feed.feed([replace(alert(), facts={**FACTS, "net_ha": said})], translator("en"), BASE, NOW))


@pytest.fixture(scope="module")
def told(new_database: Callable[[str], Town]) -> Town:
    """A town with sixty alerts."""
    made = new_database("fed")
    with engine_of(made.owner) as engine, db.sessions(engine)() as session:
        for n in range(60):
            at = FIRST + timedelta(hours=n)
            alerts.raise_one(session, Kind.IMPORT_REJECTED, Severity.WARNING, str(n), at.date(), at, {})
        session.commit()
    return made


def test_the_newest_fifty_are_served(told: Town) -> None:
    with TestClient(service(told.web)) as client:
        answer = client.get("/api/alerts.atom")
        root = valid(answer.content)
        assert answer.headers["Content-Type"] == "application/atom+xml"
        assert answer.headers["Content-Language"] == "de"
        assert texts(root, "//a:entry/a:title") == [f"Import nicht ganz übernommen: {n}" for n in range(59, 9, -1)]
        english = client.get("/api/alerts.atom?lang=en", headers={"Accept-Language": "de"})
        assert texts(valid(english.content), "/a:feed/a:title") == ["Alerts of the land reserve"]
        accepted = client.get("/api/alerts.atom", headers={"Accept-Language": "en-GB"})
        assert accepted.headers["ETag"] == english.headers["ETag"]
        again = client.get("/api/alerts.atom", headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert client.get("/api/alerts.atom?lang=fr").status_code == 422
        assert client.get("/api/alerts.atom?limit=3").status_code == 422


def test_links_lead_to_the_address_that_others_use(told: Town) -> None:
    with TestClient(service(told.web, public_url="https://public.example/")) as client:
        root = valid(client.get("/api/alerts.atom").content)
    assert all(
        str(link).startswith("https://public.example/") for link in root.xpath("//a:link/@href", namespaces=ATOM)
    )


def test_with_read_tokens_the_feed_wants_one(told: Town) -> None:
    with TestClient(service(told.web, read_requires_token=True)) as client:
        assert client.get("/api/alerts.atom").status_code == 401
        shown = {"Authorization": f"Bearer {token(told, 'viewer')[1]}"}
        assert client.get("/api/alerts.atom", headers=shown).status_code == 200
