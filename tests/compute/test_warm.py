"""Warm interpreters: which runs share one, and what happens when one is not there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.compute.local.compute import LocalCompute
from runner.compute.local.job import ForkedJob, LocalJob
from runner.compute.local.prefork import AVAILABLE
from runner.environments.current import CurrentEnvironment
from runner.environments.handle import PrefixHandle
from runner.hosts.local import LocalHost
from runner.layout import Layout
from tests.support.command_line import ROOT
from tests.support.run_folders import lives, make_order
from tests.support.waiting import wait_for

pytestmark = pytest.mark.skipif(not AVAILABLE, reason="nothing is forked on this system")


class Trials:
    """Runs in a workspace."""

    def __init__(self, folder: Path) -> None:
        self.layout = Layout(folder / "workspace")
        self.handle = CurrentEnvironment(self.layout).prepare(LocalHost(), lambda _line: None)
        self.made = 0

    def prepare(self, script: str, **order: Any) -> Any:
        self.made += 1
        run = self.layout.run("mine", f"mine-{self.made}")
        for folder in (run.logs, run.outputs, run.requests, run.work / "outputs", run.work / "logs"):
            folder.mkdir(parents=True)
        (run.work / "train.py").write_text(script)
        argv = self.handle.argv(["python", "train.py"])
        plain = {"run_id": run.root.name, "experiment": "mine", "number": 1, "argv": argv}
        written = make_order(**{**plain, **order}).to_json()
        run.order.write_text(json.dumps(written))
        return run

    def run(self, compute: Any, script: Any, **order: Any) -> Any:
        run = self.prepare(script, **order)
        job = compute.submit(run.root, self.handle)
        wait_for(lambda: job.wait(1), 60)
        return job, run


@pytest.fixture
def trials(tmp_path: Path) -> Any:
    return Trials(tmp_path)


@pytest.fixture
def compute() -> Iterator[Any]:
    compute = LocalCompute(warm=True)
    yield compute
    compute.close()


def status(run: Any) -> Any:
    return json.loads(run.result.read_text())["status"]


def test_runs_of_the_same_variables_share_one(trials: Any, compute: Any) -> None:
    for _ in range(2):
        job, run = trials.run(compute, "print('x')")
        assert isinstance(job, ForkedJob) and status(run) == "completed"
    assert len(compute.pool.pids()) == 1


def test_other_variables_or_another_script_need_another(trials: Any, compute: Any) -> None:
    seen = [trials.run(compute, "import os; print(os.environ.get('A'))", variables={"A": a})[1].log for a in "12"]
    assert [path.read_text() for path in seen] == ["1\n", "2\n"]
    trials.run(compute, "print('y')")
    assert len(compute.pool.pids()) == 3


def test_at_most_a_few_are_kept(trials: Any, compute: Any) -> None:
    known = set()
    for number in range(6):
        trials.run(compute, f"print({number})")
        known.update(compute.pool.pids())
    assert len(known) == 6 and len(compute.pool.pids()) == 4
    assert sum(map(lives, known)) == 4


def test_close_ends_them_and_leaves_the_workers(trials: Any, compute: Any) -> None:
    run = trials.prepare("import sys, os\nprint('begun', flush=True)\nopen('fifo').read()\nprint('ended')")
    os.mkfifo(run.work / "fifo")
    job = compute.submit(run.root, trials.handle)
    wait_for(lambda: run.log.exists() and "begun" in run.log.read_text())
    (pid,) = compute.pool.pids()
    compute.close()
    assert not lives(pid) and not job.wait(0)
    (run.work / "fifo").write_text("go on")
    wait_for(lambda: job.wait(1))
    assert status(run) == "completed"
    after, run = trials.run(compute, "print('x')")
    assert isinstance(after, LocalJob) and status(run) == "completed"


def test_one_that_was_killed_is_replaced(trials: Any, compute: Any) -> None:
    trials.run(compute, "print('x')")
    (pid,) = compute.pool.pids()
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not lives(pid))
    job, run = trials.run(compute, "print('x')")
    assert isinstance(job, ForkedJob) and status(run) == "completed"
    assert compute.pool.pids() != [pid]


def test_a_run_goes_on_when_its_interpreter_is_killed(trials: Any, compute: Any) -> None:
    run = trials.prepare("print('begun', flush=True)\nopen('fifo').read()\nprint('ended')", finish=["touch"])
    os.mkfifo(run.work / "fifo")
    job = compute.submit(run.root, trials.handle)
    wait_for(lambda: run.log.exists() and "begun" in run.log.read_text())
    os.kill(compute.pool.pids()[0], signal.SIGKILL)
    (run.work / "fifo").write_text("go on")
    wait_for(lambda: job.wait(1))
    assert status(run) == "completed" and run.log.read_text() == "begun\nended\n"


def test_one_that_cannot_be_started_is_said_and_the_run_goes_its_way(
    trials: Any, compute: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runner.worker.prefork.launch.BOOTSTRAP", trials.layout.root / "nothing.py")
    job, run = trials.run(compute, "print('x')")
    assert isinstance(job, LocalJob) and status(run) == "completed"
    assert "started a new interpreter" in run.worker_log.read_text()


@pytest.mark.parametrize("argv", [["python", "-u", "train.py"], ["python", "-m", "train"], ["sh", "-c", "echo x"]])
def test_other_commands_are_started_afresh(trials: Any, compute: Any, argv: Any) -> None:
    job, run = trials.run(compute, "print('x')", argv=trials.handle.argv(argv))
    assert isinstance(job, LocalJob) and run.log.read_text() == "x\n"
    assert run.worker_log.read_text() == ""


@pytest.mark.parametrize(
    "does", ["threading.Thread(target=threading.Event().wait, daemon=True).start()", "print('hello')"]
)
def test_a_module_that_does_something_is_left_out(trials: Any, compute: Any, tmp_path: Path, does: str) -> None:
    """It is put where the environment's modules are found; the interpreter then begins again without it."""
    venv.create(tmp_path / "environment", symlinks=True)
    (site,) = (tmp_path / "environment").glob("lib/python*/site-packages")
    trials.handle = PrefixHandle(trials.handle.record, tmp_path / "environment" / "bin" / "python", "")
    (site / "threads_of_its_own.py").write_text(f"import threading\n{does}\n")
    job, run = trials.run(compute, "import threads_of_its_own, threading\nprint(threading.active_count())")
    assert isinstance(job, ForkedJob) and status(run) == "completed"
    assert run.log.read_text() == ("hello\n1\n" if "hello" in does else "2\n")
    (known,) = (trials.layout.environments / "warm").iterdir()
    assert json.loads(known.read_text())["refused"] == ["threads_of_its_own"]


