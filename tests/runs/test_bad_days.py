"""Scripts that misbehave and processes that die."""

import json
import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import CommandLine
from tests.support.records import record_of
from tests.support.scripts import MODEL
from tests.support.waiting import wait_for

ENDLESS = "import threading\nprint('begun', flush=True)\nthreading.Event().wait()\n"

ENDINGS = {
    "exit 7": ("raise SystemExit(7)", "failed", "exit code 7"),
    "exception": ("raise ValueError('no such flower')", "failed", "no such flower"),
    "segfault": ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "failed", "SIGSEGV"),
    "own folder gone": ("import os, shutil; shutil.rmtree(os.getcwd())", "completed", None),
    "closed stdout": ("import os; os.close(1); os.close(2)", "completed", None),
    "no text": ("import sys; sys.stdout.buffer.write(bytes(range(256)) * 1000)", "completed", None),
}


@pytest.mark.parametrize("name", ENDINGS)
def test_every_end_is_recorded(name: str, command_line: CommandLine) -> None:
    text, status, reason = ENDINGS[name]
    command_line.script(text)
    done = command_line.job()
    assert done.returncode == (0 if status == "completed" else 2), done.stderr
    record = record_of(command_line)
    assert record["status"] == status
    assert reason is None or reason in record["error"]
    assert "Traceback" not in done.stderr


def test_timeout(command_line: CommandLine) -> None:
    command_line.script(ENDLESS)
    done = command_line.job("job.timeout=1")
    assert done.returncode == 2
    assert "timeout" in record_of(command_line)["error"]


def begin(command_line: CommandLine, *words: str, variables: Any = None) -> Any:
    process = command_line.start("runner", "job.source=src", "job.script=train.py", *words, start_new_session=True)
    assert process.stdout is not None and process.stderr is not None
    assert any(b"begun" in line for line in iter(process.stdout.readline, b""))
    return process


def folder_of(command_line: CommandLine) -> Any:
    (folder,) = (command_line.workspace / "runs" / "src").iterdir()
    return folder


def gone(pid: Any) -> bool:
    try:
        return open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


CHILD = (
    "import subprocess, sys\nsleep = 'import time; time.sleep(600)'\n"
    "p = subprocess.Popen([sys.executable, '-c', sleep], start_new_session=True)\nprint('child', p.pid, flush=True)\n"
)


def child_pid(folder: Path) -> Any:
    lines = (folder / "logs" / "run.log").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("child"))


def test_ctrl_c_cancels_with_all_processes(command_line: CommandLine) -> None:
    command_line.script(CHILD + ENDLESS)
    process = begin(command_line)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert b"Traceback" not in err
    assert record_of(command_line)["status"] == "canceled"
    assert gone(child_pid(folder_of(command_line)))


def test_vivero_cancel(command_line: CommandLine) -> None:
    command_line.script(CHILD + ENDLESS)
    process = begin(command_line)
    assert command_line.vivero("cancel", "latest").returncode == 0
    process.communicate(timeout=60)
    assert record_of(command_line)["status"] == "canceled"
    assert gone(child_pid(folder_of(command_line)))


@pytest.mark.parametrize("part", ["job", "environment", "model"])
def test_cancel_ends_a_run_whose_other_settings_are_damaged(command_line: CommandLine, part: str) -> None:
    command_line.script(CHILD + ENDLESS)
    process = begin(command_line)
    process.kill()
    process.wait()
    path = folder_of(command_line) / "run.json"
    record = json.loads(path.read_text())
    record["config"][part] = {"no_such_key": [1]}
    path.write_text(json.dumps(record))
    done = command_line.vivero("cancel", "latest")
    assert done.returncode == 0 and "is being canceled" in done.stdout, done.stderr
    wait_for(lambda: gone(child_pid(folder_of(command_line))), 20)
    wait_for(lambda: not record_of(command_line)["followed"], 20)


