"""Data assets: versions, what they hold, and what is refused."""

import hashlib
import os
from pathlib import Path

import pytest

from runner.errors import UserError
from runner.io.files import make_folder
from runner.io.hashes import hash_tree
from runner.layout import Layout
from runner.store import versions
from runner.store.data.store import DataStore
from runner.store.inputs import InputStore


@pytest.fixture
def store(tmp_path: Path) -> DataStore:
    return DataStore(Layout(tmp_path / "w"))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "iris.csv"
    path.write_text("length,kind\n5.1,setosa\n4.9,\n")
    return path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.png").write_bytes(b"a")
    (folder / "deep" / "b.png").write_bytes(b"bb")
    return folder


def test_versions_are_for_other_content(store: DataStore, table: Path) -> None:
    first = store.add("iris", [table], description="Fisher 1936", tags={"team": "flowers"})
    assert first.new and first.record.id == "iris:1" and first.record.type == "table"
    again = store.add("iris", [table])
    assert not again.new and again.record == first.record
    table.write_text(table.read_text() + "1,2\n")
    second = store.add("iris", [table])
    assert second.new and store.versions("iris") == [1, 2] and store.names() == ["iris"]
    assert store.path(first.record).read_text().count("\n") == 3 and store.path(second.record).name == "iris.csv"
    store.set_alias("iris", "golden", 1)
    assert store.resolve("iris@golden") == store.resolve("iris:1") == first.record
    assert store.resolve("iris") == store.resolve("iris:latest") == second.record


def test_what_is_said_of_the_same_content_is_kept(store: DataStore, table: Path) -> None:
    store.add("iris", [table], description="one", tags={"a": "1"})
    same = store.add("iris", [table], tags={"b": "2"})
    assert not same.new and same.record.tags == {"a": "1", "b": "2"} and same.record.description == "one"
    assert store.add("iris", [table], description="two").record.description == "two"
    assert store.versions("iris") == [1]


@pytest.mark.parametrize("reference", [False, True])
def test_the_hash_is_that_of_an_input(store: DataStore, table: Path, photos: Path, reference: bool) -> None:
    for source in (table, photos):
        record = store.add(source.stem, [source], reference=reference).record
        run_inputs = store.layout.root / "inputs"
        inputs = InputStore(store.layout).save(source.stem, source, "mount", run_inputs)
        assert (record.hash, record.files, record.bytes) == (inputs.hash, inputs.files, inputs.bytes)
        assert record.hash == hash_tree(store.path(record))
        assert store.verify(record.name, 1) == []


def test_stored_content_is_read_only_and_stays_when_the_source_changes(store: DataStore, photos: Path) -> None:
    record = store.add("photos", [photos]).record
    place = store.path(record)
    assert record.type == "folder" and place == store.layout.blob(record.hash) / "photos"
    assert {oct(path.stat().st_mode)[-3:] for path in place.rglob("*") if path.is_file()} == {"444"}
    assert {oct(path.stat().st_mode)[-3:] for path in (place, place / "deep")} == {"555"}
    (photos / "a.png").write_bytes(b"changed")
    assert (place / "a.png").read_bytes() == b"a"


def test_a_file_of_two_versions_is_stored_once(store: DataStore, photos: Path) -> None:
    (photos / "large").write_bytes(os.urandom(100_000))
    first = store.add("photos", [photos]).record
    (photos / "a.png").write_bytes(b"changed")
    second = store.add("photos", [photos]).record
    inodes = {(store.path(version) / "large").stat().st_ino for version in (first, second)}
    assert len(inodes) == 1 and store.verify("photos", 1) == store.verify("photos", 2) == []
    store.delete("photos", 1)
    assert not store.layout.blob(first.hash).exists() and store.verify("photos", 2) == []


def test_the_same_content_by_two_names_is_stored_once(store: DataStore, table: Path, tmp_path: Path) -> None:
    first = store.add("iris", [table]).record
    other = tmp_path / "other.csv"
    other.write_bytes(table.read_bytes())
    second = store.add("flowers", [other]).record
    assert first.hash == second.hash and store.path(second).name == "other.csv"
    assert store.path(first).stat().st_ino == store.path(second).stat().st_ino
    store.delete("iris", None)
    assert store.verify("flowers", 1) == []
    store.delete("flowers", None)
    assert not store.layout.blob(first.hash).exists()


