"""All timeouts of the product, in seconds, by name.

``VIVERO_TIMEOUTS="cut_link=5,grace=30"`` changes some of them for one command and all that it starts, on other machines
too. A timeout that must be shorter than another is derived from it by one of the functions below.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict

VARIABLE = "VIVERO_TIMEOUTS"
DEFAULTS = {
    # Connections to the nodes of a cluster
    "cut_link": 15.0,  # silence after which a connection is given up
    "node_return": 2.0,  # between two attempts to reach a node that does not answer
    "node_look": 1.0,  # between two looks at the nodes that are connected
    "node_clearing": 1.0,  # between two cleanups of half-written folders on a node
    "other_nodes": 3.0,  # for the other nodes, once the first has answered; those that answer later join
    "cancel_unreachable": 20.0,  # for a node that does not answer, before a run on it is canceled without its answer
    "last_removals": 5.0,  # for a node, at the end of a command, to remove the last runs
    # A Dask cluster that runs go to
    "scheduler": 6.0,  # for the scheduler to be reached
    "scheduler_answer": 10.0,  # for an answer of the scheduler, or a short one of a worker
    "relay_forgotten": 20.0,  # without a question, after which a relay closes a stream
    "relay_program": 60.0,  # for a program to end once its input has
    # The Dask cluster of one run
    "engine_join": 5.0,  # for the nodes that have all they need; those that come later join
    "engine_death": 30.0,  # without a scheduler, after which a worker ends
    "engine_look": 2.0,  # between two looks for nodes that have come back
    # Runs
    "grace": 10.0,  # between SIGTERM and SIGKILL
    "leftover_grace": 2.0,  # the same for processes that a script leaves behind
    "model_load": 120.0,  # for a model to be loaded before it is registered
    "handed_over": 10.0,  # for another process to follow a run, once nobody does
    "engine_return": 60.0,  # for a container engine that stopped to come back
    "lock_said": 2.0,  # of waiting for a lock, before its holder is reported
    "cache_lock": 30.0,  # for a cache that another process is writing, before it is done without
    # Data assets
    "table": 600.0,  # for a table to be described, before the asset is stored without that
    # Serving
    "server_start": 120.0,  # for a server that is started in the background to answer
    "server_look": 0.5,  # between two looks at the server processes; after 20 without a sign of life one is replaced
    "last_request": 1.0,  # for a last request on an idle connection when the server ends
    "request_headers": 20.0,  # for the headers of a request to arrive
    "request_body": 20.0,  # for its body
    "refused_body": 2.0,  # for the rest of a body that was refused, so that its client reads the answer
    "health_interval": 10.0,  # between two looks of an engine at whether a container serves
}


def changed() -> "Dict[str, float]":
    """Return the values that the variable changes.

    Raises
    ------
    ValueError
        If it names one that does not exist, or gives one that is not a number of seconds above 0.
    """
    timeouts: "Dict[str, float]" = {}
    for part in filter(None, os.environ.get(VARIABLE, "").replace(" ", "").split(",")):
        name, _, value = part.partition("=")
        if name not in DEFAULTS:
            raise ValueError("{}: unknown timeout {!r}. Known: {}".format(VARIABLE, name, ", ".join(sorted(DEFAULTS))))
        try:
            timeouts[name] = float(value)
        except ValueError:
            timeouts[name] = -1.0
        if not 0 < timeouts[name] < float("inf"):
            raise ValueError("{}: {}={} is not a number of seconds above 0".format(VARIABLE, name, value))
    return timeouts


def as_text() -> str:
    """Return the changed values in the form of the variable."""
    return ",".join("{}={!r}".format(*pair) for pair in sorted(changed().items()))


def variables() -> "Dict[str, str]":
    """Return the variable for a process that gets no others. Empty if no value is changed."""
    return {VARIABLE: as_text()} if changed() else {}


def seconds(name: str) -> float:
    """Return a value from the table, or its override in the variable."""
    return changed().get(name, DEFAULTS[name])


def heartbeat_interval() -> float:
    """Return the seconds between two signs of life on a connection, several of which may be lost."""
    return seconds("cut_link") / 4


def agent_max_silence() -> float:
    """Return the seconds of silence after which an agent ends: its controller has given up the connection by then."""
    return 6 * seconds("cut_link")


def relay_poll() -> float:
    """Return the seconds after which a relay that is waited for is asked again."""
    return seconds("relay_forgotten") / 4


def progress_interval(limit: float) -> float:
    """Return the seconds between two progress lines during a wait with a limit."""
    return min(limit / 4, 15.0)
