"""One run on a cluster: started on a node, followed and fetched; restarted elsewhere if the node is lost."""

from __future__ import annotations

import _thread
import contextlib
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from runner.compute.cluster import run_records, stored_job
from runner.compute.cluster.abandoned import end_late_run
from runner.compute.cluster.node import Node
from runner.compute.cluster.node_pool import Nodes
from runner.compute.cluster.requests import ScriptRequests
from runner.compute.cluster.transfer import Receiver
from runner.errors import UserError
from runner.execution.control import start_follower
from runner.hosts.remote.client import RefusedError
from runner.hosts.remote.link import UnreachableError
from runner.io.json_records import read_mapping
from runner.io.locks import is_locked, locked
from runner.io.record import FORMAT
from runner.layout import NodeLayout, RunLayout
from runner.ports.say import Say
from runner.statuses import CANCELED, FAILED
from runner.worker import timeouts
from runner.worker.layout import RESULT

DONE, FULL, LOST, LEFT = "done", "full", "lost", "left"
_SAYS = 30.0  # seconds between two lines about a node that does not answer

Brief = Callable[[Node, str], dict[str, Any]]
"""Returns the job spec for a node and the name of the run's folder on it, after sending what the run needs."""
Changed = Callable[[Node], None]


class NodeJob:
    """A run on a node, followed in a thread of this process after `begin` or `wait`.

    Parameters
    ----------
    run : RunLayout
        The run, with its ``order.json``.
    nodes : Nodes
        The cluster.
    brief : Brief
        Makes the job spec for a node.
    limits : Mapping
        ``max_attempts`` and ``lost_after_seconds``.
    say : Say
        Receives lines of progress.
    leave : bool
        Only start it; another process will follow it.
    changed : callable
        Called with a node on which the run changed the shared environment.
    """

    def __init__(
        self,
        run: RunLayout,
        nodes: Nodes,
        brief: Brief,
        limits: Any,
        say: Say,
        *,
        changed: Changed,
        leave: bool = False,
    ) -> None:
        self._run, self._nodes, self._brief, self._limits, self._say = run, nodes, brief, limits, say
        self._leave, self._changed = leave, changed
        self._receiver = Receiver(run)
        self._node: Node | None = None
        self._place: Path | None = None  # the run's folder on the node
        self._asked = self._cancels_sent = self._kills = 0
        self._sending_cancel = threading.Lock()
        self._begun, self._over = False, threading.Event()

    def begin(self) -> None:
        """Start the run, or follow it if it is already on a node."""
        self._begun = True
        # `threading` would wait until the thread has started, which other threads delay.
        _thread.start_new_thread(self._execute, ())

    def wait(self, seconds: float) -> bool:
        """Wait at most `seconds` for the run to end, passing on requests to cancel. Return whether it has ended."""
        if not self._begun:
            self.begin()
        over = self._over.wait(seconds)
        if not over and self._canceled():
            self._send_cancel()
        return over

    def cancel(self, *, kill: bool = False) -> None:
        """Ask the run to end, or with `kill` end it immediately, even if the node does not answer.

        If another process follows the run, it finds ``cancel.json``.
        """
        self._asked += 1
        self._kills += kill
        self._send_cancel()

    def detach(self) -> None:
        """Start a process that follows the run, unless one already does."""
        if not is_locked(self._run.attendant_lock):
            start_follower(self._run)

    def _canceled(self) -> bool:
        return self._run.cancel.exists()

    def _send_cancel(self) -> None:
        """Tell the node once for each request to cancel, including one that another process left in ``cancel.json``."""
        node, place = self._node, self._place
        if node is None or place is None or not node.is_connected:
            return
        with self._sending_cancel:
            if self._cancels_sent >= max(1, self._asked):
                return
            self._cancels_sent += 1
        mark = read_mapping(self._run.cancel) if self._canceled() else {"format": FORMAT, "by": "Ctrl-C"}
        with contextlib.suppress(UserError):
            node.call("node.cleanup", "cancel", run=str(place), mark=mark, kill=self._kills > 0)

    def _execute(self) -> None:
        try:
            with locked(self._run.attendant_lock):  # another process may be fetching it
                if not self._run.result.exists():
                    self._try_nodes()
        except (UserError, OSError) as mistake:
            self._end(FAILED, str(mistake))
        except Exception as error:  # noqa: BLE001 - reported here and in the run's record
            traceback.print_exc()
            self._end(FAILED, f"internal error: {type(error).__name__}: {error}")
        finally:
            self._over.set()

    def _try_nodes(self) -> None:
        """Try the run on one node after another, until one has completed it."""
        attempt, node = self._known()
        begun = node is not None
        while True:
            node = node or self._nodes.take(self._canceled)
            if node is None:
                return self._end(CANCELED, "canceled")
            self._node = node
            try:
                outcome = self._run_on(node, attempt, begun=begun)
            finally:
                self._nodes.release(node)
                self._node = self._place = None
            if outcome in (DONE, LEFT):
                return self._nodes.report_deferred()
            if outcome == FULL:
                self._nodes.full(node)
            else:
                attempt, begun = self._record_loss(node, attempt), False
                if attempt > self._limits.max_attempts:
                    return self._end(FAILED, f"{node.name} was lost during attempt {attempt - 1}, the last one")
            node = None

    def _known(self) -> tuple[int, Node | None]:
        """Return the current attempt and its node, which holds a slot, or None."""
        attempt = run_records.attempt(self._run)
        stored = stored_job.read(self._run)
        if stored is None:
            return attempt, None
        node = self._nodes.reserve(stored.node)
        if node is None:
            raise UserError(f"the run is on {stored.node}, which is not part of this cluster")
        return attempt, node

    def _record_loss(self, node: Node, attempt: int) -> int:
        """Record a lost node and attempt, keep the attempt's results apart, and return the next attempt's number."""
        place = self._place_name(attempt)
        apart = run_records.add_lost_attempt(self._run, attempt, node.name, self._receiver.offsets())
        stored_job.forget(self._run)
        self._receiver.result = None
        self._cancels_sent = 0
        node.defer(lambda back: end_late_run(back, place, apart))
        self._say(f"{node.name} is lost: {self._run.root.name} restarts on another node")
        return attempt + 1

    def _place_name(self, attempt: int) -> str:
        return f"{self._run.root.name}.{attempt}"

    def _run_on(self, node: Node, attempt: int, *, begun: bool) -> str:
        """Execute the run on a node, reconnecting if necessary, and return the outcome."""
        name, broken, silent, reported = self._place_name(attempt), begun, 0.0, 0.0
        began = _Flag(begun)
        while True:
            try:
                return self._follow(node, name, began, broken=broken)
            except UnreachableError as trouble:
                broken, silent = True, silent or time.monotonic()
                waited = time.monotonic() - silent
                if self._canceled() and (self._kills or waited > timeouts.seconds("cancel_unreachable")):
                    return self._give_up(node, name, began)
                if not began and waited > 0 and self._nodes.has_other(node):
                    return LOST if stored_job.read(self._run) else FULL
                if waited > self._limits.lost_after_seconds and self._nodes.has_other(node):
                    return LOST
                if time.monotonic() - reported > _SAYS:
                    self._say(f"{trouble.message}; its run continues, and the connection is retried")
                    reported = time.monotonic()
                self._over.wait(0.5)
            except RefusedError as refused:
                node.forget_uploads()  # it may have removed damaged files
                raise UserError(f"{node.name}: {refused}") from None
            if node.is_connected:
                silent = 0.0

    def _give_up(self, node: Node, name: str, began: _Flag) -> str:
        if began:
            node.defer(lambda back: end_late_run(back, name, None))
        self._end(CANCELED, f"canceled; {node.name} did not answer. To stop what still runs there: vivero nodes clean")
        return DONE

    def _follow(self, node: Node, name: str, began: _Flag, *, broken: bool) -> str:
        """Start the run unless it has started, follow it and fetch its results."""
        self._place = place = NodeLayout(node.root()).run(name).root
        brief = {} if began else self._brief(node, name)
        if brief:
            stored_job.write(self._run, node.name, name)
        request = node.call("node.run", "follow", run=str(place), offsets=self._receiver.offsets(), **brief)
        if self._canceled():
            self._cancels_sent = 0
        last_facts: dict[str, Any] = {}
        requests = ScriptRequests(self._run, node, place, self._receiver, self._say)
        for message in request:
            facts = message.facts
            if "begun" in facts:
                began.set()
                node.occupy(place)
                if self._leave:
                    request.stop()
                    return LEFT
            elif "file" in facts:
                self._receiver.append(facts["file"], facts["offset"], message.content)
            elif "asked" in facts:
                requests.answer_in_background(facts, message.content)
            elif "ended" in facts:
                last_facts = facts
            elif "whole" in facts:
                self._receiver.whole(facts["whole"], message.content, last_facts["files"][facts["whole"]])
        if "full" in request.answer:
            stored_job.forget(self._run)
            return FULL
        if not last_facts:
            return LOST  # its folder no longer exists
        return self._fetch_results(node, place, last_facts, broken=broken)

    def _fetch_results(self, node: Node, place: Path, facts: Mapping[str, Any], *, broken: bool) -> str:
        files = facts["files"]
        if RESULT not in files and broken:
            return LOST  # it died unobserved, and so did its supervisor
        host = node.host()
        for name in self._receiver.missing(files):
            self._receiver.fetch(host, place, name, files[name])
        if RESULT not in files:
            self._end(FAILED, f"the worker on {node.name} was killed; see {RunLayout.worker_log}")
        self._note(node, facts["left"])
        node.schedule_removal(place)
        return DONE

    def _note(self, node: Node, left: list[str]) -> None:
        """Add notes to the result: the node, nodes lost before, and files that could not be fetched."""
        result = run_records.worker_result(self._run, self._receiver.result)
        if result is None:
            return
        if result.environment_changed:
            self._changed(node)
        run_records.write_result(self._run, result, node.name, left)

    def _end(self, status: str, reason: str) -> None:
        run_records.add_missing_result(self._run, status, reason)


class _Flag:
    """Whether the node has reported the start."""

    def __init__(self, value: bool) -> None:
        self._value = value

    def __bool__(self) -> bool:
        return self._value

    def set(self) -> None:
        self._value = True
