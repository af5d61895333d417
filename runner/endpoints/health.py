"""Checks whether a server is ready: ``python health.py PORT`` exits with 0 or 1. Standard library only."""

import http.client
import sys

_PATIENCE = 4.0  # seconds; the container engine's limit for the command is 5


def is_ready(host: str, port: int, timeout: float = 2) -> bool:
    """Return whether the server at an address is ready."""
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request("GET", "/v2/health/ready")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(int(not is_ready("127.0.0.1", int(sys.argv[1]), _PATIENCE)))
