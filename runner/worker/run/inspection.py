"""Inspects the model of a completed run in a clean process of the run's environment.

The process starts together with the script, so that its imports do not delay the run.
"""

import json
import os
import subprocess
import time
import traceback

from .. import files, layout, timeouts
from ..suffixes import MODELS
from . import processes, worker_result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional, Sequence

    from ..job_order import JobOrder

_LARGEST_ANSWER = 16 << 20


def candidate(work: str, wanted: "Optional[str]") -> "Optional[str]":
    """Return the model a script left: the one asked for, else the only model file of outputs, else of the folder."""
    outputs = os.path.join(work, layout.OUTPUTS)
    if wanted is not None:
        for base in (work, outputs):
            path = os.path.normpath(os.path.join(base, wanted))
            if os.path.exists(path) and _inside(path, work):
                return path
        return None
    for base in (outputs, work):
        models = _model_files(base)
        if models:
            return models[0] if len(models) == 1 else None
    return None


def _inside(path: str, folder: str) -> bool:
    real = os.path.realpath(folder)
    return os.path.realpath(path).startswith(real + os.sep)


def _model_files(folder: str) -> "List[str]":
    paths = []
    for parent, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(parent, name)
            if name.endswith(MODELS) and os.path.isfile(path) and not os.path.islink(path):
                paths.append(path)
    return paths


def start(order: "JobOrder", run_dir: str, environ: "Dict[str, str]") -> "Optional[Inspector]":
    """Return the started inspector if the order has a model to be inspected."""
    model, prefix, script = order.model, order.inspector, order.script
    if not model or model.get("framework") == "Custom" or not prefix:
        return None
    try:
        return Inspector(prefix, run_dir, os.path.join(run_dir, layout.WORK, script) if script else None, environ)
    except OSError:  # the controller then inspects the model when it registers it
        traceback.print_exc()
        return None


class Inspector:
    """The process that will load the model.

    Parameters
    ----------
    prefix : list of str
        The command that starts the environment's Python.
    run_dir : str
        The run's folder.
    script : str or None
        The script whose imports are made ahead.
    environ : dict
        Variables of the process, without those of the user's job.
    """

    def __init__(
        self, prefix: "Sequence[str]", run_dir: str, script: "Optional[str]", environ: "Dict[str, str]"
    ) -> None:
        self._run_dir = run_dir
        self._cwd = os.path.join(run_dir, ".inspect-{}".format(os.getpid()))
        os.mkdir(self._cwd)
        argv = [*prefix, "-E", layout.BOOTSTRAP, "models.inspector"]
        if script is not None:
            argv += ["--preload", script]
        self._process: "Optional[subprocess.Popen[bytes]]" = None
        self._status: "Optional[int]" = None
        self._received = b""
        self._path = ""
        self._deadline = 0.0
        self.asked = False  # and the answer's pipe still open
        self.entry: "Optional[Dict[str, Any]]" = None
        clean = {name: value for name, value in environ.items() if not name.startswith("PYTHON")}
        try:
            self._process = processes.start(
                [*argv, "--wait"], cwd=self._cwd, env=clean, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        except BaseException:
            files.remove_tree(self._cwd)
            raise
        self.pid = self._process.pid
        os.set_blocking(self.fileno(), False)

    def take_exit(self, status: int) -> None:
        """Take note of its end."""
        self._status = status
        if self._process is not None:
            self._process.returncode = status

    def ask(self, path: str, framework: "Optional[str]", example: "Optional[str]") -> None:
        """Request the inspection of one model; `poll` receives the answer."""
        assert self._process is not None and self._process.stdin is not None
        self._path, self.asked = path, True
        self._deadline = time.monotonic() + timeouts.seconds("model_load")
        question = {"path": path, "framework": framework, "example": example}
        try:
            self._process.stdin.write(json.dumps(question).encode("ascii") + b"\n")
            self._process.stdin.close()
        except (BrokenPipeError, ConnectionResetError):
            return  # it died; `poll` says how

    def fileno(self) -> int:
        """Return the descriptor that turns readable with the answer."""
        assert self._process is not None and self._process.stdout is not None
        return self._process.stdout.fileno()

    def poll(self, readable: bool) -> bool:
        """Read the available part of the answer; return whether `entry` is complete."""
        ended = self._status  # before reading: what it said before its end is all there then
        while self.asked and (readable or ended is not None) and len(self._received) <= _LARGEST_ANSWER:
            try:
                block = os.read(self.fileno(), 1 << 16)
            except BlockingIOError:
                break
            self._received += block
            self.asked = bool(block)
        line, newline, _ = self._received.partition(b"\n")
        if newline and self._take_answer(line):
            return True
        if ended is not None:
            self._refuse(_cause(ended))
        elif len(self._received) > _LARGEST_ANSWER:
            self._refuse("the process that loaded the model returned too much data")
        elif time.monotonic() > self._deadline:
            self._refuse("loading the model took more than {:g} s".format(timeouts.seconds("model_load")))
        return self.entry is not None

    def _take_answer(self, line: bytes) -> bool:
        try:
            value = json.loads(line.decode("utf-8"))
        except ValueError:
            return False
        if not isinstance(value, dict):
            return False
        value["path"] = os.path.relpath(self._path, os.path.join(self._run_dir, layout.WORK))
        self.entry = value
        return True

    def _refuse(self, error: str) -> None:
        self.entry = {
            "path": os.path.relpath(self._path, os.path.join(self._run_dir, layout.WORK)),
            "sha256": files.hash_path(self._path),
            "error": error,
        }

    def end(self) -> None:
        """End the process and what it started, and remove its folder."""
        if self._process is not None:
            processes.send_group(self.pid, 9)
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    try:
                        pipe.close()
                    except OSError as error:  # what was not flushed has no reader any more
                        print("inspector: {}".format(error), flush=True)
        files.remove_tree(self._cwd)


def _cause(status: int) -> str:
    how = worker_result.how_it_ended(status)
    if os.WIFSIGNALED(status):
        return "the model crashed the process that loaded it ({})".format(how)
    return "the process that loaded the model ended without an answer ({})".format(how)
