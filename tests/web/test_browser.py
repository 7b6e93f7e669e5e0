"""The page in a real browser: no complaint of console or policy, the language switch, the form by keyboard, small screens."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, expect, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
pytestmark = pytest.mark.browser


@pytest.fixture
def address(pages: FastAPI) -> Iterator[str]:
    """The service on a free port of this machine, in a thread of this process."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(pages, log_level="warning"))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    until = time.monotonic() + 10
    while not server.started and time.monotonic() < until:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    listener.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        yield found
        found.close()


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    """A tab that fails the test on any error of the page, of the console or of the content policy."""
    context = browser.new_context(locale="de-DE", timezone_id="America/New_York")
    found, complaints = context.new_page(), list[str]()
    found.on("console", lambda message: complaints.append(message.text))
    found.on("pageerror", lambda error: complaints.append(str(error)))
    found.on("requestfailed", lambda request: complaints.append(request.url))
    yield found
    context.close()
    assert complaints == []


@pytest.mark.usefixtures("register")
def test_the_page_is_drawn_without_a_complaint(tab: Page, address: str) -> None:
    tab.goto(address)
    expect(tab.locator("html")).to_have_attribute("lang", "de")
    expect(tab.locator(".figure.main .value")).to_have_text("105,0001 ha")
    drawn = tab.locator("svg.chart.wide .net.line").first
    assert drawn.evaluate("path => path.getTotalLength()") > 500
    assert drawn.evaluate("path => getComputedStyle(path).stroke") != "none"
    expect(tab.locator("svg.chart.narrow")).to_be_hidden()


@pytest.mark.usefixtures("register")
def test_the_language_is_switched_and_kept(tab: Page, address: str) -> None:
    tab.goto(f"{address}/?on=2027-02-01")
    tab.get_by_role("link", name="English").click()
    expect(tab.locator("html")).to_have_attribute("lang", "en")
    expect(tab.locator(".asof")).to_contain_text("on 1 February 2027")
    tab.get_by_role("button", name="Show").click()
    expect(tab.locator("html")).to_have_attribute("lang", "en")
    expect(tab.locator(".figure.main .value")).to_have_text("108.0001 ha")


@pytest.mark.usefixtures("register")
def test_the_form_works_by_keyboard_alone(tab: Page, address: str) -> None:
    tab.goto(address)
    tab.keyboard.press("Tab")
    expect(tab.get_by_role("link", name="Zum Inhalt springen")).to_be_focused()
    tab.keyboard.press("Enter")
    for _ in range(20):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement.id") == "on":
            break
    tab.keyboard.type("02022027")  # the same day whether the browser puts the day or the month first
    expect(tab.locator("#on")).to_have_value("2027-02-02")
    tab.keyboard.press("Enter")
    expect(tab.locator(".asof")).to_contain_text("am 2. Februar 2027")
    expect(tab.locator(".figure.main .value")).to_have_text("108,0001 ha")


@pytest.mark.usefixtures("register")
def test_an_older_state_of_knowledge_is_chosen_in_hamburgs_time(tab: Page, address: str) -> None:
    tab.goto(address)
    tab.locator("#known_at").fill("2026-01-15T12:00:01")
    tab.get_by_role("button", name="Anzeigen").click()
    expect(tab.locator(".asof")).to_contain_text("bekannt bis 15. Januar 2026, 12:00:01")
    expect(tab.locator("#known_at")).to_have_value("2026-01-15T12:00:01")


@pytest.mark.usefixtures("register")
@pytest.mark.parametrize("path", ["/", "/outlook"])
@pytest.mark.parametrize("width", [320, 360, 1400])
def test_nothing_runs_out_of_the_screen(tab: Page, address: str, width: int, path: str) -> None:
    tab.set_viewport_size({"width": width, "height": 800})
    tab.goto(address + path)
    tab.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    expect(tab.locator("svg.chart.narrow" if width < 700 else "svg.chart.wide")).to_be_visible()


CONTRAST = """() => {
  const channel = c => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b)
  const parts = text => text.match(/[\\d.]+/g).map(Number)
  const ground = element => {
    for (; element; element = element.parentElement) {
      const found = parts(getComputedStyle(element).backgroundColor)
      if (found.length === 3) return found
    }
    return [255, 255, 255]
  }
  const weak = []
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim())
    if (!own || !element.checkVisibility()) continue
    const style = getComputedStyle(element)
    const ink = parts(element.closest('svg') ? style.fill : style.color)
    const [one, other] = [light(ink), light(ground(element))].sort((a, b) => b - a)
    const ratio = (one + 0.05) / (other + 0.05)
    if (ratio < 4.5) weak.push(`${element.className || element.tagName}: ${ratio.toFixed(2)}`)
  }
  return weak
}"""


@pytest.mark.usefixtures("register")
@pytest.mark.parametrize("path", ["/", "/outlook"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_has_the_contrast_that_wcag_asks_for(tab: Page, address: str, scheme: str, path: str) -> None:
    tab.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    tab.goto(address + path)
    tab.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    assert tab.evaluate(CONTRAST) == []
