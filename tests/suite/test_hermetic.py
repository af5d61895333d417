"""Whatever the machine and whoever starts them, tests find the same."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.suite.inner import run_inner

Inner = Callable[..., "subprocess.CompletedProcess[str]"]
# What each thing of a machine would be, and what a test has to find.
PROBES = {
    "home": (
        {"HOME": "/nonexistent"},
        "assert os.path.isdir(os.environ['HOME']) and not os.listdir(os.environ['HOME'])",
    ),
    "temporary folder": ({"TMPDIR": "/nonexistent"}, "assert os.path.isdir(tempfile.gettempdir())"),
    "XDG folders": (
        {"XDG_CONFIG_HOME": "/nonexistent", "XDG_DATA_HOME": "/nonexistent"},
        "assert not [one for one in os.environ if one.startswith('XDG_')]",
    ),
    "language": (
        {"LC_ALL": "C", "LANG": "de_DE.UTF-8", "LANGUAGE": "de"},
        "assert sys.getfilesystemencoding() == 'utf-8' and 'LANGUAGE' not in os.environ\n"
        "    code = 'import locale; print(locale.getlocale()[1])'\n"
        "    assert subprocess.check_output([sys.executable, '-c', code], text=True).strip() == 'UTF-8'",
    ),
    "time zone": ({"TZ": "Asia/Kolkata"}, "assert time.localtime(0).tm_hour == 0"),
    "proxies": (
        {"http_proxy": "http://127.0.0.1:1", "HTTPS_PROXY": "http://127.0.0.1:1", "NO_PROXY": "x"},
        "import urllib.request; assert urllib.request.getproxies() == {}",
    ),
    "settings of ours": (
        {"VIVERO_WORKSPACE": "/nonexistent", "VIVERO_TIMEOUTS": "grace=0"},
        "assert 'VIVERO_WORKSPACE' not in os.environ and os.environ['VIVERO_TIMEOUTS'] != 'grace=0'",
    ),
    "width of the terminal": ({"COLUMNS": "20", "LINES": "5"}, "assert shutil.get_terminal_size().columns == 80"),
    "colours": ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, "assert not {'NO_COLOR', 'FORCE_COLOR'} & os.environ.keys()"),
    "settings of Python": (
        {"PYTHONOPTIMIZE": "1", "PYTHONWARNINGS": "error::ImportWarning"},
        "assert 'PYTHONOPTIMIZE' not in os.environ and 'PYTHONWARNINGS' not in os.environ",
    ),
    "a debugger of git": ({"GIT_DIR": "/nonexistent"}, "assert 'GIT_DIR' not in os.environ"),
}
IMPORTS = "import os, shutil, signal, subprocess, sys, tempfile, time\nfrom pathlib import Path\n"


def passed(done: "subprocess.CompletedProcess[str]") -> None:
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout + done.stderr


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> "subprocess.CompletedProcess[str]":
    """Run all probes on a machine that has everything against them at once."""
    variables = {name: value for given, _ in PROBES.values() for name, value in given.items()}
    probes = [f"def test_{number}():\n    {probe}\n" for number, (_, probe) in enumerate(PROBES.values())]
    return run_inner(tmp_path_factory.mktemp("hostile"), IMPORTS + "".join(probes), "-vv", variables=variables)


@pytest.mark.parametrize("name", PROBES)
def test_variables_of_the_machine(name: str, seen: "subprocess.CompletedProcess[str]") -> None:
    assert f"test_inner.py::test_{list(PROBES).index(name)} PASSED" in seen.stdout, seen.stdout + seen.stderr


def test_a_workspace_or_a_repository_above(inner: Inner, tmp_path: Path) -> None:
    for name in (".vivero", ".git"):
        (tmp_path / name).mkdir()
    text = (
        f"{IMPORTS}from runner.workspaces import default_root\n"
        "def test_it(tmp_path):\n"
        f"    assert not str(tmp_path).startswith({str(tmp_path / 'inner')!r})\n"
        f"    assert str(tmp_path).startswith({str(tmp_path)!r})\n"
        "    assert default_root(tmp_path) == tmp_path / '.vivero'\n"
        "    assert subprocess.run(['git', 'rev-parse'], cwd=tmp_path, capture_output=True).returncode != 0\n"
    )
    passed(inner(text, variables={"TMPDIR": str(tmp_path)}))


def test_signals_that_are_ignored(inner: Inner) -> None:
    """In the background of a shell SIGINT is ignored, under nohup SIGHUP is; children inherit that."""
    text = (
        f"{IMPORTS}def test_it():\n"
        "    line = 'import signal; print([signal.getsignal(n) for n in (1, 2, 13, 15)],'\n"
        "    line += ' signal.pthread_sigmask(0, []))'\n"
        "    found = subprocess.check_output([sys.executable, '-c', line], text=True)\n"
        "    assert 'SIG_IGN' in found.split(',')[2] and found.count('SIG_IGN') == 1, found\n"  # Python's own: SIGPIPE
        "    assert found.strip().endswith('set()')\n"
    )

    def ignore() -> None:
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])

    passed(inner(text, preexec_fn=ignore))


def test_a_umask(inner: Inner) -> None:
    text = f"{IMPORTS}def test_it(tmp_path):\n    (tmp_path / 'x').touch()\n"
    text += "    assert (tmp_path / 'x').stat().st_mode & 0o777 == 0o644\n"
    passed(inner(text, umask=0o077))


def test_the_number_of_cores(inner: Inner) -> None:
    text = f"{IMPORTS}def test_it():\n    assert 1 <= len(os.sched_getaffinity(0)) <= 2\n"
    passed(inner(text))


def test_files_of_another_user(inner: Inner, tmp_path: Path) -> None:
    """The folder that pytest would use belongs to somebody else."""
    if os.getuid() != 0:
        pytest.skip("files of another user take root")
    (tmp_path / "pytest-of-root").mkdir()
    os.chown(tmp_path / "pytest-of-root", 12345, 12345)
    passed(inner("def test_it(tmp_path):\n    assert tmp_path.is_dir()\n", variables={"TMPDIR": str(tmp_path)}))


def test_what_a_test_changes_is_put_back(inner: Inner) -> None:
    text = (
        f"{IMPORTS}"
        "def change():\n"
        "    os.environ['MINE'] = '1'; os.chdir('/'); os.umask(0o077); sys.path.insert(0, '/mine')\n"
        "    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "def check():\n"
        "    assert 'MINE' not in os.environ and os.getcwd() != '/' and '/mine' not in sys.path\n"
        "    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL\n"
        "    assert os.umask(0o022) == 0o022\n"
        "def test_one(): check(); change()\n"
        "def test_two(): check(); change()\n"
    )
    done = inner(text)
    assert "2 passed" in done.stdout, done.stdout