def test_several_files_make_one_table(store: DataStore, tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"part{number}.csv").write_text(f"x,y\n{number},a\n")
    record = store.add("parts", sorted(tmp_path.glob("part*.csv"))).record
    assert (record.type, record.files) == ("table", 3) and record.table is not None
    column = record.table.columns[0]
    assert (record.table.rows, column.name, column.min, column.max) == (3, "x", 0, 2)


def test_several_of_one_name_keep_their_folders(store: DataStore, tmp_path: Path) -> None:
    for part in "ab":
        (tmp_path / "s" / part).mkdir(parents=True)
        (tmp_path / "s" / part / "x.txt").write_text(part)
    record = store.add("both", [tmp_path / "s" / "a" / "x.txt", tmp_path / "s" / "b" / "x.txt"]).record
    assert sorted(file.path for file in store.files(record)) == ["a/x.txt", "b/x.txt"] and record.content == "s"


def test_a_reference_is_not_copied_and_a_change_is_noticed(store: DataStore, photos: Path) -> None:
    record = store.add("photos", [photos], reference=True).record
    assert store.path(record) == photos and not store.layout.blob(record.hash).exists()
    store.check(record)
    (photos / "a.png").write_bytes(b"x")
    with pytest.raises(
        UserError, match=r"has changed since it was added as photos:1.*vivero data add photos .*--refer"
    ):
        store.check(record)
    assert store.verify("photos", 1) == ["a.png has changed since it was added"]
    assert store.add("photos", [photos], reference=True).record.version == 2
    store.check(store.resolve("photos"))
    copied = store.add("photos", [photos])
    assert copied.new and copied.record.reference is None


def test_content_that_is_gone_is_said(store: DataStore, photos: Path) -> None:
    record = store.add("photos", [photos], reference=True).record
    photos.rename(photos.with_name("moved"))
    with pytest.raises(UserError, match="not there any more"):
        store.check(record)
    assert "missing" in store.verify("photos", 1)[0]


HOSTILE = [
    "", ".", "..", "../x", "a/b", "/etc", "a b", "a\n", "-x", "é", "a\0", "$(x)", "a;b", "x" * 129, ".hidden", "a..b",
    "0" * 64, "ab" * 32, "hashes.sqlite", "hashes.sqlite-journal", "a:1", "a@b", "*", "~", "\ud800",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_names_that_cannot_be(store: DataStore, table: Path, name: str) -> None:
    with pytest.raises(UserError) as caught:
        store.add(name, [table])
    assert "\n" not in str(caught.value)
    assert not store.layout.blobs.exists() and store.names() == []


@pytest.mark.parametrize("content", ["", "../x", "a/b", ".", "..", "a\nb", "x" * 300])
def test_names_for_scripts_that_cannot_be(store: DataStore, table: Path, content: str) -> None:
    if content:
        with pytest.raises(UserError):
            store.add("iris", [table], content=content)
    assert store.add("iris", [table], content="Iris Data.csv").record.content == "Iris Data.csv"


@pytest.mark.parametrize(
    "reference", ["irs", "iris:9", "iris:x", "iris@nobody", "../iris", "iris:../1", "iris:-1", "@"]
)
def test_what_is_not_there_is_a_clear_error(store: DataStore, table: Path, reference: str) -> None:
    store.add("iris", [table])
    with pytest.raises(UserError, match=r"[Dd]ata asset") as caught:
        store.resolve(reference)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("kind", "of"), [("file", "folder"), ("folder", "file"), ("tables", "file")])
def test_types_that_cannot_be(store: DataStore, table: Path, photos: Path, kind: str, of: str) -> None:
    with pytest.raises(UserError):
        store.add("x", [table if of == "file" else photos], type=kind)


def test_types_that_are_wanted(store: DataStore, table: Path, photos: Path) -> None:
    assert store.add("a", [table], type="file").record.table is None
    assert store.add("b", [table, table.with_name("photos")], type="folder").record.type == "folder"
    record = store.add("c", [photos], type="table").record
    assert record.table is not None and "No file in it is a table" in record.table.notes[0]


