"""Values and lines for people."""

import pytest

from runner.console.format import shown_line


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("", ""),
        ("plain", "plain"),
        ("10 %\r45 %", "45 %"),
        ("10 %\r45 %\r", "45 %"),  # a progress bar that has not been completed
        ("45 %\r\r", "45 %"),
        ("\r", ""),
        ("\rdone", "done"),
    ],
)
def test_a_line_is_shown_as_on_a_terminal(line: str, shown: str) -> None:
    assert shown_line(line) == shown
