"""Checks that a node can run jobs, and says why not."""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from runner.compute.cluster.node import Node
from runner.environments.interpreters import find_on
from runner.errors import UserError
from runner.hosts.remote.client import RefusedError

_CLOCK = 5.0  # seconds that a clock may be off
_DISK, _TMP = 1 << 30, 1 << 26  # least free bytes


@dataclass
class Finding:
    """The findings about one node.

    Parameters
    ----------
    name : str
        The node's name.
    up : bool
        Whether it was reached.
    problems : list of str
        Its problems.
    facts : dict
        Facts about the machine, such as its platform, user, clock and free bytes.
    state : dict
        ``daemon`` (its pid, or None), ``running`` (jobs), ``runs`` (folders) and ``kept`` (bytes by cache).
    slots : int or None
        The number of concurrent runs.
    milliseconds : float or None
        The round trip time of a message.
    """

    name: str
    up: bool = False
    problems: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)
    slots: int | None = None
    milliseconds: float | None = None


def look_at(node: Node, *, sizes: bool = False) -> Finding:
    """Connect to a node and examine it. With `sizes`, the state includes the sizes of stored data."""
    finding = Finding(node.name)
    try:
        host = node.host()
        finding.up, finding.facts, finding.slots = True, dict(node.facts), node.slots
        finding.state = node.call("node.cleanup", "state", sizes=sizes).result()
        start = time.perf_counter()
        host.exists(node.root())
        finding.milliseconds = (time.perf_counter() - start) * 1000
    except (UserError, RefusedError, OSError) as error:
        finding.problems.append(str(error))
    return finding


def check(node: Node, python: str | None) -> Finding:
    """Check whether a node can run jobs with a given Python."""
    finding = look_at(node, sizes=True)
    if finding.up:
        well = not finding.problems
        finding.problems = [*_problems(finding.facts), *finding.problems]
        try:
            if well:
                find_on(node.host(), python)
        except UserError as mistake:
            finding.problems.append(str(mistake))
    return finding


def _problems(facts: dict[str, Any]) -> Iterator[str]:
    ahead = float(facts["time"]) - time.time()
    if abs(ahead) > _CLOCK:
        yield f"its clock is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} this machine's"
    for place, free, minimum in ((facts["root"], facts["free"], _DISK), (facts["tmp"], facts["tmp_free"], _TMP)):
        if free < minimum:
            yield f"{place} has {free / 2**20:.0f} MB left"
    here = f"{sys.platform}-{platform.machine()}"
    if facts["platform"] != here:
        yield f"it is {facts['platform']}, but this machine is {here}; install uv on the node"
