"""A step's composition is the same whatever was composed before it."""

import copy
import functools
from typing import Any

from hypothesis import given
from hypothesis import strategies as some
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from runner.config.schema import RunSpec
from runner.errors import UserError
from runner.pipelines.planning.sections import Sections

VALUES = some.sampled_from([None, 1, 1.0, True, "1", "", "a", "${seed}", [1], {}, {"b": 2}, {"b": "${seed}"}, "${x}"])
JOB = {
    "arguments": some.dictionaries(some.sampled_from(["alpha", "data"]), VALUES, max_size=2),
    "environment_variables": some.dictionaries(some.sampled_from(["A", "B"]), some.sampled_from(["1", "${seed}"])),
    "timeout": some.sampled_from([None, 1, 2.5, "x"]),
    "tags": some.dictionaries(some.sampled_from(["team"]), some.sampled_from(["a", "${job.script}"])),
    "outputs": some.lists(some.sampled_from(["outputs", "logs"]), max_size=2),
    "script": some.sampled_from(["a.py", "${seed}.py", "b.py"]),
    "snapshot": some.sampled_from([{}, {"max_files": 3}]),
}
CHANGES = some.fixed_dictionaries({}, optional=JOB)
DATA = some.sampled_from([{}, {"a": "iris"}, {"a": {"path": "${job.script}"}}, {"b": {"asset": "iris:1"}}])
STEPS = some.lists(some.tuples(CHANGES, DATA, some.sampled_from(["local", "ssh"])), min_size=1, max_size=6)


@functools.cache
def _base() -> Any:
    config = OmegaConf.structured(RunSpec)
    plain: Any = OmegaConf.to_container(config, resolve=False)
    return {**plain, "experiment_name": "p", "seed": 3}


def _written(job: Any, inputs: Any, compute: str) -> Any:
    written = copy.deepcopy(_base())
    written["job"] = {**written["job"], "source": "src", **copy.deepcopy(job)}
    written["data"] = {**written["data"], "inputs": copy.deepcopy(inputs)}
    written["environment"], written["compute"] = {"kind": "current"}, {"kind": compute}
    return written


def _composed(sections: Sections, written: Any) -> Any:
    try:
        made = sections.compose(written)
    except (UserError, OmegaConfBaseException) as error:
        return type(error)
    return repr(made.spec), repr(made.plain), made.yaml


@given(STEPS)
def test_it_does_not_depend_on_the_steps_before(steps: list[tuple[Any, Any, str]]) -> None:
    shared = Sections()
    for step in steps:
        written = _written(*step)
        assert _composed(shared, written) == _composed(Sections(), written)


@given(
    CHANGES,
    some.lists(some.fixed_dictionaries({"alpha": VALUES, "data": VALUES}), min_size=2, max_size=5),
)
def test_it_does_not_depend_on_the_arguments_before(job: Any, arguments: list[dict[str, Any]]) -> None:
    shared = Sections()
    for argument in arguments:
        written = _written({**job, "arguments": argument}, {}, "local")
        assert _composed(shared, written) == _composed(Sections(), written)
