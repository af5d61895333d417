import os
from pathlib import Path
from typing import Any

import pytest

from runner.errors import UserError
from runner.layout import Layout
from runner.store.data.hashes import HashCache
from runner.store.inputs import InputStore


@pytest.fixture
def store(tmp_path: Path) -> Any:
    return InputStore(Layout(tmp_path / "w"))


@pytest.fixture
def folder(tmp_path: Path) -> Any:
    (tmp_path / "rows" / "a").mkdir(parents=True)
    (tmp_path / "rows" / "a" / "1.csv").write_text("1")
    (tmp_path / "rows" / "2.csv").write_text("22")
    return tmp_path / "rows"


@pytest.mark.parametrize("mode", ["mount", "copy"])
def test_a_folder_is_there_under_its_name(store: Any, folder: Path, mode: str, tmp_path: Path) -> None:
    record = store.save("rows", folder, mode, tmp_path / "w" / "inputs")
    place = tmp_path / "w" / record.location
    assert (place / "a" / "1.csv").read_text() == "1"
    assert (record.files, record.bytes, place.name) == (2, 3, "rows")
    store.recheck("rows", record, tmp_path)


def test_a_changed_mount_is_noticed_and_a_copy_does_not_change(store: Any, folder: Path, tmp_path: Path) -> None:
    mount = store.save("m", folder, "mount", tmp_path / "w" / "inputs")
    copy = store.save("c", folder, "copy", tmp_path / "w" / "inputs")
    (folder / "2.csv").write_text("23")
    with pytest.raises(UserError, match="changed while"):
        store.recheck("m", mount, tmp_path)
    store.recheck("c", copy, tmp_path)
    assert oct((tmp_path / "w" / copy.location / "2.csv").stat().st_mode)[-3:] == "444"


def test_an_unchanged_file_is_not_read_again(tmp_path: Path) -> None:
    path = tmp_path / "big"
    path.write_bytes(b"x" * 1000)
    with HashCache(tmp_path / "cache" / "hashes.sqlite") as cache:
        first = cache.hash(path)
    path.chmod(0)
    os.utime(path)
    stamp = path.stat()
    path.chmod(0o644)
    with HashCache(tmp_path / "cache" / "hashes.sqlite") as cache:
        assert cache.hash(path) == first
        known = cache._database.execute("SELECT count(*) FROM hashes").fetchone()
    assert known == (1,) and stamp.st_size == 1000


def test_a_missing_input(store: Any, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"data\.inputs\.x"):
        store.save("x", tmp_path / "nothere", "mount", tmp_path / "inputs")


@pytest.fixture
def linked(tmp_path: Path, folder: Path) -> Path:
    """A folder of links: to a file, a folder, a file by way of another link, and one within it."""
    place = tmp_path / "linked"
    place.mkdir()
    (place / "file.csv").symlink_to(folder / "2.csv")
    (place / "folder").symlink_to(folder)
    (place / "twice.csv").symlink_to(place / "file.csv")
    (place / "near").symlink_to("folder/a")
    return place


FOUND = {"file.csv", "twice.csv", "folder/2.csv", "folder/a/1.csv", "near/1.csv"}


@pytest.mark.parametrize("mode", ["mount", "copy"])
def test_links_are_what_they_point_to(store: Any, linked: Path, folder: Path, mode: str, tmp_path: Path) -> None:
    record = store.save("rows", linked, mode, tmp_path / "w" / "inputs")
    place = tmp_path / "w" / record.location
    assert all((place / name).is_file() for name in FOUND) and record.files == len(FOUND)
    (folder / "2.csv").write_text("changed")
    if mode == "copy":
        assert (place / "file.csv").read_text() == "22" and not any(path.is_symlink() for path in place.rglob("*"))
        store.recheck("rows", record, tmp_path)
    else:
        with pytest.raises(UserError, match="changed while"):
            store.recheck("rows", record, tmp_path)


@pytest.mark.parametrize("mode", ["mount", "copy"])
@pytest.mark.parametrize(
    ("target", "what"),
    [("nowhere", "broken link"), (".", "leads back"), ("..", "leads back"), ("round", "broken link")],
)
def test_a_link_that_cannot_be_followed_is_named(
    store: Any, folder: Path, mode: str, target: str, what: str, tmp_path: Path
) -> None:
    (folder / "a" / "round").symlink_to(target)
    with pytest.raises(UserError, match=rf"data\.inputs\.rows: .*a/round.*{what}"):
        store.save("rows", folder, mode, tmp_path / "w" / "inputs")


@pytest.mark.parametrize("mode", ["mount", "copy"])
@pytest.mark.parametrize("what", ["file", "folder"])
def test_it_has_the_name_that_the_script_expects(
    store: Any, folder: Path, mode: str, what: str, tmp_path: Path
) -> None:
    path = folder if what == "folder" else folder / "2.csv"
    record = store.save("rows", path, mode, tmp_path / "w" / "inputs", "Churn data.csv")
    place = tmp_path / "w" / record.location
    assert place.name == "Churn data.csv"
    assert ((place / "2.csv") if what == "folder" else place).read_text() == "22"


def test_what_cannot_be_read_or_is_gone_is_named_in_one_line(store: Any, tmp_path: Path) -> None:
    (tmp_path / "mem").symlink_to("/proc/self/mem")
    with pytest.raises(UserError, match=r"^data\.inputs\.x: .*mem cannot be read: Input/output error$"):
        store.save("x", tmp_path / "mem", "mount", tmp_path / "w" / "inputs")
    with pytest.raises(UserError, match=r"^data\.inputs\.x: .*gone cannot be read: No such file or directory$"):
        store.hash_of("x", tmp_path / "gone")
