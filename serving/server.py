"""Starts the server of one endpoint, in the environment of its models: ``python -m serving.server FOLDER [HOME]``.

In a container, HOME is the endpoint's folder on the host. Its holder has the socket that clients connect to.
"""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

from runner.access import permissions
from runner.console.boundary import guarded
from runner.endpoints.health import is_ready
from runner.errors import UserError
from runner.io.clock import now
from runner.io.files import write_json, write_text
from runner.io.json_records import read_record
from runner.io.locks import locked
from runner.layout import EndpointLayout
from runner.records import EndpointRecord, ServerState
from runner.worker import timeouts
from serving.http.connections.listening import STOP, Listening, SharedListening
from serving.process.output_limit import is_output, rotate
from serving.process.parent import (
    GRACE,
    HAS_THREADS,
    SIGNALS,
    adopt_orphans,
    exit_code,
    fork,
    has_children,
    load_and_supervise,
)
from serving.process.settings import read_endpoint

_SOURCE = Path(__file__).resolve().parent.parent
_PROGRESS = 15.0  # seconds between two lines while models are loading
_FILES = 16_384  # connections that one process may hold
# One thread computes a request, as with n_jobs=1. Thread pools do not survive a fork: see parent.py.
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def main(folder: Path, home: Path | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C; return the exit code."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    layout, endpoint, record, settings = read_endpoint(folder)
    permissions.enter(layout.root)
    with locked(endpoint.lock, blocking=False) as held:
        if not held:
            raise UserError(f"Endpoint {record.name} is already served")
        # Written first, so that `vivero stop` does not wait for it or find the record of a server that was killed.
        own = {"pid": os.getpid(), "source": str(_SOURCE), "port": settings.port, "started": now()}
        write_json(endpoint.process, own)
        endpoint.unloaded.unlink(missing_ok=True)
        endpoint.problem.unlink(missing_ok=True)
        for old in (endpoint.states, endpoint.metrics):
            shutil.rmtree(old, ignore_errors=True)
            old.mkdir(parents=True)
        for name in _ONE_THREAD:
            os.environ.setdefault(name, "1")
        if settings.workers > 1:
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(endpoint.metrics)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, _FILES), hard), hard))
        try:
            with _listen(settings.host, settings.port) as accepting:
                listening = SharedListening(accepting, home, record.generation) if home else Listening(accepting)
                return _supervise(folder, listening, home or folder)
        except UserError as problem:
            return _not_served(endpoint, record, str(problem))
        except InterruptedError:
            return 0
        finally:
            endpoint.process.unlink(missing_ok=True)


def _supervise(folder: Path, listening: Listening, home: Path) -> int:
    """Keep the loading process running, which watches the server processes, until a signal to stop arrives."""
    _, endpoint, record, settings = read_endpoint(folder)
    adopt_orphans()
    shared, announced = True, False
    begun, reported = time.monotonic(), 0.0
    loading = fork(lambda: load_and_supervise(folder, listening, shared=shared))
    while True:
        signalled = signal.sigtimedwait(SIGNALS, 2 * timeouts.seconds("server_look") if announced else 0.05)
        rotate(endpoint.log, int(settings.log_megabytes * 2**20))
        over = listening.lost or listening.passed
        if over or (signalled is not None and signalled.si_signo in STOP):
            # Before it serves, it may be loading, which SIGTERM does not end. No request is in progress then.
            _end(loading, signal.SIGTERM if announced else signal.SIGKILL, settings.stop_timeout + 2 * GRACE)
            return 1 if listening.lost else 0  # the engine then restarts this server, which asks the next holder
        code = exit_code(loading)
        announced = announced or (code is None and _announce(folder, home))
        passed = time.monotonic() - begun
        if not announced and passed - reported > _PROGRESS:
            reported = passed
            print(f"Loading the models of {record.name}: {passed:.0f} s so far", flush=True)
        problem = None if announced else _problem(folder)
        if problem is None and code is not None and code != HAS_THREADS and not announced:
            problem = f"the process ended while it loaded the models ({_reason(code)})"
        if problem is not None:
            if code is None:
                _end(loading, signal.SIGTERM, GRACE)
            return _not_served(endpoint, record, problem)
        if code is not None:
            if announced:
                print(f"The loading process ended ({_reason(code)}) and is started again", flush=True)
                signal.sigtimedwait((), 1)  # gives its children time to end
            shared = shared and code != HAS_THREADS
            loading = fork(lambda: load_and_supervise(folder, listening, shared=shared))  # noqa: B023 - called at once


def _not_served(endpoint: EndpointLayout, record: EndpointRecord, problem: str) -> int:
    """Report why an endpoint is not served, and return the exit code.

    Lists of endpoints show the problem too. An endpoint that was never served is removed if its output is not logged.
    """
    print(f"error: {record.name} is not served: {problem}", file=sys.stderr, flush=True)
    if record.generation == 1 and not is_output(endpoint.log):
        shutil.rmtree(endpoint.root, ignore_errors=True)
    else:
        write_text(endpoint.problem, f"{problem}\n")
    return 1


def _end(pid: int, how: signal.Signals, seconds: float) -> None:
    os.kill(pid, how)
    until = time.monotonic() + seconds
    while exit_code(pid) is None:
        signal.sigtimedwait(SIGNALS, 0.2)
        if time.monotonic() > until:
            os.kill(pid, signal.SIGKILL)
    while has_children() and time.monotonic() < until + GRACE:  # processes of a loading process that was killed
        signal.sigtimedwait(SIGNALS, 0.05)


def _reason(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def _listen(host: str, port: int) -> socket.socket:
    """Return the socket that all server processes accept from.

    The protocol is named because asyncio turns off Nagle's algorithm only then. With it, an answer in two pieces would
    take 40 ms.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
    return listening


def _announce(folder: Path, home: Path) -> bool:
    """Print the endpoint's address once it answers. Return whether it does."""
    _, endpoint, _, settings = read_endpoint(folder)
    served = next((state["served"] for state in _states(endpoint) if state["served"]), None)
    if served is None or not is_ready(settings.client_host, settings.port):
        return False
    names = ", ".join(f"{model['name']}:{model['version']}" for model in served)
    _, _, _, served_settings = read_endpoint(home)
    for line in {state["problem"] for state in _states(endpoint) if state["problem"]}:
        print(f"warning: {line}", flush=True)
    print(f"Serving {names} at {served_settings.address}", flush=True)
    return True


def _problem(folder: Path) -> str | None:
    """Return why the endpoint will never answer, or None."""
    states = _states(EndpointLayout(folder))
    return next((str(state["problem"]) for state in states if state["problem"] and not state["served"]), None)


def _states(endpoint: EndpointLayout) -> list[dict[str, Any]]:
    states = []
    for path in endpoint.states.glob("[0-9]*.json"):
        with contextlib.suppress(FileNotFoundError):  # its process has ended meanwhile
            states.append(read_record(path, ServerState).to_json())
    return states


if __name__ == "__main__":
    sys.exit(guarded(lambda: main(*map(Path, sys.argv[1:]))))
