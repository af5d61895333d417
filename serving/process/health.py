"""Tells whether this container's server answers: ``python health.py PORT`` exits with 0 or 1. Standard library only."""

import http.client
import sys


def main(port: int) -> int:
    """Return 0 if the server says that it is ready."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=4)
    try:
        connection.request("GET", "/v2/health/ready")
        return int(connection.getresponse().status != 200)
    except (OSError, http.client.HTTPException):
        return 1
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
