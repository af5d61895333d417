"""How a cluster's nodes are looked after while runs come and go."""

import time

from runner.compute.cluster.nodes import Nodes


class Machine:
    name, slots, owes, trouble, is_connected = "one", 4, 0, None, True

    def __init__(self):
        self.looks = 0

    def host(self):
        pass

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
