"""The port that messages suggest when one is taken."""

import socket

import pytest

from runner.config.endpoint_settings import EndpointSettings
from runner.endpoints.process import choose_port
from runner.errors import UserError
from runner.studio.server import listen


def test_a_port_that_is_taken_is_not_suggested_and_the_suggestion_is_one() -> None:
    for port in (0, 65535):
        with socket.socket() as taken:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(("127.0.0.1", port))
            taken.listen()
            held = taken.getsockname()[1]
            other = held + 1 if held < 65535 else 65534
            with pytest.raises(UserError, match=f"--port {other}$"):
                listen("127.0.0.1", held)
            with pytest.raises(UserError, match=rf"endpoint\.port={other};"):
                choose_port(EndpointSettings(port=held))
