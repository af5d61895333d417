"""A server of its own, asked over HTTP."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from runner.layout import Layout
from tests.support.command_line import ROOT


class Server:
    """A server of its own, started as a user does."""

    def __init__(self, layout: Layout, *words: str, before: tuple[str, ...] = ()) -> None:
        self.layout = layout
        variables = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            [*before, sys.executable, "-m", "serving", f"workspace.root={layout.root}", "port=0", *words],
            cwd=ROOT, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.said: list[str] = []
        self.address = ""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line.rstrip())
            if line.startswith("Serving "):
                self.address = line.split()[-1]
                break

    def ask(self, path: Any, body: Any = None, *, method: Any = None, **headers: Any) -> Any:
        """Return status, headers and content."""
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        headers = {
            "Content-Type": "application/json",
            **{key.replace("_", "-"): value for key, value in headers.items()},
        }
        request = urllib.request.Request(self.address + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def state(self) -> Any:
        """Return what each server process says of itself."""
        states = [json.loads(path.read_bytes()) for path in self.layout.endpoints.glob("*/states/[0-9]*.json")]
        return [state for state in states if Path(f"/proc/{state['pid']}").exists()]

    def stop(self) -> Any:
        self.process.terminate()
        return self.process.wait(40)
