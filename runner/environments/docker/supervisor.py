"""Stands on this machine for a process in a container: starts it, passes signals on, and ends as it ends.

Started as ``python supervisor.py CONTAINER COMMAND...``, the first argument JSON, see ``containers.Container``. When
the command is the worker of a run, the run's folder can be written inside, of the workspace nothing else but its inputs
is seen there, and what the container cannot do is done here: the
script's ``register_model`` is answered, the result is set right, the record is finished if the controller is gone.
The container's standard input is its lifeline: it closes with this process, and the worker then ends at once.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

if __name__ == "__main__":  # started by path: the package is three folders up, this folder is not to be searched
    sys.path[0] = str(Path(__file__).resolve().parents[3])

from runner.console.boundary import guarded
from runner.environments.docker.containers import Container, refusal
from runner.environments.docker.engine import KIND, RUN, WORKSPACE, connect
from runner.environments.docker.run_monitor import Minded
from runner.errors import UserError
from runner.layout import BOOTSTRAP, WORKER, Layout, RunLayout
from runner.worker import timeouts

_TICK = 0.1
_ENTERS = 30.0  # seconds that the first process of a container gets to ask for its descriptors
_KILLED = 137
_ABANDONED = 60.0  # seconds after which nobody is reading any more what a container said
_PATIENT = 2  # times that this process is asked to end
_CANNOT = 125  # as docker's own command says it


def main(arguments: Sequence[str]) -> int:
    """Carry out a command in a container and return its exit code."""
    container, command = Container(**json.loads(arguments[0])), list(arguments[1:])
    program = _program(command)
    if program == "prefork.interpreter":
        return warm(container, command)
    if program != "run.lifecycle":
        return _Attendant(container, command, None).run()
    with Minded(RunLayout(Path(command[-1]))) as run:
        return _Attendant(container, command, run).run()


def _program(command: Sequence[str]) -> str | None:
    """Return which program of the worker a command ``python -s BOOTSTRAP PROGRAM ...`` starts, if any.

    On a node the bootstrap is in another folder than `WORKER`.
    """
    words = iter(command)
    return next((next(words, None) for word in words if Path(word).name == BOOTSTRAP.name), None)


def warm(container: Container, command: Sequence[str]) -> int:
    """Keep an interpreter warm in a container of its own, and hand it the descriptors that this process was given."""
    *_, run_dir, channel, lifeline = command
    place = Path(tempfile.mkdtemp(prefix="vivero-"))
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(place / "socket"))
        listening.listen(1)
        listening.settimeout(_ENTERS)

        def begun() -> None:
            with listening.accept()[0] as inside:
                socket.send_fds(inside, [b"x"], [int(channel), int(lifeline)])
            for descriptor in (channel, lifeline):
                os.close(int(descriptor))

        words = [command[0], "-s", str(BOOTSTRAP), "prefork.container", str(place / "socket"), run_dir]
        try:
            return _Attendant(container, words, None, shared=place, begun=begun).run()
        finally:
            shutil.rmtree(place, ignore_errors=True)


class _Attendant:
    """One container from its making to its removal. One that is `shared` is for all runs of the workspace."""

    def __init__(
        self,
        container: Container,
        command: Sequence[str],
        run: Minded | None,
        shared: Path | None = None,
        begun: Callable[[], object] = int,
    ) -> None:
        self._made, self._command, self._run = container, list(command), run
        self._shared, self._begun = shared, begun
        self._container: Any = None
        self._asked = 0
        self._ended = threading.Event()
        self._lost = False

    def run(self) -> int:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._pass_on)
        try:
            self._client = connect()
            self._sweep()
            with self._started():
                self._wait()
                return self._end()
        except UserError as mistake:
            return self._fail(str(mistake))

    @contextlib.contextmanager
    def _started(self) -> Iterator[None]:
        import docker

        name = f"vivero-{self._run.id if self._run else self._kind()}-{secrets.token_hex(4)}"
        try:
            self._container = self._client.containers.create(
                command=self._command, name=name, stdin_open=self._run is not None, **self._options()
            )
            lifeline = self._container.attach_socket(params={"stdin": 1, "stream": 1}) if self._run else None
            if not self._asked:
                self._container.start()
                self._begun()
        except (docker.errors.APIError, docker.errors.DockerException, OSError) as error:
            self._remove()
            raise refusal(error) from None
        try:
            yield
        finally:
            if lifeline is not None:
                lifeline.close()
            self._remove()

    def _kind(self) -> str:
        return "warm" if self._shared else "run" if self._run else "look"

    def _options(self) -> dict[str, Any]:
        workspace = Layout(Path(self._made.workspace))
        readable, writable = [WORKER], []
        if self._kind() != "look" and workspace.models.is_dir():  # for Model.get_model_path
            readable.append(workspace.models)
        if self._run is not None:
            own = self._run.layout
            writable += [own.root, *(one for one in (own.requests,) if one.is_dir())]  # mounted, it cannot be replaced
            readable += [Path(self._command[-3]).parent, *self._run.inputs(), *self._run.relied_on()]
        elif self._shared is not None:
            experiment = Path(self._command[-1]).parent
            writable += [experiment, workspace.learnt, self._shared]
            readable.append(workspace.data)
        else:  # a model is looked at, which is as little trusted as a script
            named = [Path(word) for word in self._command[1:] if Path(word).is_relative_to(workspace.root)]
            readable += [path.parent for path in named]
        return {
            **self._made.options(
                writable=writable,
                readable=readable,
                kind=self._kind(),
                run=self._run.id if self._run else "",
            ),
            "working_dir": str(self._run.layout.root if self._run else "/"),
        }

    def _wait(self) -> None:
        """Wait for the container's end, and answer what the script asks for meanwhile."""
        waiting = threading.Thread(target=self._wait_for_end, daemon=True)
        waiting.start()
        while not self._ended.wait(_TICK):
            if self._run is not None:
                self._run.answer()

    def _wait_for_end(self) -> None:
        self._patiently(lambda: self._container.wait(timeout=None))
        self._patiently(self._container.reload)
        self._ended.set()

    def _patiently(self, ask: Callable[[], object]) -> None:
        """Ask the engine, again and again for a while if it does not answer."""
        import docker
        import requests

        until = None
        while until is None or time.monotonic() < until:
            try:
                ask()
                return
            except (docker.errors.DockerException, requests.exceptions.RequestException, OSError) as error:
                if isinstance(error, docker.errors.APIError) and error.is_client_error():
                    return  # it answers: the container is gone, or on its way
                self._lost = True
                until = until or time.monotonic() + timeouts.seconds("engine_return")
                time.sleep(_TICK)

    def _end(self) -> int:
        """Say what the container said, and settle what became of the run."""
        state = self._container.attrs.get("State") or {}
        with contextlib.suppress(Exception):  # the engine did not come back: nobody knows
            sys.stdout.buffer.write(self._container.logs(stdout=True, stderr=False))
            sys.stderr.buffer.write(self._container.logs(stdout=False, stderr=True))
        if self._run is not None:
            memory = self._made.memory if state.get("OOMKilled") else None
            self._run.settle(memory=memory, lost=self._lost, asked=self._asked > 0)
        return int(state["ExitCode"]) if state.get("Status") == "exited" else _KILLED

    def _fail(self, reason: str) -> int:
        print(reason, file=sys.stderr)
        if self._run is not None:
            self._run.fail(reason)
        return _CANNOT

    def _pass_on(self, _number: int, _frame: Any) -> None:
        """Ask the container's first process to end; the second time end everything in it."""
        self._asked += 1
        if self._run is not None:
            self._run.mark_canceled()
        if self._asked > _PATIENT:  # the engine does not do it
            os._exit(_KILLED)
        if self._container is not None:
            with contextlib.suppress(Exception):  # it has ended, or the engine is away: what is waited for says so
                self._container.kill(signal.SIGTERM if self._run and self._asked == 1 else signal.SIGKILL)

    def _sweep(self) -> None:
        """Remove the containers of attendants of this workspace that were killed."""
        import docker

        with contextlib.suppress(docker.errors.APIError):
            filters: Any = {"label": f"{WORKSPACE}={self._made.workspace}", "status": "exited"}
            for one in self._client.containers.list(all=True, filters=filters, ignore_removed=True):
                if self._abandoned(one):
                    one.remove(force=True)

    def _abandoned(self, container: Any) -> bool:
        if container.labels.get(KIND) == "run":
            runs, name = Layout(Path(self._made.workspace)).runs, container.labels[RUN]
            places = [runs / name, *runs.glob(f"*/{name}")]  # on a node runs are not below their experiment
            return not any(Minded(RunLayout(path)).attended() for path in places)
        ended = datetime.fromisoformat(container.attrs["State"]["FinishedAt"])
        return (
            container.labels.get(KIND) in ("warm", "look") and (datetime.now(UTC) - ended).total_seconds() > _ABANDONED
        )

    def _remove(self) -> None:
        if self._container is not None:
            self._patiently(lambda: self._container.remove(force=True))


if __name__ == "__main__":
    code = guarded(lambda: main(sys.argv[1:]))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
