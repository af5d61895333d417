"""Port numbers in messages."""

_LAST = 65535


def another_port(port: int) -> int:
    """Return a port to suggest if one cannot be used: the next one, if there is one."""
    return port + 1 if port < _LAST else port - 1
