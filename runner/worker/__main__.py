"""``python <this folder> RUN_DIR``: carry out the order in a run's folder and write its result."""

import os
import subprocess
import sys
import time
import traceback

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional

HERE = os.path.dirname(os.path.abspath(__file__))
_TICK = 0.02
_CONTROLLER_LEAVES = 30.0


def _forget_namesakes() -> None:
    """Let our modules win over installed ones of the same name that a ``.pth`` file imported before us."""
    for file in os.listdir(HERE):
        name = os.path.splitext(file)[0]
        loaded = getattr(sys.modules.get(name), "__file__", None)
        if loaded and os.path.dirname(os.path.abspath(loaded)) != HERE:
            del sys.modules[name]


PARENT = os.getppid()
_forget_namesakes()

import files  # noqa: E402
import results  # noqa: E402
import supervise  # noqa: E402


def main(arguments: "List[str]", parent: int) -> int:
    """Carry out the order in a run's folder; `parent` is the process that started this one."""
    if len(arguments) != 1:
        print("usage: python {} RUN_DIR".format(HERE), file=sys.stderr)
        return 1
    run_dir = os.path.abspath(arguments[0])
    environ = dict(os.environ)
    lock = files.take_lock(os.path.join(run_dir, "worker.lock"))
    if lock is None:
        print("another worker is at this run", file=sys.stderr)
        return 1
    if os.path.exists(os.path.join(run_dir, "result.json")):
        print("this run has a result already", file=sys.stderr)
        return 1
    order: "Dict[str, Any]" = {}
    supervisor: "Optional[supervise.Supervisor]" = None
    code = 0
    try:
        order = files.read_json(os.path.join(run_dir, "order.json"))
        supervisor = supervise.Supervisor(run_dir, order, environ)
        found = supervisor.run()
    except Exception as error:
        traceback.print_exc()
        code = 1
        found = supervisor.abandon() if supervisor else results.result(None, files.now(), None, results.Usage())
        found.update(status=results.FAILED, reason="worker error: {}: {}".format(type(error).__name__, error))
    files.write_json(os.path.join(run_dir, "result.json"), found)
    files.remove_file(os.path.join(run_dir, "process.json"))
    os.close(lock)
    _finish(order, run_dir, environ, parent)
    return code


def _finish(order: "Dict[str, Any]", run_dir: str, environ: "Dict[str, str]", parent: int) -> None:
    """Have the controller's command finish the run's record if the controller itself will not."""
    until = time.monotonic() + _CONTROLLER_LEAVES
    while order.get("detach") and os.getppid() == parent != 1 and time.monotonic() < until:
        time.sleep(_TICK)  # it is on its way out, and would still be taken for the one who minds the run
    gone = os.getppid() != parent or parent == 1
    if (gone or order.get("detach")) and order.get("finish"):
        try:
            subprocess.call(order["finish"] + [run_dir], env=environ, stdin=subprocess.DEVNULL, stdout=sys.stderr)
        except OSError:
            traceback.print_exc()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], PARENT))
