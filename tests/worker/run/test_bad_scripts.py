"""Scripts that behave badly: each run ends with a result that says what happened."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.run_folders import make
from tests.support.suite.pace import slowdown

FLOOD = """
import os
block = b"x" * (1 << 20)
for _ in range(200):
    os.write(1, block)
"""


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("import sys; sys.exit(7)", (7, None, "exit code 7")),
        ("raise ValueError('bad data')", (1, None, "exit code 1: ValueError: bad data")),
        ("import json\njson.loads('{')", (1, None, "exit code 1: json.decoder.JSONDecodeError: ")),
        ("def f():\n  assert 0\nf()", (1, None, "exit code 1: AssertionError")),
        ("x = = 1", (1, None, "exit code 1: SyntaxError: invalid syntax")),
        (
            "try:\n  1/0\nexcept Exception as e:\n  raise KeyError('x\\ny\\nz') from e",
            (1, None, "exit code 1: KeyError: 'x\\ny\\nz'"),
        ),
        ("import sys; sys.exit('no data')", (1, None, "exit code 1: no data")),
        ("print('epoch 1')\nimport sys; sys.exit('no data\\n\\n')", (1, None, "exit code 1: no data")),
        (
            "import argparse\np = argparse.ArgumentParser()\np.add_argument('--alpha', required=True)\np.parse_args()",
            (2, None, "exit code 2: train.py: error: the following arguments are required: --alpha"),
        ),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", (None, "SIGSEGV", "killed by SIGSEGV")),
        ("import ctypes; ctypes.string_at(0)", (None, "SIGSEGV", "killed by SIGSEGV")),
        ("import os; os.kill(os.getpid(), 9)", (None, "SIGKILL", "killed by SIGKILL")),
    ],
)
def test_how_it_ended(tmp_path: Path, script: str, expected: tuple[int | None, str | None, str]) -> None:
    result = make(tmp_path, script).run()
    assert result["status"] == "failed"
    assert (result["exit_code"], result["signal"]) == expected[:2]
    assert result["reason"].startswith(expected[2])


def test_deletes_its_own_folder(tmp_path: Path) -> None:
    run = make(tmp_path, "import os, shutil\nshutil.rmtree(os.getcwd())\nprint('gone')\n")
    assert run.run()["status"] == "completed"
    assert run.log == b"gone\n"


def test_deletes_its_log(tmp_path: Path) -> None:
    script = "import os, shutil\nprint('before', flush=True)\nshutil.rmtree('../logs')\nprint('after')\nx = 1 / 0\n"
    run = make(tmp_path, script)
    result = run.run()
    assert result["reason"] == "exit code 1: ZeroDivisionError: division by zero"
    assert result["notes"] == ["the script removed its own log, which was restored"]
    assert run.log.startswith(b"before\nafter\nTraceback")


def test_closes_its_output(tmp_path: Path) -> None:
    run = make(tmp_path, "import os, time\nprint('said', flush=True)\nos.close(1); os.close(2)\ntime.sleep(0.3)\n")
    result = run.run()
    assert (result["status"], run.log) == ("completed", b"said\n")
    assert result["duration"] >= 0.3


def test_prints_what_is_no_text(tmp_path: Path) -> None:
    garbage = bytes(range(256)) * 10
    run = make(
        tmp_path, f"import os, sys\nos.write(1, {garbage!r})\nos.write(2, b'\\xff\\n')\nraise ValueError('\\udcff')"
    )
    result = run.run()
    assert run.log.startswith(garbage + b"\xff\n")
    assert result["reason"].startswith("exit code 1: ValueError")


def test_a_flood_without_a_newline_takes_no_memory(tmp_path: Path) -> None:
    run = make(tmp_path, FLOOD + "raise RuntimeError('end')", metrics={"accuracy": r"accuracy: ([\d.]+)"})
    worker = run.start()
    peak = 0
    status = Path(f"/proc/{worker.pid}/status")
    while worker.poll() is None:
        lines = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
        peak = max([peak, *(int(line.split()[1]) for line in lines)])
    assert (run.root / "logs" / "run.log").stat().st_size > 200 << 20
    assert run.result["notes"] == ["job.metrics.accuracy found nothing"]
    assert run.result["exit_code"] == 1
    assert 0 < peak < 60 << 10


def test_a_chatty_grandchild_is_not_waited_for(tmp_path: Path) -> None:
    chatter = "import sys\nwhile True: print('x' * 100)"
    script = (
        "import subprocess, sys, time\n"
        f"subprocess.Popen([sys.executable, '-c', {chatter!r}], start_new_session=True)\ntime.sleep(0.3)\n"
    )
    run = make(tmp_path, script)
    result = run.run()
    assert result["status"] == "completed"
    assert result["duration"] < 2 * slowdown()
    assert "1 process running" in result["notes"][0]
