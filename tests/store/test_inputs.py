import os

import pytest

from runner.errors import UserError
from runner.layout import Layout
from runner.store.inputs import HashCache, InputStore


@pytest.fixture
def store(tmp_path):
    return InputStore(Layout(tmp_path / "w"))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "rows" / "a").mkdir(parents=True)
    (tmp_path / "rows" / "a" / "1.csv").write_text("1")
    (tmp_path / "rows" / "2.csv").write_text("22")
    return tmp_path / "rows"


@pytest.mark.parametrize("mode", ["mount", "copy"])
def test_a_folder_is_there_under_its_name(store, folder, mode, tmp_path):
    record = store.save("rows", folder, mode, tmp_path / "w" / "inputs")
    place = tmp_path / "w" / record.location
    assert (place / "a" / "1.csv").read_text() == "1"
    assert (record.files, record.bytes, place.name) == (2, 3, "rows")
    store.recheck("rows", record, tmp_path)


def test_a_changed_mount_is_noticed_and_a_copy_does_not_change(store, folder, tmp_path):
    mount = store.save("m", folder, "mount", tmp_path / "w" / "inputs")
    copy = store.save("c", folder, "copy", tmp_path / "w" / "inputs")
    (folder / "2.csv").write_text("23")
    with pytest.raises(UserError, match="changed while"):
        store.recheck("m", mount, tmp_path)
    store.recheck("c", copy, tmp_path)
    assert oct(os.stat(tmp_path / "w" / copy.location / "2.csv").st_mode)[-3:] == "444"


def test_an_unchanged_file_is_not_read_again(tmp_path):
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


def test_a_missing_input(store, tmp_path):
    with pytest.raises(UserError, match=r"data\.inputs\.x"):
        store.save("x", tmp_path / "nothere", "mount", tmp_path / "inputs")
