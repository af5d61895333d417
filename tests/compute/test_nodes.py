"""How a cluster's nodes are looked after while runs come and go."""

import threading
import time
from typing import Any, cast

import pytest

from runner.compute.cluster.node_pool import Nodes
from runner.errors import UserError
from runner.hosts.remote.link import UnreachableError


class Machine:
    slots, deferred, trouble = 4, 0, None

    def __init__(self, name: str = "one", refuses: Any = None) -> None:
        self.name, self.refuses, self.is_connected, self.looks = name, refuses, refuses is None, 0

    def host(self) -> None:
        if self.refuses is not None:
            raise self.refuses

    def watch(self) -> None:
        self.looks += 1

    def close(self) -> None:
        pass


class Machines:
    def __init__(self, *nodes: Any) -> None:
        self.nodes = list(nodes)

    def find(self) -> Any:
        return self.nodes

    def close(self) -> None:
        pass


def looked_after(*machines: Machine) -> Nodes:
    """Return the nodes of a cluster that has these machines."""
    return Nodes(cast(Any, Machines(*machines)), cast(Any, lambda machine: machine), 1, None, print)


def test_a_slot_that_is_given_back_is_no_reason_to_look_at_all_nodes() -> None:
    """Each look sends what is to be removed: at a hundred runs a second it would be one message a run."""
    machine = Machine()
    nodes = looked_after(machine)
    begun = time.monotonic()
    for _ in range(500):
        node = nodes.take(lambda: False)
        assert node is not None
        nodes.release(node)
    looks, seconds = machine.looks, time.monotonic() - begun
    nodes.close()
    assert looks <= seconds + 2  # one a second


def test_nodes_that_were_up_are_waited_for() -> None:
    """A trial that is prepared while all nodes are down has not failed: they may come back."""
    machine = Machine()
    nodes = looked_after(machine)
    assert nodes.first() is cast(Any, machine)
    machine.is_connected, machine.refuses = False, UnreachableError("one does not answer")
    with pytest.raises(UnreachableError):
        nodes.first()
    back = threading.Timer(0.1, lambda: setattr(machine, "is_connected", True))
    back.start()
    assert nodes.first() is cast(Any, machine)
    back.join()
    nodes.close()


def test_nodes_that_never_were_up_are_a_mistake() -> None:
    machine = Machine(refuses=UnreachableError("one does not answer"))
    nodes = looked_after(machine)
    with pytest.raises(UserError) as caught:
        nodes.first()
    assert not isinstance(caught.value, UnreachableError) and "vivero nodes check" in str(caught.value)
    nodes.close()


@pytest.mark.parametrize(("trouble", "slots"), [(UserError("its key is not known"), 8), (UnreachableError("down"), 12)])
def test_slots_are_those_of_nodes_that_may_be_used(trouble: Any, slots: int) -> None:
    """One that is down may come back; one that does not let us in is left out until the next command."""
    nodes = looked_after(Machine("one"), Machine("two", trouble), Machine("three"))
    nodes.wait_for_nodes(5)
    assert nodes.slots() == slots
    nodes.close()


def test_a_cluster_that_cannot_be_found_is_a_mistake() -> None:
    """Whoever prepares a run tries again for nodes that were up, and would do so for ever."""

    class Gone(Machines):
        def find(self) -> list[Machine]:
            raise UnreachableError("The scheduler does not answer", "See: its log")

    nodes = Nodes(Gone(), cast(Any, lambda machine: machine), 1, None, print)  # type: ignore[arg-type]
    with pytest.raises(UserError) as caught:
        nodes.first()
    assert not isinstance(caught.value, UnreachableError) and str(caught.value).endswith("See: its log")
    nodes.close()
