"""Answers the requests of scripts on nodes, on the controller's side, where the registry is."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runner.compute.cluster.node import Node
from runner.compute.cluster.transfer import Receiver
from runner.errors import UserError
from runner.io.files import write_json
from runner.io.json_records import read_mapping
from runner.layout import RunLayout
from runner.ports import Say


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
        answer = asked.with_name(f"{asked.stem}.answer.json")
        try:
            host = self._node.host()
            if not answer.exists():
                for name in self._receiver.missing(facts["artefact"]):
                    self._receiver.fetch(host, self._place, name, facts["artefact"][name])
                asked.parent.mkdir(exist_ok=True)
                asked.write_bytes(request)
                order = read_mapping(self._run.order)
                answers = order["answer"] or order["attended"]["answer"]
                command = [*answers, str(self._run.root), str(asked)]
                done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)
                if not answer.exists():
                    error = f"the process that answers requests ended without an answer (exit code {done.returncode})"
                    write_json(answer, {"ok": False, "error": error})
            host.write(self._place / "requests" / answer.name, answer.read_bytes())
        except (UserError, OSError) as error:  # repeated once the connection is back
            self._say(f"{self._node.name}: {error}")
