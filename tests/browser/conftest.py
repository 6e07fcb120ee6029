"""What the tests of pages share: Chromium, a page whose scripts must not fail, and the address of a desk's service.

A module that needs another size of screen, or something before the page's scripts, overrides `size` or `first_script`.
"""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page

from cti.sandbox.host.free import free_port
from tests.browser.desks import DeskRoom
from tests.browser.wall import chromium, page_of, served


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest.fixture
def size() -> tuple[int, int]:
    """Of the screen (pixels): a workstation's."""
    return 1280, 720


@pytest.fixture
def first_script() -> str:
    """Run in the page before its own scripts."""
    return ""


@pytest.fixture
async def page(browser: Browser, size: tuple[int, int], first_script: str) -> AsyncIterator[Page]:
    """A page whose scripts must not fail and which must not break its own content policy."""
    page = await page_of(browser, width=size[0], height=size[1])
    if first_script:
        await page.add_init_script(first_script)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if "Content Security Policy" in line.text else None)
    yield page
    assert errors == []


@pytest.fixture
async def url(site: DeskRoom) -> AsyncIterator[str]:
    """Where the service of this desk answers."""
    async with served(site.doubles, free_port()) as url:
        yield url
