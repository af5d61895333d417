"""Passes requests of scripts from a node to the controller, which has the registry, and returns the answers."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runner.compute.cluster.node import Node
from runner.compute.cluster.transfer import Receiver
from runner.errors import UserError
from runner.execution.requests import answer, answer_of
from runner.hosts.remote.client import RefusedError
from runner.io.json_records import read_record
from runner.layout import RunLayout
from runner.ports.say import Say
from runner.records import OrderRecord


class ScriptRequests:
    """The requests of one run's script.

    Parameters
    ----------
    run : RunLayout
        The run's files on this machine.
    node : Node
        The run's node.
    place : Path
        The run's folder on the node.
    receiver : Receiver
        Fetches the files that a request names.
    say : Say
        Receives lines of progress.
    """

    def __init__(self, run: RunLayout, node: Node, place: Path, receiver: Receiver, say: Say) -> None:
        self._run, self._node, self._place, self._receiver, self._say = run, node, place, receiver, say

    def answer_in_background(self, facts: Mapping[str, Any], request: bytes) -> None:
        """Answer a request in a separate thread, so that logs are not delayed."""
        threading.Thread(target=self._answer, args=(facts, request), daemon=True).start()

    def _answer(self, facts: Mapping[str, Any], request: bytes) -> None:
        """Fetch the files that a request names, and run the controller's command that answers it."""
        request_file = self._run.requests / Path(facts["asked"]).name
        try:
            host = self._node.host()
            if not answer_of(request_file).exists():
                for name in self._receiver.missing(facts["artefact"]):
                    self._receiver.fetch(host, self._place, name, facts["artefact"][name])
                request_file.parent.mkdir(exist_ok=True)
                request_file.write_bytes(request)
            order = read_record(self._run.order, OrderRecord)
            answered = answer(self._run, order.answer or (), request_file)
            host.write(RunLayout(self._place).requests / answered.name, answered.read_bytes())
        except (UserError, OSError, RefusedError) as error:  # repeated once the connection is back
            self._say(f"{self._node.name}: {error}")
