"""Data assets on bad days: kills, full disks, several at once, links, special files, odd clocks."""

import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import pytest

from runner.errors import UserError
from runner.io.hashes import hash_file
from runner.layout import Layout
from runner.store.data.hashes import HashCache
from runner.store.data.store import DataStore
from tests.support.users import nobody
from tests.support.waiting import wait_for

ADD = """
import sys
from pathlib import Path
from runner.layout import Layout
from runner.store.data.store import DataStore
store = DataStore(Layout(Path(sys.argv[1])))
source, name, times = Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
print("ready", flush=True)
for number in range(times):
    if times > 1:
        (source / "changing").write_text(f"{sys.argv[5]} {number}")
    store.add(name, [source])
"""


def start(workspace: Path, source: Path, name: str, times: int = 1, mark: str = "") -> subprocess.Popen[bytes]:
    words = [sys.executable, "-c", ADD, str(workspace), str(source), name, str(times), mark]
    return subprocess.Popen(words, stdout=subprocess.PIPE)


@pytest.fixture
def store(tmp_path: Path) -> DataStore:
    return DataStore(Layout(tmp_path / "w"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "large").write_bytes(os.urandom(1_000_000))
    return folder


@pytest.mark.slow("starts and kills a dozen processes", seconds=60)
def test_a_kill_at_any_moment_leaves_whole_versions(store: DataStore, folder: Path) -> None:
    generator = random.Random(0)
    for attempt in range(10):
        process = start(store.layout.root, folder, "x", 1000, str(attempt))
        assert process.stdout is not None
        process.stdout.readline()
        threading.Event().wait(generator.uniform(0, 0.2))  # the moment of the kill, not a wait for something
        process.kill()
        process.wait()
        process.stdout.close()
        versions = store.versions("x")
        assert versions == list(range(1, len(versions) + 1))
        assert all(store.verify("x", version) == [] for version in versions[-2:])
    for place in (store.layout.blobs, store.layout.data / "x"):
        for begun in place.glob(".staging*.beginning"):  # killed before its lock had its name
            os.utime(begun, (0, 0))  # a young one could be of a process that is about to begin
    (folder / "changing").write_text("last")
    assert store.add("x", [folder]).new
    hidden = [*store.layout.blobs.glob(".staging*"), *(store.layout.data / "x").glob(".staging*")]
    assert hidden == []


@pytest.mark.slow("starts eight processes", seconds=60)
def test_at_once_the_same_content_makes_one_version_and_other_content_others(store: DataStore, tmp_path: Path) -> None:
    files = []
    for number in range(4):
        files.append(tmp_path / f"{number}.bin")
        files[-1].write_bytes(str(number).encode() * 100_000)
    processes = [start(store.layout.root, files[0], "same") for _ in range(4)]
    processes += [start(store.layout.root, file, "other") for file in files]
    assert [process.wait() for process in processes] == [0] * 8
    for process in processes:
        assert process.stdout is not None
        process.stdout.close()
    assert store.versions("same") == [1] and store.versions("other") == [1, 2, 3, 4]
    assert all(store.verify("other", version) == [] for version in range(1, 5))


def test_a_full_disk_is_said_and_leaves_nothing(small_disk: Path, tmp_path: Path) -> None:
    store = DataStore(Layout(small_disk / "w"))
    small, large = tmp_path / "small.bin", tmp_path / "large.bin"
    small.write_bytes(b"1")
    large.write_bytes(os.urandom(5_000_000))
    store.add("x", [small])
    with pytest.raises(UserError, match="Data asset x was not added: No space left"):
        store.add("x", [large])
    assert store.versions("x") == [1] and store.verify("x", 1) == []
    assert [entry.name for entry in store.layout.blobs.iterdir() if entry.name != ".lock"] == [store.resolve("x").hash]
    with pytest.raises(UserError):
        store.add("y", [large])
    assert store.names() == ["x"] and not (store.layout.data / "y").exists()


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        here = Path.cwd()
        os.chdir(path.parent)  # its path must be short
        try:
            made.bind(path.name)
        finally:
            os.chdir(here)


ODD: dict[str, Any] = {
    "a broken link": lambda path: path.symlink_to("nowhere"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link above": lambda path: path.symlink_to(".."),
    "a link to its folder": lambda path: path.symlink_to("."),
    "a link out": lambda path: path.symlink_to("/etc/passwd"),
    "a link to a folder outside": lambda path: path.symlink_to("/etc"),
    "a link to a device": lambda path: path.symlink_to("/dev/zero"),
    "a fifo": _fifo,
    "a socket": _socket,
}


@pytest.mark.parametrize("reference", [False, True])
@pytest.mark.parametrize("what", ODD)
def test_what_is_no_file_is_named_in_a_line(store: DataStore, folder: Path, what: str, reference: bool) -> None:
    (folder / "deep").mkdir()
    ODD[what](folder / "deep" / "odd")
    with pytest.raises(UserError, match="deep/odd") as caught:
        store.add("x", [folder], reference=reference)
    assert "\n" not in str(caught.value) and store.names() == []


def test_links_inside_are_followed(store: DataStore, folder: Path) -> None:
    (folder / "deep").mkdir()
    (folder / "deep" / "near").symlink_to("../large")
    (folder / "other").symlink_to("deep")
    record = store.add("x", [folder]).record
    place = store.path(record)
    assert sorted(file.path for file in store.files(record)) == ["deep/near", "large", "other/near"]
    assert not any(path.is_symlink() for path in place.rglob("*")) and store.verify("x", 1) == []


def test_a_file_that_cannot_be_read_is_named(store: DataStore, folder: Path) -> None:
    with pytest.raises(UserError, match=r"/proc/self/mem|/proc/\d+/mem"):
        store.add("x", [Path("/proc/self/mem")])
    assert store.names() == []
    with pytest.raises(UserError, match="contains the workspace"):
        store.add("x", [store.layout.root.parent])


def test_a_clock_that_was_set_back_changes_nothing(
    store: DataStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.add("x", [folder])
    monkeypatch.setattr("runner.store.data.store.now", lambda: "2001-01-01T00:00:00.000000Z")
    (folder / "more").write_text("1")
    os.utime(folder / "large", (0, 0))
    second = store.add("x", [folder]).record
    assert second.version == 2 and store.resolve("x") == second and store.verify("x", 2) == []


def test_a_file_that_keeps_its_size_and_times_is_read_again(store: DataStore, tmp_path: Path) -> None:
    path = tmp_path / "x.bin"
    path.write_bytes(b"1")
    state = path.stat()
    store.add("x", [path])
    path.write_bytes(b"2")
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert store.add("x", [path]).new


def test_a_damaged_cache_of_hashes_is_begun_again(store: DataStore, folder: Path) -> None:
    store.add("x", [folder])
    store.layout.hashes.write_bytes(b"nonsense" * 1000)
    assert not store.add("x", [folder]).new


def test_a_version_that_is_removed_while_it_is_added_again_is_whole(store: DataStore, folder: Path) -> None:
    """Whoever adds what somebody else is just removing stores it again, or keeps it."""
    stop = threading.Event()

    def remove() -> None:
        while not stop.is_set():
            for version in store.versions("x"):
                try:
                    store.delete("x", version)
                except (UserError, OSError):
                    continue

    thread = threading.Thread(target=remove)
    thread.start()
    try:
        for _ in range(20):
            store.add("y", [folder])
            store.add("x", [folder])
            assert store.verify("y", store.versions("y")[-1]) == []
            store.delete("y", None)
    finally:
        stop.set()
        thread.join()
    record = store.add("x", [folder]).record
    wait_for(lambda: store.path(record).exists())
    assert store.verify("x", record.version) == []


@pytest.mark.slow("a hundred thousand files", seconds=240)
@pytest.mark.sampled(covers=["runner/store/data/*.py"])
def test_a_hundred_thousand_small_files(store: DataStore, tmp_path: Path, whole: bool) -> None:
    source, count = tmp_path / "many", 100_000 if whole else 10_000
    for number in range(count):
        if number % 1000 == 0:
            (source / str(number // 1000)).mkdir(parents=True)
        (source / str(number // 1000) / str(number)).write_bytes(b"%d" % number)
    record = store.add("many", [source]).record
    assert record.files == count and not store.add("many", [source]).new
    (source / "0" / "0").write_bytes(b"changed")
    second = store.add("many", [source]).record
    assert store.diff(record, second) == {"added": [], "removed": [], "changed": ["0/0"]}
    both = [store.path(version) / "7" / "7000" for version in (record, second)]
    assert both[0].stat().st_ino == both[1].stat().st_ino


@pytest.mark.parametrize("known", [False, True])
def test_a_cache_of_hashes_that_cannot_be_written_is_done_without(known: bool) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as place:
        database, content = Path(place) / "cache" / "hashes.sqlite", Path(place) / "content"
        database.parent.mkdir()
        content.write_text("x")
        if known:
            with HashCache(database) as cache:
                cache.hash(content)
        Path(place).chmod(0o755)
        content.write_text("other")
        with nobody(), HashCache(database) as cache:
            assert cache.hash(content) == hash_file(content)
        assert database.exists() == known
