"""Adds up counts over all tests and prints them at the end: ``record_property("counted", {"served": 3})``."""

from collections import Counter

import pytest

_SHOWN = 12


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the counts, the largest first. In a sample, print only the largest."""
    total: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport) and report.when == "teardown":
                for name, counts in report.user_properties:
                    if name == "counted" and isinstance(counts, dict):
                        total.update(counts)
    if total:
        terminalreporter.section("counted")
        shown = len(total) if terminalreporter.config.getoption("whole") else _SHOWN
        for what, number in total.most_common(shown):
            terminalreporter.write_line(f"{number:7}  {what}")
        if rest := total.most_common()[shown:]:
            number = sum(count for _, count in rest)
            terminalreporter.write_line(f"{number:7}  for {len(rest)} other reasons: --whole lists them")
