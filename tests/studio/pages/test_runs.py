"""The page of runs, in a real browser."""

import re
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from runner.api import Workspace
from runner.studio.pages.runs.state import State
from tests.support.studio.workspaces import run_record, studio, write_run, write_runs
from tests.support.waiting import wait_for


def names(page: Any) -> list[str]:
    return [str(run_id) for run_id in page.locator("tbody tr").evaluate_all("rows => rows.map(row => row.dataset.run)")]


def test_a_page_has_fifty_runs_and_leads_to_the_next(site: str, workspace: Path, tab: Any) -> None:
    page = tab(f"{site}/w/1/runs")
    every = [row["id"] for row in Workspace(workspace).runs().rows]
    assert names(page) == every[:50]
    page.get_by_role("link", name="Older").click()
    page.wait_for_url("**page=2")
    assert names(page) == every[50:100]
    page.go_back()
    assert names(page) == every[:50]


def test_the_search_takes_the_where_language(site: str, workspace: Path, tab: Any) -> None:
    page = tab(f"{site}/w/1/runs")
    where = "metrics.Accuracy > 0.9 and params.kernel == 'rbf'"
    page.locator("#where").fill(where)
    page.keyboard.press("Enter")
    page.wait_for_url("**where=*")
    assert names(page) == [row["id"] for row in Workspace(workspace).runs(where).rows][:50]
    assert page.locator("#command").inner_text().startswith(f"vivero runs --where {shlex.quote(where)}")


def test_a_mistake_in_the_search_is_one_line_below_it(site: str, tab: Any) -> None:
    page = tab(f"{site}/w/1/runs?{urlencode({'where': 'Acuracy > 0.9'})}")
    assert page.locator("#where-problem").inner_text() == (
        "The condition 'Acuracy > 0.9': no run has a metric or field named Acuracy. Did you mean 'Accuracy'?"
    )
    assert page.locator("#where").input_value() == "Acuracy > 0.9"


def test_names_are_completed_with_the_keyboard(site: str, tab: Any) -> None:
    page = tab(f"{site}/w/1/runs")
    page.locator("#where").press_sequentially("duration > 3 and ker")
    page.locator("#completions li").first.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.locator("#where").input_value() == "duration > 3 and params.kernel "


def test_headings_sort_and_the_address_keeps_it(site: str, workspace: Path, tab: Any) -> None:
    page = tab(f"{site}/w/1/runs")
    page.get_by_role("link", name="Accuracy").click()
    page.wait_for_url("**sort=metrics.Accuracy")
    assert names(page) == [row["id"] for row in Workspace(workspace).runs(sort="metrics.Accuracy", limit=50).rows]
    page.reload()
    assert page.locator("th[aria-sort=descending]").inner_text() == "Accuracy"


def test_columns_are_chosen_and_moved(site: str, tab: Any) -> None:
    page = tab(f"{site}/w/1/runs?column=status&column=params.kernel")
    page.get_by_role("button", name="Columns").click()
    page.locator("#add-column").fill("tags.stage")
    page.locator("#offered button").first.wait_for()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Move up stage (tag)").click()
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url("**tags.stage*")
    columns = page.locator("thead th[draggable]").evaluate_all("heads => heads.map(head => head.dataset.column)")
    assert columns == ["status", "tags.stage", "params.kernel"]
    page.locator("th[data-column='params.kernel']").drag_to(page.locator("th[data-column='status']"))
    page.wait_for_url("**column=params.kernel&column=status&column=tags.stage")


def test_a_metric_is_drawn_in_its_cell(site: str, tab: Any) -> None:
    page = tab(f"{site}/w/1/runs?column=spark.loss")
    page.locator("td svg polyline").first.wait_for()
    wait_for(lambda: page.locator("td svg").count() == 50)


