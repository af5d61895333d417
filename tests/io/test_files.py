"""Nothing half-written is visible, and hashes are what they say."""

import fcntl
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from runner.io import files
from runner.io.files import (
    append_json_line,
    hash_tree,
    is_locked,
    list_files,
    locked,
    remove_tree,
    write_json,
)
from runner.worker import locks
from tests.support.waiting import wait_for

WRITER = """
import sys
from pathlib import Path

import pytest
from runner.io.files import write_json
number = 0
while True:
    number += 1
    write_json(Path(sys.argv[1]), {"number": number, "filling": "x" * 100_000})
"""


def test_a_writer_killed_at_any_moment_leaves_a_whole_file(tmp_path: Path) -> None:
    import json

    path = tmp_path / "record.json"
    for wait in range(5):
        process = subprocess.Popen([sys.executable, "-c", WRITER, str(path)])
        wait_for(lambda goal=wait * 20: path.exists() and json.loads(path.read_text())["number"] > goal, 20)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert len(json.loads(path.read_text())["filling"]) == 100_000


def test_lines_of_many_processes_stay_whole_and_a_torn_one_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    code = "import sys; from pathlib import Path; from runner.io.files import append_json_line as a\n"
    code += "[a(Path(sys.argv[1]), {'n': i, 'x': 'y' * 500}) for i in range(200)]"
    for process in [subprocess.Popen([sys.executable, "-c", code, str(path)]) for _ in range(4)]:
        assert process.wait() == 0
    with path.open("a") as file:
        file.write('{"n": 1, "torn')
    assert path.read_bytes().count(b"\n") == 800


def test_a_lock_is_free_when_its_holder_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    code = "import sys, signal; from pathlib import Path; from runner.io.files import locked\n"
    code += "with locked(Path(sys.argv[1])): print('held', flush=True); signal.pause()"
    process = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    assert is_locked(path)
    process.kill()
    process.wait()
    assert not is_locked(path)
    with locked(path) as held:
        assert held


def test_those_who_look_at_a_lock_do_not_keep_it_from_anybody(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    code = "import sys; from pathlib import Path; from runner.io.files import is_locked\n"
    code += "print('looks', flush=True)\nwhile True: is_locked(Path(sys.argv[1]))"
    looks = [subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE) for _ in range(2)]
    for one in looks:
        assert one.stdout is not None
        one.stdout.readline()
    taken = 0
    for _ in range(20000):
        with locked(path, blocking=False) as held:
            taken += held
    for one in looks:
        one.kill()
        one.communicate()
    assert taken == 20000


def test_a_file_is_replaced_as_a_whole_even_when_writing_fails(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"a": 1})
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    assert path.read_text() == '{\n "a": 1\n}\n'
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_the_hash_of_a_folder_can_be_reproduced(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "two").write_bytes(b"2")
    (tmp_path / "one").write_bytes(b"1")
    (tmp_path / "link").symlink_to("one")
    assert list_files(tmp_path) == ["b/two", "one"]
    lines = "".join(f"{hashlib.sha256(c).hexdigest()}  {n}\n" for n, c in (("b/two", b"2"), ("one", b"1")))
    assert hash_tree(tmp_path) == hashlib.sha256(lines.encode()).hexdigest()


def test_a_read_only_tree_can_be_removed(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    (folder / "c").touch()
    folder.chmod(0o500)
    remove_tree(tmp_path / "a")
    assert not (tmp_path / "a").exists()
    append_json_line(tmp_path / "x", 1)


def test_leftovers_of_the_dead_are_swept_and_the_living_left_alone(tmp_path: Path) -> None:
    for name in ("dead", "living"):
        (tmp_path / f".work-{name}").mkdir()
        (tmp_path / f".work-{name}" / "file").touch()
    (tmp_path / ".work-dead.lock").touch()
    (tmp_path / ".work-only-a-lock.lock").touch()
    with files.locked(tmp_path / ".work-living.lock"):
        files.sweep(tmp_path, ".work-")
        assert sorted(path.name for path in tmp_path.iterdir()) == [".work-living", ".work-living.lock"]


def test_work_that_is_just_beginning_is_not_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody sweeps at the moment when the lock is there and not yet held, and is slow to remove what looks free."""
    looked, made = threading.Event(), threading.Event()
    flocked, is_locked = locks.flocked, files.is_locked
    sweeper = threading.Thread(target=lambda: files.sweep(tmp_path, ".work-"))

    def slow_look(path: Path) -> bool:
        found = is_locked(path)
        looked.set()
        made.wait(20)
        return found

    def late(descriptor: int, kind: int) -> bool:
        if kind == fcntl.LOCK_EX and sweeper.ident is None:
            sweeper.start()
            wait_for(lambda: looked.is_set() or not sweeper.is_alive())
        return flocked(descriptor, kind)

    monkeypatch.setattr(files, "is_locked", slow_look)
    monkeypatch.setattr(locks, "flocked", late)
    with files.staging_at(tmp_path / ".work-1"):
        (tmp_path / ".work-1").mkdir()
        made.set()
        sweeper.join()
        assert (tmp_path / ".work-1").is_dir()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_has_worked_at_is_swept(tmp_path: Path) -> None:
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom runner.io.files import staging_at\n"
        "path = Path(sys.argv[1])\nwith staging_at(path):\n    path.mkdir()\n    print('made', flush=True)\n"
        "    time.sleep(600)\n"
    )
    working = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / ".work-1")], stdout=subprocess.PIPE)
    assert working.stdout is not None and working.stdout.readline() == b"made\n"
    files.sweep(tmp_path, ".work-")
    assert (tmp_path / ".work-1").is_dir()
    working.kill()
    working.communicate()
    old, new = tmp_path / ".work-2.beginning", tmp_path / ".work-3.beginning"
    for path, age in ((old, 7200), (new, 0)):
        path.touch()
        os.utime(path, (time.time() - age,) * 2)
    files.sweep(tmp_path, ".work-")
    assert list(tmp_path.iterdir()) == [new]


def test_a_tree_with_a_folder_that_cannot_be_listed_can_be_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may list every folder, so the refusal is simulated for the folder itself."""
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    (folder / "c").touch()
    folder.chmod(0)
    opened = os.open

    def refusing(path: Any, flags: int, *more: Any, **options: Any) -> int:
        if path == "b" and not folder.stat().st_mode & 0o700:
            raise PermissionError(13, "Permission denied", path)
        return opened(path, flags, *more, **options)

    monkeypatch.setattr(os, "open", refusing)
    remove_tree(tmp_path / "a")
    assert not (tmp_path / "a").exists()
