"""What other users of a machine can do to the processes that are kept warm there: real attempts, as real users."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from runner.layout import BOOTSTRAP
from tests.support.attacks.colleagues import GID, Colleague, colleagues
from tests.support.waiting import wait_for

IDLE = "60"


@pytest.fixture
def people() -> Iterator[dict[str, Colleague]]:
    with colleagues() as (_, people):
        yield people


@contextlib.contextmanager
def daemon(root: Path) -> Iterator[tuple[int, Path]]:
    """Give number and socket of the process that a node keeps, as the user who runs the tests."""
    process = subprocess.Popen([sys.executable, "-s", str(BOOTSTRAP), "node.daemon", str(root), IDLE])
    try:
        wait_for(lambda: list(root.glob("daemon-*.sock")), 20)
        yield process.pid, next(root.glob("daemon-*.sock"))
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


@pytest.mark.parametrize("mode", [0o700, 0o755, 0o2770], ids=["closed", "readable", "of the group"])
@pytest.mark.parametrize("name", ["bob", "eve"])
def test_a_node_s_daemon_listens_to_its_own_user(name: str, mode: int, people: dict[str, Colleague]) -> None:
    """The socket itself is closed, also where its folder is not."""
    with tempfile.TemporaryDirectory(dir="/tmp") as place:
        Path(place).chmod(0o755)
        root = Path(place) / "node"
        root.mkdir()
        os.chown(root, -1, GID)
        root.chmod(mode)
        with daemon(root) as (pid, socket):
            done = people[name].finish(
                people[name].start("tests.support.attacks.knocking", str(pid), str(socket), str(root))
            )
            assert done.stdout.endswith("tried\n"), done.stderr
            could = set(done.stdout.splitlines()) - {"tried"}
            member = (
                name == "bob" and mode == 0o2770
            )  # such a folder is refused as a node's: see `agent.make_private_folder`
            inside = {"listed its folder"} if mode == 0o755 or member else set()
            assert could == inside | ({"replaced its socket", "wrote beside it"} if member else set())


@pytest.mark.parametrize("name", ["bob", "eve"])
def test_an_interpreter_that_is_kept_warm_is_its_own_user_s(name: str, people: dict[str, Colleague]) -> None:
    """It has no socket with a name: its channel is handed down."""
    script = "import time\nprint('begun', flush=True)\nwhile True: time.sleep(0.05)\n"
    ada = people["ada"]
    ada.script(script)
    words = ("-m", "job.source=src", "job.script=train.py", "job.arguments={a: 0}", "job.arguments.a=1,2")
    process = ada.start("runner", *words)
    try:
        logs = ada.workspace.glob
        wait_for(lambda: any("begun" in log.read_text() for log in logs("runs/*/*/logs/run.log")), 60)
        warm = wait_for(lambda: _warm_interpreter(process.pid), 20)
        place = ada.workspace / "none.sock"
        done = people[name].finish(
            people[name].start("tests.support.attacks.knocking", str(warm), str(place), str(ada.workspace))
        )
        assert done.stdout == "tried\n", done.stdout + done.stderr
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def _warm_interpreter(pid: int) -> int | None:
    """Return the interpreter that a controller keeps warm."""
    for child in psutil.Process(pid).children():
        with contextlib.suppress(psutil.Error):
            if "prefork.interpreter" in child.cmdline():
                return int(child.pid)
    return None
