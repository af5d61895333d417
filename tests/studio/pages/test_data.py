"""The list of data assets and one asset, in a real browser."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.api import Workspace
from tests.support.axe import serious
from tests.support.studio.dialog import answer
from tests.support.studio.models import HOSTILE, register, write_endpoint
from tests.support.studio.workspaces import run_record, studio, write_run
from tests.support.waiting import wait_for

WIDTHS = (390, 800, 1400, 2560)


def table(path: Path, rows: int, *more: str) -> Path:
    with path.open("w", newline="") as file:
        write = csv.writer(file)
        write.writerow(["width", "kind", "note", *more])
        write.writerows([[at / 10, "ab"[at % 2], "x" if at % 4 else "", *more] for at in range(rows)])
    return path


def read_by(root: Path, number: int, reference: str, **fields: Any) -> str:
    """Write a run that has read a version, and return its id."""
    input_record = {
        "path": "x",
        "mode": "mount",
        "hash": "0",
        "files": 1,
        "bytes": 1,
        "location": "x",
        "asset": reference,
    }
    environment = dict.fromkeys(("key", "prefix", "python", "python_version", "platform"), "x")
    prepared = {
        "snapshot": {"hash": "0", "source": ".", "files": 1, "bytes": 1},
        "environment": {"kind": "current", **environment},
        "inputs": {"train": input_record},
    }
    record = run_record(
        number, experiment="iris", id=f"iris-20260701-08{number:02d}00-{number:08x}", status="completed"
    )
    write_run(root, {**record, "prepare": prepared, **fields})
    return str(record["id"])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "team" / ".vivero"
    data = Workspace(root, create=True).data
    source = table(tmp_path / "iris.csv", 40)
    data.add("iris", source, description="Fisher **1936**", tags={"team": "flowers"})
    table(source, 60, "extra")
    data.add("iris", source)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "one.txt").write_text("1")
    data.add("photos", tmp_path / "photos", reference=True)
    return root


@pytest.fixture
def site(root: Path) -> Iterator[str]:
    with studio("--workspace", str(root)) as address:
        yield f"{address}/w/1"


def test_the_list_leads_to_the_latest_version_and_that_to_the_others(site: str, tab: Any) -> None:
    page = tab(f"{site}/data")
    row = page.locator("tr", has_text="iris").inner_text().split()
    assert row[:6] == ["iris", "2", "table", "60", "4", "1"]
    assert "reference" in page.locator("tr", has_text="photos").inner_text()
    page.get_by_role("link", name="iris").click()
    assert "version 2" in page.locator("#head").inner_text()
    page.locator("#versions").get_by_role("link", name="1", exact=True).click()
    page.wait_for_url("**/asset/iris/1")
    assert page.locator("#command").inner_text().startswith("vivero data show iris:1")
    assert page.locator("#about strong").inner_text() == "1936"


def test_data_is_found_by_type_and_words(site: str, tab: Any) -> None:
    page = tab(f"{site}/data")
    page.locator(".chip:has-text('Folders')").click()
    page.wait_for_url("**type=folder**")
    assert page.locator("tbody tr").count() == 1
    page.locator("input[type=search]").fill("no such")
    page.keyboard.press("Enter")
    page.get_by_text("No data asset matches").wait_for()


def test_columns_show_what_their_profile_knows(site: str, tab: Any) -> None:
    page = tab(f"{site}/asset/iris/1")
    kind = page.locator("#columns tr", has_text="kind")
    assert "20×" in kind.inner_text()
    assert ": 20; " in str(kind.locator(".spread").get_attribute("aria-label"))
    note = page.locator("#columns tr", has_text="note")
    assert str(note.locator(".spread").get_attribute("aria-label")).startswith("10 missing; ")
    assert note.locator(".spread rect.missing").count() == 1
    assert page.locator("#preview tbody tr").count() == 20


def test_what_differs_is_in_the_address(site: str, tab: Any) -> None:
    page = tab(f"{site}/asset/iris/2")
    page.locator("#with").select_option("1")
    page.locator("#compared tbody").wait_for()
    text = page.locator("#compared").inner_text()
    assert "40 → 60" in text and "extra" in text and "vivero data diff iris:1 iris:2" in text
    page.reload()
    page.locator("#compared tbody").wait_for()
    page.go_back()
    page.locator("#compared tbody").wait_for(state="detached")


def test_an_alias_is_moved_and_dropped_after_asking(site: str, root: Path, tab: Any) -> None:
    def aliases() -> dict[str, int]:
        return Workspace(root).data.get("iris").aliases

    page = tab(f"{site}/asset/iris/1")
    page.get_by_role("button", name="Move an alias here").click()
    page.locator("#ask-cancel").click()
    assert aliases() == {}
    page.get_by_role("button", name="Move an alias here").click()
    answer(page, "golden")
    page.locator("#aliases .timeline li").first.wait_for()
    assert aliases() == {"golden": 1}
    page.get_by_role("button", name="Drop").click()
    answer(page)
    wait_for(lambda: aliases() == {})


def test_tags_and_description_are_edited(site: str, root: Path, tab: Any) -> None:
    page = tab(f"{site}/asset/iris/2")
    page.get_by_role("button", name="Tag").click()
    answer(page, "stage=raw")
    page.locator("#head .tag:has-text('stage')").wait_for()
    page.get_by_role("button", name="Describe").click()
    answer(page, "<b>words</b>")
    page.locator("#about .prose").get_by_text("<b>words</b>").wait_for()
    page.get_by_role("button", name="Describe").click()
    long = "\n".join(f"line {number} of many words" for number in range(100))
    answer(page, long)
    page.locator("#about .prose").get_by_text("line 99").wait_for()
    page.get_by_role("button", name="Describe").click()
    assert page.locator("#ask-value").input_value() == long
    answer(page, "")
    page.locator("#about .prose").wait_for(state="detached")
    version = Workspace(root).data.version("iris:2")
    assert version.tags == {"stage": "raw"} and not version.description


def test_verify_says_whether_the_content_is_as_it_was_added(site: str, root: Path, tmp_path: Path, tab: Any) -> None:
    page = tab(f"{site}/asset/iris/2")
    page.get_by_role("button", name="Verify").click()
    page.get_by_text("iris:2 is as it was added").wait_for()
    (tmp_path / "photos" / "one.txt").write_text("changed")
    page = tab(f"{site}/asset/photos/1")
    page.get_by_role("button", name="Verify").click()
    page.locator(".toast.bad").wait_for()
    tab.said.clear()  # the browser's line about the refusal


def test_lineage_leads_from_data_to_endpoints(site: str, root: Path, tab: Any) -> None:
    run = read_by(root, 1, "iris:2")
    register(root, "flowers", run=run, data={"train": "0"})
    write_endpoint(root, "shop", "flowers:1")
    page = tab(f"{site}/asset/iris/2")
    kinds = page.locator("#lineage svg .kind").all_text_contents()
    assert kinds == ["added from", "data", "run", "model", "endpoint"]
    assert page.locator("#lineage svg .curve").count() == 4
    page.locator("#lineage svg a", has_text="flowers:1").click()
    page.wait_for_url("**/model/flowers/1")
    page.locator("#lineage svg a", has_text="iris:2").click()
    page.wait_for_url("**/asset/iris/2")


def test_a_new_version_appears(site: str, root: Path, tmp_path: Path, tab: Any) -> None:
    page, listed = tab(f"{site}/asset/iris"), tab(f"{site}/data")
    for view in (page, listed):
        view.locator("#live.on").wait_for()
    Workspace(root).data.add("iris", table(tmp_path / "iris.csv", 77))
    page.locator("#versions").get_by_text("77").wait_for()
    listed.locator("tr", has_text="77").wait_for()


def test_a_version_in_use_is_not_deleted_and_another_is(site: str, root: Path, tab: Any) -> None:
    read_by(root, 1, "iris:2")
    page = tab(f"{site}/asset/iris/2")
    page.get_by_role("button", name="Delete").click()
    answer(page)
    page.get_by_text("was not removed").wait_for()
    tab.said.clear()  # the browser's line about the refusal
    page = tab(f"{site}/asset/iris/1")
    page.get_by_role("button", name="Delete").click()
    answer(page)
    page.wait_for_url("**/asset/iris")
    assert Workspace(root).data.get("iris").version_numbers() == [2]


@pytest.mark.parametrize("width", WIDTHS)
def test_hostile_cells_and_10_000_columns_are_shown_harmlessly(
    site: str, root: Path, tmp_path: Path, tab: Any, width: int
) -> None:
    data = Workspace(root).data
    with (tmp_path / "bad.csv").open("w", newline="") as file:
        write = csv.writer(file)
        write.writerow([HOSTILE, *(f"c{number}" for number in range(9_999))])
        write.writerow([HOSTILE, "x" * 10_000_000, *("1" * 9_998)])
    data.add("bad", tmp_path / "bad.csv", description=HOSTILE, tags={"t": HOSTILE})
    page = tab(f"{site}/asset/bad?with={HOSTILE}", width)
    page.locator("#versions").wait_for()
    assert page.title().startswith("bad:1") and page.locator("img[src='x']").count() == 0
    assert page.locator("#columns tbody tr").count() == 200
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("link", name="Next columns").click()
    page.wait_for_url("**columns=2**")
    assert page.locator("#columns tbody tr").first.inner_text().startswith("c199")
    page.goto(f"{site}/data")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_damaged_version_hides_no_other(site: str, root: Path, tab: Any) -> None:
    (root / "data" / "iris" / "1" / "data.json").write_text("{")
    page = tab(f"{site}/asset/iris")
    assert page.locator("#versions tbody tr").count() == 1
    assert "1 record cannot be read" in page.locator(".notice").inner_text()


def test_read_only_offers_no_change(root: Path, tab: Any) -> None:
    with studio("--workspace", str(root), "--read-only") as address:
        page = tab(f"{address}/w/1/asset/iris")
        assert page.locator("[data-ask]").count() == 0
        assert "vivero data verify iris:2" in page.locator("#about").inner_text()


@pytest.mark.parametrize("address", ["asset/none", "asset/..%2f..", "asset/iris/99", "asset/hashes.sqlite"])
def test_what_is_not_there_is_one_line(site: str, tab: Any, address: str) -> None:
    tab(f"{site}/{address}").locator("[role=alert]").wait_for()
    tab.said.clear()  # the browser's line about the status


def test_the_first_asset_brings_the_filters(tmp_path: Path, tab: Any) -> None:
    root = tmp_path / "empty" / ".vivero"
    data = Workspace(root, create=True).data
    with studio("--workspace", str(root)) as address:
        page = tab(f"{address}/w/1/data")
        page.locator("#live.on").wait_for()
        data.add("iris", table(tmp_path / "iris.csv", 4))
        page.locator(".chip:has-text('Folders')").wait_for()
        assert page.locator("tbody tr").count() == 1


def test_an_empty_workspace_says_how_to_begin(tmp_path: Path, tab: Any) -> None:
    root = tmp_path / "empty"
    root.mkdir(mode=0o700)
    with studio("--workspace", str(root)) as address:
        tab(f"{address}/w/1/data").locator(".empty pre").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(site: str, root: Path, tab: Any, scheme: str) -> None:
    read_by(root, 1, "iris:2")
    for address in (f"{site}/data", f"{site}/asset/iris?with=1"):
        page = tab(address, bypass_csp=True, color_scheme=scheme)
        page.locator("#content").wait_for()
        assert serious(page) == []