def test_a_killed_controller_leaves_the_run_going_and_it_finishes_itself(command_line: CommandLine) -> None:
    go = command_line.folder / "go"
    command_line.script(
        "print('begun', flush=True)\nimport os, time\n"
        f"while not os.path.exists({str(go)!r}): time.sleep(0.05)\nimport sys\n"
        + MODEL.replace("sys.argv[-1]", "'rbf'")
    )
    process = begin(command_line, "model.name=survivor")
    process.kill()
    process.wait()
    assert record_of(command_line)["status"] == "running"
    go.touch()
    path = folder_of(command_line) / "run.json"
    wait_for(lambda: json.loads(path.read_text())["status"] == "completed", 60)
    assert record_of(command_line)["register"] == {
        **record_of(command_line)["register"],
        "model": "survivor",
        "version": 1,
    }


def test_a_killed_worker_is_recorded_and_takes_the_script_along(command_line: CommandLine) -> None:
    command_line.script("import os\nprint('pid', os.getpid())\n" + ENDLESS)
    process = begin(command_line)
    folder = folder_of(command_line)
    os.kill(json.loads((folder / "process.json").read_text())["pid"], signal.SIGKILL)
    process.communicate(timeout=60)
    assert process.returncode == 2
    assert "without a result" in record_of(command_line)["error"]
    pid = int((folder / "logs" / "run.log").read_text().split()[1])
    wait_for(lambda: gone(pid), 10)


def test_all_killed_and_recover_finishes_the_record(command_line: CommandLine) -> None:
    command_line.script(ENDLESS)
    process = begin(command_line)
    folder = folder_of(command_line)
    process.kill()
    process.wait()
    os.kill(json.loads((folder / "process.json").read_text())["pid"], signal.SIGKILL)
    wait_for(lambda: not record_of(command_line)["followed"], 20)
    shown = command_line.vivero("runs")
    assert "running, not followed" in shown.stdout and "vivero recover src-" in shown.stderr, shown.stdout
    assert record_of(command_line)["status"] == "running"  # as it is recorded: reading changes nothing
    assert "or finish it: vivero recover" in command_line.vivero("delete", "latest", "--yes").stderr
    assert "not followed" in command_line.vivero("show", "latest").stdout
    done = command_line.vivero("recover")
    assert done.returncode == 0 and "is failed: the worker ended without a result" in done.stdout, done.stderr
    assert record_of(command_line)["status"] == "failed" and record_of(command_line)["followed"]
    assert "Nothing to recover" in command_line.vivero("recover").stderr


def test_a_log_is_followed_no_longer_than_somebody_is_there(command_line: CommandLine) -> None:
    command_line.script(ENDLESS)
    process = begin(command_line)
    process.kill()
    process.wait()
    follower = command_line.start("runner.cli", "logs", "-f", "latest")
    assert follower.stdout is not None and follower.stdout.readline() == b"begun\n"
    os.kill(json.loads((folder_of(command_line) / "process.json").read_text())["pid"], signal.SIGKILL)
    _, err = follower.communicate(timeout=60)
    assert follower.returncode == 0 and b"vivero recover" in err


def test_cancel_ends_a_run_that_nobody_follows(command_line: CommandLine) -> None:
    command_line.script(ENDLESS)
    process = begin(command_line)
    process.kill()
    process.wait()
    os.kill(json.loads((folder_of(command_line) / "process.json").read_text())["pid"], signal.SIGKILL)
    wait_for(lambda: not record_of(command_line)["followed"], 20)
    assert "is failed" in command_line.vivero("cancel", "latest").stdout


def test_sixteen_runs_at_once(command_line: CommandLine) -> None:
    command_line.script("print('here')")
    with ThreadPoolExecutor(16) as pool:
        done = list(pool.map(lambda _: command_line.job(), range(16)))
    assert [process.returncode for process in done] == [0] * 16, [process.stderr for process in done]
    assert len(json.loads(command_line.vivero("runs", "--json").stdout)) == 16


