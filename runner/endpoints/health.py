"""Asks a server whether it is ready: ``python health.py PORT`` exits with 0 or 1. Standard library only."""

import http.client
import sys

_PATIENCE = 4.0  # seconds; an engine gives the command 5


def is_ready(host: str, port: int, timeout: float = 2) -> bool:
    """Tell whether the server at an address says that it is ready."""
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
