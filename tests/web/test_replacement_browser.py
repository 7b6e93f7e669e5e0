"""The pages of replacement in a real browser: no complaint of console or policy, text that can be read, nothing outside."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.web.test_browser import CONTRAST, address, browser, tab
from tests.web.test_replacement_pages import bearer, session, world

__all__ = ["address", "bearer", "browser", "session", "tab", "world"]
pytestmark = pytest.mark.browser


def test_the_pages_of_replacement_fit_and_can_be_read(tab: Page, world: dict[str, int], address: str) -> None:
    late, north = f"/replacements/dissolutions/{world['late']}", f"/replacements/candidates/{world['north']}"
    for place in ("/replacements", f"{late}?propose=1", north):
        tab.set_viewport_size({"width": 1200, "height": 900})
        tab.goto(f"{address}{place}")
        expect(tab.locator("html")).to_have_attribute("lang", "de")
        for scheme in ("light", "dark"):
            tab.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            assert tab.evaluate(CONTRAST) == [], place
        for width in (320, 700):
            tab.set_viewport_size({"width": width, "height": 800})
            assert tab.evaluate("document.documentElement.scrollWidth") <= width, (place, width)


def test_candidates_are_chosen_by_hand(tab: Page, world: dict[str, int], address: str) -> None:
    tab.goto(f"{address}/replacements/dissolutions/{world['early']}?lang=en")
    tab.get_by_label("Altbestand").check()
    tab.get_by_label("Südfeld").uncheck()
    tab.get_by_role("button", name="Compare").click()
    expect(tab.locator("html")).to_have_attribute("lang", "en")
    expect(tab.locator("#comparison")).to_have_text("Comparison with the candidates asked for")
    assert f"candidates={world['stock']}" in tab.url
