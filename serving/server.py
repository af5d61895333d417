"""Starts the server of one endpoint, in the environment of its models: ``python -m serving.server FOLDER``."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import socket
import sys
import threading
from pathlib import Path

from runner.clock import now
from runner.files import locked, write_json
from serving.connections import Connection
from serving.settings import read_endpoint

_FILES = 16_384  # connections that one process may hold
# Seconds without a sign of life after which a process is replaced; so long may it take to see that one was killed.
_SIGN_OF_LIFE = 10


def main(folder: Path) -> int:
    """Serve until SIGTERM or Ctrl-C; return the exit code."""
    _, endpoint, record, settings = read_endpoint(folder)
    with locked(endpoint.lock, blocking=False) as held:
        if not held:
            print(f"error: endpoint {record.name} is served already", file=sys.stderr)
            return 1
        endpoint.unloaded.unlink(missing_ok=True)
        for old in (endpoint.states, endpoint.metrics):
            shutil.rmtree(old, ignore_errors=True)
            old.mkdir(parents=True)
        os.environ["VIVERO_ENDPOINT"] = str(folder)
        if settings.workers > 1:
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(endpoint.metrics)
        write_json(endpoint.process, {"pid": os.getpid(), "port": settings.port, "started": now()})
        try:
            return _serve(folder)
        finally:
            endpoint.process.unlink(missing_ok=True)


def _serve(folder: Path) -> int:
    """Keep the server processes going until a signal comes; one that dies is replaced."""
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    _, _, _, settings = read_endpoint(folder)
    config = uvicorn.Config(
        "serving.worker:application",
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        http=Connection,
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=4096,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=int(settings.stop_timeout),
        timeout_worker_healthcheck=_SIGN_OF_LIFE,
    )
    failed = threading.Event()
    threading.Thread(target=_announce, args=(folder, failed), daemon=True).start()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, _FILES), hard), hard))
    Multiprocess(config, sockets=[_listen(settings.host, settings.port)]).run()
    return 1 if failed.is_set() else 0


def _listen(host: str, port: int) -> socket.socket:
    """Return the socket that all server processes accept from.

    Its protocol is named, because only then asyncio turns off Nagle's algorithm for what is accepted, without which an
    answer in two pieces takes 40 ms.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
    listening.set_inheritable(True)
    return listening


def _announce(folder: Path, failed: threading.Event) -> None:
    """Say when the endpoint answers, or why it never will, and then end it."""
    _, endpoint, record, settings = read_endpoint(folder)
    pause = threading.Event()
    while not pause.wait(0.05):
        states = [json.loads(path.read_bytes()) for path in endpoint.states.glob("*.json") if path.name[0] != "."]
        if any(state["served"] for state in states) and _answers(settings.host, settings.port):
            names = ", ".join(f"{one['name']}:{one['version']}" for one in states[0]["served"])
            print(f"Serving {names} at http://{settings.host}:{settings.port}", flush=True)
            return
        problem = next((state["problem"] for state in states if state["problem"]), None)
        if problem is not None:
            print(f"error: {record.name} is not served: {problem}", file=sys.stderr, flush=True)
            failed.set()
            os.kill(os.getpid(), signal.SIGTERM)
            return


def _answers(host: str, port: int) -> bool:
    import http.client

    connection = http.client.HTTPConnection(host if host not in ("0.0.0.0", "::") else "127.0.0.1", port, timeout=2)  # noqa: S104
    try:
        connection.request("GET", "/v2/health/ready")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
