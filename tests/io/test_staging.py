"""Temporary paths are removed once no process works at them."""

import fcntl
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from runner.io import staging
from runner.io.locks import is_locked, locked
from runner.worker import locks
from tests.support.waiting import wait_for


def test_leftovers_of_the_dead_are_swept_and_the_living_left_alone(tmp_path: Path) -> None:
    for name in ("dead", "living"):
        (tmp_path / f".work-{name}").mkdir()
        (tmp_path / f".work-{name}" / "file").touch()
    (tmp_path / ".work-dead.lock").touch()
    (tmp_path / ".work-only-a-lock.lock").touch()
    with locked(tmp_path / ".work-living.lock"):
        staging.remove_abandoned(tmp_path, ".work-")
        assert sorted(path.name for path in tmp_path.iterdir()) == [".work-living", ".work-living.lock"]


def test_work_that_is_just_beginning_is_not_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody sweeps at the moment when the lock is there and not yet held, and is slow to remove what looks free."""
    looked, made = threading.Event(), threading.Event()
    flocked = locks.flocked
    sweeper = threading.Thread(target=lambda: staging.remove_abandoned(tmp_path, ".work-"))

    def slow_look(path: Path) -> bool:
        held = is_locked(path)
        looked.set()
        made.wait(20)
        return held

    def late(descriptor: int, kind: int) -> bool:
        if kind == fcntl.LOCK_EX and sweeper.ident is None:
            sweeper.start()
            wait_for(lambda: looked.is_set() or not sweeper.is_alive())
        return flocked(descriptor, kind)

    monkeypatch.setattr(staging, "is_locked", slow_look)
    monkeypatch.setattr(locks, "flocked", late)
    with staging.staging_at(tmp_path / ".work-1"):
        (tmp_path / ".work-1").mkdir()
        made.set()
        sweeper.join()
        assert (tmp_path / ".work-1").is_dir()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_has_worked_at_is_swept(tmp_path: Path) -> None:
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom runner.io.staging import staging_at\n"
        "path = Path(sys.argv[1])\nwith staging_at(path):\n    path.mkdir()\n    print('made', flush=True)\n"
        "    time.sleep(600)\n"
    )
    working = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / ".work-1")], stdout=subprocess.PIPE)
    assert working.stdout is not None and working.stdout.readline() == b"made\n"
    staging.remove_abandoned(tmp_path, ".work-")
    assert (tmp_path / ".work-1").is_dir()
    working.kill()
    working.communicate()
    old, new = tmp_path / ".work-2.beginning", tmp_path / ".work-3.beginning"
    for path, age in ((old, 7200), (new, 0)):
        path.touch()
        os.utime(path, (time.time() - age,) * 2)
    staging.remove_abandoned(tmp_path, ".work-")
    assert list(tmp_path.iterdir()) == [new]
