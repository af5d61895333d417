"""Runs a sample of repetitive tests, chosen by this run's seed. ``--whole`` runs all of them.

``@pytest.mark.sampled(40, covers=["serving/**/*.py"])`` keeps 40 of a test's cases. As a module's ``pytestmark`` it
keeps 40 of the module's tests. Without a number the test takes a sample itself, unless the fixture ``whole`` is true.
In CI, all of them run if the code they cover, or their own module, differs from the code with which they all passed
according to ``tests/whole.json``. A run of all tests that passes, with ``CI`` or ``--whole``, writes that file.
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
RECORD = ROOT / "tests" / "whole.json"
_SAMPLED: pytest.StashKey[dict[str, str]] = (
    pytest.StashKey()
)  # by the name of each test that runs whole, the digest of the code it covers


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption("--whole", action="store_true", help="run all cases of sampled tests, and many more examples")


def pytest_configure(config: pytest.Config) -> None:
    """Choose the number of examples of property tests."""
    settings.register_profile("sample", deadline=None, print_blob=True, database=None)
    settings.register_profile("whole", settings.get_profile("sample"), max_examples=1000)
    settings.load_profile("whole" if config.getoption("whole") else "sample")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep a sample of each sampled test's cases."""
    cases: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if item.get_closest_marker("sampled") is not None:
            cases[_sampled_together(item)].append(item)
    recorded = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    whole: dict[str, str] = {}
    dropped: set[pytest.Item] = set()
    for name, found in cases.items():
        mark = found[0].get_closest_marker("sampled")
        assert mark is not None
        digest = digest_of([*mark.kwargs["covers"], name.partition("::")[0]])
        changed = bool(os.environ.get("CI")) and recorded.get(name) != digest
        if config.getoption("whole") or changed:
            whole[name] = digest
        else:
            keep = mark.args[0] if mark.args else len(found)
            dropped.update(_dropped(found, keep, f"{config.getoption('randomly_seed', 0)} {name}"))
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
    """Return a digest of the names and contents of the files that match the patterns."""
    paths = {path for pattern in patterns for path in ROOT.glob(pattern) if path.is_file()}
    found = hashlib.sha256()
    for path in sorted(paths):
        found.update(f"{path.relative_to(ROOT)}\n".encode() + hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()[:16]


def _dropped(found: list[pytest.Item], keep: int, seed: str) -> list[pytest.Item]:
    in_order = sorted(found, key=lambda item: item.nodeid)
    random.Random(seed).shuffle(in_order)
    return in_order[keep:]


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Record the tests that passed as a whole. An xdist worker reports them to the main process."""
    config = session.config
    whole = config.stash.get(_SAMPLED, {})
    if hasattr(config, "workeroutput"):
        config.workeroutput["whole"] = whole
    elif whole and exitstatus == 0 and _is_complete(config):
        recorded = json.loads(RECORD.read_text()) if RECORD.exists() else {}
        RECORD.write_text(json.dumps({**recorded, **whole}, indent=1, sort_keys=True) + "\n")


def _is_complete(config: pytest.Config) -> bool:
    """Return whether all tests were selected."""
    narrowed = config.option.keyword or config.option.markexpr or config.option.deselect
    return config.args_source is pytest.Config.ArgsSource.TESTPATHS and not narrowed


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Receive the report of an xdist worker."""
    output = getattr(node, "workeroutput", None) or {}
    node.config.stash.setdefault(_SAMPLED, {}).update(output.get("whole", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the seed of the order and of the samples."""
    terminalreporter.write_line(
        f"order and samples are those of --randomly-seed={config.getoption('randomly_seed', 0)}"
    )
