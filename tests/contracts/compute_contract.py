"""The contract of computes. Inherit the class and define `compute` and `handle` fixtures."""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from runner.execution.control import request_cancel
from runner.io.files import write_json
from runner.layout import Layout
from runner.store.snapshots import FileSnapshotStore
from tests.support.run_folders import make_order
from tests.support.waiting import wait_for

ENDLESS = "import threading\nprint('begun', flush=True)\nthreading.Event().wait()\n"


class ComputeContract:
    @pytest.fixture
    def submit(self, compute: Any, handle: Any, tmp_path: Path) -> Any:
        def submit(text: Any) -> Any:
            source = tmp_path / "source"
            source.mkdir()
            (source / "train.py").write_text(text)
            layout = Layout(tmp_path / "workspace")
            snapshots = FileSnapshotStore(layout)
            snapshot = snapshots.save(source, print).hash
            run = layout.run("e", "r")
            for folder in (run.logs, run.outputs, run.requests):
                folder.mkdir(parents=True)
            if not compute.apart:
                snapshots.check_out(snapshot, run.work)
                for name in ("outputs", "logs"):
                    (run.work / name).mkdir()
            order = make_order(
                run_id="r", experiment="e", number=1, snapshot=snapshot, argv=handle.inside(["python", "train.py"]),
                inspector=handle.inside(["python"]), python=handle.argv(["python"]), attended=handle.attended,
                finish=[], answer=[],
            )  # fmt: skip
            write_json(run.order, order.to_json())
            compute.warm_up(run.root, handle)
            return compute.submit(run.root, handle), run

        return submit

    def process_file(self, run: Any) -> Any:
        return run.process

    def number_here(self, run: Any, pid: int) -> int:
        """Return the pid on this machine of a run's process, which may be on another machine."""
        return pid

    def test_scale_names_nodes_and_slots(self, compute: Any) -> None:
        scaled = compute.scale()
        assert scaled.nodes and scaled.slots == compute.slots >= 1

    def test_a_job_ends_with_a_result(self, submit: Any) -> None:
        job, run = submit("print('hello')")
        wait_for(lambda: job.wait(1), 30)
        assert json.loads(run.result.read_text())["status"] == "completed"
        assert run.log.read_text() == "hello\n"

    def test_wait_returns_while_the_job_goes_on_and_cancel_ends_it(self, submit: Any) -> None:
        job, run = submit(ENDLESS)
        wait_for(lambda: run.log.exists() and "begun" in run.log.read_text(), 30)
        assert job.wait(0.01) is False
        job.cancel()
        wait_for(lambda: job.wait(1), 30)
        assert json.loads(run.result.read_text())["status"] == "canceled"

    def test_a_job_is_found_again_and_ended(self, compute: Any, handle: Any, submit: Any) -> None:
        job, run = submit(ENDLESS)
        wait_for(lambda: run.log.exists() and "begun" in run.log.read_text(), 30)
        attached = compute.attach(run.root, lambda _host: handle)
        assert attached.wait(0.01) is False
        request_cancel(run, "a test")
        attached.cancel()
        wait_for(lambda: job.wait(1), 30)
        wait_for(lambda: attached.wait(1), 30)
        assert json.loads(run.result.read_text())["status"] == "canceled"
        assert compute.attach(run.root, lambda _host: handle) is None

    def test_kill_ends_everything_at_once(self, submit: Any) -> None:
        job, run = submit(
            f"import os, signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint(os.getpid())\n{ENDLESS}"
        )
        wait_for(lambda: run.log.exists() and "begun" in run.log.read_text(), 30)
        pid = self.number_here(run, int(run.log.read_text().split()[0]))
        job.cancel(kill=True)
        wait_for(lambda: job.wait(1), 10)
        wait_for(lambda: not _alive(pid), 10)

    def test_the_worker_is_in_a_session_of_its_own(self, submit: Any) -> None:
        job, run = submit(ENDLESS)
        process = self.process_file(run)
        wait_for(process.exists, 30)
        pid = self.number_here(run, json.loads(process.read_text())["pid"])
        assert os.getsid(pid) != os.getsid(0)
        os.kill(pid, signal.SIGTERM)
        wait_for(lambda: job.wait(1), 30)


def _alive(pid: Any) -> bool:
    if sys.platform != "linux":
        return True
    try:
        return open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
