"""What holds for every page of the table, in a real browser."""

from typing import Any

import pytest

from runner.studio.pages import PAGES, load_pages
from tests.support.axe import serious

WIDTHS = (390, 800, 1400, 2560)
MENU = [page.name for page in load_pages() if page.menu]


def test_each_page_is_a_folder_of_its_name() -> None:
    assert [page.name for page in load_pages()] == list(PAGES)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", MENU)
def test_nothing_is_wider_than_the_screen(site: str, tab: Any, name: str, width: int) -> None:
    page = tab(f"{site}/w/1/{name}", width)
    page.locator("h1").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", MENU)
def test_axe_finds_nothing_serious(site: str, tab: Any, name: str, scheme: str) -> None:
    page = tab(f"{site}/w/1/{name}", bypass_csp=True, color_scheme=scheme)
    assert serious(page) == []


@pytest.mark.parametrize("name", MENU)
def test_it_shows_the_command_of_the_same(site: str, tab: Any, name: str) -> None:
    assert tab(f"{site}/w/1/{name}").locator("#command").inner_text().startswith("vivero ")


@pytest.mark.parametrize("name", MENU)
def test_the_keyboard_reaches_the_menu_and_the_content(site: str, tab: Any, name: str) -> None:
    page = tab(f"{site}/w/1/{name}")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_the_menu_folds_on_a_narrow_screen(site: str, tab: Any) -> None:
    page = tab(site, 390)
    menu = page.locator("#menu")
    assert not menu.is_visible()
    page.locator("#menu-button").click()
    assert menu.is_visible()
    page.keyboard.press("Escape")
    assert not menu.is_visible()
