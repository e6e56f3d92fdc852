"""The Prefect UI in a real browser: the form explains itself, the run completes, the answer shows.

Chromium comes from the system (`CHROMIUM` names it, or it is on the PATH).
"""

import os
import shutil
from collections.abc import Iterator
from typing import Protocol

import pytest
from playwright.sync_api import Page, expect, sync_playwright


class Platform(Protocol):
    """What the fixture `platform` gives."""

    api_url: str


RUN_TIMEOUT_MS = 60_000
"""A run starts within 10 s on an idle machine with 2 cores."""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """A page of headless Chromium."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not chromium:
        pytest.skip("no Chromium: install the package chromium, or set CHROMIUM to its path")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            # Without a sandbox: Chromium refuses to use one as root. It opens our pages only.
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        opened = browser.new_page(viewport={"width": 1280, "height": 1200})
        yield opened
        browser.close()


@pytest.fixture
def ui(platform: Platform) -> str:
    """Address of the UI of a platform after its first run."""
    return platform.api_url.removesuffix("/api")


def test_a_question_asked_in_the_ui_is_answered_there(page: Page, ui: str) -> None:
    page.goto(f"{ui}/deployments")
    page.get_by_role("link", name="answer-question-high").click()
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_text("Custom run").click()
    expect(page.get_by_text("What you want to know, in plain words.")).to_be_visible()
    expect(page.get_by_text("Collection of the Lake to search.")).to_be_visible()

    page.locator("textarea").first.fill("What happens when a service dies?")
    with page.expect_response(lambda response: response.url.endswith("/create_flow_run")) as made:
        page.get_by_role("button", name="Submit").click()

    page.goto(f"{ui}/runs/flow-run/{made.value.json()['id']}")
    expect(page.get_by_text("Completed", exact=True).first).to_be_visible(timeout=RUN_TIMEOUT_MS)
    page.get_by_text("Artifacts", exact=True).first.click()
    page.get_by_text("What happens when a service dies?").first.click()
    expect(page.get_by_text("Sources")).to_be_visible()
    expect(page.get_by_text("is started again").first).to_be_visible()


def test_all_four_pools_are_there_and_served(page: Page, ui: str) -> None:
    page.goto(f"{ui}/work-pools")
    for tier in ("critical", "high", "medium", "low"):
        expect(page.get_by_role("link", name=tier, exact=True)).to_be_visible()
    expect(page.get_by_text("Not Ready")).to_have_count(0)


def test_the_blocks_show_their_logos(page: Page, ui: str) -> None:
    page.goto(f"{ui}/blocks")
    logo = page.locator('img[src*="/neurocortex/lake.png"]')
    expect(logo).to_be_visible()
    assert logo.evaluate("image => image.naturalWidth") == 200
