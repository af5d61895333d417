"""Starts, waits for and stops the server process of an endpoint."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

from runner.access import ownership
from runner.config.endpoint_settings import EndpointSettings
from runner.endpoints.health import is_ready
from runner.endpoints.server_source import importable
from runner.endpoints.store import EndpointStore
from runner.errors import UserError, another_port
from runner.io.files import open_log
from runner.io.json_records import read_record
from runner.layout import EndpointLayout, Layout
from runner.ports.say import Say
from runner.records import EndpointRecord, ServerProcessRecord
from runner.worker import environment_seal, timeouts

_HOSTS = "Use 127.0.0.1 for this machine alone, or 0.0.0.0 for all its addresses"
_ENDING = 10.0  # seconds until a server that did not answer is killed


def choose_port(settings: EndpointSettings) -> int:
    """Return the port, or a free one for port 0.

    Raises
    ------
    UserError
        If the address is in use or does not belong to this machine.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise _cannot_listen(settings, error) from None
        return int(probe.getsockname()[1])


def _cannot_listen(settings: EndpointSettings, error: OSError) -> UserError:
    """Return the error for an address where nothing can listen, with what to change."""
    other = another_port(settings.port)
    hint = f"Choose another port: port={other}, in a composition endpoint.port={other}; 0 takes a free one"
    if isinstance(error, socket.gaierror):
        return UserError(f"host={settings.host} is not known ({error.strerror})", _HOSTS)
    if error.errno == errno.EADDRNOTAVAIL:
        return UserError(f"host={settings.host} is not an address of this machine", _HOSTS)
    if error.errno == errno.EADDRINUSE:
        return UserError(f"Port {settings.port} of {settings.host} is in use", hint)
    return UserError(f"The server can't listen on port {settings.port} of {settings.host}: {error.strerror}", hint)


def command(record: EndpointRecord, layout: Layout) -> tuple[list[str], dict[str, str]]:
    """Return the argument list and the variables of an endpoint's server."""
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONHOME"}
    argv = [record.python, "-m", "serving.server", str(layout.endpoint(record.name).root)]
    return argv, {**variables, "PYTHONPATH": importable(layout)}


def check_interpreter(layout: Layout, record: EndpointRecord) -> None:
    """Check that an environment of the workspace is unchanged.

    Raises
    ------
    UserError
        If it was changed, or another user could have written to it.
    """
    prefix = Path(record.python).parent.parent
    if prefix.parent != layout.environments:
        return
    ownership.check(layout.root, prefix)
    ownership.check(layout.root, Path(record.python), link=True)
    changed = environment_seal.changes(str(prefix))
    if changed:
        raise UserError(
            f"Endpoint {record.name} cannot start: in its environment {environment_seal.shown(changed)} changed",
            "Deploy it again to rebuild the environment",
        )


def start(store: EndpointStore, name: str, say: Say) -> None:
    """Start the server detached, wait until it answers, and report progress if that takes long.

    Raises
    ------
    UserError
        If it does not answer. The message contains the last line of its log.
    """
    record, endpoint = store.read(name), store.layout.endpoint(name)
    endpoint.logs.mkdir(parents=True, exist_ok=True)
    check_interpreter(store.layout, record)
    argv, variables = command(record, store.layout)
    with open_log(endpoint.log) as log:
        log_start = log.tell()
        server = subprocess.Popen(
            argv, env=variables, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd="/"
        )
    limit = timeouts.seconds("server_start")
    pause, started, reported = threading.Event(), time.monotonic(), 0.0
    while (passed := time.monotonic() - started) < limit:
        if server.poll() is not None:
            raise UserError(f"Endpoint {name} was not started: {_last_words(endpoint, log_start)}")
        if is_serving(record):
            return
        if passed - reported > timeouts.progress_interval(limit):
            reported = passed
            say(f"Endpoint {name} is loading its models: {passed:.0f} of at most {limit:g} s")
        pause.wait(0.05)
    _end(server)
    raise UserError(
        f"Endpoint {name} did not answer within {limit:g} s",
        f"See {endpoint.log}. To wait longer, set VIVERO_TIMEOUTS=server_start=SECONDS",
    )


def _end(server: subprocess.Popen[bytes]) -> None:
    """End a server that did not answer in time, and wait until it has released the endpoint."""
    server.terminate()
    try:
        server.wait(_ENDING)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def is_serving(record: EndpointRecord) -> bool:
    """Return whether an endpoint reports that it is ready."""
    settings = EndpointSettings(**record.settings)
    return is_ready(settings.client_host, settings.port)


def wait_until_serving(store: EndpointStore, record: EndpointRecord, seconds: float = 60) -> str | None:
    """Wait until every server process serves a record's generation. Return the problem if one cannot, else None."""
    pause, until = threading.Event(), time.monotonic() + seconds
    while time.monotonic() < until:
        states = store.states(record.name)
        if states and all(state["generation"] == record.generation for state in states):
            return None
        problem = next((state["problem"] for state in states if state["problem"]), None)
        if problem is not None:
            return str(problem)
        pause.wait(0.05)
    return f"the server did not switch within {seconds:g} s"


def stop(store: EndpointStore, name: str) -> bool:
    """Stop an endpoint's server after it has answered requests in progress. Return whether it was running.

    Raises
    ------
    UserError
        If another user started it.
    """
    patience = float(EndpointSettings(**store.read(name).settings).stop_timeout) + _ENDING
    process = store.layout.endpoint(name).process
    if not store.alive(name):
        return False
    pid, pause, until = None, threading.Event(), time.monotonic() + patience
    while store.alive(name):
        late = time.monotonic() > until
        if pid is None:  # a server records its process just after it has locked the endpoint
            pid = _asked_to_stop(process, name)
            if pid is None and late:
                raise UserError(f"Endpoint {name} is running, but {process} does not record its process id")
        elif late:
            with contextlib.suppress(ProcessLookupError):  # its server processes may end a moment later
                os.kill(pid, signal.SIGKILL)
        pause.wait(0.05)
    return True


def _asked_to_stop(process: Path, name: str) -> int | None:
    """Ask the server to stop and return its process id, or None if that is not recorded yet."""
    try:
        pid = read_record(process, ServerProcessRecord).pid
    except FileNotFoundError:
        return None
    _terminate(pid, name)
    return pid


def _terminate(pid: int, name: str) -> None:
    with contextlib.suppress(ProcessLookupError, FileNotFoundError):  # it is just ending
        try:
            os.kill(pid, signal.SIGTERM)
        except PermissionError:
            owner = ownership.user_of(Path("/proc", str(pid)).stat().st_uid)
            raise UserError(
                f"Endpoint {name} is served by process {pid}, which belongs to {owner}. Only {owner} can stop it",
                f"Ask them to run: vivero stop {name}",
            ) from None


def _last_words(endpoint: EndpointLayout, start: int) -> str:
    """Return the last error that was logged after an offset, else the last line."""
    with endpoint.log.open("rb") as log:
        log.seek(start if start <= log.seek(0, os.SEEK_END) else 0)  # otherwise the log was rotated
        lines = log.read().decode(errors="replace").strip().splitlines()
    problems = [line for line in lines if line.startswith("error: ")] or lines[-1:]
    return problems[-1].removeprefix("error: ") if problems else f"it ended without a message; see {endpoint.log}"
