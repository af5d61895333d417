"""Runs a sample of repetitive tests, chosen by this run's seed. ``--whole`` runs all of them.

``@pytest.mark.sampled(40, covers=["serving/**/*.py"])`` keeps 40 of a test's cases. As a module's ``pytestmark`` it
keeps 40 of the module's tests. Without a number the test takes a sample itself, unless the fixture ``whole`` is true.
A pattern after a ``!`` leaves files out.
In CI, all of them run if the code they cover, or their own module, differs from the code with which they all passed
according to ``tests/whole.json``. A run with ``CI`` or ``--whole`` writes that file: for each sampled test whose cases
all ran and passed, whatever else failed.
"""

import hashlib
import json
import os
import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[2]
_SAMPLED: pytest.StashKey[dict[str, str]] = (
    pytest.StashKey()
)  # by the name of each test that runs whole, the digest of the code it covers
_FAILURES: "pytest.StashKey[_Failures]" = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption("--whole", action="store_true", help="run all cases of sampled tests, and many more examples")


def pytest_configure(config: pytest.Config) -> None:
    """Choose the number of examples of property tests."""
    settings.register_profile("sample", deadline=None, print_blob=True, database=None)
    settings.register_profile("whole", settings.get_profile("sample"), max_examples=1000)
    settings.load_profile("whole" if config.getoption("whole") else "sample")
    config.stash[_FAILURES] = _Failures()
    config.pluginmanager.register(config.stash[_FAILURES])


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep a sample of each sampled test's cases."""
    cases: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if item.get_closest_marker("sampled") is not None:
            cases[_sampled_together(item)].append(item)
    recorded = _recorded(config)
    whole: dict[str, str] = {}
    dropped: set[pytest.Item] = set()
    for name, group in cases.items():
        mark = group[0].get_closest_marker("sampled")
        assert mark is not None
        digest = digest_of([*mark.kwargs["covers"], name.partition("::")[0]])
        changed = bool(os.environ.get("CI")) and recorded.get(name) != digest
        if config.getoption("whole") or changed:
            whole[name] = digest
        else:
            keep = mark.args[0] if mark.args else len(group)
            dropped.update(_dropped(group, keep, f"{config.getoption('randomly_seed', 0)} {name}"))
    config.stash[_SAMPLED] = whole
    if dropped:
        config.hook.pytest_deselected(items=[item for item in items if item in dropped])
        items[:] = [item for item in items if item not in dropped]


def _sampled_together(item: pytest.Item) -> str:
    """Return what is sampled: the module if the mark is the module's, else the test with all its cases."""
    of_module = item.get_closest_marker("sampled") not in item.own_markers
    return item.nodeid.partition("::")[0] if of_module else item.nodeid.partition("[")[0]


@pytest.fixture
def whole(request: pytest.FixtureRequest) -> bool:
    """Whether a sampled test runs all its cases."""
    return _sampled_together(request.node) in request.config.stash[_SAMPLED]


def digest_of(patterns: Sequence[str]) -> str:
    """Return a digest of the names and contents of the files that match the patterns, less those after a ``!``."""
    left_out = {path for pattern in patterns if pattern[0] == "!" for path in ROOT.glob(pattern[1:])}
    paths = {path for pattern in patterns if pattern[0] != "!" for path in ROOT.glob(pattern) if path.is_file()}
    paths -= left_out
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(f"{path.relative_to(ROOT)}\n".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _dropped(items: list[pytest.Item], keep: int, seed: str) -> list[pytest.Item]:
    in_order = sorted(items, key=lambda item: item.nodeid)
    random.Random(seed).shuffle(in_order)
    return in_order[keep:]


class _Failures:
    """Collects the sampled tests of which a case did not pass."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep both names that a failed or skipped case may be sampled under."""
        if not report.passed:
            self.names |= {report.nodeid.partition("::")[0], report.nodeid.partition("[")[0]}


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Record the tests that passed as a whole. An xdist worker reports them to the main process."""
    config = session.config
    whole = config.stash.get(_SAMPLED, {})
    if hasattr(config, "workeroutput"):
        config.workeroutput["whole"] = whole
        return
    failed = config.stash[_FAILURES].names
    passed = {name: digest for name, digest in whole.items() if name not in failed}
    if passed and exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) and _is_complete(config):
        record = _record(config)
        record.parent.mkdir(exist_ok=True)
        record.write_text(json.dumps({**_recorded(config), **passed}, indent=1, sort_keys=True) + "\n")


def _record(config: pytest.Config) -> Path:
    return config.rootpath / "tests" / "whole.json"


def _recorded(config: pytest.Config) -> dict[str, str]:
    """Return the recorded digests of the tests whose modules still exist."""
    record = _record(config)
    digests: dict[str, str] = json.loads(record.read_text()) if record.exists() else {}
    return {name: digest for name, digest in digests.items() if (config.rootpath / name.partition("::")[0]).exists()}


def _is_complete(config: pytest.Config) -> bool:
    """Return whether all cases of the modules that were selected ran."""
    chosen = config.option
    narrowed = chosen.keyword or chosen.markexpr or chosen.deselect or chosen.maxfail
    return not narrowed and not any("::" in argument for argument in config.args)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Receive the report of an xdist worker."""
    output = getattr(node, "workeroutput", None) or {}
    node.config.stash.setdefault(_SAMPLED, {}).update(output.get("whole", {}))


def pytest_sessionstart(session: pytest.Session) -> None:
    """Print the seed first, so that a run that is killed can be repeated."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and not hasattr(session.config, "workerinput"):
        reporter.write_line(_seed(session.config))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the seed of the order and of the samples."""
    terminalreporter.write_line(_seed(config))


def _seed(config: pytest.Config) -> str:
    return f"order and samples are those of --randomly-seed={config.getoption('randomly_seed', 0)}"
