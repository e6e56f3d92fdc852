"""The console, as people see it, in a real browser."""

import os
import re
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.integration.gateway.conftest import Gateway


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not chromium:
        pytest.skip("no Chromium: install the package chromium, or set CHROMIUM to its path")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            # Without a sandbox: Chromium refuses to use one as root. It opens our pages only.
            args=["--no-sandbox", "--disable-gpu"],
        )
        yield browser
        browser.close()


@pytest.mark.parametrize("width", [1200, 390])
def test_the_console_shows_live_figures_to_who_has_a_key(
    gateway: Gateway, browser: Browser, width: int
) -> None:
    said: list[str] = []
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(gateway.url)
    page.get_by_label("API key").fill(gateway.admin)
    page.get_by_role("button").click()
    page.get_by_text("live", exact=True).wait_for()
    assert page.locator("#tiers tr").count() == 4
    assert page.get_by_text("Dead letters").is_visible()
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width, "the page scrolls sideways"
    with gateway.client() as client:
        for _ in range(20):
            client.post("/v1/requests", json={"operation": "echo"})
    two_points = re.compile(r"\S+ \S+")
    expect(page.locator("#line polyline")).to_have_attribute("points", two_points)
    page.reload()  # the key is kept in the tab
    page.get_by_text("live", exact=True).wait_for()
    assert said == []
    page.close()


def test_a_wrong_key_shows_nothing_but_why(gateway: Gateway, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(gateway.url)
    page.get_by_label("API key").fill(gateway.reader)
    page.get_by_role("button").click()
    page.get_by_text("metrics:read, which your credential").wait_for()
    assert not page.locator("#figures").is_visible()
    page.close()


def test_the_page_runs_no_script_but_its_own(gateway: Gateway) -> None:
    with gateway.client("") as client:
        first, second = client.get("/"), client.get("/")
    policy = first.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'nonce-")
    assert policy != second.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