def test_a_reader_that_leaves_does_not_end_the_run(command_line: CommandLine) -> None:
    command_line.script("print('x' * 1000000)")
    process = command_line.start("runner", "job.source=src", "job.script=train.py")
    assert process.stdout is not None and process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(60) == 0
    assert record_of(command_line)["status"] == "completed"


LARGE = """
import sys, joblib, numpy
from sklearn.neighbors import KNeighborsClassifier
n = int(sys.argv[1])
joblib.dump(KNeighborsClassifier().fit(numpy.random.rand(n, 10), [0, 1] * (n // 2)), "outputs/m.joblib")
"""


@pytest.mark.parametrize("rows", [12000, 22000, 60000], ids=["registering", "recording", "the script itself"])
def test_a_full_disk_is_one_line_and_what_was_begun_is_finished_later(
    rows: int, command_line: CommandLine, small_disk: Any
) -> None:
    command_line.script(LARGE)
    done = command_line.job(f"workspace.root={small_disk}/w", f"job.arguments=[{rows}]", "model.name=large")
    assert done.returncode in (1, 2), done.stdout + done.stderr
    assert "No space left on device" in done.stderr + done.stdout and "Traceback" not in done.stderr
    options = ("--workspace", f"{small_disk}/w", "--json")
    assert json.loads(command_line.vivero("models", *options).stdout) == []
    listed = command_line.vivero("runs", *options)
    assert "Traceback" not in listed.stderr and len(json.loads(listed.stdout)) == 1
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    command_line.vivero("recover", *options)
    (run,) = json.loads(command_line.vivero("runs", *options).stdout)
    models = json.loads(command_line.vivero("models", *options).stdout)
    assert (run["status"], len(models)) in (("completed", 1), ("failed", 0))
    assert not list(small_disk.glob("w/runs/*/*/.*.tmp"))


REFUSED = {
    "class in the script": (
        "import joblib\nfrom sklearn.svm import SVC\nclass Mine(SVC): pass\njoblib.dump(Mine(), 'outputs/m.joblib')",
        "Mine",
    ),
    "no model": ("open('outputs/m.joblib', 'w').write('hello')", "was not registered"),
    "nothing": ("pass", "wrote no model"),
    "two": ("[open(f'outputs/{n}.pkl', 'w') for n in 'ab']", "look like a model"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_model_is_refused(name: str, command_line: CommandLine) -> None:
    text, reason = REFUSED[name]
    command_line.script(text)
    done = command_line.job("model.name=mine")
    assert done.returncode == 2
    assert reason in record_of(command_line)["error"]
    assert json.loads(command_line.vivero("models", "--json").stdout) == []


def test_another_framework_version_is_refused(command_line: CommandLine) -> None:
    command_line.script(MODEL.replace("sys.argv[-1]", "'rbf'"))
    done = command_line.job("model.name=mine", "model.framework_version='0.24'")
    assert done.returncode == 2
    assert "0.24" in record_of(command_line)["error"]


def test_a_link_out_of_the_run_is_not_followed(command_line: CommandLine) -> None:
    secret = command_line.folder / "secret.txt"
    secret.write_text("secret")
    command_line.script(f"import os; os.symlink({str(secret)!r}, 'outputs/link.txt'); open('outputs/a', 'w')")
    assert command_line.job().returncode == 0
    record = record_of(command_line)
    assert [output["path"] for output in record["finalize"]["outputs"]] == ["a"]
    assert any("link.txt" in note for note in record["run"]["notes"])


def test_a_record_from_the_future(command_line: CommandLine) -> None:
    command_line.script("pass")
    assert command_line.job().returncode == 0
    path = folder_of(command_line) / "run.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "format": 99}))
    done = command_line.vivero("show", record["id"])
    assert done.returncode == 1
    assert "format 99" in done.stderr and "Traceback" not in done.stderr


def test_secrets_stop_the_run(command_line: CommandLine) -> None:
    command_line.script("pass")
    command_line.script("TOKEN=1", ".env")
    done = command_line.job()
    assert done.returncode != 0
    assert ".env" in done.stderr + done.stdout
