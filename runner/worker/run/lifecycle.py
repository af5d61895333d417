"""Executes the job order in a run's folder, up to ``result.json`` and the finished record."""

import os
import subprocess
import sys
import time
import traceback

from .. import files, job_order, layout, locks
from . import processes, supervise, worker_result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Optional

_TICK = 0.02
_CONTROLLER_LEAVES = 30.0


def main(arguments: "List[str]") -> int:
    """Run the worker of the run in the given folder."""
    parent = os.getppid()
    if len(arguments) != 1:
        print("usage: run.lifecycle RUN_DIR", file=sys.stderr)
        return 1
    return carry_out(arguments[0], lambda: os.getppid() != parent or parent == 1, dict(os.environ))


def carry_out(
    run_dir: str, gone: "Callable[[], bool]", environ: "Dict[str, str]", start: "Any" = processes.start
) -> int:
    """Execute the order in a run's folder. Finish the run's record if the controller is gone.

    Parameters
    ----------
    run_dir : str
        The run's folder.
    gone : callable
        Returns whether the controller has ended.
    environ : dict
        The controller's environment variables.
    start : callable
        Starts the script, as ``processes.start`` does.
    """
    run_dir = os.path.abspath(run_dir)
    lock = locks.take_lock(os.path.join(run_dir, layout.WORKER_LOCK))
    if lock is None:
        print("another worker is running this run", file=sys.stderr)
        return 1
    if os.path.exists(os.path.join(run_dir, layout.RESULT)):
        print("this run already has a result", file=sys.stderr)
        return 1
    order: "Optional[job_order.JobOrder]" = None
    supervisor: "Optional[supervise.Supervisor]" = None
    code = 0
    try:
        order = job_order.read(run_dir)
        job_order.forget(run_dir)
        supervisor = supervise.Supervisor(run_dir, order, environ, start)
        result = supervisor.run()
    except job_order.UnreadableError as error:
        print(error, file=sys.stderr)
        code, result = 1, _not_started(str(error))
    except Exception as error:
        traceback.print_exc()
        reason = "worker error: {}: {}".format(type(error).__name__, error)
        code, result = 1, supervisor.abandon(reason) if supervisor else _not_started(reason)
    if order is not None:
        result = result.with_texts(order.without_secrets)
    files.write_json(os.path.join(run_dir, layout.RESULT), result.to_json())
    files.remove_file(os.path.join(run_dir, layout.PROCESS))
    if order is not None and not order.attended:
        _finish(order, run_dir, environ, gone)
    os.close(lock)  # not before, because it shows that the run is followed
    return code


def _not_started(reason: str) -> "worker_result.WorkerResult":
    return worker_result.result(None, files.now(), None, worker_result.Usage(), reason=reason)


def _finish(order: "job_order.JobOrder", run_dir: str, environ: "Dict[str, str]", gone: "Callable[[], bool]") -> None:
    """Run the controller's command to finish the record if there is no controller."""
    until = time.monotonic() + _CONTROLLER_LEAVES
    held = os.path.join(run_dir, layout.CONTROLLER_LOCK)
    while order.detach and locks.is_locked(held) and time.monotonic() < until:
        time.sleep(_TICK)  # the controller is about to exit, and would still count as following the run
    if (gone() or order.detach) and order.finish:
        try:
            subprocess.call([*order.finish, run_dir], env=environ, stdin=subprocess.DEVNULL, stdout=sys.stderr)
        except OSError:
            traceback.print_exc()
