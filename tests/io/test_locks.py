"""A lock is its owner's alone, and who waits for one is told who has it."""

import contextlib
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runner.errors import UserError
from runner.io.locks import is_locked, locked, locked_while
from runner.worker import locks, timeouts
from tests.support.attacks.hostile import STRANGER
from tests.support.components import missing
from tests.support.waiting import wait_for

# What anybody could do to a lock that he can read.
ATTACK = """
import fcntl, os, signal, sys
fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX)
print("held", flush=True)
signal.pause()
"""


def _locked(path: Path) -> None:
    with locked(path):
        pass


def _tried(path: Path) -> None:
    with locked(path, blocking=False) as held:
        assert held


def _taken(path: Path) -> None:
    descriptor = locks.take_lock(str(path))
    assert descriptor is not None
    os.close(descriptor)


TAKE: list[Callable[[Path], None]] = [_locked, _tried, _taken]


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "lock"


@contextlib.contextmanager
def holding(lock: Path) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", ATTACK, str(lock)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline()
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("before", [None, 0o644, 0o666, 0o600])
@pytest.mark.parametrize("take", TAKE)
def test_only_its_owner_can_open_it(take: Callable[[Path], None], before: int | None, lock: Path) -> None:
    if before is not None:
        lock.touch()
        lock.chmod(before)
    old = os.umask(0)
    try:
        take(lock)
    finally:
        os.umask(old)
    assert stat.S_IMODE(lock.stat().st_mode) == 0o600


@pytest.mark.parametrize("take", TAKE)
@pytest.mark.parametrize("exists", [True, False])
def test_a_link_in_its_place_is_not_followed(take: Callable[[Path], None], exists: bool, lock: Path) -> None:
    target = lock.with_name("mine")
    if exists:
        target.write_text("mine")
        target.chmod(0o644)
    lock.symlink_to(target)
    with pytest.raises((UserError, OSError), match=r"is a link, so it cannot be used as a lock|symbolic links"):
        take(lock)
    assert target.exists() == exists and (not exists or stat.S_IMODE(target.stat().st_mode) == 0o644)


@contextlib.contextmanager
def a_stranger(folder: Path) -> Iterator[None]:
    """Be another user in a folder that he can enter."""
    if os.geteuid() != 0:
        missing("only root can become another user")
    folder.chmod(0o711)
    os.seteuid(STRANGER)
    try:
        yield
    finally:
        os.seteuid(0)


def test_another_user_cannot_hold_it_and_sees_who_does(
    lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # whoever may not enter the folders above
    name = Path(lock.name)
    _locked(lock)
    with a_stranger(tmp_path):
        with pytest.raises(PermissionError):
            os.open(name, os.O_RDONLY)
        with pytest.raises(UserError, match="belongs to another user"), locked(name):
            pass
        assert not is_locked(name)
    with locked(lock), a_stranger(tmp_path):
        assert is_locked(name)
    with a_stranger(tmp_path):
        assert not is_locked(name)


def test_a_wait_says_for_what_and_for_whom_once(
    lock: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(timeouts.VARIABLE, "lock_said=0.1")
    lock.touch()
    said: list[str] = []

    def waits() -> bool:
        said.append(capsys.readouterr().err)
        return "Waiting" in "".join(said)

    with holding(lock) as holder:
        waiting = threading.Thread(target=_locked, args=[lock])
        waiting.start()
        wait_for(waits)
        assert waiting.is_alive()
        holder.send_signal(signal.SIGKILL)
        waiting.join()
    text = "".join(said) + capsys.readouterr().err
    assert text.startswith(f"Waiting for {lock}, which is locked by process {holder.pid} ({sys.executable} -c ")
    assert text.count("Waiting") == text.count("\n") == 1 and text.endswith(")\n")


def test_a_short_wait_says_nothing(lock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert timeouts.DEFAULTS["lock_said"] == 2
    with locked(lock):
        waiting = threading.Thread(target=_locked, args=[lock])
        waiting.start()
        wait_for(lambda: "->" in Path("/proc/locks").read_text() or not waiting.is_alive())
    waiting.join()
    assert capsys.readouterr().err == ""


def test_a_lock_is_free_when_its_holder_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    code = "import sys, signal; from pathlib import Path; from runner.io.locks import locked\n"
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
    code = "import sys; from pathlib import Path; from runner.io.locks import is_locked\n"
    code += "print('looks', flush=True)\nwhile True: is_locked(Path(sys.argv[1]))"
    looks = [subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE) for _ in range(2)]
    for look in looks:
        assert look.stdout is not None
        look.stdout.readline()
    taken = 0
    for _ in range(20000):
        with locked(path, blocking=False) as held:
            taken += held
    for look in looks:
        look.kill()
        look.communicate()
    assert taken == 20000


HELD = """
import sys
from pathlib import Path
from runner.io.locks import locked_while
inside, there = 0, Path(sys.argv[1])
for _ in range(300):
    with locked_while(there / "lock") as held:
        if held:
            (there / "one").mkdir()  # fails while another process is here
            (there / "one").rmdir()
            inside += 1
print(inside)
"""


def test_a_lock_that_is_removed_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    """Who opened the file before it was removed, and who makes it anew, do not both have it."""
    words = [sys.executable, "-c", HELD, str(tmp_path)]
    several = [subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    results = [process.communicate(timeout=60) for process in several]
    assert all(process.returncode == 0 for process in several), results
    assert sum(int(out) for out, _ in results) > 0 and list(tmp_path.iterdir()) == []


def test_a_lock_that_was_removed_meanwhile_is_taken_anew(lock: Path) -> None:
    with locked_while(lock) as held:
        assert held and lock.exists()
        with locked_while(lock) as again:
            assert not again
        assert lock.exists()  # its holder's
    assert not lock.exists()
