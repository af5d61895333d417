"""How an agent reads requests."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "line",
    [
        b"\xff\n",
        b"[]\n",
        b"{}\n",
        b'{"id": 1}\n',
        b'{"id": 1, "do": "read", "bytes": -1}\n',
        b"[" * 100_000 + b"\n",
        b'{"id": 1, "do": "read", "bytes": 9999999999999999999999}\n',
    ],
)
def test_an_agent_that_is_told_no_message_ends_with_one_line(line: bytes) -> None:
    code = "import io, sys; from runner.worker.node.agent.server import Agent; "
    code += "Agent(sys.stdin.buffer, io.BytesIO(), 1e9).serve()"
    done = subprocess.run([sys.executable, "-c", code], input=line, capture_output=True, check=False)
    assert done.returncode == 1
    assert done.stderr == f"received a line of {len(line)} bytes that is not a message\n".encode()
