"""A test that leaves something is named and fails, and what it left is ended."""

import os
import subprocess
from collections.abc import Callable

import psutil
import pytest

Inner = Callable[..., "subprocess.CompletedProcess[str]"]
LEFT = {
    "a process": ("subprocess.Popen(['sleep', 'SECONDS'])", "process"),
    "a process in a session of its own": ("subprocess.Popen(['sleep', 'SECONDS'], start_new_session=True)", "process"),
    "an orphan": ("subprocess.run(['sh', '-c', 'sleep SECONDS & exit 0'])", "process"),
    "a port": ("keep(socket.create_server(('127.0.0.1', 0)))", "port"),
    "an open file": ("keep(open(tmp_path / 'x', 'w'))", "open file"),
    "a thread": ("threading.Thread(target=over.wait, args=(30,), name='mine').start()", "thread mine"),
}
IMPORTS = (
    "import os, socket, subprocess, threading\nimport tests.plugins.leftovers as leftovers\nleftovers.GRACE = 0.3\n"
    "kept = []\nkeep = kept.append\nover = threading.Event()\n"
)


@pytest.mark.parametrize("name", LEFT)
def test_what_is_left_is_named(name: str, inner: Inner) -> None:
    statement, said = LEFT[name]
    seconds = f"6{list(LEFT).index(name)}{os.getpid()}"  # no other process of this machine sleeps for so long
    text = f"{IMPORTS}def test_it(tmp_path):\n    {statement}\n".replace("SECONDS", seconds)
    done = inner(f"{text}def test_z():\n    over.set()\n", "-p", "no:randomly")
    assert done.returncode == 1 and "left behind: " in done.stdout and said in done.stdout, done.stdout
    assert "test_inner.py::test_it" in done.stdout
    assert not _sleeps(seconds)


def test_a_failed_test_is_looked_at_too(inner: Inner) -> None:
    done = inner(f"{IMPORTS}def test_it():\n    subprocess.Popen(['sleep', '6164'])\n    assert 0\n")
    assert "1 failed, 1 error" in done.stdout and "sleep 6164" in done.stdout


def test_what_a_shared_fixture_keeps_is_looked_at_when_the_run_ends(inner: Inner) -> None:
    text = (
        f"import pytest\n{IMPORTS}"
        "@pytest.fixture(scope='session')\n"
        "def server():\n"
        "    process = subprocess.Popen(['sleep', '6165'])\n    yield\n    {}\n"
        "def test_it(server): pass\ndef test_two(server): pass\n"
    )
    done = inner(text.format("process.kill(); process.wait()"))
    assert done.returncode == 0, done.stdout
    done = inner(text.format("pass"))
    assert done.returncode == 1 and "left behind by this run" in done.stdout and "sleep 6165" in done.stdout, (
        done.stdout
    )
    assert not _sleeps("6165")


def test_what_an_interrupted_run_leaves_is_ended(inner: Inner) -> None:
    text = (
        f"import pytest, signal\n{IMPORTS}"
        "@pytest.fixture(scope='session')\n"
        "def server():\n    subprocess.Popen(['sleep', '6166'])\n"
        "def test_it(server): os.kill(os.getpid(), signal.SIGINT)\n"
    )
    done = inner(text)
    assert done.returncode == 2 and "left behind by this run" in done.stdout, done.stdout
    assert not _sleeps("6166")


def _sleeps(seconds: str) -> bool:
    return any(process.info["cmdline"] == ["sleep", seconds] for process in psutil.process_iter(["cmdline"]))
