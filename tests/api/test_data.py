"""Data assets in the Python API."""

import os
from pathlib import Path
from typing import Any

import pytest

from runner.api import UserError, Workspace
from runner.store.data.listing import list_rows


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "w", create=True)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "iris.csv"
    path.write_text("length;kind\n5.1;setosa\n4.9;<b>\n")
    return path


def settle(workspace: Workspace, name: str) -> None:
    """Make a folder look as if it had not changed for long, so that its row is kept."""
    os.utime(workspace.layout.asset(name), (1_000_000_000, 1_000_000_000))


def test_a_version_has_what_is_known_of_it(workspace: Workspace, table: Path) -> None:
    made = workspace.data.add("iris", table, description="Fisher", tags={"a": "1"})
    assert made.is_new and not workspace.data.add("iris", table).is_new
    assert (made.reference, made.type, made.tags, made.description) == ("iris:1", "table", {"a": "1"}, "Fisher")
    assert made.path.read_bytes() == table.read_bytes() and made.table is not None and made.table.rows == 2
    made.set_alias("golden")
    assert made.aliases == ["golden"] and workspace.data.version("iris@golden").version == 1
    assert [asset.name for asset in workspace.data] == ["iris"] and len(workspace.data) == 1
    assert workspace.data.get("iris").latest.record == made.record
    assert made.lineage == {
        "source": str(table), "run": None, "output": None, "runs": [], "models": [], "endpoints": [],
    }  # fmt: skip
    for shown in (workspace.data, workspace.data.get("iris"), made):
        assert "iris" in shown._repr_html_() and "<b>" not in shown._repr_html_().replace("<b>Data asset", "")
    made.drop_alias("golden")
    made.delete()
    with pytest.raises(UserError, match="does not exist"):
        workspace.data.get("iris")


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_a_data_frame(workspace: Workspace, table: Path, form: str, tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.read_csv(table, sep=";")
    if form == "jsonl":
        frame.to_json(tmp_path / "x.jsonl", orient="records", lines=True)
    elif form == "parquet":
        frame.to_parquet(tmp_path / "x.parquet")
    path = table if form == "csv" else tmp_path / f"x.{form}"
    pandas.testing.assert_frame_equal(workspace.data.add("x", path).to_pandas(), frame)
    with pytest.raises(UserError, match="not a table"):
        workspace.data.add("y", path, type="file").to_pandas()


def test_previews(workspace: Workspace, tmp_path: Path) -> None:
    text, rows = tmp_path / "notes.txt", tmp_path / "rows.csv"
    text.write_text("one\ntwo\nthree\n")
    rows.write_text("a\n" + "".join(f"{number}\n" for number in range(100)))
    assert workspace.data.add("text", text).preview(2).rows == [["one"], ["two"]]
    version = workspace.data.add("rows", rows)
    assert version.preview(50).rows == [[str(number)] for number in range(50)]
    version.path.chmod(0o644)
    version.path.unlink()
    assert len(version.preview(20)) == 20  # its record has them
    with pytest.raises(UserError, match="not there any more"):
        version.preview(21)
    assert workspace.data.add("folder", tmp_path / "notes.txt", rows).preview().columns == ["file", "bytes"]


@pytest.mark.parametrize("change", ["version", "alias", "tag", "delete", "new"])
def test_a_kept_row_is_read_again_when_something_changes(workspace: Workspace, table: Path, change: str) -> None:
    layout = workspace.layout
    version = workspace.data.add("iris", table)
    workspace.data.add("other", table)
    version.set_alias("first")
    for name in ("iris", "other"):
        settle(workspace, name)
    before = list_rows(layout)
    assert list_rows(layout) == before
    changes: dict[str, Any] = {
        "version": lambda: (table.write_text("x\n1\n"), workspace.data.add("iris", table)),
        "alias": lambda: version.set_alias("second"),
        "tag": lambda: version.set_tags({"new": "1"}),
        "delete": lambda: workspace.data.get("iris").delete(force=True),
        "new": lambda: workspace.data.add("third", table),
    }
    changes[change]()
    after = list_rows(layout)
    layout.index.unlink()
    assert after == list_rows(layout) and after != before


def test_a_damaged_cache_is_passed_over(workspace: Workspace, table: Path) -> None:
    workspace.data.add("iris", table)
    settle(workspace, "iris")
    before = list_rows(workspace.layout)
    workspace.layout.index.write_bytes(b"nonsense" * 1000)
    assert list_rows(workspace.layout) == before


def test_a_long_line_can_be_cut_inside_a_character(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_text("x" + "ä" * 40_000 + "\nend\n")
    shown = workspace.data.add("text", path).preview(5)
    assert not shown.notes
    assert "".join(row[0] for row in shown.rows) == "x" + "ä" * 40_000 + "end"


def test_a_version_of_thousands_of_digits_does_not_exist(workspace: Workspace, table: Path) -> None:
    workspace.data.add("x", table)
    with pytest.raises(UserError, match="has no version '01'"):
        workspace.data.version("x:01")
    with pytest.raises(UserError, match="has no version"):
        workspace.data.version("x:" + "9" * 5000)


def test_a_damaged_list_of_files_does_not_prevent_the_next_version(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in "ab":
        (folder / name).write_text(name)
    workspace.data.add("x", folder)
    (workspace.root / "data" / "x" / "1" / "files.jsonl").write_text("{}\n")
    (folder / "c").write_text("c")
    assert workspace.data.add("x", folder).version == 2
