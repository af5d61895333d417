"""The page of a run, in a real browser."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from runner.api import Workspace
from tests.support.axe import serious
from tests.support.studio.runs import EVIL, metric_line, write_rich_run
from tests.support.studio.workspaces import run_record, studio, write_runs
from tests.support.waiting import wait_for

TABS = ("overview", "metrics", "evaluation", "log", "files", "environment", "history")
RICH, HOSTILE, FAILED, GOING, LATE, CHANGED = 1000, 1001, 1008, 1010, 1011, 1020
QUIET = 30_000  # milliseconds that a busy machine may take


def run_id(number: int) -> str:
    return str(run_record(number)["id"])


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("run") / "team" / ".vivero"
    write_runs(root, 12, points=40)
    write_rich_run(root, RICH)
    write_rich_run(
        root, HOSTILE, EVIL, display_name=EVIL, error=EVIL, status="failed", note=EVIL, tags={EVIL: EVIL}, user=EVIL,
        config={"job": {"script": EVIL, "arguments": {EVIL: EVIL}}},
        scale={"compute": EVIL, "nodes": [EVIL], "slots": 1},
    )  # fmt: skip
    write_rich_run(root, FAILED, printed=40, status="failed", error="ValueError: no such column")
    for going in (GOING, LATE):
        write_rich_run(root, going, status="running", ended=None, error=None)
    write_rich_run(root, CHANGED)
    return root


@pytest.fixture(scope="module")
def site(workspace: Path) -> Iterator[str]:
    with studio("--workspace", str(workspace)) as address:
        yield address


@pytest.fixture
def visit(site: str, tab: Any) -> Any:
    """Open the page of a run."""

    def visit(number: int, query: str = "", width: int = 1400, **options: Any) -> Any:
        page = tab(f"{site}/w/1/run/{run_id(number)}?{query}", width, **options)
        page.set_default_timeout(QUIET)
        return page

    return visit


def drawn(page: Any, name: str) -> Any:
    """Return the chart of a metric, once it has a line."""
    figure = page.locator("figure").filter(has=page.get_by_text(name, exact=True))
    figure.locator(".scatterlayer .trace").first.wait_for()
    return figure


@pytest.mark.parametrize("width", [390, 800, 1400, 2560])
@pytest.mark.parametrize("name", TABS)
def test_nothing_is_wider_than_the_screen(visit: Any, name: str, width: int) -> None:
    page = visit(FAILED, f"tab={name}&file=rows.csv", width)
    page.locator("#command").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", TABS)
def test_axe_finds_nothing_serious(visit: Any, name: str, scheme: str) -> None:
    page = visit(FAILED, f"tab={name}&file=rows.csv", bypass_csp=True, color_scheme=scheme)
    if name == "metrics":
        drawn(page, "loss plain")
    assert serious(page, ".plot") == []


@pytest.mark.parametrize("query", ["", "&smooth=0.6", "&log=1", f"&with={run_id(LATE)}"])
def test_curves_are_sketched_until_the_library_draws_them(visit: Any, query: str) -> None:
    """The library of charts takes a while to start, more so over a slow connection."""
    page = visit(RICH, "tab=overview")
    held: list[Any] = []

    def hold(route: Any) -> None:
        held.append(route)

    page.route("**/static/plotly.js", hold)
    page.goto(page.url.replace("tab=overview", f"tab=metrics{query}"))
    figure = page.locator("figure").filter(has=page.get_by_text("loss plain", exact=True))
    expect(figure.locator(".sketch .curve")).to_have_count(2 if "with" in query else 1)
    for route in held:
        route.continue_()
    figure.locator(".scatterlayer .trace").first.wait_for()
    expect(page.locator(".sketch")).to_have_count(0)


def test_a_failed_run_says_why_first(visit: Any) -> None:
    page = visit(FAILED)
    section = page.locator("main section").first
    expect(section).to_contain_text("ValueError: no such column")
    expect(section.locator(".tail")).to_contain_text("line 39 plain")
    expect(section.locator(".tail")).to_contain_text("a progress bar 99 %")
    expect(section.locator(".tail")).not_to_contain_text("10 %")


@pytest.mark.parametrize("name", TABS)
def test_hostile_content_shows_as_text(visit: Any, name: str) -> None:
    page = visit(HOSTILE, f"tab={name}&file=page.html")
    if name == "metrics":
        page.locator("#images .picture").first.wait_for()
        expect(page.locator("#charts .plot .main-svg").first).to_be_visible(timeout=QUIET)
    if name == "log":
        page.locator(".line").first.wait_for()
    expect(page.locator("#status")).to_contain_text("failed")
    assert "owned" not in page.title().split()
    assert page.evaluate("document.querySelectorAll('main script, main img[onerror]').length") == 0


def test_a_metric_with_one_value_is_a_row_until_it_has_another(visit: Any, workspace: Path) -> None:
    folder = write_rich_run(workspace, 1050, status="running", ended=None)
    with (folder / "metrics.jsonl").open("a") as file:
        file.write(metric_line("score", 0.25))
    page = visit(1050, "tab=metrics")
    expect(page.locator("#once tbody tr")).to_have_text(["score0.25"])
    page.locator("#live.on").wait_for()
    with (folder / "metrics.jsonl").open("a") as file:
        file.write(metric_line("score", 0.5))
    expect(drawn(page, "score")).to_contain_text("2 points")
    expect(page.locator("#once")).to_be_hidden()


def test_two_settings_at_once_are_both_kept(visit: Any) -> None:
    page = visit(RICH, "tab=metrics")
    drawn(page, "loss plain")
    page.evaluate(
        """() => {
          for (const [id, value] of [["filter", "loss"], ["smooth", "0.5"]]) {
            const field = document.getElementById(id);
            field.value = value;
            field.dispatchEvent(new Event("input"));
          }
          const axis = document.getElementById("axis");
          axis.value = "time";
          axis.dispatchEvent(new Event("change"));
        }"""
    )
    page.wait_for_url("**axis=time**")
    assert "filter=loss" in page.url and "smooth=0.5" in page.url
    expect(page.locator("#filter")).to_have_value("loss")


def test_curves_are_drawn_and_the_address_says_how(visit: Any) -> None:
    page = visit(RICH, "tab=metrics")
    expect(drawn(page, "loss plain")).to_contain_text("100 points")
    page.locator("#smooth").fill("0.6")
    page.wait_for_url("**smooth=0.6**")
    page.locator("#logarithmic").check()
    page.wait_for_url("**log=1**")
    page.reload()
    assert page.locator("#smooth").input_value() == "0.6"
    assert page.locator("#logarithmic").is_checked()
    expect(drawn(page, "loss plain").locator(".scatterlayer .trace")).to_have_count(2)


def test_another_run_is_overlaid_and_taken_away(visit: Any) -> None:
    page = visit(RICH, "tab=metrics")
    option = page.locator("#overlay option").nth(1)
    other = option.get_attribute("value")
    page.locator("#overlay").select_option(other)
    page.wait_for_url(f"**with={other}**")
    expect(page.locator("#overlaid li")).to_have_count(2)
    drawn(page, "loss plain")
    page.go_back()
    expect(page.locator("#overlaid li")).to_have_count(1)
    page.go_forward()
    page.locator("#overlaid .drop").click()
    expect(page.locator("#overlaid li")).to_have_count(1)


def test_charts_tables_and_pictures_are_shown(visit: Any) -> None:
    page = visit(RICH, "tab=metrics")
    matrix = page.locator("#charts section").filter(has_text="confusion_matrix")
    expect(matrix.locator(".hm")).to_have_count(1, timeout=QUIET)
    matrix.get_by_role("button", name="Share of each actual class").click()
    expect(matrix).to_contain_text("0.75")
    table = page.locator("#tables table")
    table.get_by_role("button", name="plain").click()
    table.get_by_role("button", name="plain").click()
    expect(table.locator("tbody tr").first).to_contain_text("2")
    page.locator("#images .picture").click()
    page.wait_for_url("**file=picture.png**")
    picture = page.locator(".preview img")
    picture.wait_for()
    assert picture.evaluate("one => one.decode().then(() => one.naturalWidth)") == 1


def test_a_log_is_searched_and_scrolled(visit: Any) -> None:
    page = visit(RICH, "tab=log")
    log = page.locator("#log")
    expect(log).to_contain_text("line 4999 plain")
    expect(log).not_to_contain_text("line 100 plain")
    expect(log.locator(".ansi-1")).to_have_text(" red")
    page.locator("#find").fill("LINE 100 ")
    page.locator("#find").press("Enter")
    expect(log.locator(".found")).to_have_text("line 100 plain")
    page.locator("#last").click()
    expect(log).to_contain_text("line 4999 plain")
    log.evaluate("one => one.scrollTop = 0")
    expect(log).to_contain_text("line 1000 plain", timeout=QUIET)
    page.locator("#first").click()
    expect(log.locator(".line").first).to_have_text("line 0 plain")


def test_what_a_run_writes_appears(visit: Any, workspace: Path) -> None:
    page = visit(GOING, "tab=log")
    expect(page.locator("#live")).to_have_class("live on", timeout=QUIET)
    expect(page.locator("#log")).to_contain_text("line 4999 plain")
    folder = workspace / "runs" / run_record(GOING)["experiment"] / run_id(GOING)
    with (folder / "logs" / "run.log").open("a") as file:
        file.write("epoch 1\repoch 2\rep")
        file.flush()
        expect(page.locator("#log")).to_contain_text("epoch 2", timeout=QUIET)
        file.write("och 3\nthe next line\n")
        file.flush()
        expect(page.locator("#log .line").last).to_have_text("the next line", timeout=QUIET)
    expect(page.locator("#log")).to_contain_text("epoch 3")
    page.goto(page.url.replace("tab=log", "tab=metrics"))
    drawn(page, "loss plain")
    expect(page.locator("#live")).to_have_class("live on", timeout=QUIET)
    with (folder / "metrics.jsonl").open("a") as file:
        file.write(metric_line("a new metric", 1.0, 0) + metric_line("a new metric", 2.0, 1))
    drawn(page, "a new metric")


HELD = """
const send = window.fetch;
let count = 0;
window.isHeld = false;
window.answers = 0;
window.fetch = async (...words) => {
  const answer = await send(...words);
  const address = String(words[0]?.url ?? words[0]);
  if (address.includes("/logged") && ++count === 2) {  // of the first update
    window.isHeld = true;
    await new Promise((release) => setTimeout(release, 3000));
  }
  if (address.includes("/curves?")) window.answers += 1;
  return answer;
};
"""


def test_an_update_that_takes_long_does_not_hide_a_later_change(visit: Any, workspace: Path) -> None:
    """If two updates went on at once, the answer of the earlier one, without the last change, would be shown last."""
    page = visit(LATE, "tab=metrics")
    page.add_init_script(HELD)
    page.reload()
    drawn(page, "loss plain")
    expect(page.locator("#live")).to_have_class("live on", timeout=QUIET)
    folder = workspace / "runs" / run_record(LATE)["experiment"] / run_id(LATE)
    for name, condition in (("first", "() => window.isHeld"), ("second", "() => window.answers >= 3")):
        with (folder / "metrics.jsonl").open("a") as file:
            file.write(metric_line(name, 1.0, 0) + metric_line(name, 2.0, 1))  # one value is a row of a table
        wait_for(lambda condition=condition: page.evaluate(condition), QUIET / 1000)
    page.evaluate("() => new Promise((shown) => requestAnimationFrame(() => requestAnimationFrame(shown)))")
    expect(page.locator('figure[data-metric="second"]')).to_be_visible(timeout=QUIET)


def test_two_fields_that_are_changed_in_a_row_are_both_used(visit: Any) -> None:
    page = visit(RICH, "tab=metrics")
    drawn(page, "loss plain")
    page.evaluate("""() => {
      for (const [name, value] of [["#smooth", "0.5"], ["#filter", "loss"]]) {
        const field = document.querySelector(name);
        field.value = value;
        field.dispatchEvent(new Event("input", { bubbles: true }));
      }
    }""")
    page.wait_for_url("**filter=loss**")
    assert "smooth=0.5" in page.url


def test_name_note_and_tags_are_changed_in_place(visit: Any) -> None:
    page = visit(CHANGED)
    page.get_by_role("button", name="Edit the name").click()
    page.keyboard.type("A better name")
    page.keyboard.press("Enter")
    expect(page.locator("#facts")).to_contain_text("A better name")
    page.get_by_role("button", name="Edit the note").click()
    page.keyboard.type("never saved")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Edit the note").click()
    page.keyboard.type("kept for the paper")
    page.keyboard.press("Enter")
    expect(page.locator("#facts")).to_contain_text("kept for the paper")
    page.locator("#add-tag [name=name]").fill("stage")
    page.locator("#add-tag [name=value]").fill("final")
    page.keyboard.press("Enter")
    expect(page.locator("#tags .tag").filter(has_text="stage")).to_contain_text("final")
    page.get_by_role("button", name="Remove the tag stage").click()
    expect(page.locator("#tags .tag").filter(has_text="stage")).to_have_count(0)
    page.reload()
    expect(page.locator("h1")).to_have_text("A better name")
    expect(page.locator("#facts")).not_to_contain_text("never saved")


def test_an_update_keeps_what_is_being_typed(visit: Any, workspace: Path) -> None:
    page = visit(GOING)
    page.locator("#live.on").wait_for()
    held = list[Any]()

    def hold(route: Any) -> None:
        held.append(route)

    page.route(page.url, hold)
    with page.expect_request(page.url):
        Workspace(workspace).run(run_id(GOING)).tag("stage", "late")
    page.get_by_role("button", name="Edit the note").click()
    page.keyboard.type("half a sentence")
    held[0].continue_()
    expect(page.locator("#tags")).to_contain_text("late")
    expect(page.locator("#facts textarea")).to_have_value("half a sentence")
    page.keyboard.press("Escape")


def test_a_run_is_archived_and_deleted_after_a_question(visit: Any, workspace: Path) -> None:
    write_rich_run(workspace, 1030)
    page = visit(1030)
    page.get_by_role("button", name="Archive").click()
    expect(page.locator("#status")).to_contain_text("archived")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Keep it").click()
    page.get_by_role("button", name="Delete").click()
    page.locator("#ask-go").click()
    page.wait_for_url("**/runs")
    assert not list((workspace / "runs").glob(f"*/{run_id(1030)}"))


def test_the_processor_is_shown_over_time(visit: Any) -> None:
    page = visit(RICH)
    page.locator("#cpu .scatterlayer .trace").wait_for()
    page.locator("#memory .scatterlayer .trace").wait_for()


def test_another_run_is_compared(visit: Any) -> None:
    page = visit(RICH, "tab=environment")
    page.get_by_label("Run", exact=True).fill(run_id(1))
    page.get_by_label("Run", exact=True).press("Enter")
    page.wait_for_url("**against=**")
    expect(page.locator("main")).to_contain_text("Accuracy")
    expect(page.locator("#command")).to_contain_text(f"vivero compare {run_id(RICH)} {run_id(1)}")


def ask(address: str) -> Any:
    try:
        return urllib.request.urlopen(address, timeout=20)
    except urllib.error.HTTPError as error:
        return error


@pytest.mark.parametrize(
    "name", ["link.txt", "../run.json", "..%2Frun.json", "%2Fetc%2Fpasswd", "outputs/../../run.json", "no%00thing"]
)
def test_no_name_leads_out_of_the_outputs(site: str, name: str) -> None:
    with ask(f"{site}/w/1/run/{run_id(RICH)}/file/outputs/{name}") as answer:
        assert answer.status in (400, 404)


@pytest.mark.parametrize("name", ["page.html", "drawing.svg", "rows.csv"])
def test_files_are_downloaded_and_never_shown(site: str, name: str) -> None:
    with ask(f"{site}/w/1/run/{run_id(RICH)}/file/outputs/{name}?show=1") as answer:
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.read()


def test_every_point_is_in_the_csv(site: str) -> None:
    with ask(f"{site}/w/1/run/{run_id(RICH)}/curves.csv?metric=loss%20plain") as answer:
        rows = answer.read().decode().splitlines()
    assert rows[0] == "metric,step,time,value"
    assert len(rows) == 101
    assert rows[2].endswith(",0.5")


def test_a_read_only_studio_offers_no_change(workspace: Path, tab: Any) -> None:
    with studio("--workspace", str(workspace), "--read-only") as site:
        page = tab(f"{site}/w/1/run/{run_id(RICH)}")
        expect(page.locator("#facts")).to_contain_text("Note")
        assert page.locator(".edit, #add-tag, [data-action]").count() == 0
        page.context.close()


def test_a_million_metrics_and_a_long_name_do_no_harm(visit: Any, workspace: Path) -> None:
    folder = write_rich_run(workspace, 1040, display_name="n" * 300_000)
    lines = [metric_line(f"m{at}", 0.5, 0) for at in range(20_000)] + [metric_line("x" * (10 << 20), 1.0)]
    (folder / "metrics.jsonl").write_text("".join(lines))
    page = visit(1040, "tab=metrics")
    expect(page.locator("#left-out")).to_contain_text("19,501 values are not shown", timeout=QUIET)
    expect(page.locator("#once tbody tr")).to_have_count(12, timeout=QUIET)


def test_the_evaluation_of_a_run(visit: Any) -> None:
    page = visit(RICH, "tab=evaluation")
    expect(page.get_by_role("heading", name="Scores")).to_be_visible()
    expect(page.get_by_role("cell", name="0.5").first).to_be_visible()
    matrix = page.locator("#charts section").filter(has_text="confusion_matrix")
    expect(matrix.locator(".hm")).to_have_count(1, timeout=QUIET)
    expect(page.locator("#tables table")).not_to_have_count(0)
    picture = page.get_by_role("img", name="picture.png")
    picture.scroll_into_view_if_needed()
    wait_for(lambda: picture.evaluate("image => image.naturalWidth") > 0)
