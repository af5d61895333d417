"""What tests count is added up over all of them and said at the end: ``record_property("counted", {"served": 3})``."""

from collections import Counter

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say it, the largest number first."""
    total: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for one in reports:
            if isinstance(one, pytest.TestReport) and one.when == "teardown":
                for name, counts in one.user_properties:
                    if name == "counted" and isinstance(counts, dict):
                        total.update(counts)
    if total:
        terminalreporter.section("counted")
        for what, number in total.most_common():
            terminalreporter.write_line(f"{number:7}  {what}")
