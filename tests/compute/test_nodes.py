"""How a cluster's nodes are looked after while runs come and go."""

import time

import pytest

from runner.compute.cluster.nodes import Nodes
from runner.errors import UserError
from runner.hosts.remote.link import UnreachableError


class Machine:
    slots, owes, trouble = 4, 0, None

    def __init__(self, name="one", refuses=None):
        self.name, self.refuses, self.is_connected, self.looks = name, refuses, refuses is None, 0

    def host(self):
        if self.refuses is not None:
            raise self.refuses

    def watch(self):
        self.looks += 1


class Machines:
    def __init__(self, *nodes):
        self.nodes = list(nodes)

    def find(self):
        return self.nodes

    def close(self):
        pass


def test_a_slot_that_is_given_back_is_no_reason_to_look_at_all_nodes():
    """Each look sends what is to be removed: at a hundred runs a second it would be one message a run."""
    machine = Machine()
    nodes = Nodes(Machines(machine), 1, None, print)
    begun, runs = time.monotonic(), 0
    while time.monotonic() < begun + 1.5:
        nodes.give_back(nodes.take(lambda: False))
        runs += 1
    nodes.close()
    assert runs > 100 and 1 <= machine.looks <= 3


@pytest.mark.parametrize(("trouble", "slots"), [(UserError("its key is not known"), 8), (UnreachableError("down"), 12)])
def test_slots_are_those_of_nodes_that_may_be_used(trouble, slots):
    """One that is down may come back; one that does not let us in is left out until the next command."""
    nodes = Nodes(Machines(Machine("one"), Machine("two", trouble), Machine("three")), 1, None, print)
    nodes.settle(5)
    assert nodes.slots() == slots
    nodes.close()
