"""Shorter timeouts for tests, still long enough for a machine whose cores are all busy."""

from runner.worker import timeouts

_SHORT = {
    "cut_link": 4,
    "node_return": 0.5,
    "node_look": 0.3,
    "other_nodes": 2,
    "cancel_unreachable": 5,
    "scheduler_answer": 20,  # longer than usual, because a scheduler shares two busy cores with all tests
    "relay_forgotten": 8,
    "engine_join": 2,
    "engine_death": 6,
    "engine_look": 0.5,
    "grace": 3,
    "leftover_grace": 1,
    "handed_over": 3,
    "server_look": 0.25,
    "last_request": 0.5,
    "health_interval": 2,
}


def short(**changes: float) -> str:
    """Return the variable that sets the short timeouts, with some changed."""
    return ",".join(f"{name}={value}" for name, value in {**_SHORT, **changes}.items())


SHORT = {timeouts.VARIABLE: short()}