@pytest.mark.parametrize(("by", "count"), [("experiment", 3), ("tags.stage", 3)])
def test_groups_lead_to_their_runs(site: str, tab: Any, by: str, count: int) -> None:
    page = tab(f"{site}/w/1/runs?group={by}")
    assert page.locator("tbody tr").count() == count
    many = int(page.locator("tbody td.number").first.inner_text())
    page.locator("tbody a").first.click()
    page.wait_for_url(lambda address: "group" not in address)
    assert page.locator("#count").inner_text() == f"{many} runs"


def test_shift_chooses_what_is_between_and_actions_change_it(tmp_path: Path, tab: Any) -> None:
    root = tmp_path / ".vivero"
    ids = write_runs(root, 8)[::-1]
    with studio("--workspace", str(root)) as site:
        page = tab(f"{site}/w/1/runs")
        boxes = page.locator("tbody input")
        boxes.nth(1).click()
        boxes.nth(4).click(modifiers=["Shift"])
        assert page.locator("#chosen").inner_text() == "4 runs chosen"
        page.get_by_role("button", name="Tag", exact=True).click()
        page.locator("#ask-value").fill("team=blue")
        page.locator("#ask-go").click()
        wait_for(lambda: len(Workspace(root).runs(tags={"team": "blue"})) == 4)
        page.locator(".toast").wait_for()
        assert page.locator("tbody input:checked").count() == 4
        page.get_by_role("button", name="Delete").click()
        page.locator("#ask-cancel").click()
        assert len(Workspace(root).runs()) == 8
        page.get_by_role("button", name="Delete").click()
        page.locator("#ask-go").click()
        wait_for(lambda: names(page) == [ids[0], *ids[5:]])
        page.close()


def test_a_run_that_begins_ends_or_goes_is_seen_in_every_tab(tmp_path: Path, tab: Any) -> None:
    root = tmp_path / ".vivero"
    root.mkdir(mode=0o700)
    with studio("--workspace", str(root)) as site:
        tabs = [tab(f"{site}/w/1/runs"), tab(f"{site}/w/1/runs")]
        for page in tabs:
            page.locator("text=No runs yet").wait_for()
            page.locator("#live.on").wait_for()
        write_run(root, run_record(1))
        for page in tabs:
            wait_for(lambda page=page: page.locator("tbody tr").count() == 1)
        Workspace(root).runs()[0].set_note("seen elsewhere")
        for page in tabs:
            page.locator(".noted").wait_for()
            page.close()


def test_a_page_is_not_loaded_again_without_a_change(tmp_path: Path, tab: Any) -> None:
    """That nothing happens can only be seen by waiting for it."""
    root = tmp_path / ".vivero"
    root.mkdir(mode=0o700)
    with studio("--workspace", str(root)) as site:
        page = tab(f"{site}/w/1/runs")
        page.locator("#live.on").wait_for()
        loads = list[str]()
        page.on("request", lambda request: loads.append(request.url))
        page.wait_for_timeout(4000)  # the watch begins and settles
        before = len(loads)
        page.wait_for_timeout(3000)
        assert before <= 1 and len(loads) == before
        page.close()


def test_two_workspaces_are_switched(tmp_path: Path, tab: Any) -> None:
    for name, count in (("one", 1), ("two", 2)):
        write_runs(tmp_path / name / ".vivero", count)
    with studio("--workspace", str(tmp_path / "one/.vivero"), "--workspace", str(tmp_path / "two/.vivero")) as site:
        page = tab(f"{site}/w/1/runs")
        assert page.locator("tbody tr").count() == 1
        page.locator(".switch summary").click()
        page.locator(".popup").get_by_role("link", name=re.compile("^two")).click()
        page.wait_for_url("**/w/2/runs")
        assert page.locator("tbody tr").count() == 2
        page.close()


@given(
    st.dictionaries(
        st.sampled_from(["where", "sort", "group", "page", "size", "column", "pin", "reverse"]), st.text(max_size=30)
    )
)
def test_an_address_says_the_same_again(given_address: dict[str, str]) -> None:
    state = State.read(MultiDict(given_address))
    query = [
        (name, str(item))
        for name, value in state.query().items()
        for item in (value if isinstance(value, list) else [value])
    ]
    assert State.read(MultiDict(query)) == state
