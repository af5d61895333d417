from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from runner.layout import BOOTSTRAP, WORKER
from runner.records import ResultRecord
from tests.support.pythons import is_there, others, version_of
from tests.support.run_folders import lives, make
from tests.support.waiting import wait_for

SLEEP = "import time\nprint('ready', flush=True)\ntime.sleep(60)\n"
STUBBORN = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SLEEP
ORPHAN = """
import subprocess, sys
child = "import os,time; open('pid','w').write(str(os.getpid())+'\\\\n'); time.sleep(60)"
middle = "import subprocess,sys; subprocess.Popen([sys.executable,'-c',sys.argv[1]], start_new_session=True)"
subprocess.check_call([sys.executable, '-c', middle, child])
import os, time
while not os.path.exists('pid') or not open('pid').read(): time.sleep(0.01)
"""


def test_a_script_that_ends_well(tmp_path: Path) -> None:
    script = "import sys, os\nprint(sys.argv, sys.path[0], os.getcwd(), __name__)\nx = bytearray(50 << 20)\n"
    run = make(tmp_path, script, "--kernel", "rbf")
    result = run.run()
    assert result["status"] == "completed"
    assert (result["exit_code"], result["signal"], result["reason"], result["notes"]) == (0, None, None, [])
    work = str(run.work)
    assert run.log.decode() == f"{['train.py', '--kernel', 'rbf']} {work} {work} __main__\n"
    assert 50 << 20 < result["peak_memory"] < 200 << 20
    assert 0 < result["cpu_seconds"] < 10
    assert 0 < result["duration"] < 10
    assert result["started"] < result["ended"]
    assert result["python_version"] == ".".join(map(str, sys.version_info[:3]))
    assert ResultRecord.from_json(result).to_json() == result
    assert not (run.root / "process.json").exists()
    assert run.worker_log == ""


def test_variables(tmp_path: Path) -> None:
    script = "import os, json\nprint(json.dumps(dict(os.environ)))\n"
    base = {**os.environ, "PYTHONPATH": "/mine", "GONE": "1", "KEPT": "2"}
    run = make(tmp_path, script, variables={"GONE": None, "GIVEN": "a b"})
    run.run(env=base)
    seen = json.loads(run.log)
    assert seen["VIVERO_RUN_DIR"] == str(run.root)
    assert (seen["VIVERO_RUN_ID"], seen["AZUREML_RUN_ID"]) == ("iris-1", "iris-1")
    assert (seen["VIVERO_EXPERIMENT"], seen["VIVERO_RUN_NUMBER"]) == ("iris", "7")
    assert seen["PYTHONPATH"] == f"{WORKER / 'shims'}:/mine"
    assert seen["MLFLOW_TRACKING_URI"] == (run.root / "mlflow").as_uri()
    assert seen["MLFLOW_ALLOW_FILE_STORE"] == "true"
    assert (seen["KEPT"], seen["GIVEN"]) == ("2", "a b")
    assert "GONE" not in seen


def test_the_users_mlflow_address_is_kept(tmp_path: Path) -> None:
    script = "import os\nprint(os.environ['MLFLOW_TRACKING_URI'], 'PYTHONUNBUFFERED' in os.environ)\n"
    variables = {"MLFLOW_TRACKING_URI": "sqlite:///x", "PYTHONUNBUFFERED": None}
    run = make(tmp_path, script, variables=variables)
    run.run()
    assert run.log == b"sqlite:///x False\n"


def test_timeout(tmp_path: Path) -> None:
    result = make(tmp_path, "while True: pass\n", timeout=0.5).run()
    assert (result["status"], result["reason"], result["signal"]) == ("failed", "timeout after 0.5 s", "SIGTERM")
    assert 0.5 <= result["duration"] < 5


def test_a_script_that_ignores_sigterm_is_killed_after_the_grace(tmp_path: Path) -> None:
    result = make(tmp_path, STUBBORN, timeout=1, grace=0.5).run()
    assert (result["reason"], result["signal"]) == ("timeout after 1 s", "SIGKILL")
    assert result["duration"] >= 1.5


def test_a_script_may_end_in_order(tmp_path: Path) -> None:
    tidy = "import signal, sys\nsignal.signal(signal.SIGTERM, lambda *a: (print('tidied'), sys.exit(0)))\n"
    run = make(tmp_path, tidy + SLEEP, timeout=1)
    result = run.run()
    assert (result["status"], result["exit_code"], result["reason"]) == ("failed", 0, "timeout after 1 s")
    assert run.log == b"ready\ntidied\n"


