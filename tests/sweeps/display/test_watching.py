"""What a person sees of a sweep: plain lines in a pipe, a table in place on a terminal."""

import io
import os
import pty
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from runner.layout import Layout
from runner.sweeps.display.live import latest_value
from runner.sweeps.display.summary import print_trials
from runner.sweeps.display.watcher import PlainWatcher, make_watcher
from runner.sweeps.records import EARLY
from tests.support.command_line import ROOT
from tests.support.sweeps import sweep, trial

RUNNING = {"status": "running", "ended": None}


@pytest.fixture
def layout(tmp_path: Path) -> Any:
    return Layout(tmp_path)


def going(*trials: Any, total: int = 4) -> Any:
    return sweep(*trials, state="running", ended=None, total=total)


def lines(capsys: pytest.CaptureFixture[str]) -> Any:
    return capsys.readouterr().out.splitlines()


def test_a_pipe_gets_a_line_when_a_trial_ends(layout: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    watcher = make_watcher(layout)
    assert isinstance(watcher, PlainWatcher)
    watcher.begin(going())
    watcher.changed(going(trial(0, **RUNNING)), trial(0, **RUNNING))
    watcher.changed(going(trial(0, 0.9)), trial(0, 0.9))
    failed = trial(1, status="failed", reason="the script ended with exit code 7")
    watcher.changed(going(trial(0, 0.9), failed), failed)
    stopped = trial(2, 0.1, status="canceled", reason=EARLY)
    watcher.changed(going(trial(0, 0.9), failed, stopped), stopped)
    watcher.say("\x1b[2Jdetail")
    head, first, second, third, detail = lines(capsys)
    assert head == f"Sweep {going().id}: 4 trials, 2 at a time"
    assert first == f"trial 0  {trial(0).run}  completed  kernel=rbf penalty=0.5  Accuracy=0.9"
    assert second.endswith("failed  kernel=rbf penalty=0.5: the script ended with exit code 7")
    assert "stopped early" in third
    assert detail == "  \\x1b[2Jdetail"


def test_progress_is_said_now_and_then(
    layout: Layout, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runner.sweeps.display.watcher._PROGRESS", 0.0)
    watcher = make_watcher(layout)
    watcher.begin(going())
    watcher.changed(going(trial(0, 0.9)), trial(0, 0.9))
    progress = lines(capsys)[-1]
    assert progress.startswith("1 completed, 3 left; best Accuracy=0.9 (trial 0) kernel=rbf penalty=0.5; about ")


def test_the_summary(layout: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    failed = trial(12, status="failed", reason="exit code 7")
    record = sweep(*(trial(number, number / 20) for number in range(12)), failed, state="failed")
    page = layout.sweep(record.id).page
    page.parent.mkdir(parents=True)
    page.write_text("page")
    make_watcher(layout).end(record)
    text = capsys.readouterr().out
    rows = text.split("Best by Accuracy (maximize)\n")[1].split("\n\n")[0].splitlines()
    assert rows[0].split() == ["TRIAL", "RUN", "STATUS", "Accuracy", "kernel", "penalty"]
    assert [row.split()[0] for row in rows[1:]] == [str(number) for number in range(11, 1, -1)]
    assert f"trial 12  {failed.run}  exit code 7" in text
    assert "12 completed, 1 failed" in text and str(page) in text and f"vivero best {record.id}" in text


@pytest.mark.parametrize("record", [sweep(), sweep(trial(0), objectives=()), sweep(trial(0))])
def test_a_summary_without_a_best(record: Any, layout: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    make_watcher(layout).end(record)
    assert f"vivero sweep {record.id}" in capsys.readouterr().out


def test_a_table_without_an_objective_has_the_metrics(capsys: pytest.CaptureFixture[str]) -> None:
    record = sweep(trial(0, 0.5, metrics={"loss": 2.25}), trial(1, 0.75), objectives=())
    print_trials(record, list(record.trials))
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows[0][3:5] == ["Accuracy", "loss"] and rows[1][3:5] == ["0.5", "2.25"]


def test_lines_of_several_threads_do_not_mix(layout: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    watcher = PlainWatcher(layout)
    threads = [threading.Thread(target=watcher.changed, args=(going(), trial(n, 0.5))) for n in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(int(line.split()[1]) for line in lines(capsys)) == list(range(50))


def test_the_latest_value_comes_from_the_end_of_the_file(layout: Layout) -> None:
    run = layout.run("iris", "one")
    assert latest_value(run, "Accuracy") is None
    run.root.mkdir(parents=True)
    many = '{"name": "Accuracy", "value": 0.25}\n' * 5000 + '{"name": "Accuracy", "value": 0.5}\n'
    run.metrics.write_text(many + '{"name": "other", "value": "a text"}\n{"name": "Accuracy", "val')
    assert latest_value(run, "Accuracy") == 0.5
    assert latest_value(run, "other") is None


SCRIPT = """
import sys
from pathlib import Path
from runner.layout import Layout
from runner.sweeps.display.summary import print_trials
from runner.sweeps.display.watcher import make_watcher
from tests.support.sweeps import sweep, trial

layout = Layout(Path(sys.argv[1]))
watcher = make_watcher(layout)
going = trial(1, status="running", ended=None)
bad = trial(2, status="failed", reason="exit code 7")
now = sweep(trial(0, 0.9), going, bad, state="running", ended=None, total=400)
watcher.begin(now)
watcher.changed(now, trial(0, 0.9))
watcher.changed(now, bad)
watcher.say("[red]detail[/red]")
print("SHOWN", flush=True)
sys.stdin.readline()
if sys.argv[2] == "end":
    watcher.end(sweep(trial(0, 0.9), bad))
raise KeyboardInterrupt if sys.argv[2] == "interrupt" else SystemExit
"""


def at_terminal(folder: Path, how: Any, until: Any) -> Any:
    """Run the script on a terminal of its own, let it go on once `until` was shown, and return all it showed."""
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(folder), how],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "24"},
    )
    os.close(terminal)
    shown, sent = b"", False
    while True:
        try:
            block = os.read(controller, 4096)
        except OSError:  # the process has gone
            break
        if not block:
            break
        shown += block
        if not sent and all(word in shown for word in until):
            os.write(controller, b"\n")
            sent = True
    process.wait(30)
    os.close(controller)
    return shown.decode()


def test_a_terminal_gets_a_table_in_place(layout: Layout) -> None:
    run = layout.run("iris", trial(1).run)
    run.root.mkdir(parents=True)
    run.record.write_text("{}")
    run.metrics.write_text('{"name": "Accuracy", "value": 0.4375}\n')
    shown = at_terminal(layout.root, "end", [b"SHOWN", b"0.4375", b"elapsed"])
    assert "1 running, 1 completed, 1 failed, 397 left" in shown
    assert "best Accuracy=0.9 (trial 0) kernel=rbf penalty=0.5" in shown
    assert "exit code 7" in shown and "[red]detail[/red]" in shown
    table, summary = shown.rsplit("\x1b[2K", 1)  # the drawing is wiped, then comes the summary
    assert "RUNNING" in table and "RUNNING" not in summary
    assert "Best by Accuracy" in summary and "vivero best" in summary


@pytest.mark.parametrize("how", ["interrupt", "leave"])
def test_the_cursor_comes_back_whatever_happens(how: str, layout: Layout) -> None:
    shown = at_terminal(layout.root, how, [b"SHOWN", b"elapsed"])
    assert "\x1b[?25l" in shown
    assert shown.rfind("\x1b[?25h") > shown.rfind("\x1b[?25l")
    assert shown.rfind("\x1b[2K") > shown.rfind("RUNNING")


def test_a_reader_may_leave(layout: Layout) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(layout.root), "end"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdin is not None and process.stdout is not None and process.stderr is not None
    assert process.stdout.readline().startswith(b"Sweep ")
    while b"SHOWN" not in process.stdout.readline():
        pass
    process.stdout.close()
    process.stdin.write(b"\n")
    process.stdin.close()
    assert process.stderr.read() == b"" and process.wait(30) == 0


def test_a_pipe_does_not_import_rich() -> None:
    code = "import sys, runner.sweeps.display.watcher, runner.sweeps.display.page; sys.exit('rich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_a_summary_is_readable_text(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    PlainWatcher(layout).end(sweep(trial(0, 0.5, parameters={"\x1b[2J": "\x1b]0;owned\x07"})))
    assert "\x1b" not in out.getvalue()
