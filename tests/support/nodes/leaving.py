"""Checks that tests leave shared nodes as they were."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.support.nodes.cluster import AnyCluster
from tests.support.nodes.machine import Machine
from tests.support.nodes.team import Team
from tests.support.waiting import wait_for

_WARM = ("node.daemon", "prefork.interpreter")  # without a run's folder, they wait for a run


@contextlib.contextmanager
def left_as_it_was(cluster: AnyCluster, teams: Sequence[Team]) -> Iterator[None]:
    """Check that only daemons and prefork interpreters are left. Clean up, so that the next test is not affected."""
    yield
    try:
        _bring_back(cluster)
        for team in teams:
            team.end()
        try:
            _nothing_is_left(cluster, 2)  # most tests have ended their runs, and two commands per test are not cheap
        except AssertionError:
            for team in teams:
                _nodes(team, "stop", "--runs")
            _nothing_runs(cluster)
            for team in teams:
                _nodes(team, "clean")  # of runs that have ended by now
            _nothing_is_left(cluster, 40)
    finally:
        cluster.user.end()
        for machine in cluster.machines:
            machine.end_left()
            shutil.rmtree(machine.root / "runs", ignore_errors=True)


def _bring_back(cluster: AnyCluster) -> None:
    for machine in cluster.machines:
        machine.mend()
        if not machine.is_up:
            machine.start()
    cluster.settle()


def _runs(machine: Machine) -> list[Path]:
    """Return the run folders on a machine."""
    folder = machine.root / "runs"
    return list(folder.iterdir()) if folder.exists() else []


def _nodes(team: Team, *words: str) -> None:
    done = team.nodes(*words)
    assert done.returncode == 0, done.stdout + done.stderr


def _nothing_runs(cluster: AnyCluster) -> None:
    wait_for(lambda: all(machine.is_without("") for machine in cluster.machines), 40)


def _nothing_is_left(cluster: AnyCluster, seconds: float) -> None:
    def left() -> list[object]:
        return [leftover for machine in cluster.machines for leftover in (*_runs(machine), *_unexpected(machine))]

    try:
        wait_for(lambda: not left(), seconds)
    except AssertionError as error:
        raise AssertionError(f"{error}: {left()} is left") from None


def _unexpected(machine: Machine) -> list[str]:
    """Return the command lines of processes other than the daemon and prefork interpreters."""
    return [line for line in machine.left().values() if not any(word in line for word in _WARM)]