@pytest.mark.parametrize("way", ["file", "signal"])
def test_cancel(tmp_path: Path, way: str) -> None:
    run = make(tmp_path, SLEEP)
    worker = run.start()
    run.saying(b"ready")
    known = json.loads((run.root / "process.json").read_text())
    assert known["pid"] == worker.pid
    assert lives(known["script"])
    if way == "file":
        (run.root / "cancel.json").write_text("{}")
    else:
        worker.send_signal(signal.SIGTERM)
    worker.wait(10)
    assert (run.result["status"], run.result["reason"]) == ("canceled", "canceled")
    assert not lives(known["script"])


def test_a_second_signal_ends_at_once(tmp_path: Path) -> None:
    run = make(tmp_path, STUBBORN, grace=60)
    worker = run.start()
    run.saying(b"ready")
    worker.send_signal(signal.SIGTERM)

    def ends() -> bool:
        if worker.poll() is not None:
            return True
        worker.send_signal(signal.SIGTERM)
        return False

    wait_for(ends, 10)
    assert (run.result["status"], run.result["signal"]) == ("canceled", "SIGKILL")


def test_canceled_before_it_began(tmp_path: Path) -> None:
    run = make(tmp_path, "print('ran')")
    (run.root / "cancel.json").write_text("{}")
    assert run.run()["status"] == "canceled"
    assert run.log == b""


def test_cancel_reaches_processes_that_left_the_group(tmp_path: Path) -> None:
    run = make(tmp_path, ORPHAN + SLEEP)
    worker = run.start()
    run.saying(b"ready")
    orphan = run.number("pid")
    assert lives(orphan)
    worker.send_signal(signal.SIGTERM)
    worker.wait(10)
    assert run.result["status"] == "canceled"
    assert not lives(orphan)


def test_what_the_script_leaves_running_is_ended_and_noted(tmp_path: Path) -> None:
    run = make(tmp_path, ORPHAN)
    result = run.run()
    assert (result["status"], result["exit_code"]) == ("completed", 0)
    assert len(result["notes"]) == 1
    assert str(run.number("pid")) in result["notes"][0]
    assert not lives(run.number("pid"))


def test_a_helper_that_leaves_by_itself_is_not_noted(tmp_path: Path) -> None:
    script = "import subprocess, sys\nsubprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(.1)'])\n"
    assert make(tmp_path, script).run()["notes"] == []


def test_memory_and_time_of_descendants_count(tmp_path: Path) -> None:
    child = "x = bytearray(150 << 20); sum(range(5000000))"
    run = make(tmp_path, f"import subprocess, sys\nsubprocess.check_call([sys.executable, '-c', {child!r}])\n")
    result = run.run()
    assert result["peak_memory"] > 150 << 20
    assert result["cpu_seconds"] > 0.05


def test_the_death_of_the_worker_ends_the_script(tmp_path: Path) -> None:
    run = make(tmp_path, STUBBORN)
    worker = run.start()
    run.saying(b"ready")
    script = json.loads((run.root / "process.json").read_text())["script"]
    worker.kill()
    worker.wait()
    wait_for(lambda: not lives(script))
    assert not (run.root / "result.json").exists()


