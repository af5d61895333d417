"""The prefork interpreters of a node: started, told what to import, asked for one worker after another.

What ``runner.compute.local.interpreter`` does on the controller's machine, where there is a controller to do it.
"""

import hashlib
import json
import os
import select
import socket
import subprocess
import threading
import time

from .. import files
from ..layout import BOOTSTRAP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional

    from ..job_order import JobOrder

PATIENCE = 120.0  # seconds for all imports of a script
_ANSWER = 20.0  # seconds for a fork
_MOST_REFUSALS = 20
_MOST = 4  # interpreters at a time; the one used longest ago is ended first


class NotWarm(Exception):
    """No prefork interpreter is available; the text says why."""


class Interpreter:
    """A prefork interpreter and the channel to it."""

    def __init__(self, run: str, order: "JobOrder", known: "Dict[str, Any]", lifeline: int) -> None:
        self._channel, theirs = socket.socketpair()
        self._received = b""
        try:
            program = [*order.python, "-s", BOOTSTRAP, "prefork.interpreter"]
            self._process = subprocess.Popen(
                [*program, "--variables", run, str(theirs.fileno()), str(lifeline)],
                stdin=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
                pass_fds=(theirs.fileno(), lifeline),
            )
        finally:
            theirs.close()
        first = {"python": order.argv[0], "environ": dict(os.environ), "run": run}
        self.tell(dict(first, script=os.path.join(run, "work", order.argv[1]), **known))

    def tell(self, question: "Dict[str, Any]") -> None:
        """Send one line."""
        try:
            self._channel.sendall(json.dumps(question).encode("ascii") + b"\n")
        except OSError as error:
            raise NotWarm(str(error))

    def hear(self, seconds: float) -> "Dict[str, Any]":
        """Return the next line."""
        until = time.monotonic() + seconds
        while b"\n" not in self._received:
            ready = select.select([self._channel], [], [], max(0.0, until - time.monotonic()))[0]
            block = self._channel.recv(1 << 16) if ready else b""
            if not block:
                raise NotWarm("it ended" if ready else "no answer within {:g} s".format(seconds))
            self._received += block
        line, _, self._received = self._received.partition(b"\n")
        found: "Dict[str, Any]" = json.loads(line.decode())
        return found

    def fork(self, run: str, learn: str) -> int:
        """Return the number of a new worker."""
        log = os.path.join(run, "logs", "worker.log")
        self.tell({"run": run, "log": log, "environ": dict(os.environ), "learn": learn})
        return int(self.hear(_ANSWER)["pid"])

    def end(self) -> None:
        """End the interpreter."""
        self._channel.close()
        self._process.kill()  # it only waits, and nothing that runs hangs on it
        self._process.wait()


class PreforkPool:
    """The interpreters of one node, by what they depend on: program, variables, script. Safe to use from threads.

    Parameters
    ----------
    root : str
        The node's folder.
    """

    def __init__(self, root: str) -> None:
        self._learnt = os.path.join(root, "environments", "warm")
        self._places: "Dict[str, _Place]" = {}
        self._lock = threading.Lock()
        self._lifeline = os.pipe()

    def begin(self, run: str, order: "JobOrder") -> None:
        """Start the interpreter for similar runs."""
        if _fits(order):
            place = self._place(run, order)
            with place.lock:
                self._ready(place, run, order)

    def fork(self, run: str, order: "JobOrder") -> "Optional[int]":
        """Return the pid of a worker forked for a run, None if the run needs a new interpreter.

        Raises
        ------
        NotWarm
            If it has to, for a reason worth telling.
        """
        if not _fits(order):
            return None
        place = self._place(run, order)
        with place.lock:
            for _ in range(2):  # one that died meanwhile is replaced once
                interpreter = self._ready(place, run, order)
                try:
                    return interpreter.fork(run, place.learnt)
                except NotWarm:
                    interpreter.end()
                    place.interpreter = None
                    if os.path.exists(os.path.join(run, "worker.lock")):
                        raise  # a worker was forked, but its number did not arrive
            raise NotWarm("it died twice")

    def end(self) -> None:
        """End all; workers go on."""
        with self._lock:
            places, self._places = list(self._places.values()), {}
        for place in places:
            place.end()

    def _place(self, run: str, order: "JobOrder") -> "_Place":
        script = _script(run, order)
        variables = dict(os.environ, **{k: v for k, v in order.variables.items() if v is not None})
        key = _digest(*order.python, json.dumps(variables, sort_keys=True), script)
        with self._lock:
            place = self._places.pop(key, None) or _Place(
                os.path.join(self._learnt, _digest(order.argv[0], script)[:32] + ".json")
            )
            self._places[key] = place
            surplus = [self._places.pop(one) for one in list(self._places)[:-_MOST]]
        for one in surplus:
            threading.Thread(target=one.end, daemon=True).start()
        return place

    def _ready(self, place: "_Place", run: str, order: "JobOrder") -> Interpreter:
        """Return a place's interpreter, restarted without the modules whose import has side effects."""
        if place.interpreter is not None:
            return place.interpreter
        known = _read_learnt(place.learnt)
        for _ in range(_MOST_REFUSALS):
            interpreter = Interpreter(run, order, known, self._lifeline[0])
            try:
                answer = interpreter.hear(PATIENCE)
            except BaseException:
                interpreter.end()
                raise
            if "refused" not in answer:
                place.interpreter = interpreter
                return interpreter
            interpreter.end()
            known["refused"].append(answer["refused"])
            os.makedirs(self._learnt, exist_ok=True)
            files.write_json(place.learnt, known, durable=False)
        raise NotWarm("too many modules have side effects on import")


class _Place:
    """The place of one interpreter."""

    def __init__(self, learnt: str) -> None:
        self.interpreter: "Optional[Interpreter]" = None
        self.learnt = learnt
        self.lock = threading.Lock()
        os.makedirs(os.path.dirname(learnt), exist_ok=True)

    def end(self) -> None:
        """End it once nobody uses it."""
        with self.lock:
            if self.interpreter is not None:
                self.interpreter.end()
            self.interpreter = None


def _fits(order: "JobOrder") -> bool:
    """Return whether an order is simply ``python script.py`` in the environment's Python, without paths of the run."""
    argv = order.argv
    folders = (dict(os.environ, **order.variables).get("PYTHONPATH") or "").split(os.pathsep)
    return bool(
        os.path.exists("/proc/self/fd")
        and order.python == argv[:1]
        and len(argv) > 1
        and argv[1].endswith(".py")
        and all(os.path.isabs(folder) for folder in folders if folder)
    )


def _script(run: str, order: "JobOrder") -> str:
    try:
        return files.hash_path(os.path.join(run, "work", order.argv[1]))
    except OSError:
        return ""


def _read_learnt(path: str) -> "Dict[str, List[str]]":
    try:
        found = files.read_json(path)
        return {name: [str(one) for one in found.get(name, [])] for name in ("modules", "refused")}
    except (OSError, ValueError, AttributeError, TypeError):
        return {"modules": [], "refused": []}


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()
