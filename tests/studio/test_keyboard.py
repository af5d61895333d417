"""The studio with the keyboard alone."""

from typing import Any

import pytest

from runner.studio.pages import load_pages

MENU = [page.name for page in load_pages() if page.menu]
FOCUSED = """() => {
  const one = document.activeElement;
  if (one === document.body) return null;
  const style = getComputedStyle(one);
  const box = one.getBoundingClientRect();
  const seen = box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  const marked = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
  const all = [...document.querySelectorAll("*")];
  return [all.indexOf(one), seen, marked, one.outerHTML.slice(0, 120)];
}"""


def chosen(page: Any) -> list[int]:
    """Return which rows are selected."""
    boxes = page.locator("input[name=run]")
    return [number for number in range(boxes.count()) if boxes.nth(number).is_checked()]


@pytest.mark.parametrize("name", MENU)
def test_the_focus_goes_down_the_page_and_is_seen(site: str, tab: Any, name: str) -> None:
    page = tab(f"{site}/w/1/{name}")
    page.locator("#live.on").wait_for()
    places = []
    for _ in range(60):
        page.keyboard.press("Tab")
        found = page.evaluate(FOCUSED)
        if found is None:
            break
        at, seen, marked, html = found
        assert seen and marked, html
        places.append(at)
    assert len(places) > 10 and places == sorted(set(places))


def test_arrows_move_between_runs_and_select_with_shift(site: str, tab: Any) -> None:
    page = tab(f"{site}/w/1/runs")
    page.locator("input[name=run]").nth(2).focus()
    page.keyboard.press("ArrowDown")
    assert chosen(page) == []
    page.keyboard.press("Space")
    for key in ("ArrowDown", "ArrowDown"):
        page.keyboard.press(f"Shift+{key}")
    assert chosen(page) == [3, 4, 5] and page.locator("#chosen").inner_text() == "3 runs chosen"
    page.keyboard.press("Shift+ArrowUp")
    assert chosen(page) == [3, 4]
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+ArrowUp")
    assert chosen(page) == [3, 4, 5, 6]
    page.keyboard.press("Space")
    assert chosen(page) == [3, 4, 6]


def test_escape_closes_what_is_open_and_the_focus_goes_back(site: str, tab: Any) -> None:
    page = tab(f"{site}/w/1/runs")
    for opener, opened in (("#choose-columns", "#columns"), (".switch summary", ".switch .popup")):
        page.locator(opener).focus()
        page.keyboard.press("Enter")
        page.locator(opened).wait_for()
        page.keyboard.press("Tab")
        page.keyboard.press("Escape")
        page.locator(opened).wait_for(state="hidden")
        assert page.evaluate("selector => document.activeElement.matches(selector)", opener)
    page.locator("#where").focus()
    page.keyboard.type("acc")
    page.locator("#completions li").first.wait_for()
    page.keyboard.press("Escape")
    assert page.locator("#completions").is_hidden() and page.locator("#where").input_value() == "acc"


def test_escape_closes_the_menu_of_a_narrow_screen(site: str, tab: Any) -> None:
    page = tab(f"{site}/w/1/runs", 390)
    page.locator("#menu-button").focus()
    page.keyboard.press("Enter")
    page.locator("#menu a").nth(1).focus()
    page.keyboard.press("Escape")
    page.locator("#menu").wait_for(state="hidden")
    assert page.evaluate("document.activeElement.id") == "menu-button"


def test_an_action_is_canceled_with_escape(site: str, tab: Any) -> None:
    page = tab(f"{site}/w/1/runs")
    page.locator("input[name=run]").first.focus()
    page.keyboard.press("Space")
    page.locator("[data-action=delete]").focus()
    page.keyboard.press("Enter")
    page.locator("#ask").wait_for()
    page.keyboard.press("Escape")
    page.locator("#ask").wait_for(state="hidden")
    assert page.evaluate("document.activeElement.dataset.action") == "delete" and chosen(page) == [0]