def test_one_worker_a_run(tmp_path: Path) -> None:
    run = make(tmp_path, "print('ran')")
    with (run.root / "worker.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert run.start().wait(10) == 1
    assert "another worker" in run.worker_log
    run.run()
    before = run.result
    assert run.start().wait(10) == 1
    assert (run.result, run.log) == (before, b"ran\n")


@pytest.mark.parametrize(
    ("argv", "reason"),
    [
        (["/no/such/python", "x"], "cannot start /no/such/python: No such file or directory"),
        (["./train.py"], "cannot start ./train.py: Permission denied"),
        (["a\0b"], "cannot start a\0b: embedded null byte"),
    ],
)
def test_a_command_that_cannot_be_started(tmp_path: Path, argv: list[str], reason: str) -> None:
    result = make(tmp_path, "", argv=argv).run()
    assert (result["status"], result["reason"], result["exit_code"]) == ("failed", reason, None)


def test_a_missing_folder_and_a_broken_order(tmp_path: Path) -> None:
    run = make(tmp_path, "")
    run.work.rename(run.root / "elsewhere")
    assert "is missing" in run.run()["reason"]
    broken = make(tmp_path / "second", "")
    (broken.root / "order.json").write_text('{"run_id": "x"}')
    result = broken.run()
    assert result["status"] == "failed" and result["reason"].startswith("order.json has no experiment and no argv")
    later = make(tmp_path / "third", "", format=2)
    reason = "order.json has format 2, this release reads up to 1: upgrade vivero"
    assert later.run()["reason"] == reason and later.worker_log == f"{reason}\n"


@pytest.mark.parametrize("detach", [True, False])
def test_finish_is_called_when_nobody_else_would(tmp_path: Path, detach: bool) -> None:
    note = "import sys, fcntl\ntry: fcntl.flock(open(sys.argv[1] + '/worker.lock'), fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
    note += "except BlockingIOError:\n"  # the run is not without anybody for a moment
    note += " open(sys.argv[1] + '/finished', 'w').write(str(open(sys.argv[1] + '/result.json').read() > ''))"
    run = make(tmp_path, "", detach=detach, finish=[sys.executable, "-c", note])
    log = run.root / "logs" / "worker.log"
    starter = (
        "import subprocess, sys; subprocess.Popen(sys.argv[2:], start_new_session=True,"
        " stdin=subprocess.DEVNULL, stdout=open(sys.argv[1], 'w'), stderr=subprocess.STDOUT)"
    )
    command = [sys.executable, "-c", starter, str(log), sys.executable, str(BOOTSTRAP), "run.lifecycle", str(run.root)]
    subprocess.run(command, check=True)
    wait_for((run.root / "finished").exists)


def test_finish_is_left_to_a_controller_that_is_there(tmp_path: Path) -> None:
    run = make(tmp_path, "", finish=[sys.executable, "-c", "import sys; open(sys.argv[1] + '/finished', 'w')"])
    run.run()
    assert not (run.root / "finished").exists()


def test_requests_are_answered_while_the_script_waits(tmp_path: Path) -> None:
    script = """
import json, os, time
folder = os.environ['VIVERO_RUN_DIR'] + '/requests/'
for n in '1', '2':
    open(folder + '.' + n, 'w').write('{}')
    os.rename(folder + '.' + n, folder + n + '.json')
    while not os.path.exists(folder + n + '.answer.json'): time.sleep(0.01)
    print(json.load(open(folder + n + '.answer.json'))['ok'], flush=True)
"""
    answer = (
        "import sys, os; name = sys.argv[2][:-5]; name.endswith('2') and os.abort();"
        " assert 'VIVERO_RUN_DIR' not in os.environ; open(name + '.new', 'w').write('{\"ok\": true}');"
        " os.rename(name + '.new', name + '.answer.json')"
    )
    run = make(tmp_path, script, answer=[sys.executable, "-c", answer])
    assert run.run()["status"] == "completed"
    assert run.log == b"True\nFalse\n"
    refused = json.loads((run.root / "requests" / "2.answer.json").read_text())
    assert refused == {"ok": False, "error": "the process that answers requests ended without an answer (SIGABRT)"}


@pytest.mark.parametrize("python", others((3, 6), (3, 9)))
def test_older_pythons(tmp_path: Path, python: Path | None) -> None:
    python = is_there(python)
    run = make(tmp_path, "import sys\nprint(sys.version_info[:2])\nsys.exit(7)\n", python=str(python))
    result = run.run()
    said = f"exit code 7: ({', '.join(version_of(python).split('.')[:2])})"
    assert (result["reason"], run.worker_log) == (said, "")
    assert result["python_version"] == version_of(python)
    again = make(tmp_path / "again", ORPHAN + "while True: pass\n", python=str(python), timeout=1.5)
    assert again.run()["reason"] == "timeout after 1.5 s"
    assert not lives(again.number("pid"))


def test_modules_of_the_environment_that_are_named_as_ours(tmp_path: Path) -> None:
    """Each sees its own, also where one is there before the worker begins."""
    site = tmp_path / "site"
    site.mkdir()
    names = ("files", "locks", "processes", "run", "metrics")
    for name in names:
        (site / f"{name}.py").write_text("MINE = 1\n")
    (site / "sitecustomize.py").write_text(f"import {', '.join(names)}\n")
    run = make(tmp_path, f"import {', '.join(names)}\nprint(files.MINE, run.MINE, metrics.MINE)\n")
    assert run.run(env={**os.environ, "PYTHONPATH": str(site)})["status"] == "completed", run.worker_log
    assert run.log == b"1 1 1\n" and run.worker_log == ""
