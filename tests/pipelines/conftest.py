"""The tests of this folder have a team with a pipeline."""

import pytest

from tests.support.command_line import CommandLine
from tests.support.pipelines import Pipelines


@pytest.fixture
def pipelines(command_line: CommandLine) -> Pipelines:
    return Pipelines(command_line)
