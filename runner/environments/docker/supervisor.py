"""Supervises a process in a container: starts it, passes signals on, and ends with its exit code.

Usage: ``python supervisor.py CONTAINER COMMAND...``. CONTAINER is the JSON of a `containers.Container`. If the command
is the worker of a run, the container can write to the run's folder. Of the rest of the workspace, it sees only
the models and the run's inputs. The supervisor does what the container can't: it answers the script's
``register_model``, corrects the result, and finishes the record if the controller is gone. The container's standard
input is its lifeline: it closes when the supervisor ends, and the worker then ends at once.
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

if __name__ == "__main__":  # started by path: search the project's root three folders up, not this folder
    sys.path[0] = str(Path(__file__).resolve().parents[3])

from runner.console.boundary import guarded
from runner.environments.docker.containers import Container, refusal
from runner.environments.docker.engine import KIND, RUN, WORKSPACE, connect
from runner.environments.docker.run_monitor import RunMonitor
from runner.errors import UserError
from runner.layout import BOOTSTRAP, WORKER, Layout, RunLayout
from runner.worker import timeouts

_TICK = 0.1
_ENTERS = 30.0  # seconds within which a container's first process must ask for its descriptors
_KILLED = 137
_ABANDONED = 60.0  # seconds after which no process is still reading the output of an ended container
_PATIENT = 2  # signals that are passed to the container; the next one ends this process
_CANNOT = 125  # the exit code of docker run for its own failures


def main(arguments: Sequence[str]) -> int:
    """Run a command in a container and return its exit code."""
    container, command = Container(**json.loads(arguments[0])), list(arguments[1:])
    program = _program(command)
    if program == "prefork.interpreter":
        return warm(container, command)
    if program != "run.lifecycle":
        return _Supervisor(container, command, None).run()
    with RunMonitor(RunLayout(Path(command[-1]))) as run:
        return _Supervisor(container, command, run).run()


def _program(command: Sequence[str]) -> str | None:
    """Return the worker program that a command ``python -s BOOTSTRAP PROGRAM ...`` starts, or None.

    On a node the bootstrap is in another folder than `WORKER`.
    """
    words = iter(command)
    return next((next(words, None) for word in words if Path(word).name == BOOTSTRAP.name), None)


def warm(container: Container, command: Sequence[str]) -> int:
    """Run a prefork interpreter in a separate container, and pass this process's channel and lifeline to it."""
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
            return _Supervisor(container, words, None, shared=place, begun=begun).run()
        finally:
            shutil.rmtree(place, ignore_errors=True)


class _Supervisor:
    """One container from creation to removal. With `shared`, it serves all runs of the workspace."""

    def __init__(
        self,
        container: Container,
        command: Sequence[str],
        run: RunMonitor | None,
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
            signal.signal(number, self._forward_signal)
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
            run = self._run.layout
            writable += [run.root, *(path for path in (run.requests,) if path.is_dir())]  # a mount cannot be replaced
            readable += [Path(self._command[-3]).parent, *self._run.inputs(), *self._run.protected_files()]
        elif self._shared is not None:
            experiment = Path(self._command[-1]).parent
            writable += [experiment, workspace.learned, self._shared]
            readable += [workspace.data, workspace.blobs]
        else:  # inspecting a model, which is trusted as little as a script
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
        """Wait until the container ends. Meanwhile answer the script's requests."""
        waiting = threading.Thread(target=self._wait_for_end, daemon=True)
        waiting.start()
        while not self._ended.wait(_TICK):
            if self._run is not None:
                self._run.answer()

    def _wait_for_end(self) -> None:
        self._retry(lambda: self._container.wait(timeout=None))
        self._retry(self._container.reload)
        self._ended.set()

    def _retry(self, ask: Callable[[], object]) -> None:
        """Call the engine. If it does not answer, retry for ``engine_return`` seconds."""
        import docker
        import requests

        until = None
        while until is None or time.monotonic() < until:
            try:
                ask()
                return
            except (docker.errors.DockerException, requests.exceptions.RequestException, OSError) as error:
                if isinstance(error, docker.errors.APIError) and error.is_client_error():
                    return  # the engine answers: the container has been removed, or is being removed
                self._lost = True
                until = until or time.monotonic() + timeouts.seconds("engine_return")
                time.sleep(_TICK)

    def _end(self) -> int:
        """Print the container's output, complete the run's result and return the exit code."""
        state = self._container.attrs.get("State") or {}
        with contextlib.suppress(Exception):  # the engine did not come back, and the output is lost
            sys.stdout.buffer.write(self._container.logs(stdout=True, stderr=False))
            sys.stderr.buffer.write(self._container.logs(stdout=False, stderr=True))
        if self._run is not None:
            memory = self._made.memory if state.get("OOMKilled") else None
            self._run.complete_result(memory=memory, lost=self._lost, cancel_requested=self._asked > 0)
        return int(state["ExitCode"]) if state.get("Status") == "exited" else _KILLED

    def _fail(self, reason: str) -> int:
        print(reason, file=sys.stderr)
        if self._run is not None:
            self._run.fail(reason)
        return _CANNOT

    def _forward_signal(self, _number: int, _frame: Any) -> None:
        """Ask the container's first process to end. The second signal kills everything in it."""
        self._asked += 1
        if self._run is not None:
            self._run.mark_canceled()
        if self._asked > _PATIENT:  # the engine has not ended it
            os._exit(_KILLED)
        if self._container is not None:
            with contextlib.suppress(Exception):  # it has ended or the engine is away; `_wait` notices either
                self._container.kill(signal.SIGTERM if self._run and self._asked == 1 else signal.SIGKILL)

    def _sweep(self) -> None:
        """Remove the containers of this workspace whose supervisors were killed."""
        import docker

        with contextlib.suppress(docker.errors.APIError):
            filters: Any = {"label": f"{WORKSPACE}={self._made.workspace}", "status": "exited"}
            for container in self._client.containers.list(all=True, filters=filters, ignore_removed=True):
                if self._abandoned(container):
                    container.remove(force=True)

    def _abandoned(self, container: Any) -> bool:
        if container.labels.get(KIND) == "run":
            runs, name = Layout(Path(self._made.workspace)).runs, container.labels[RUN]
            places = [runs / name, *runs.glob(f"*/{name}")]  # on a node, runs are not in a folder of their experiment
            return not any(RunMonitor(RunLayout(path)).supervised() for path in places)
        ended = datetime.fromisoformat(container.attrs["State"]["FinishedAt"])
        return (
            container.labels.get(KIND) in ("warm", "look") and (datetime.now(UTC) - ended).total_seconds() > _ABANDONED
        )

    def _remove(self) -> None:
        if self._container is not None:
            self._retry(lambda: self._container.remove(force=True))


if __name__ == "__main__":
    code = guarded(lambda: main(sys.argv[1:]))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
