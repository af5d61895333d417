"""Executes the job order in a run's folder, up to ``result.json`` and the finished record."""

import os
import subprocess
import sys
import time
import traceback

import files
import job_order
import locks
import processes
import supervise
import worker_result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Optional

_TICK = 0.02
_CONTROLLER_LEAVES = 30.0


def main(
    arguments: "List[str]", gone: "Callable[[], bool]", environ: "Dict[str, str]", start: "Any" = processes.start
) -> int:
    """Execute the order in a run's folder, and finish the run's record if there is no controller.

    Parameters
    ----------
    arguments : list of str
        The run's folder.
    gone : callable
        Returns whether the controller has ended.
    environ : dict
        The controller's environment variables.
    start : callable
        Starts the script, as ``processes.start`` does.
    """
    if len(arguments) != 1:
        print("usage: python {} RUN_DIR".format(processes.HERE), file=sys.stderr)
        return 1
    run_dir = os.path.abspath(arguments[0])
    lock = locks.take_lock(os.path.join(run_dir, "worker.lock"))
    if lock is None:
        print("another worker is running this run", file=sys.stderr)
        return 1
    if os.path.exists(os.path.join(run_dir, "result.json")):
        print("this run already has a result", file=sys.stderr)
        return 1
    order: "Dict[str, Any]" = {}
    supervisor: "Optional[supervise.Supervisor]" = None
    code = 0
    try:
        order = job_order.read(run_dir)
        job_order.forget(run_dir)
        supervisor = supervise.Supervisor(run_dir, order, environ, start)
        found = supervisor.run()
    except Exception as error:
        traceback.print_exc()
        code = 1
        found = (
            supervisor.abandon() if supervisor else worker_result.result(None, files.now(), None, worker_result.Usage())
        )
        found.update(status=worker_result.FAILED, reason="worker error: {}: {}".format(type(error).__name__, error))
    if order.get("secret") or order.get("shown_argv"):
        found["reason"] = found["reason"] and job_order.without_secrets(found["reason"], order)
        found["notes"] = [job_order.without_secrets(note, order) for note in found.get("notes") or []]
    files.write_json(os.path.join(run_dir, "result.json"), found)
    files.remove_file(os.path.join(run_dir, "process.json"))
    _finish(order, run_dir, environ, gone)
    os.close(lock)  # not before, because it shows that the run is followed
    return code


def _finish(order: "Dict[str, Any]", run_dir: str, environ: "Dict[str, str]", gone: "Callable[[], bool]") -> None:
    """Run the controller's command to finish the record if there is no controller."""
    until = time.monotonic() + _CONTROLLER_LEAVES
    held = os.path.join(run_dir, ".lock")
    while order.get("detach") and locks.is_locked(held) and time.monotonic() < until:
        time.sleep(_TICK)  # the controller is on its way out, and would still be taken for the one who minds the run
    if (gone() or order.get("detach")) and order.get("finish"):
        try:
            subprocess.call(order["finish"] + [run_dir], env=environ, stdin=subprocess.DEVNULL, stdout=sys.stderr)
        except OSError:
            traceback.print_exc()