def test_a_removed_number_is_not_used_again(store: DataStore, table: Path) -> None:
    store.add("iris", [table])
    store.delete("iris", 1)
    assert store.names() == [] and store.add("iris", [table]).record.version == 2


def test_an_alias_holds_a_version(store: DataStore, table: Path) -> None:
    store.add("iris", [table])
    store.set_alias("iris", "golden", 1)
    with pytest.raises(UserError, match="vivero data alias iris golden VERSION"):
        store.delete("iris", 1)
    store.delete("iris", 1, force=True)
    assert store.aliases("iris") == {} and store.names() == []


@pytest.mark.parametrize("force", [False, True])
def test_a_version_with_a_damaged_record_is_removed(store: DataStore, table: Path, force: bool) -> None:
    store.add("iris", [table])
    (store.folder("iris") / "1" / "data.json").write_text("{")
    store.delete("iris", 1, force=force)
    assert store.versions("iris") == []
    with pytest.raises(UserError, match="iris"):
        store.delete("iris", 1, force=force)


def test_content_that_a_damaged_record_may_name_stays(store: DataStore, table: Path) -> None:
    record = store.add("iris", [table]).record
    path = store.folder("same") / "1" / "data.json"
    store.add("same", [table])
    damaged = path.read_text()
    path.write_text("{")
    store.delete("iris", 1)
    path.write_text(damaged)  # restored from a backup
    assert store.path(record).exists() and store.verify("same", 1) == []
    store.delete("same", 1)
    assert not store.path(record).exists()


def test_a_folder_that_another_process_has_just_removed_is_made_again(
    store: DataStore, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed: list[Path] = []

    def made_and_removed(path: Path) -> None:
        make_folder(path)
        if path == store.folder("iris") and not removed:
            path.rmdir()  # as whoever could not add the first version does
            removed.append(path)

    monkeypatch.setattr(versions, "make_folder", made_and_removed)
    assert store.add("iris", [table]).record.version == 1 and removed


def test_content_that_something_else_needs_stays(store: DataStore, table: Path) -> None:
    record = store.add("iris", [table]).record
    store.delete("iris", 1, used=lambda version: version.hash == record.hash)
    assert store.path(record).exists()


def test_copies_of_inputs_of_earlier_versions_are_no_assets(store: DataStore, table: Path) -> None:
    digest = hashlib.sha256(b"x").hexdigest()
    (store.layout.data / digest / "1").mkdir(parents=True)
    store.add("iris", [table])
    assert store.names() == ["iris"]


def test_files_that_differ(store: DataStore, photos: Path, table: Path) -> None:
    first = store.add("photos", [photos]).record
    (photos / "a.png").write_bytes(b"changed")
    (photos / "deep" / "b.png").unlink()
    (photos / "c.png").write_bytes(b"new")
    second = store.add("photos", [photos]).record
    assert store.diff(first, second) == {"added": ["c.png"], "removed": ["deep/b.png"], "changed": ["a.png"]}
    before = store.add("iris", [table]).record
    table.write_text("other")
    renamed = table.rename(table.with_name("new.csv"))
    assert store.diff(before, store.add("iris", [renamed]).record)["changed"] == ["new.csv"]


def test_changed_content_is_found_and_added_again(store: DataStore, photos: Path) -> None:
    record = store.add("photos", [photos]).record
    file = store.path(record) / "a.png"
    file.chmod(0o644)
    file.write_bytes(b"z")
    store.path(record).chmod(0o755)
    (store.path(record) / "more").write_text("")
    assert store.verify("photos", 1) == ["a.png has changed since it was added", "more was not added"]
    assert not store.add("photos", [photos]).new
    assert store.verify("photos", 1) == []


def test_the_versions_of_a_run(store: DataStore, table: Path, photos: Path) -> None:
    store.add("iris", [table], run="r1", output="clean")
    store.add("photos", [photos])
    assert [(version.id, version.output) for version in store.find_by_run("r1")] == [("iris:1", "clean")]
