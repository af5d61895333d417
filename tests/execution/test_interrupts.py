"""Ctrl-C and SIGTERM cancel a run, whichever command started it."""

import json
import os
import signal

import pytest

from tests.support.command_line import CommandLine
from tests.support.waiting import wait_for

SCRIPT = (
    "import os, time\nopen('outputs/pid', 'w').write(str(os.getpid()))\nprint('begun', flush=True)\ntime.sleep(600)\n"
)


@pytest.mark.parametrize("command", [("runner",), ("runner.cli", "run")], ids=" ".join)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_cancels_the_run(number: signal.Signals, command: tuple[str, ...], command_line: CommandLine) -> None:
    command_line.script(SCRIPT)
    process = command_line.start(*command, "job.source=src", "job.script=train.py")
    logs = command_line.workspace.glob
    wait_for(lambda: any("begun" in log.read_text() for log in logs("runs/*/*/logs/run.log")), 60)
    process.send_signal(number)
    done = command_line.finish(process)
    assert done.returncode == 130, done.stdout + done.stderr
    assert "Canceling the run" in done.stderr and "Traceback" not in done.stderr
    (record,) = logs("runs/*/*/run.json")
    assert json.loads(record.read_bytes())["status"] == "canceled"
    pid = int((record.parent / "outputs" / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_signal_before_the_run_begins_leaves_one_line(command_line: CommandLine) -> None:
    command_line.script(
        "import os, signal\nfrom runner.execution import interrupts\nbefore = interrupts.cancel_on_sigterm\n"
        "def then():\n    before()\n    os.kill(os.getpid(), signal.SIGTERM)\n"
        "interrupts.cancel_on_sigterm = then\nfrom runner.__main__ import main\nmain()\n",
        "early.py", ".",
    )  # fmt: skip
    done = command_line.finish(command_line.start("early", "job.source=src", "job.script=train.py"))
    assert done.returncode == 130 and done.stderr == "Interrupted.\n", done.stderr
