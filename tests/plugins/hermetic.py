"""Nothing of the machine or of whoever starts the tests reaches them.

Variables are those of a list, HOME and TMPDIR are folders of this run, time zone, language, umask, signals and the
number of cores are always the same, and no search for a workspace or a repository goes above this run's folder. What a
test changes of its own process is put back after it.
"""

import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import caches
from tests.support.timeouts import SHORT

# Where packages, certificates and the container engine are is a fact of the machine that tests need; nothing else is.
_KEPT = (
    "PATH",
    "CI",
    "DOCKER_HOST",
    "LD_LIBRARY_PATH",
    "VIRTUAL_ENV",
)
_KEPT_PREFIXES = ("PIP_", "UV_", "SSL_CERT_", "PYTEST_", "COVERAGE_", "VIVERO_TEST_")
_CORES = 2
_ROOT = "VIVERO_TEST_ROOT"  # this run's folder, for the workers of xdist


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Make everything neutral before a test module is imported."""
    root = Path(os.environ.get(_ROOT) or tempfile.mkdtemp(prefix="vv"))
    if hasattr(config, "workerinput"):
        config.option.basetemp = None
    else:
        config.stash[_OWNED] = root
    # What is kept by content survives a run, and nothing else does.
    kept = {"UV_CACHE_DIR": "uv", "PIP_CACHE_DIR": "pip", caches.VARIABLE: "vivero-ci"}
    places = {variable: str(caches.outside(name)) for variable, name in kept.items()}
    passed = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith(_KEPT_PREFIXES)}
    hasty = {"UV_COMPILE_BYTECODE": "0"}  # what a test imports is a small part of what its environment has
    found = {**places, **hasty, **passed, **_neutral(root)}
    os.environ.clear()
    os.environ.update(found)
    for name in ("HOME", "TMPDIR"):
        Path(os.environ[name]).mkdir(exist_ok=True)
    tempfile.tempdir = None
    time.tzset()
    os.umask(0o022)
    _reset_signals()
    _limit_cores()


_OWNED: pytest.StashKey[Path] = pytest.StashKey()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove this run's folder; what failed tests left in theirs stays."""
    root = config.stash.get(_OWNED, None)
    if root is None:
        return
    shutil.rmtree(root / "home", ignore_errors=True)
    if not any(root.glob("*/pytest-of-*/pytest-*/*")):
        shutil.rmtree(root, ignore_errors=True)


def _neutral(root: Path) -> dict[str, str]:
    return {
        _ROOT: str(root),
        "HOME": str(root / "home"),
        "TMPDIR": str(root / os.environ.get("PYTEST_XDIST_WORKER", "tmp")),
        "VIVERO_CEILING_DIRECTORIES": str(root),
        "GIT_CEILING_DIRECTORIES": str(root),
        "GIT_CONFIG_NOSYSTEM": "1",
        "LC_ALL": "C.UTF-8",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "TERM": "dumb",
        "SHELL": "/bin/sh",
        "OMP_WAIT_POLICY": "PASSIVE",  # threads that wait for each other leave the cores to the other tests
        **SHORT,
    }


def _reset_signals() -> None:
    """Take signals as a program that is started in a terminal does, also in the background and under nohup."""
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    for number in signal.valid_signals() - {signal.SIGPIPE, signal.SIGXFSZ}:  # Python ignores these two itself
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) == signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _limit_cores() -> None:
    """Use two cores, each worker of xdist two of its own where there are enough."""
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) > _CORES:
        number = int("".join(filter(str.isdigit, os.environ.get("PYTEST_XDIST_WORKER", "0"))) or 0)
        first = (number * _CORES) % (len(usable) - _CORES + 1)
        os.sched_setaffinity(0, usable[first : first + _CORES])


@pytest.fixture(autouse=True)
def hermetic() -> Iterator[None]:
    """Put back what a test changes of its own process."""
    variables, folder, umask = dict(os.environ), Path.cwd(), _umask()
    handlers = {
        number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGALRM)
    }
    path = list(sys.path)
    yield
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(folder)
    os.umask(umask)
    for number, handler in handlers.items():
        signal.signal(number, handler)
    sys.path[:] = path


def _umask() -> int:
    found = os.umask(0o022)
    os.umask(found)
    return found
