"""What a compute prepares for while the trials of a sweep are planned."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from runner.config.schema import RunSpec
from runner.execution.plan import Plan, Step
from runner.execution.planning import register_resolvers
from runner.layout import Layout
from runner.pipelines.planning.sections import Sections
from runner.sweeps.controller.prefetch import always_run


@pytest.fixture(autouse=True)
def _resolvers() -> None:
    register_resolvers()


def _plan(script: str, steps: tuple[Step, ...] = (), **arguments: Any) -> Plan:
    written: Any = OmegaConf.to_container(OmegaConf.structured(RunSpec), resolve=False)
    written["job"] |= {"source": "src", "script": script, "arguments": arguments}
    written["data"]["inputs"] = {"text": {"step": "a.outputs"}}
    written |= {"experiment_name": "p", "environment": {"kind": "current"}, "compute": {"kind": "local"}}
    made = Sections().compose(written)
    return Plan(made.spec, made.plain, made.yaml, "p", "p-1", Layout(Path("w")), Path(), steps=steps)


def _pipeline(*steps: Plan) -> Plan:
    plan = _plan("none.py", tuple(Step(name=plan.spec.job.script or "", plan=plan) for plan in steps))
    return dataclasses.replace(plan, yaml="".join(step.yaml for step in steps))


def test_trials_of_one_script() -> None:
    first = _plan("a.py", alpha=1)
    assert always_run(first, _plan("a.py", alpha=2)) is first


def test_the_first_step_in_which_pipelines_differ() -> None:
    found = always_run(
        _pipeline(_plan("a.py"), _plan("b.py", alpha=1, text="${input:text}"), _plan("c.py", alpha=1)),
        _pipeline(_plan("a.py"), _plan("b.py", alpha=2, text="${input:text}"), _plan("c.py", alpha=2)),
    )
    assert found is not None
    assert (found.spec.job.script, found.config["job"]["script"]) == ("b.py", "b.py")
    assert not found.spec.job.arguments and not found.spec.data.inputs and not found.config["job"]["arguments"]


def test_a_step_that_is_a_pipeline() -> None:
    below = [_pipeline(_plan("a.py"), _plan("b.py", alpha=alpha)) for alpha in (1, 2)]
    found = always_run(*(_pipeline(_plan("first.py"), one) for one in below))
    assert found is not None and found.spec.job.script == "b.py"


def test_pipelines_that_do_not_differ() -> None:
    assert always_run(_pipeline(_plan("a.py")), _pipeline(_plan("a.py"))) is None
