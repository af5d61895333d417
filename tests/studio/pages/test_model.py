"""The pages of models, in a real browser."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.api import Workspace
from runner.layout import Layout
from runner.store.registry import FileRegistry
from tests.support.axe import serious
from tests.support.studio.dialog import answer
from tests.support.studio.models import DIAGRAM, HOSTILE, register, write_endpoint
from tests.support.studio.workspaces import studio
from tests.support.waiting import wait_for

WIDTHS = (390, 800, 1400)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "team" / ".vivero"
    root.mkdir(mode=0o700, parents=True)
    for number, accuracy in enumerate((0.8, 0.9, 0.85)):
        register(root, metrics={"Accuracy": accuracy, "Penalty": number}, lock=f"numpy==2.{number}\njoblib==1.5\n")
    return root


@pytest.fixture
def site(root: Path) -> Iterator[str]:
    with studio("--workspace", str(root)) as address:
        yield f"{address}/w/1"


def test_the_list_leads_to_the_latest_version_and_that_to_the_others(site: str, tab: Any) -> None:
    page = tab(f"{site}/models")
    page.get_by_role("link", name="iris").click()
    assert "version 3" in page.locator("#head").inner_text()
    page.locator("#versions").get_by_role("link", name="1", exact=True).click()
    page.wait_for_url("**/model/iris/1")
    assert page.locator("#command").inner_text().startswith("vivero models show iris:1")


def test_an_alias_is_moved_and_dropped_after_asking(site: str, root: Path, tab: Any) -> None:
    def aliases() -> dict[str, int]:
        return FileRegistry(Layout(root)).aliases("iris")

    page = tab(f"{site}/model/iris/2")
    page.get_by_role("button", name="Move an alias here").click()
    page.locator("#ask-cancel").click()
    assert aliases() == {}
    page.get_by_role("button", name="Move an alias here").click()
    answer(page, "champion")
    page.locator("#aliases .timeline li").first.wait_for()
    assert aliases() == {"champion": 2}
    page.get_by_role("button", name="Drop").click()
    answer(page)
    wait_for(lambda: aliases() == {})
    page.locator("#aliases .timeline li").nth(1).wait_for()
    assert "was dropped from version 2" in page.locator("#aliases .timeline li").first.inner_text()


def test_a_version_in_use_is_not_deleted_and_another_is(site: str, root: Path, tab: Any) -> None:
    Workspace(root).model("iris:2").set_alias("champion")
    write_endpoint(root, "shop", "iris:1")
    for version, reason in ((2, "has the alias champion"), (1, "endpoint shop starts with iris:1")):
        page = tab(f"{site}/model/iris/{version}")
        tab.said.clear()
        page.get_by_role("button", name="Delete").click()
        answer(page)
        page.get_by_text(reason).wait_for()
        tab.said.clear()  # the browser's line about the refusal
    page = tab(f"{site}/model/iris/3")
    page.get_by_role("button", name="Delete").click()
    answer(page)
    page.wait_for_url("**/model/iris")
    assert Workspace(root).models()[0].version_numbers() == [1, 2]


def test_what_differs_is_in_the_address(site: str, tab: Any) -> None:
    page = tab(f"{site}/model/iris/2")
    page.locator("#with").select_option("1")
    page.locator("#compared tbody").first.wait_for()
    text = page.locator("#compared").inner_text()
    assert "numpy" in text and "2.0" in text and "2.1" in text and "joblib" not in text
    assert page.url.endswith("?with=1")
    page.reload()
    assert "From version 1 to version 2" in page.locator("#compared").inner_text()
    page.go_back()
    page.locator("#compared tbody").first.wait_for(state="detached")
    page.go_forward()
    page.locator("#compared tbody").first.wait_for()


def test_the_metric_over_versions_is_drawn(site: str, tab: Any) -> None:
    page = tab(f"{site}/model/iris?metric=Penalty")
    page.locator("#chart .scatterlayer path").first.wait_for(state="attached")
    assert page.locator("#metric").input_value() == "Penalty"


def test_a_new_version_appears(site: str, root: Path, tab: Any) -> None:
    page = tab(f"{site}/model/iris")
    page.locator("#live.on").wait_for()
    register(root, metrics={"Accuracy": 0.99})
    page.locator("#versions").get_by_text("0.99").wait_for()


@pytest.mark.parametrize("width", WIDTHS)
def test_hostile_fields_and_diagram_are_shown_harmlessly(root: Path, site: str, tab: Any, width: int) -> None:
    register(
        root, "bad", description=HOSTILE, tags={"t": HOSTILE}, metrics={HOSTILE: 1.0, "x": HOSTILE}, lock=HOSTILE,
        framework_version=HOSTILE, data={HOSTILE: "0"}, run=HOSTILE, git_commit=HOSTILE, inspection={
            "diagram": DIAGRAM + HOSTILE,
            "model_class": HOSTILE, "classes": (HOSTILE,), "example_input": {HOSTILE: 1},
            "feature_names": (HOSTILE, "y" * 100_000), "steps": ({"name": HOSTILE, "class": HOSTILE},),
        },
    )  # fmt: skip
    page = tab(f"{site}/model/bad?with={HOSTILE}&metric={HOSTILE}", width)
    page.locator("#versions").wait_for()
    frame = page.frame_locator(".diagram")
    frame.get_by_text("drawn").wait_for()
    assert page.title().startswith("bad:1")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert frame.locator("script").count() == 0
    tab.said.clear()  # the image of the diagram, which the browser refuses


def test_the_diagram_runs_nothing_even_as_a_page_of_its_own(site: str, tab: Any) -> None:
    page = tab(f"{site}/model/iris/1/diagram")
    assert page.title() == "Diagram"
    policy = page.request.get(f"{site}/model/iris/1/diagram").headers["content-security-policy"]
    assert "sandbox;" in policy and "script" not in policy
    tab.said.clear()


def test_a_damaged_version_hides_no_other(root: Path, site: str, tab: Any) -> None:
    (root / "models" / "iris" / "2" / "model.json").write_text("{")
    page = tab(f"{site}/model/iris")
    assert page.locator("#versions tbody tr").count() == 2
    assert "1 record cannot be read" in page.locator(".notice").inner_text()


def test_read_only_offers_no_change(root: Path, tab: Any) -> None:
    with studio("--workspace", str(root), "--read-only") as address:
        page = tab(f"{address}/w/1/model/iris")
        assert page.locator("[data-ask]").count() == 0


@pytest.mark.parametrize("address", ["model/none", "model/..%2f..", "model/iris/99", "model/iris/1/none"])
def test_what_is_not_there_is_one_line(site: str, tab: Any, address: str) -> None:
    page = tab(f"{site}/{address}")
    page.locator("[role=alert]").wait_for()
    tab.said.clear()  # the browser's line about the status


@pytest.mark.parametrize("name", ["models", "endpoints", "nodes", "environments"])
def test_an_empty_workspace_says_how_to_begin(tmp_path: Path, tab: Any, name: str) -> None:
    root = tmp_path / "empty"
    root.mkdir(mode=0o700)
    with studio("--workspace", str(root)) as address:
        page = tab(f"{address}/w/1/{name}")
        page.locator(".empty pre").first.wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(root: Path, site: str, tab: Any, scheme: str) -> None:
    Workspace(root).model("iris:1").set_alias("champion")
    page = tab(f"{site}/model/iris?with=1", bypass_csp=True, color_scheme=scheme)
    page.locator("#chart .scatterlayer path").first.wait_for(state="attached")
    assert serious(page, ".main-svg", "iframe") == []
