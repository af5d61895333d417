"""The list of pipelines and one pipeline, in a real browser."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.api import Workspace
from tests.support.axe import serious
from tests.support.studio.pipelines import STEPS, real_pipeline, write_pipeline
from tests.support.studio.workspaces import studio

HOSTILE = "</text></svg><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
FAILED = {"status": "failed", "reason": "exit code 1: ValueError: bad alpha"}
SKIPPED = {"status": "skipped", "run": None, "key": None, "reason": "a step that it needs did not complete"}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pipelines") / "team" / ".vivero"


@pytest.fixture(scope="module")
def completed(root: Path) -> str:
    return write_pipeline(root, 1, finalize={"metrics": {"train.Accuracy": 0.93}})


@pytest.fixture(scope="module")
def failed(root: Path, completed: str) -> str:
    earlier = Workspace(root).run(completed).steps[0].run
    states: dict[str, Any] = {
        "prepare": {"reused": True, "run": earlier},
        "features": {},
        "train": FAILED,
        "evaluate": SKIPPED,
    }
    return write_pipeline(root, 2, states, status="failed", error="step train failed: exit code 1")


@pytest.fixture(scope="module")
def at(root: Path, completed: str, failed: str) -> Iterator[str]:
    with studio("--workspace", str(root)) as address:
        yield f"{address}/w/1"


def test_the_list_leads_to_a_pipeline_and_that_to_the_run_of_a_step_and_back(at: str, failed: str, tab: Any) -> None:
    page = tab(f"{at}/pipelines")
    row = page.locator("tr", has=page.locator(f"[title='{failed}']"))
    assert "2 of 4" in row.inner_text() and "1 reused" in row.inner_text() and "failed" in row.inner_text()
    row.get_by_role("link").click()
    page.locator("#graph svg a", has_text="train").click()
    page.locator("#facts").get_by_text(f"train of {failed}").wait_for()
    page.locator("#facts").get_by_role("link", name=failed).click()
    page.wait_for_url(f"**/pipeline/{failed}")


def test_the_list_is_filtered_by_state(at: str, tab: Any) -> None:
    page = tab(f"{at}/pipelines")
    page.locator(".chip:has-text('Completed')").click()
    page.locator("tbody .pill.failed").first.wait_for(state="detached")
    assert page.locator("tbody tr").count() >= 1
    page.locator(".chip:has-text('Canceled')").click()
    page.get_by_text("No pipeline matches").wait_for()


def test_errors_come_first_with_the_log_of_the_step(at: str, failed: str, tab: Any) -> None:
    page = tab(f"{at}/pipeline/{failed}")
    text = page.locator("#failure").inner_text()
    assert "bad alpha" in text and "skipped" not in text
    page.locator("#failure").get_by_role("link", name="Show its log").click()
    page.wait_for_url("**?tab=log")


def test_the_graph_has_each_step_with_its_state_and_its_edges(at: str, failed: str, tab: Any) -> None:
    page = tab(f"{at}/pipeline/{failed}")
    boxes = page.locator("#graph svg .box")
    assert boxes.count() == len(STEPS)
    assert page.locator("#graph svg .curve").count() == sum(map(len, STEPS.values()))
    kinds = page.locator("#graph svg .kind").all_text_contents()
    assert sorted(kinds) == sorted(["↺ reused", "✓ completed", "✕ failed", "– skipped"])


def test_the_keyboard_reaches_each_step_of_the_graph(at: str, completed: str, tab: Any) -> None:
    page = tab(f"{at}/pipeline/{completed}")
    page.locator("#graph .scroll").focus()
    for name in STEPS:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent").endswith(name)
    page.keyboard.press("Enter")
    page.wait_for_url("**/run/*")


def test_why_a_step_was_computed_is_in_the_address(at: str, failed: str, tab: Any) -> None:
    page = tab(f"{at}/pipeline/{failed}")
    assert not page.locator("#why").is_visible()
    page.get_by_role("link", name="Why prepare was reused").click()
    page.locator("#why").get_by_text("its result was reused").wait_for()
    page.reload()
    assert "vivero pipeline why" in page.locator("#why").inner_text()


def test_runs_are_grouped_and_filtered_by_pipeline(at: str, completed: str, failed: str, tab: Any) -> None:
    page = tab(f"{at}/runs?group=pipeline")
    page.locator("tr", has_text=completed).get_by_role("link", name=completed).click()
    page.locator("h1:has-text('Runs of a pipeline')").wait_for()
    assert page.locator("#list tbody tr").count() == 1 + len(STEPS)
    assert page.locator("#command").inner_text().startswith(f"vivero pipeline {completed}")


def test_on_a_narrow_screen_the_steps_are_a_list(at: str, failed: str, tab: Any) -> None:
    page = tab(f"{at}/pipeline/{failed}", 390)
    assert not page.locator("#graph svg").is_visible()
    assert page.locator(".tree li").count() == len(STEPS)
    page.locator(".tree").get_by_role("link", name="train", exact=True).click()
    page.wait_for_url("**/run/*")


def test_steps_of_a_pipeline_in_a_pipeline_are_below_it(root: Path, at: str, tab: Any) -> None:
    inner = write_pipeline(root, 3, {"a": {}, "b": {}})
    outer = write_pipeline(root, 4, {"first": {}, "below": {"run": inner, "key": None}})
    page = tab(f"{at}/pipeline/{outer}")
    assert page.locator(".tree .step-name").all_text_contents() == ["first", "below", "a", "b"]
    page.locator("#graph svg a", has_text="below").click()
    page.wait_for_url(f"**/pipeline/{inner}")


def test_steps_that_have_not_begun_have_their_edges(root: Path, at: str, tab: Any) -> None:
    waiting = {name: {"status": "waiting", "run": None} for name in ("train", "evaluate")}
    going = write_pipeline(root, 5, {"prepare": {}, "features": {}, **waiting}, status="running", ended=None)
    page = tab(f"{at}/pipeline/{going}")
    assert page.locator("#graph svg .curve").count() == sum(map(len, STEPS.values()))
    assert "○ waiting" in page.locator("#graph svg .kind").all_text_contents()


@pytest.mark.parametrize("width", [390, 800, 1400])
def test_hostile_words_stay_words(root: Path, at: str, tab: Any, width: int) -> None:
    words = {"reason": HOSTILE * 50, "needs": [HOSTILE, "a" * 100_000]}
    hostile = _hostile(root, 10 + width, words)
    page = tab(f"{at}/pipeline/{hostile}?why={HOSTILE}", width)
    page.locator("#graph").wait_for()
    assert "owned" not in page.title().split("</text>")[0] and page.locator("img[src='x']").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.goto(f"{at}/pipelines")
    assert page.locator("img[src='x']").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def _hostile(root: Path, number: int, words: dict[str, Any]) -> str:
    made = write_pipeline(
        root, number, {"one": {**FAILED, **words}, "two": {"status": HOSTILE, "reused": True}},
        display_name=HOSTILE, error=HOSTILE, status="failed", user=HOSTILE, tags={HOSTILE: HOSTILE},
        finalize={"metrics": {HOSTILE: HOSTILE, "m" * 1_000_000: 1}},
    )  # fmt: skip
    record = root / "runs" / "flow" / made / "run.json"
    content = json.loads(record.read_text())
    content["config"]["pipeline"] |= {"parameters": {HOSTILE: "y" * 10_000_000}}
    content["config"]["pipeline"]["steps"] |= {HOSTILE: HOSTILE, "three": [1]}
    record.write_text(json.dumps(content))
    return made


def test_a_damaged_record_hides_no_other(root: Path, at: str, tab: Any) -> None:
    damaged = write_pipeline(root, 7)
    (root / "runs" / "flow" / damaged / "run.json").write_text("{")
    page = tab(f"{at}/pipelines")
    assert page.locator("tbody tr").count() > 1 and page.get_by_text(damaged).count() == 0
    assert tab(f"{at}/runs?group=pipeline").locator("tbody tr").count() > 1


def test_a_run_that_is_no_pipeline_is_one_line(root: Path, at: str, completed: str, tab: Any) -> None:
    step = Workspace(root).run(completed).steps[0].run
    page = tab(f"{at}/pipeline/{step}")
    assert "is not a pipeline" in page.locator("[role=alert]").inner_text()
    tab.said.clear()  # the browser's line about the status


def test_an_empty_workspace_says_how_to_begin(tmp_path: Path, tab: Any) -> None:
    root = tmp_path / "empty"
    root.mkdir(mode=0o700)
    with studio("--workspace", str(root)) as address:
        tab(f"{address}/w/1/pipelines").locator(".empty pre").wait_for()


@pytest.mark.slow("runs a pipeline", seconds=60)
def test_a_real_pipeline_is_followed_step_by_step(tmp_path: Path, tab: Any) -> None:
    words = real_pipeline(tmp_path)
    workspace = Workspace(tmp_path / "there" / ".vivero", create=True)
    with studio("--workspace", str(workspace.root)) as address:
        page = tab(f"{address}/w/1/pipelines")
        page.get_by_text("No pipelines yet").wait_for()
        run = workspace.submit(*words)
        page.goto(f"{address}/w/1/pipeline/{run.id}")
        page.locator("#graph svg .busy", has_text="prepare").wait_for()
        assert "○ waiting" in (page.locator("#graph svg .box", has_text="train").text_content() or "")
        (tmp_path / "prepare").touch()
        page.locator("#graph svg .good", has_text="prepare").wait_for()
        page.locator("#graph svg .busy", has_text="train").wait_for()
        page.locator("#metrics").get_by_text("prepare.rows").wait_for()
        (tmp_path / "train").touch()
        page.locator("#head .pill.completed").wait_for()
        page.locator("#done").get_by_text("2 of 2 completed").wait_for()
        again = workspace.submit(*words).wait(60)
        page.goto(f"{address}/w/1/pipeline/{again.id}")
        assert page.locator("#graph svg .again").count() == 2


@pytest.mark.slow("runs a pipeline", seconds=60)
def test_a_real_pipeline_is_canceled_after_asking(tmp_path: Path, tab: Any) -> None:
    words = real_pipeline(tmp_path)
    workspace = Workspace(tmp_path / "there" / ".vivero", create=True)
    run = workspace.submit(*words)
    with studio("--workspace", str(workspace.root)) as address:
        page = tab(f"{address}/w/1/pipeline/{run.id}")
        page.locator("#graph svg .busy", has_text="prepare").wait_for()
        page.locator("#cancel").click()
        page.locator("#ask-cancel").click()
        page.locator("#cancel").click()
        page.locator("#ask-go").click()
        page.locator("#head .pill.canceled").wait_for()
        assert run.wait(60).status == "canceled"
        page.close()


@pytest.mark.parametrize("width", [390, 800, 1400, 2560])
def test_nothing_is_wider_than_the_screen(at: str, failed: str, tab: Any, width: int) -> None:
    page = tab(f"{at}/pipeline/{failed}?why=features", width)
    page.locator("#graph").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1400])
def test_axe_finds_nothing_serious(at: str, failed: str, tab: Any, scheme: str, width: int) -> None:
    for address in (f"{at}/pipelines", f"{at}/pipeline/{failed}?why=features"):
        page = tab(address, width, bypass_csp=True, color_scheme=scheme)
        page.locator("#content").wait_for()
        assert serious(page) == []
