"""Supervises a script: starts and watches it, ends what it leaves behind, and writes ``result.json``."""

import os
import select
import signal
import subprocess
import sys
import time
import traceback

from .. import batch, environment_seal, files, layout, timeouts
from ..observe import observers, resources
from . import inspection, memory, packages, processes, worker_result
from .answers import AnswerProcess

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any, Dict, List, Optional

    from ..job_order import JobOrder
    from .worker_result import WorkerResult

TICK = 0.2
_QUICK_TICK = 0.02
_LEAVE_BY_THEMSELVES = 0.3  # seconds that helper processes such as joblib's get to notice the script's end
_LAST_ANSWER = 60.0


class Supervisor:
    """One run of the script, from its start until all its processes have ended.

    Parameters
    ----------
    run_dir : str
        The run's folder, absolute.
    order : JobOrder
        What the worker is told.
    environ : dict
        The variables this process was started with.
    start : callable
        Starts the script, as ``processes.start`` does.
    """

    def __init__(
        self, run_dir: str, order: "JobOrder", environ: "Dict[str, str]", start: "Any" = processes.start
    ) -> None:
        self._run_dir, self._order, self._environ = run_dir, order, environ
        self._cancel_file = os.path.join(run_dir, layout.CANCEL)
        self._work = os.path.join(run_dir, layout.WORK)
        self._answers = AnswerProcess(run_dir, order.answer, environ)
        self._usage = worker_result.Usage()
        self._memory = memory.Counter()
        self._notes: "List[str]" = []
        self._environment_changed = False
        self._start_script = start
        self._script: "Any" = None
        self._status: "Optional[int]" = None
        self._stop: "Optional[str]" = None
        self._ending: "Optional[processes.Ending]" = None
        self._inspector: "Optional[inspection.Inspector]" = None
        self._observers: "List[observers.Observer]" = []
        self._terminations = 0
        self._started: "Optional[str]" = None
        self._ended: "Optional[str]" = None
        self._began = self._over = 0.0
        self._attended = order.attended  # our numbers mean other processes outside, which answers
        self._answers_requests = not (self._attended or order.apart)
        self._lifeline: "List[int]" = [0] if self._attended and start is processes.start else []
        self._wakeup = -1
        self._log = -1

    def run(self) -> "WorkerResult":
        """Run the script to its end and return the result."""
        self._listen()
        processes.adopt_orphans()
        path = os.path.join(self._run_dir, layout.RUN_LOG)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        output = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o664)
        self._log = os.open(path, os.O_RDONLY)
        if os.path.exists(self._cancel_file):
            return self._result(status=worker_result.CANCELED, reason=worker_result.CANCELED)
        problem = self._start(output)
        os.close(output)
        if problem is not None:
            return self._result(reason=problem)
        self._inspector = inspection.start(self._order, self._run_dir, self._environ)
        self._observers = observers.make(self._run_dir, self._order, self._log, self._environ)
        self._observers.append(resources.ResourceObserver(self._run_dir, self._helper_pids))
        self._watch()
        outcome = worker_result.outcome(self._status or 0, self._stop, self._log, self._memory.ran_out())
        for observer in self._observers:
            self._notes += observer.finish()
        self._notes += packages.notes(self._order, self._run_dir)
        self._look_at_environment()
        if outcome["status"] == worker_result.COMPLETED:
            self._inspect()
        if self._stop == worker_result.CANCELED:  # asked for while the model was looked at
            outcome.update(status=worker_result.CANCELED, reason=worker_result.CANCELED)
        self._wait_for_answer()
        self._close()
        if files.restore(self._log, path):
            self._notes.append("the script removed its own log, which was restored")
        return self._result(**outcome)

    def _listen(self) -> None:
        """Make signals, especially SIGCHLD, wake the loop."""
        self._wakeup, write = os.pipe()
        for descriptor in (self._wakeup, write):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(write)
        for number in (signal.SIGCHLD, signal.SIGHUP):
            signal.signal(number, lambda number, frame: None)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._terminate)

    def _terminate(self, number: int, frame: "Optional[FrameType]") -> None:
        self._terminations += 1

    def _start(self, output: int) -> "Optional[str]":
        """Start the script; return the reason if that fails."""
        argv, shown = [str(word) for word in self._order.argv], self._order.hidden_argv()
        variables = processes.script_variables(self._environ, self._order, self._run_dir)
        if not os.path.isdir(self._work):
            return "cannot start {}: its folder {} is missing".format(argv[0], self._work)
        for name in self._order.outputs or ():
            os.makedirs(os.path.join(self._run_dir, layout.WORK_OUTPUTS, name), exist_ok=True)
        if self._order.shared_environment:  # there from the start: Python does not look a second time
            os.makedirs(packages.folder(self._run_dir), exist_ok=True)
        self._started, self._began = files.now(), time.monotonic()
        try:
            self._script = self._start_script(
                batch.command(self._order, argv),
                shown=shown and batch.command(self._order, shown),
                cwd=self._work,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        except (OSError, ValueError) as error:
            self._over, self._ended = time.monotonic(), files.now()
            return "cannot start {}: {}".format(argv[0], getattr(error, "strerror", None) or error)
        if not self._attended:
            known = {"pid": os.getpid(), "script": self._script.pid}  # type: Dict[str, Any]
            known.update(started=self._started, host=os.uname().nodename)
            files.write_json(os.path.join(self._run_dir, layout.PROCESS), known, durable=False)
        return None

    def _watch(self) -> None:
        """Loop until the script and everything it started have ended."""
        while True:
            self._step(TICK if self._status is None and not self._ending else _QUICK_TICK)
            if self._stop is None and self._status is None:
                self._check_timeout()
            if self._status is not None and not self._left():
                return
            for observer in self._observers:
                observer.poll()

    def _step(self, seconds: float) -> bool:
        """Wait for a signal or the inspector's answer, and do what is due; return whether there is an answer."""
        inspecting = self._inspector is not None and self._inspector.asked
        watched: "List[Any]" = [self._wakeup, self._inspector] if inspecting else [self._wakeup]
        ready = select.select(watched + self._lifeline, [], [], seconds)[0]
        if self._lifeline and self._lifeline[0] in ready:
            print("the process that monitors this container has ended", file=sys.stderr)
            os._exit(137)  # and the container with it
        if self._wakeup in ready:
            os.read(self._wakeup, 4096)
        self._reap()
        if self._stop is None and (self._terminations or os.path.exists(self._cancel_file)):
            self._request_stop(worker_result.CANCELED)
        if self._ending is not None:
            if self._terminations > 1:
                self._ending.end_grace_period()
            self._ending.still_running(self._helper_pids())
        if self._answers_requests:
            self._answers.tick(accept=self._status is None and self._stop is None)
        return self._inspector in ready

    def _reap(self) -> None:
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if self._inspector is not None and pid == self._inspector.pid:
                self._inspector.take_exit(status)
            elif pid == self._answers.pid:
                self._answers.take_exit(status)
            else:
                self._usage.add(usage)
            if self._script is not None and pid == self._script.pid:
                self._status = self._script.returncode = status
                self._over, self._ended = time.monotonic(), files.now()

    def _helper_pids(self) -> "List[int]":
        """Return our own helpers, which are not the script's."""
        helpers = [self._answers.pid, self._inspector.pid if self._inspector is not None else None]
        return [pid for pid in helpers if pid is not None]

    def _check_timeout(self) -> None:
        timeout = self._order.timeout
        if timeout is not None and time.monotonic() - self._began >= timeout:
            self._request_stop("timeout after {:g} s".format(timeout))

    def _request_stop(self, why: str) -> None:
        self._stop = why
        if self._script is not None:
            self._end_all(float(self._order.grace))

    def _end_all(self, grace: float) -> None:
        assert self._script is not None
        self._ending = processes.Ending(self._script.pid, grace)
        self._ending.begin(self._helper_pids())

    def _left(self) -> bool:
        """Return whether processes of the ended script are left, which are then being ended."""
        if self._ending is not None:
            return self._ending.still_running(self._helper_pids())
        left = processes.descendants(self._helper_pids())
        if left is None:
            self._end_all(timeouts.seconds("leftover_grace"))
        elif left and time.monotonic() - self._over > _LEAVE_BY_THEMSELVES:
            names = ", ".join(processes.describe(pid) for pid in left[:8])
            self._notes.append("the script left {} running; ended: {}".format(_count(left), names))
            self._end_all(timeouts.seconds("leftover_grace"))
        return left is None or bool(left)

    def _look_at_environment(self) -> None:
        """Add a note if the script has changed the environment, which is then rebuilt."""
        if self._order.shared_environment and self._order.inspector:
            notes = environment_seal.notes(os.path.dirname(os.path.dirname(self._order.inspector[0])))
            self._environment_changed = bool(notes)
            self._notes += notes

    def _inspect(self) -> None:
        """Inspect the model, if there is one."""
        model = self._order.model
        if self._inspector is None or model is None:
            return
        path = inspection.candidate(self._work, model.get("path"))
        if path is not None:
            self._inspector.ask(path, model.get("framework"), None)
            while self._stop is None and not self._inspector.poll(self._step(TICK)):
                continue
            if self._inspector.entry is not None:
                files.write_json(os.path.join(self._run_dir, layout.INSPECTION), [self._inspector.entry])

    def _wait_for_answer(self) -> None:
        """Wait for an answer in progress, because it may be registering a model."""
        until = time.monotonic() + _LAST_ANSWER
        while self._answers.pid is not None and time.monotonic() < until:
            self._step(TICK)

    def _close(self) -> None:
        """End our helpers, and whatever of them is left."""
        if self._inspector is not None:
            self._inspector.end()
            self._inspector = None
        self._reap()

    def abandon(self, reason: str) -> "WorkerResult":
        """Kill everything after an internal error, and return what is known."""
        try:
            self._close()
            if self._script is not None:
                ending = processes.Ending(self._script.pid, 0)
                until = time.monotonic() + timeouts.seconds("leftover_grace")
                while ending.still_running(self._helper_pids()) and time.monotonic() < until:
                    self._reap()
                    time.sleep(_QUICK_TICK)
        except Exception:  # a second internal error: worker.log has it, and the first is the result's reason
            traceback.print_exc()
        return self._result(reason=reason)

    def _result(self, **how: "Any") -> "WorkerResult":
        ended = self._ended or files.now()
        duration = (self._over or time.monotonic()) - self._began if self._started else None
        how.update(notes=self._notes, environment_changed=self._environment_changed)
        return worker_result.result(self._started, ended, duration, self._usage, **how)


def _count(left: "List[int]") -> str:
    return "1 process" if len(left) == 1 else "{} processes".format(len(left))
