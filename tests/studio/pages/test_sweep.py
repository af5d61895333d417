"""The list of sweeps and one sweep, in a real browser."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.api import Workspace
from tests.support.axe import serious
from tests.support.studio.workspaces import studio, write_sweep
from tests.support.sweeps import ACCURACY, SECONDS
from tests.support.waiting import wait_for

HOSTILE = "</script><img src=x onerror=\"document.title='owned'\">"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sweeps") / "team" / ".vivero"
    root.mkdir(mode=0o700, parents=True)
    return root


@pytest.fixture(scope="module")
def sweep(root: Path) -> str:
    return write_sweep(root, 30, points=12, objectives=(ACCURACY, SECONDS))


@pytest.fixture(scope="module")
def at(root: Path, sweep: str) -> Iterator[str]:
    with studio("--workspace", str(root)) as address:
        yield f"{address}/w/1"


def test_the_list_leads_to_a_sweep(at: str, sweep: str, tab: Any) -> None:
    page = tab(f"{at}/sweeps")
    row = page.locator("tr", has=page.locator(f"[title='{sweep}']"))
    assert "30 of 30" in row.inner_text() and "front of" in row.inner_text()
    row.locator("th a").click()
    page.locator("#sweep svg").first.wait_for()
    page.go_back()
    page.locator(".chip:has-text('Failed')").click()
    page.locator("text=No sweep matches").wait_for()
    assert page.locator("#command").inner_text().startswith("vivero sweeps --workspace")


@pytest.mark.slow("imports optuna and scikit-learn", seconds=60)
def test_all_charts_of_a_sweep(at: str, sweep: str, tab: Any) -> None:
    page = tab(f"{at}/sweep/{sweep}")
    for part in ("best", "front", "history", "curves", "parallel", "slices", "slots", "table"):
        page.locator(f".part-{part} > *").first.wait_for()
    assert page.locator(".part-table tbody tr").count() == 30
    assert "Early termination stopped 4 of 30" in page.locator(".part-curves").inner_text()
    assert page.locator(".part-slots .span").count() == 30
    page.locator(".part-importance .bar").first.wait_for(timeout=60_000)
    assert "fANOVA" in page.locator(".part-importance").inner_text()
    assert page.locator(".part-best code").inner_text().startswith("python -m runner +experiment=iris")


def test_another_objective_is_in_the_address(at: str, sweep: str, tab: Any) -> None:
    page = tab(f"{at}/sweep/{sweep}")
    page.locator(".part-choice select").select_option("1")
    page.locator(".part-slices h2:has-text('seconds against')").wait_for()
    assert "objective=1" in page.url
    page.reload()
    page.locator(".part-slices h2:has-text('seconds against')").wait_for()


def test_a_range_is_kept_over_a_reload(at: str, sweep: str, tab: Any) -> None:
    page = tab(f"{at}/sweep/{sweep}")
    zone = page.locator(".part-parallel .brush").last
    zone.focus()
    page.keyboard.press("ArrowUp")
    page.locator(".kept:has-text('trials in the chosen ranges')").wait_for()
    kept = page.locator(".kept").inner_text()
    page.reload()
    page.locator(f".kept:has-text('{kept}')").wait_for()


def test_it_grows_while_the_sweep_runs(at: str, root: Path, tab: Any) -> None:
    """A journal that grows is what a running sweep leaves; nobody holds its lock, so it shows as interrupted."""
    running = write_sweep(root, 4, points=3, number=9, state="running", ended=None, total=6)
    page = tab(f"{at}/sweep/{running}")
    page.locator(".part-table tbody tr").nth(3).wait_for()
    assert (
        "vivero" not in page.locator("#resume").inner_text() and "sweep.resume=" in page.locator("#resume").inner_text()
    )
    line = {
        "number": 4,
        "run": "iris-20260701-130004-00000099",
        "status": "failed",
        "reason": "no memory",
        "parameters": {},
    }
    with (root / "sweeps" / running / "trials.jsonl").open("a") as journal:
        journal.write(json.dumps(line) + "\n")
    page.locator(".part-table tbody tr").nth(4).wait_for()
    page.locator(".part-table:has-text('no memory')").wait_for()
    assert "1 failed" in page.locator("#head").inner_text()


@pytest.mark.slow("runs a sweep", seconds=90)
def test_a_real_sweep_is_followed_and_canceled(tmp_path: Path, tab: Any) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "train.py").write_text("import sys, time\nprint('Accuracy:', sys.argv[-1])\ntime.sleep(0.2)\n")
    workspace = Workspace(tmp_path / "there" / ".vivero", create=True)
    with studio("--workspace", str(workspace.root)) as address:
        page = tab(f"{address}/w/1/sweeps")
        page.locator("text=No sweeps yet").wait_for()
        made = workspace.submit_sweep(
            f"job.source={source}", "job.script=train.py", "job.metrics={accuracy: 'Accuracy: ([0-9.]+)'}",
            "sweep.objective=accuracy", f"+job.arguments.c={','.join(map(str, range(1, 400)))}",
        )  # fmt: skip
        page.goto(f"{address}/w/1/sweep/{made.id}")
        page.locator(".part-table tbody tr").nth(6).wait_for(timeout=60_000)
        assert "running" in page.locator("#head").inner_text()
        page.locator("#cancel").click()
        page.locator("#ask button[value='go']").click()
        page.locator("#head .pill.canceled").wait_for(timeout=30_000)
        assert made.wait(30).state == "canceled"
        wait_for(lambda: made.controller is None or made.controller.poll() is not None)
        page.close()


def test_hostile_words_stay_words(at: str, root: Path, tab: Any) -> None:
    hostile = write_sweep(root, 3, number=13, experiment="iris", error=HOSTILE, command=(HOSTILE,), model=HOSTILE)
    page = tab(f"{at}/sweep/{hostile}")
    page.locator("#sweep svg").first.wait_for()
    assert page.locator("img[src='x']").count() == 0 and "<img src=x" in page.locator(".part-best code").inner_text()


@pytest.mark.parametrize("width", [390, 800, 1400, 2560])
def test_nothing_is_wider_than_the_screen(at: str, sweep: str, tab: Any, width: int) -> None:
    page = tab(f"{at}/sweep/{sweep}", width)
    page.locator(".part-table tbody tr").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["sweeps", "sweep"])
def test_axe_finds_nothing_serious(at: str, sweep: str, tab: Any, name: str, scheme: str) -> None:
    page = tab(f"{at}/{name}{'' if name == 'sweeps' else '/' + sweep}", bypass_csp=True, color_scheme=scheme)
    page.locator("tbody tr").first.wait_for()
    assert serious(page) == []
