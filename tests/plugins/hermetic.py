"""Isolates the tests from the machine and from the user who runs them.

Only listed variables are kept. HOME and TMPDIR are folders of this run. Time zone, language, umask, signals and the
number of cores are fixed. No search for a workspace or a repository goes above this run's folder. Changes that a
test makes to its own process are undone after it.
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

from tests.support.suite import caches
from tests.support.timeouts import SHORT

# Tests need the machine's settings for packages, certificates and the container engine, and no others.
_KEPT = (
    "PATH",
    "CI",
    "DOCKER_HOST",
    "LD_LIBRARY_PATH",
    "VIRTUAL_ENV",
)
_KEPT_PREFIXES = ("PIP_", "UV_", "SSL_CERT_", "PYTEST_", "COVERAGE_", "VIVERO_TEST_")
_CORES = 2
_ROOT = "VIVERO_TEST_ROOT"  # this run's folder, for the xdist workers


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Isolate the process before any test module is imported."""
    root = Path(os.environ.get(_ROOT) or tempfile.mkdtemp(prefix="vv"))
    if hasattr(config, "workerinput"):
        config.option.basetemp = None
    else:
        config.stash[_OWNED] = root
    # Only caches by content survive a run.
    kept = {"UV_CACHE_DIR": "uv", "PIP_CACHE_DIR": "pip", caches.VARIABLE: "vivero-ci"}
    places = {variable: str(caches.outside(name)) for variable, name in kept.items()}
    passed = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith(_KEPT_PREFIXES)}
    hasty = {"UV_COMPILE_BYTECODE": "0"}  # tests import a small part of their environments' packages
    variables = {**places, **hasty, **passed, **_neutral(root)}
    os.environ.clear()
    os.environ.update(variables)
    for name in ("HOME", "TMPDIR"):
        Path(os.environ[name]).mkdir(exist_ok=True)
    tempfile.tempdir = None
    time.tzset()
    os.umask(0o022)
    _reset_signals()
    _limit_cores()


_OWNED: pytest.StashKey[Path] = pytest.StashKey()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove this run's folder, except the folders of failed tests."""
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
        "OMP_WAIT_POLICY": "PASSIVE",  # waiting threads yield the cores to other tests
        **SHORT,
    }


def _reset_signals() -> None:
    """Reset signals to a program's defaults in a terminal, also in the background and under nohup."""
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    for number in signal.valid_signals() - {signal.SIGPIPE, signal.SIGXFSZ}:  # Python ignores these two itself
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) == signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _limit_cores() -> None:
    """Use two cores. Each xdist worker gets its own two if there are enough."""
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) > _CORES:
        number = int("".join(filter(str.isdigit, os.environ.get("PYTEST_XDIST_WORKER", "0"))) or 0)
        first = (number * _CORES) % (len(usable) - _CORES + 1)
        os.sched_setaffinity(0, usable[first : first + _CORES])


@pytest.fixture(autouse=True)
def hermetic() -> Iterator[None]:
    """Undo a test's changes to its own process."""
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
    previous = os.umask(0o022)
    os.umask(previous)
    return previous