def test_what_a_script_imports_is_known_the_next_time(trials: Any, compute: Any) -> None:
    script = "import sys\nprint('wave' in sys.modules)\ndef f():\n    import wave\nf()"
    assert trials.run(compute, script)[1].log.read_text() == "False\n"
    again = LocalCompute(warm=True)
    try:
        assert trials.run(again, script)[1].log.read_text() == "True\n"
    finally:
        again.close()


@pytest.mark.parametrize("happens", ["nothing", "killed", "closed"])
def test_one_that_is_begun_early(trials: Any, compute: Any, happens: str) -> None:
    """It is the one that the first run is forked from, unless it died, and nobody has to wait for its imports."""
    ahead = trials.prepare("print('x')")
    compute.warm_up(ahead.root, trials.handle)
    compute.warm_up(ahead.root, trials.handle)
    (begun,) = compute.pool.pids()
    if happens == "killed":
        os.kill(begun, signal.SIGKILL)
        wait_for(lambda: not lives(begun))
    if happens == "closed":
        compute.close()
        assert not lives(begun)
        return
    job, run = trials.run(compute, "print('x')")
    assert isinstance(job, ForkedJob) and status(run) == "completed" and run.worker_log.read_text() == ""
    assert (compute.pool.pids() == [begun]) == (happens == "nothing") and len(compute.pool.pids()) == 1


def test_begun_early_for_what_is_not_forked(trials: Any, compute: Any) -> None:
    ahead = trials.prepare("print('x')", argv=trials.handle.argv(["sh", "-c", "echo x"]))
    compute.warm_up(ahead.root, trials.handle)
    assert compute.pool.pids() == []


def test_many_at_once(trials: Any, compute: Any) -> None:
    runs = [trials.prepare("print('x')") for _ in range(12)]
    jobs = {}

    def submit(run: Any) -> None:
        jobs[run.root] = compute.submit(run.root, trials.handle)

    threads = [threading.Thread(target=submit, args=(run,)) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for run in runs:
        wait_for(lambda run=run: jobs[run.root].wait(1), 30)
        assert isinstance(jobs[run.root], ForkedJob) and status(run) == "completed"
    assert len(compute.pool.pids()) == 1


CONTROLLER = """
    import sys, threading
    from pathlib import Path
    from runner.compute.local.compute import LocalCompute
    from runner.environments.current import CurrentEnvironment
    from runner.hosts.local import LocalHost
    from runner.layout import Layout
    handle = CurrentEnvironment(Layout(Path(sys.argv[1]))).prepare(LocalHost(), lambda line: None)
    compute = LocalCompute(warm=True)
    job = compute.submit(Path(sys.argv[2]), handle)
    print(type(job).__name__, *compute.pool.pids(), flush=True)
    threading.Event().wait()
"""


@pytest.mark.parametrize("first", ["controller", "script"])
def test_a_run_whose_controller_is_killed_finishes_itself(trials: Any, tmp_path: Path, first: str) -> None:
    finish = [sys.executable, "-c", "import sys; open(sys.argv[1] + '/finished', 'w').write('yes')"]
    run = trials.prepare("print('begun', flush=True)\nopen('fifo').read()\nprint('ended')", finish=finish)
    os.mkfifo(run.work / "fifo")
    controller = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(CONTROLLER), str(trials.layout.root), str(run.root)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert controller.stdout is not None
    try:
        kind, pid = controller.stdout.readline().split()
        assert kind == b"ForkedJob"
        wait_for(lambda: run.log.exists() and "begun" in run.log.read_text())
        worker = json.loads(run.process.read_text())["pid"]
        if first == "script":
            (run.work / "fifo").write_text("go on")
            wait_for(lambda: run.result.exists() and not lives(worker))
            assert not (run.root / "finished").exists()  # the controller does it
            return
        controller.kill()
        wait_for(lambda: not lives(int(pid)))
        assert lives(worker)
        (run.work / "fifo").write_text("go on")
        wait_for((run.root / "finished").exists)
        assert status(run) == "completed" and run.log.read_text() == "begun\nended\n"
    finally:
        controller.kill()
        controller.wait()
        controller.stdout.close()
