"""The pool of prefork interpreters, and what it makes of interpreters and files that misbehave."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.compute.local.compute import LocalCompute
from runner.compute.local.job import FoundJob
from runner.worker import job_order
from runner.worker.prefork import client, launch, learned, pool
from runner.worker.prefork.launch import Launch
from tests.support.run_folders import Folder, lives, make
from tests.support.waiting import wait_for

# Stands in for an interpreter: acts on the channel, whose descriptor is the last but one word.
ACTS = "import socket, sys, os\nchannel = socket.socket(fileno=int(sys.argv[-2]))\nchannel.recv(1 << 20)\n"


@pytest.fixture
def prefork() -> Iterator[pool.PreforkPool]:
    warm_pool = pool.PreforkPool()
    yield warm_pool
    warm_pool.close()


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return make(tmp_path, "print('x')")


def launch_of(folder: Folder, known: Path | None = None) -> Launch:
    order = job_order.read(str(folder.root))
    made = launch.make(str(folder.root), order, [sys.executable], str(known) if known else None)
    assert made is not None
    return made


def acting(folder: Folder, does: str) -> Launch:
    return launch_of(folder).replace(command=[sys.executable, "-c", ACTS + textwrap.dedent(does)])


@pytest.mark.parametrize(
    ("does", "reason"),
    [
        ("print('no room'); sys.exit(1)", "it ended (no room)"),
        ("sys.exit(1)", "it ended (without output)"),
        ("channel.sendall(b'[1]\\n'); channel.recv(1)", "an unexpected answer"),
        ("channel.sendall(b'\\xff\\n'); channel.recv(1)", "an unexpected answer"),
        ("channel.sendall(b'[' * 100_000 + b'\\n'); channel.recv(1)", "an unexpected answer"),
        ('channel.sendall(b\'{}\\n{"pid": "1"}\\n\'); channel.recv(1 << 20); channel.recv(1)', "an unexpected answer"),
        ("channel.sendall(b'x' * (4 << 20)); channel.recv(1)", "too long an answer"),
    ],
)
def test_an_interpreter_that_misbehaves_is_ended_and_named_in_the_log(
    prefork: pool.PreforkPool, folder: Folder, does: str, reason: str
) -> None:
    assert prefork.fork(acting(folder, does)) is None
    assert folder.worker_log.startswith("started a new interpreter") and reason in folder.worker_log
    assert prefork.pids() == []


def test_one_that_is_silent_is_not_waited_for_without_end(
    prefork: pool.PreforkPool, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PATIENCE", 0.1)
    assert prefork.fork(acting(folder, "channel.recv(1)")) is None
    assert "no answer within 0.1 s" in folder.worker_log


def test_one_that_refuses_everything_is_given_up(prefork: pool.PreforkPool, folder: Folder, tmp_path: Path) -> None:
    known = tmp_path / "learned.json"
    refusing = acting(folder, 'channel.sendall(b\'{"refused": "m"}\\n\')').replace(learned=str(known))
    assert prefork.fork(refusing) is None
    assert "too many modules" in folder.worker_log and set(json.loads(known.read_text())["refused"]) == {"m"}


def test_what_could_not_be_started_is_tried_again_later(
    prefork: pool.PreforkPool, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = acting(folder, "sys.exit(1)")
    for _ in range(2):
        assert prefork.fork(starts) is None
    assert folder.worker_log.count("started a new interpreter") == 1
    monkeypatch.setattr(pool, "_RETRY", 0.0)
    other = starts.replace(key="other")
    for _ in range(2):
        assert prefork.fork(other) is None
    assert folder.worker_log.count("started a new interpreter") == 3


def test_a_program_that_is_missing_is_named(prefork: pool.PreforkPool, folder: Folder) -> None:
    missing = launch_of(folder).replace(command=["/nowhere/python"])
    assert prefork.fork(missing) is None and "/nowhere/python" in folder.worker_log


def test_a_worker_whose_answer_is_lost_is_found_by_its_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second one would be refused, and the run would seem to have ended."""
    folder = make(tmp_path, "open('go').read()\nprint('x')")
    os.mkfifo(folder.work / "go")
    monkeypatch.setattr(client.Interpreter, "_read_answer", _answer_lost(folder))
    compute = LocalCompute(warm=True)
    try:
        job = compute.submit(folder.root, _Plain())  # type: ignore[arg-type]
        assert type(job) is FoundJob and not job.wait(0)
        (folder.work / "go").write_text("")
        wait_for(lambda: job.wait(0.1))
        assert folder.log == b"x\n" and folder.worker_log == ""
    finally:
        compute.close()


