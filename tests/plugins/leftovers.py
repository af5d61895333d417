"""Checks that a test leaves no process, thread, listening socket, open file or mount, and that the run leaves nothing.

Processes are recognized by ``PYTEST_CURRENT_TEST``, which pytest sets and children inherit. Processes of a fixture for
several tests belong to the fixture, and must be gone when the run ends. Those that such a fixture starts later, during
a test, are named by ``@pytest.mark.keeps("a word of its command line")``.
"""

import gc
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.support.suite.leftovers import Traces, kept_by_libraries
from tests.support.suite.pace import slowdown

_MARK = "PYTEST_CURRENT_TEST"
GRACE = 5.0  # seconds that ending processes get


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest) -> Iterator[None]:
    """Mark the processes that a fixture for several tests starts as its own."""
    if fixturedef.scope == "function":
        return (yield)
    before = os.environ.get(_MARK, "")
    os.environ[_MARK] = f"fixture {fixturedef.argname}"
    try:
        return (yield)
    finally:
        os.environ[_MARK] = before


@pytest.fixture(autouse=True)
def leaves_nothing(request: pytest.FixtureRequest) -> Iterator[None]:
    """Name what a test left behind, clean it up, and fail the test."""
    before = Held.now()
    yield
    name = request.node.nodeid
    kept = tuple(str(word) for mark in request.node.iter_markers("keeps") for word in mark.args)
    until = time.monotonic() + GRACE
    while left := _left(name, kept, before):
        if time.monotonic() > until and time.monotonic() > until + GRACE * (slowdown() - 1):
            break
        gc.collect()
        threading.Event().wait(0.02)
    for pid in processes_of(name, kept):
        os.kill(pid, signal.SIGKILL)
    if left:
        pytest.fail("left behind: " + "; ".join(left), pytrace=False)


class Held:
    """Files, ports, threads and mounts that this process holds."""

    def __init__(self, files: set[str], ports: set[int], threads: set[str], mounts: set[str]) -> None:
        self.files, self.ports, self.threads, self.mounts = files, ports, threads, mounts

    @classmethod
    def now(cls) -> "Held":
        """Return the current state."""
        root = os.environ["TMPDIR"]
        links = [str(entry.readlink()) for entry in Path("/proc/self/fd").iterdir() if _is_open(entry)]
        listening = {
            connection.laddr.port
            for connection in psutil.Process().net_connections("inet")
            if connection.status == psutil.CONN_LISTEN and connection.laddr
        }
        mounted = Path("/proc/self/mountinfo").read_text().splitlines()
        return cls(
            {link for link in links if link.startswith(root)},
            listening,
            {thread.name for thread in threading.enumerate() if not thread.daemon},
            {line.split()[4] for line in mounted if line.split()[4].startswith(root)},
        )


def _is_open(descriptor: Path) -> bool:
    return os.path.lexists(descriptor)


def _left(name: str, kept: tuple[str, ...], before: Held) -> list[str]:
    now = Held.now()
    return [
        *(f"process {pid}: {line}" for pid, line in processes_of(name, kept).items()),
        *(f"open file {path}" for path in now.files - before.files if not (kept and "deleted" in path)),
        *(f"port {port}" for port in now.ports - before.ports),
        *(f"thread {thread}" for thread in now.threads - before.threads),
        *(f"mount {mount}" for mount in now.mounts - before.mounts),
    ]


def processes_of(name: str, kept: tuple[str, ...] = ()) -> dict[int, str]:
    """Return a test's processes that no fixture keeps, with their command lines."""
    marks = (f"{_MARK}={name} ".encode(), f"VIVERO_TEST_ROOT={os.environ['VIVERO_TEST_ROOT']}".encode())
    processes = {}
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            environment = Path(entry.path, "environ").read_bytes()
            line = Path(entry.path, "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
        if _is_starting(entry.path, environment):
            processes[int(entry.name)] = "a process that is just being started"
        elif line and all(mark in environment for mark in marks) and not _is_kept(line, kept):
            processes[int(entry.name)] = line[:200]
    return processes


def _is_kept(line: str, kept: tuple[str, ...]) -> bool:
    return kept_by_libraries(line) or any(word in line for word in kept)


def _is_starting(folder: str, environment: bytes) -> bool:
    """Return whether it is a forked child that has not started its program yet, so its test is not known."""
    if environment:
        return False
    try:
        state, parent = Path(folder, "stat").read_text().rpartition(")")[2].split()[:2]
    except OSError:
        return False
    return state != "Z" and int(parent) == os.getpid()


_traces: pytest.StashKey[list[str]] = pytest.StashKey()
_before: pytest.StashKey[set[str]] = pytest.StashKey()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Record what an earlier, killed run has left, because it is not this run's."""
    if not hasattr(session.config, "workerinput"):
        session.config.stash[_before] = set(Traces.of(os.environ["VIVERO_TEST_ROOT"]).lines())


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run if it left something behind, and clean that up."""
    if hasattr(session.config, "workerinput"):
        return
    before = session.config.stash[_before]
    root = os.environ["VIVERO_TEST_ROOT"]
    until = time.monotonic() + GRACE * slowdown()
    while set((traces := Traces.of(root)).lines()) - before and time.monotonic() < until:
        threading.Event().wait(0.1)
    session.config.stash[_traces] = new = [line for line in traces.lines() if line not in before]
    if new:
        traces.end()
        if session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print what the run left behind."""
    lines = config.stash.get(_traces, [])
    if lines:
        terminalreporter.section("left behind by this run", red=True)
        for line in lines:
            terminalreporter.write_line(line)
