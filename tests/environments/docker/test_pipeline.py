"""A pipeline with one step in a container and others beside it."""

import json
from typing import Any

import pytest

from tests.support.command_line import CommandLine
from tests.support.pipelines import Pipelines, step
from tests.support.suite.covered import CONTAINERS

pytestmark = [
    pytest.mark.usefixtures("swept"), pytest.mark.sampled(1, covers=[*CONTAINERS, "runner/pipelines/**/*.py"]),
]  # fmt: skip


@pytest.mark.slow("a container and two interpreters", seconds=60)
def test_a_step_in_a_container_hands_its_output_on(command_line: CommandLine, base_image: Any) -> None:
    pipelines = Pipelines(command_line)
    trace = {"environment_variables": {"TRACE": "outputs/trace"}}  # a container has no other place
    inside = {"environment": {"kind": "docker", "image": str(base_image)}}
    steps = {"a": step("a", job=trace), "b": step("b", "a", job=trace, **inside), "c": step("c", "b", job=trace)}
    pipelines.write(steps)
    pipelines.run()
    assert (pipelines.outputs_of("c") / "text.txt").read_text() == "a b c "
    kinds = {name: json.loads(pipelines.place(pipelines.run_of(name)).record.read_text()) for name in "abc"}
    environments = {name: record["prepare"]["environment"]["kind"] for name, record in kinds.items()}
    assert environments == {"a": "current", "b": "docker", "c": "current"}
    pipelines.run()
    assert pipelines.states() == {"a": "reused", "b": "reused", "c": "reused"}
    steps["b"] = step("b", "a", job=trace)
    pipelines.write(steps)
    pipelines.run()
    assert pipelines.states() == {"a": "reused", "b": "completed", "c": "reused"}  # b's output is the same