class _Plain:
    attended = False
    record = None

    def argv(self, argv: list[str]) -> list[str]:
        return [sys.executable, *argv[1:]]

    inside = argv


def _answer_lost(folder: Folder) -> Callable[..., Any]:
    hear = client.Interpreter._read_answer

    def lost(self: client.Interpreter, seconds: float) -> Any:
        answer = hear(self, seconds)
        if "pid" in answer:
            wait_for((folder.root / "process.json").exists)
            raise client.NotWarmError("lost")
        return answer

    return lost


def test_an_interrupted_question_does_not_get_the_next_ones_answer(
    prefork: pool.PreforkPool, folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted, hear = launch_of(folder), client.Interpreter._read_answer
    prefork.prepare(interrupted)
    (first,) = prefork.pids()

    def interrupt(_self: client.Interpreter, _seconds: float) -> Any:
        wait_for((folder.root / "worker.lock").exists)
        raise KeyboardInterrupt

    monkeypatch.setattr(client.Interpreter, "_read_answer", interrupt)
    with pytest.raises(KeyboardInterrupt):
        prefork.fork(interrupted)
    monkeypatch.setattr(client.Interpreter, "_read_answer", hear)
    assert not lives(first)
    wait_for((folder.root / "result.json").exists)
    second = make(tmp_path / "second", "print('x')")
    worker = prefork.fork(launch_of(second))
    assert worker is not None and worker.pid is not None
    wait_for((second.root / "result.json").exists)
    wait_for(lambda: not lives(worker.pid or 0))


def test_a_busy_interpreter_is_ended_when_it_is_free(
    prefork: pool.PreforkPool, folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that needs its place does not wait for it."""
    before = set(threading.enumerate())
    monkeypatch.setattr(pool, "_MOST", 1)
    os.mkfifo(tmp_path / "go")
    answers = f"open({str(tmp_path / 'go')!r}).read()\nchannel.sendall(b'{{\"ready\": true}}\\n')\nchannel.recv(1)"
    busy = threading.Thread(target=prefork.prepare, args=(acting(folder, answers).replace(key="busy"),))
    busy.start()
    with (tmp_path / "go").open("w"):  # opens once the interpreter does
        prefork.prepare(launch_of(folder))
        assert busy.is_alive() and len(prefork.pids()) == 1
    busy.join()
    wait_for(lambda: set(threading.enumerate()) <= before)


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _link(path: Path) -> None:
    path.symlink_to(path.parent / "elsewhere.json")
    (path.parent / "elsewhere.json").write_text('{"modules": ["json"], "refused": []}')


def test_trials_with_other_declarations_share_an_interpreter(prefork: pool.PreforkPool, tmp_path: Path) -> None:
    """Each has its own in a variable, which kept every trial of a declared training from finding one."""
    text = "import os; print(os.environ['VIVERO_TRAINING'])"
    folders = [make(tmp_path / name, text, variables={"VIVERO_TRAINING": name, "A": "1"}) for name in ("one", "two")]
    for name, folder in zip(("one", "two"), folders, strict=True):
        worker = prefork.fork(launch_of(folder))
        assert worker is not None
        wait_for(lambda result=folder.root / "result.json", pid=worker.pid or 0: result.exists() and not lives(pid))
        assert folder.log == f"{name}\n".encode()
        assert len(prefork.pids()) == 1
    other = make(tmp_path / "three", text, variables={"VIVERO_TRAINING": "three", "A": "2"})
    assert launch_of(other).key != launch_of(folders[0]).key == launch_of(folders[1]).key


NOTHING: dict[str, list[str]] = {"modules": [], "refused": []}


@pytest.mark.parametrize("put", [_fifo, _link, Path.mkdir, lambda path: path.write_bytes(b"[" * 100_000)])
def test_a_hostile_file_of_learnt_modules_counts_as_none(
    prefork: pool.PreforkPool, folder: Folder, tmp_path: Path, put: Callable[[Path], object]
) -> None:
    forked = launch_of(folder, tmp_path / "learned")
    assert forked.learned is not None
    Path(forked.learned).parent.mkdir()
    put(Path(forked.learned))
    assert learned.read(forked.learned) == NOTHING
    worker = prefork.fork(forked)
    assert worker is not None
    wait_for(lambda: (folder.root / "result.json").exists() and not lives(worker.pid or 0))
    assert folder.result["status"] == "completed"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["modules", "refused", "x"]), inner),
    max_leaves=8,
)


@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_content_of_that_file_gives_lists_of_texts(content: bytes) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        lists = learned.read(file.name)
    assert set(lists) == {"modules", "refused"}
    assert all(isinstance(name, str) for names in lists.values() for name in names)
