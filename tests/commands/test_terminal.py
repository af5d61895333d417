"""What a person at a terminal sees: a drawn table, colour unless NO_COLOR, a question before removal."""

import os
import pty
import re
from typing import Any

import pytest

from tests.support.history import History


def at_terminal(history: History, *words: str, answer: bytes = b"", **variables: Any) -> Any:
    """Run a command on a terminal of its own and return everything it showed and its exit code."""
    controller, terminal = pty.openpty()
    environment = {"TERM": "xterm-256color", "COLUMNS": "120", **variables}
    # Two streams of one terminal; `start` gives pipes, so the command gets them replaced by a small launcher.
    code = (
        "import os, sys\n"
        f"terminal = {terminal}\n"
        "[os.dup2(terminal, number) for number in (0, 1, 2)]\n"
        "os.execv(sys.executable, [sys.executable, '-m', 'runner.cli', *sys.argv[1:]])"
    )
    launcher = history.folder / "launcher.py"
    launcher.write_text(code)
    process = history.command_line.start("launcher", *words, variables=environment, pass_fds=(terminal,))
    os.close(terminal)
    if answer:
        os.write(controller, answer)
    shown = b""
    while True:
        try:
            block = os.read(controller, 4096)
        except OSError:  # the last process on the terminal has gone
            break
        if not block:
            break
        shown += block
    process.communicate(timeout=30)
    os.close(controller)
    return shown.decode(), process.returncode


def lines_of(shown: str) -> list[str]:
    """Return what a terminal shows without its colours; bold stays without colour."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown.replace("\r", ""))
    return [line.rstrip() for line in plain.splitlines() if line.strip()]


def test_a_terminal_gets_colour(history: History) -> None:
    record = history.run()
    shown, code = at_terminal(history, "runs")
    assert code == 0 and record.id[-8:] in shown and "\x1b[32m" in shown


@pytest.mark.parametrize("width", [60, 80, 100, 140, 200])
def test_a_list_fits_the_terminal_and_breaks_nothing(history: History, width: int) -> None:
    config = {"job": {"arguments": {"learning_rate": 0.0125, "kernel": "linear", "n_estimators": 100, "z": "x" * 50}}}
    records = [history.run(metrics={"accuracy": 0.9731, "loss": 0.1}, config=config) for _ in range(3)]
    shown, code = at_terminal(history, "runs", COLUMNS=str(width), NO_COLOR="1")
    lines = lines_of(shown)
    assert code == 0 and max(map(len, lines)) <= width
    assert len(lines) == 2 + len(records)  # a header, a rule, and one line a run
    for record in records:
        (line,) = [line for line in lines if record.id[-8:] in line]
        assert "completed" in line and "kernel=" in line
    assert "learning_rate=0.0125" in shown or width < 140
    assert history.vivero("show", records[0].id[-8:]).returncode == 0


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_runs_are_compared_beside_each_other_as_far_as_there_is_room(history: History, width: int) -> None:
    records = [history.run(metrics={"accuracy": number / 7}) for number in range(5)]
    shown, code = at_terminal(history, "compare", *(record.id for record in records), COLUMNS=str(width), NO_COLOR="1")
    lines = lines_of(shown)
    assert code == 0 and max(map(len, lines)) <= width
    for number, record in enumerate(records):
        assert record.id[-8:] in shown and f"{number / 7:.6g}" in shown


def test_no_color_is_respected(history: History) -> None:
    record = history.run()
    shown, code = at_terminal(history, "runs", NO_COLOR="1")
    assert code == 0 and record.id[-8:] in shown and "\x1b[32m" not in shown


def test_what_a_script_recorded_is_no_markup(history: History) -> None:
    history.run(metrics={"[red]a[/red]": 1.0})
    assert "[red]a[/red]" in at_terminal(history, "runs")[0]


@pytest.mark.parametrize(("answer", "removed"), [(b"y\n", True), (b"n\n", False), (b"\n", False)])
def test_delete_asks(answer: bytes, removed: bool, history: History) -> None:
    record = history.run()
    shown, code = at_terminal(history, "delete", "latest", answer=answer)
    assert "Remove run" in shown and code == (0 if removed else 1)
    assert history.folder_of(record).root.exists() != removed


@pytest.mark.parametrize("width", [60, 80, 140])
@pytest.mark.parametrize("many", [0, 8])
def test_a_long_name_breaks_no_id_and_no_status(history: History, width: int, many: int) -> None:
    long = {f"a_metric_with_a_rather_long_name_{'x' * 100}_{number}": 0.5 for number in range(8)}
    records = [history.run(metrics=long, config={"job": {"arguments": {"kernel": "rbf"}}}) for _ in range(2)]
    columns = ["--columns", ",".join(["id", "status", *(f"metrics.{name}" for name in list(long)[:many])])]
    shown, code = at_terminal(history, "runs", *(columns if many else []), COLUMNS=str(width), NO_COLOR="1")
    lines = lines_of(shown)
    table = [line for line in lines if "too narrow for" not in line and not line.startswith("a_metric")]
    for record in records:
        (line,) = [line for line in table if record.id[-8:] in line]
        assert "completed" in line and len(line) <= width and ("kernel=rbf" in line or many)
    left_out = "too narrow for" in shown
    assert code == 0 and left_out == (many == 8 and width < 140) and ("--csv" in shown or not left_out)
