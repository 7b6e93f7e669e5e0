"""The pages of cases in a real browser: no complaint of console or policy, nothing out of the screen, text that can be read."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Page, expect

from tests.web.test_browser import CONTRAST, address, browser, tab
from tests.web.test_case_pages import Enter, _ticking, clerk, enter, take

__all__ = ["_ticking", "address", "browser", "clerk", "enter", "tab"]
pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("register")]


@pytest.fixture
def addresses(enter: Enter, clerk: TestClient, address: str) -> list[str]:
    """The pages of a case that went to the Industriekoordinator: list, case, dossier, public link."""
    case = enter("2026-08-03")
    take(clerk, case, "bwi_involved")
    take(clerk, case, "coordination_failed")
    take(clerk, case, "escalated")
    code = clerk.post(f"/api/conversions/{case}/track").json()["code"]
    paths = ("/conversions", f"/conversions/{case}", f"/conversions/{case}/dossier", f"/track/{code}")
    return [f"{address}{path}" for path in paths]


def test_the_pages_of_a_case_fit_and_can_be_read(tab: Page, addresses: list[str]) -> None:
    for place in addresses:
        for scheme in ("light", "dark"):
            tab.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            tab.set_viewport_size({"width": 1200, "height": 900})
            tab.goto(place)
            expect(tab.locator("html")).to_have_attribute("lang", "de")
            assert tab.evaluate(CONTRAST) == [], place
        for width in (320, 700):
            tab.set_viewport_size({"width": width, "height": 800})
            assert tab.evaluate("document.documentElement.scrollWidth") <= width, (place, width)


def test_the_map_is_drawn(tab: Page, addresses: list[str]) -> None:
    tab.goto(addresses[2])
    site = tab.locator("svg.extract path.site")
    assert site.evaluate("path => path.getTotalLength()") > 300
    assert site.evaluate("path => getComputedStyle(path).stroke") != "none"
    bar = tab.locator("svg.extract .scale-bar")
    assert bar.evaluate("path => path.getBoundingClientRect().width") > 40
