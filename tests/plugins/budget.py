"""Gives every test a budget of seconds, and lists the twenty slowest tests at the end.

The budget is for an idle machine and grows with its measured slowness. The set-up of fixtures that several tests
share is not counted. ``@pytest.mark.slow("why", seconds=60)`` gives a test more.
"""

import time
from collections.abc import Generator, Iterator

import pytest

from tests.support.suite.pace import slowdown

SECONDS = 20.0
_SLOWEST = 20
_spent: pytest.StashKey[float] = pytest.StashKey()
_shared: pytest.StashKey[float] = pytest.StashKey()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Reject a ``slow`` mark without a reason."""
    for item in items:
        mark = item.get_closest_marker("slow")
        if mark is not None and not (mark.args and isinstance(mark.args[0], str)):
            raise pytest.UsageError(f"{item.nodeid}: slow needs a reason")


def budget_of(item: pytest.Item) -> float:
    """Return a test's budget in seconds."""
    mark = item.get_closest_marker("slow")
    return float(mark.kwargs.get("seconds", 60.0)) if mark is not None else SECONDS


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest) -> Iterator[None]:
    """Measure the set-up of a shared fixture, so that it is not charged to the first test that uses it."""
    if fixturedef.scope == "function":
        return (yield)
    begun = time.perf_counter()
    try:
        return (yield)
    finally:
        item = request.node if isinstance(request.node, pytest.Item) else getattr(request, "_pyfuncitem", None)
        if item is not None:
            item.stash[_shared] = item.stash.get(_shared, 0.0) + time.perf_counter() - begun


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that exceeded its budget."""
    report = yield
    spent = item.stash.get(_spent, 0.0) + call.duration
    item.stash[_spent] = spent
    if call.when == "call":
        spent -= item.stash.get(_shared, 0.0)
        limit = budget_of(item)
        if report.passed and spent > limit and spent > limit * slowdown():
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid} took {spent:.1f} s; its budget is {limit:.0f} s (tests/plugins/budget.py)"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List the slowest tests."""
    totals: dict[str, float] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                totals[report.nodeid] = totals.get(report.nodeid, 0.0) + report.duration
    if len(totals) < _SLOWEST:
        return
    terminalreporter.section("slowest tests, shared fixtures included")
    for name, seconds in sorted(totals.items(), key=lambda pair: -pair[1])[:_SLOWEST]:
        terminalreporter.write_line(f"{seconds:7.2f} s  {name}")
