"""Records, read through the commands."""

import json
from typing import Any

from tests.support.command_line import CommandLine


def record_of(command_line: CommandLine, run: str = "latest") -> Any:
    return json.loads(command_line.vivero("show", run, "--json").stdout)
