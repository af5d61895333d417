"""Pages that show something for the first time while they are open: nothing but the user loads another page.

A page that loads itself again would break off the page that the user has just asked for.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.studio.workspaces import run_record, studio, write_run, write_sweep


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / ".vivero"
    root.mkdir(mode=0o700)
    return root


@pytest.fixture
def site(root: Path) -> Iterator[str]:
    with studio("--workspace", str(root)) as address:
        yield f"{address}/w/1"


def opened(tab: Any, address: str) -> Any:
    """Open a page, and mark it: another load would take the mark away."""
    page = tab(address)
    page.evaluate("window.isMarked = true")
    page.locator("#live.on").wait_for()
    return page


def is_marked(page: Any) -> bool:
    return bool(page.evaluate("window.isMarked"))


def test_the_first_sweep(root: Path, site: str, tab: Any) -> None:
    page = opened(tab, f"{site}/sweeps")
    page.locator("text=No sweeps yet").wait_for()
    write_sweep(root, 3)
    page.locator("tbody tr").wait_for()
    assert page.locator("#count").inner_text() == "1 sweep" and page.locator(".empty").count() == 0
    write_sweep(root, 3, number=2)
    page.locator("tbody tr").nth(1).wait_for()
    page.locator("#count:has-text('2 sweeps')").wait_for()
    assert is_marked(page)
    page.close()


def test_the_first_run_brings_the_search(root: Path, site: str, tab: Any) -> None:
    page = opened(tab, f"{site}/runs")
    page.locator("text=No runs yet").wait_for()
    write_run(root, run_record(0))
    page.locator("tbody tr").wait_for()
    page.locator("input[name='run']").check()
    assert page.locator("#chosen").inner_text() == "1 run chosen"
    page.locator("#where").press_sequentially("dur")
    page.locator("#completions li").first.wait_for()
    assert is_marked(page)
    page.close()


def test_the_reason_of_a_failure(root: Path, site: str, tab: Any) -> None:
    record = run_record(0, status="running", ended=None)
    folder = write_run(root, record)
    (folder / "logs").mkdir()
    (folder / "logs" / "run.log").write_text("a \x1b[31mred\x1b[0m line\n")
    page = opened(tab, f"{site}/run/{record['id']}")
    page.locator("#status:has-text('running')").wait_for()
    failed = {**record, "status": "failed", "ended": record["created"], "error": "ValueError: no such column"}
    aside = folder / "aside.json"
    aside.write_text(json.dumps(failed))
    aside.replace(folder / "run.json")
    page.locator("#failure:has-text('ValueError: no such column')").wait_for()
    page.locator("#failure .tail:has-text('a red line')").wait_for()
    assert is_marked(page)
    page.close()
