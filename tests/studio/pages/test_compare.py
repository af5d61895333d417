"""The comparison of runs, in a real browser."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.support.axe import serious
from tests.support.studio.workspaces import run_record, studio, write_run, write_runs, write_sweep

HOSTILE = "</script><img src=x onerror=\"document.title='owned'\">"
CHARTS = ("parallel", "scatter", "contour", "box", "curves")
VIEWS = (*CHARTS, "table", "code", "pictures")
PNG = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8ff")
PNG += bytes.fromhex("ff3f0005fe02fe0def46b80000000049454e44ae426082")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("compare") / "team" / ".vivero"
    write_runs(root, 500, points=20)
    return root


@pytest.fixture(scope="module")
def at(root: Path) -> Iterator[str]:
    with studio("--workspace", str(root)) as address:
        yield f"{address}/w/1/compare"


def ids(root: Path, count: int) -> list[str]:
    return sorted((path.name for path in (root / "runs").glob("*/*-*")), key=lambda run_id: run_id[-8:])[:count]


def named(root: Path, count: int, **more: str) -> str:
    return urlencode([*(("run", run_id) for run_id in ids(root, count)), *more.items()])


def test_few_runs_are_asked_for(at: str, tab: Any) -> None:
    page = tab(at)
    page.locator("text=Choose two or more runs").wait_for()
    page.locator("button:has-text('Compare these')").click()
    page.locator(".tabs").wait_for()
    assert page.locator("#count").inner_text() == "2 runs"


@pytest.mark.parametrize("view", CHARTS)
def test_charts_show_every_run(at: str, tab: Any, view: str) -> None:
    page = tab(f"{at}?where=status == 'completed'&view={view}&metric=loss")
    page.locator("#chart svg").wait_for()
    marks = page.evaluate("new Set([...document.querySelectorAll('#chart [data-n]')].map(e => e.dataset.n)).size")
    assert marks == 400
    assert page.evaluate("document.documentElement.scrollWidth") <= 1400


def test_a_brush_keeps_runs_and_is_in_the_address(at: str, tab: Any) -> None:
    page = tab(f"{at}?where=status == 'completed'")
    zone = page.locator("#chart .brush").last
    box = zone.bounding_box()
    middle = box["x"] + box["width"] / 2
    page.mouse.move(middle, box["y"] + 8)
    page.mouse.down()
    page.mouse.move(middle, box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    page.locator("#note:has-text('runs are in the chosen ranges')").wait_for()
    note = page.locator("#note").inner_text()
    assert 0 < int(note.split()[0]) < 400 and "range=" in page.url
    page.reload()
    page.locator(f"#note:has-text('{note}')").wait_for()
    zone.focus()
    page.keyboard.press("Escape")
    page.locator("#note:has-text('A line is a run')").wait_for()
    assert "range=" not in page.url


def test_a_choice_is_a_step_back(at: str, root: Path, tab: Any) -> None:
    page = tab(f"{at}?{named(root, 20, view='scatter')}")
    page.locator("#chart svg[aria-label^='loss']").wait_for()
    page.locator("#choose-y").select_option("duration")
    page.locator("#chart svg[aria-label^='duration']").wait_for()
    assert "y=duration" in page.url
    page.go_back()
    page.locator("#chart svg[aria-label^='loss']").wait_for()
    page.go_forward()
    page.locator("#chart svg[aria-label^='duration']").wait_for()
    page.locator(".tabs a:has-text('Contour')").click()
    page.locator("#chart svg[aria-label*=' over ']").wait_for()
    assert "y=duration" in page.url


def test_the_pointer_names_a_run(at: str, root: Path, tab: Any) -> None:
    page = tab(f"{at}?{named(root, 5, view='scatter')}")
    page.locator("#chart .dot").first.hover()
    page.locator(".chart-tip:has-text('loss = ')").wait_for()


def test_only_differences_are_listed(at: str, root: Path, tab: Any) -> None:
    page = tab(f"{at}?{named(root, 3, view='table')}")
    table = page.locator(".differences").inner_text()
    assert "job.arguments.penalty" in table and "Accuracy" in table and "status" not in table
    assert page.locator(".differences thead th").count() == 4
    page.goto(f"{at}?{named(root, 30, view='table')}")
    assert page.locator(".differences tbody tr").count() == 30
    assert page.locator("#command").inner_text().startswith("vivero compare ")


def test_a_mistake_is_one_line(at: str, root: Path, tab: Any) -> None:
    page = tab(f"{at}?where=nonsense %2B%2B")
    assert page.locator("#problem").is_visible()
    page.goto(f"{at}?{named(root, 2)}&run=gone-1")
    page.locator("text=There is no run gone-1").wait_for()


@pytest.mark.parametrize("view", ["parallel", "contour", "curves", "table"])
def test_500_runs_are_compared(at: str, tab: Any, view: str) -> None:
    page = tab(f"{at}?where=id != 'x'&archived=1&view={view}&metric=loss")
    page.locator(".differences tbody tr" if view == "table" else "#chart svg").first.wait_for()
    assert page.locator("#count").inner_text().startswith("500 runs")


def test_pictures_are_beside_each_other(tmp_path: Path, tab: Any) -> None:
    root = tmp_path / ".vivero"
    write_runs(root, 3)
    for run_id in ids(root, 2):
        outputs = root / "runs" / run_id.split("-")[0] / run_id / "outputs"
        outputs.mkdir()
        (outputs / "figure.png").write_bytes(PNG)
        (outputs / "page.png").write_text("<script>alert(1)</script>")
        (outputs / "drawn.svg").write_text("<svg onload='alert(1)'/>")
        (outputs / "link.png").symlink_to("/etc/hostname")
    wanted = {"figure.png": 200, "page.png": 400, "link.png": 400, "drawn.svg": 400, "../run.json": 400}
    with studio("--workspace", str(root)) as address:
        at = f"{address}/w/1/compare"
        page = tab(f"{at}?{named(root, 3, view='pictures')}")
        page.locator("h2:has-text('figure.png')").wait_for()
        assert page.locator("section:has(h2:text-is('figure.png')) img").count() == 2
        assert page.locator("h2:has-text('link.png')").count() == page.locator("h2:has-text('drawn.svg')").count() == 0
        first = ids(root, 1)[0]
        for name, status in wanted.items():
            answered = page.request.get(f"{at}/picture?{urlencode({'run': first, 'name': name})}")
            assert answered.status == status, name
        page.close()
    tab.said.clear()  # the picture that is none


@pytest.mark.parametrize("view", VIEWS)
def test_hostile_words_stay_words(tmp_path: Path, tab: Any, view: str) -> None:
    root = tmp_path / ".vivero"
    root.mkdir(mode=0o700)
    names = []
    for number in range(3):
        config = {"job": {"arguments": {HOSTILE: HOSTILE, "x": number, "long": "y" * 100_000}}}
        metrics = {HOSTILE: number / 10, "n" * 100_000: 1.0, "up": number, "other": number**2}
        record = run_record(
            number, status="completed", config=config, finalize={"metrics": metrics}, display_name=HOSTILE,
            tags={HOSTILE: HOSTILE}, note=HOSTILE,
        )  # fmt: skip
        folder = write_run(root, record)
        (folder / "metrics.jsonl").write_text(json.dumps({"name": HOSTILE, "value": 1, "step": 1}) + "\n{broken")
        (folder / "outputs").mkdir()
        names.append(record["id"])
    broken = root / "runs" / "iris" / "iris-broken"
    broken.mkdir(parents=True)
    (broken / "run.json").write_text("{")
    with studio("--workspace", str(root)) as address:
        query = urlencode([*(("run", name) for name in names), ("view", view), ("metric", HOSTILE)])
        page = tab(f"{address}/w/1/compare?{query}")
        page.locator("#chart svg" if view in CHARTS else "h1").first.wait_for()
        assert page.locator("img[src='x']").count() == 0 and "owned" not in page.title()
        assert page.evaluate("document.documentElement.scrollWidth") <= 1400
        page.close()


@pytest.mark.parametrize("width", [390, 800, 2560])
@pytest.mark.parametrize("view", VIEWS)
def test_nothing_is_wider_than_the_screen(at: str, root: Path, tab: Any, view: str, width: int) -> None:
    page = tab(f"{at}?{named(root, 6, view=view)}", width)
    page.locator("#chart svg" if view in CHARTS else "h1").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_nothing_serious(at: str, root: Path, tab: Any, view: str, scheme: str) -> None:
    page = tab(f"{at}?{named(root, 6, view=view)}", bypass_csp=True, color_scheme=scheme)
    page.locator("#chart svg" if view in CHARTS else "h1").first.wait_for()
    assert serious(page) == []


def test_a_sweeps_trials_are_compared(tmp_path: Path, tab: Any) -> None:
    root = tmp_path / ".vivero"
    root.mkdir(mode=0o700)
    sweep = write_sweep(root, 8, points=5)
    with studio("--workspace", str(root)) as address:
        page = tab(f"{address}/w/1/compare?sweep={sweep}&view=curves&metric=Accuracy")
        page.locator("#chart .curve").first.wait_for()
        assert page.locator("#chart .curve").count() == 8
        assert page.locator("#command").inner_text().startswith("vivero sweep ")
        page.close()


def test_a_choice_that_cannot_be_drawn_removes_the_chart(at: str, root: Path, tab: Any) -> None:
    page = tab(f"{at}?{named(root, 20)}&range=loss:0:1", 1400)
    page.locator("#chart svg").wait_for()
    page.locator("#axes summary").click()
    for _ in range(page.locator("#axes input:checked").count() - 1):
        page.locator("#axes input:checked").last.uncheck()
    page.get_by_text("Two axes with different values are needed").wait_for()
    assert page.locator("#chart svg, #kept *").count() == 0
    page.set_viewport_size({"width": 1000, "height": 900})
    page.locator("#axes input:not(:checked)").first.check()
    page.locator("#chart svg").wait_for()
