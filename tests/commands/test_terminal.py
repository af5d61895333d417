"""What a person at a terminal sees: a drawn table, colour unless NO_COLOR, a question before removal."""

import os
import pty

import pytest


def at_terminal(history, *words, answer=b"", **variables):
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


def test_a_terminal_gets_colour(history):
    record = history.run()
    shown, code = at_terminal(history, "runs")
    assert code == 0 and record.id in shown and "\x1b[32m" in shown


def test_no_color_is_respected(history):
    record = history.run()
    shown, code = at_terminal(history, "runs", NO_COLOR="1")
    assert code == 0 and record.id in shown and "\x1b[32m" not in shown


def test_what_a_script_recorded_is_no_markup(history):
    history.run(metrics={"[red]a[/red]": 1.0})
    assert "[red]a[/red]" in at_terminal(history, "runs")[0]


@pytest.mark.parametrize(("answer", "removed"), [(b"y\n", True), (b"n\n", False), (b"\n", False)])
def test_delete_asks(answer, removed, history):
    record = history.run()
    shown, code = at_terminal(history, "delete", "latest", answer=answer)
    assert "Remove run" in shown and code == (0 if removed else 1)
    assert history.folder_of(record).root.exists() != removed
