"""Carries requests of scripts from a node to the controller, which has the registry, and the answers back."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runner.compute.cluster.node import Node
from runner.compute.cluster.transfer import Receiver
from runner.errors import UserError
from runner.execution.requests import answer, answer_of
from runner.io.json_records import read_record
from runner.layout import RunLayout
from runner.ports import Say
from runner.records import OrderRecord


class Asked:
    """The requests of one run.

    Parameters
    ----------
    run : RunLayout
        The run here.
    node, place
        Where it is, and its folder there.
    receiver : Receiver
        Takes the files that a request names.
    say : Say
        Receives lines of progress.
    """

    def __init__(self, run: RunLayout, node: Node, place: Path, receiver: Receiver, say: Say) -> None:
        self._run, self._node, self._place, self._receiver, self._say = run, node, place, receiver, say

    def answer_aside(self, facts: Mapping[str, Any], request: bytes) -> None:
        """Answer a request in a thread of its own, so that logs are not delayed."""
        threading.Thread(target=self._answer, args=(facts, request), daemon=True).start()

    def _answer(self, facts: Mapping[str, Any], request: bytes) -> None:
        """Run the controller's command for a request, with the files that it names."""
        asked = self._run.requests / Path(facts["asked"]).name
        try:
            host = self._node.host()
            if not answer_of(asked).exists():
                for name in self._receiver.missing(facts["artefact"]):
                    self._receiver.fetch(host, self._place, name, facts["artefact"][name])
                asked.parent.mkdir(exist_ok=True)
                asked.write_bytes(request)
            order = read_record(self._run.order, OrderRecord)
            answered = answer(self._run, order.answer or (), asked)
            host.write(RunLayout(self._place).requests / answered.name, answered.read_bytes())
        except (UserError, OSError) as error:  # repeated once the connection is back
            self._say(f"{self._node.name}: {error}")
