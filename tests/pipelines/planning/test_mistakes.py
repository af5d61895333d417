"""A mistake in a pipeline is one line before anything is written, whoever wrote it."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import CommandLine
from tests.support.pipelines import Pipelines, step

COVERED = ["runner/pipelines/planning/*.py", "runner/config/**/*.py", "runner/execution/plan*.py"]


def _two(**second: Any) -> dict[str, Any]:
    """Return two steps, of which the second is changed."""
    return {"a": step("a"), "b": {**step("b"), **second}}


def _arguments(**arguments: Any) -> dict[str, Any]:
    return _two(job={"arguments": arguments})


NAMES = ["../x", "a/b", "a b", "", "ä", "a\nb", "-a", "a'b", 'a"b', "$(id)", "x" * 200, "a..b", ".", "\u202ea", "a.b"]
STEPS: dict[str, tuple[Any, str]] = {
    "no mapping": (7, "pipeline.steps must be a mapping"),
    "a list": ([step("a")], "must be a mapping, such as {name: value}, not a list, in experiment/p"),
    "step is text": (_two() | {"b": "train.py"}, "pipeline.steps.b must be a mapping, such as {job:"),
    "step is empty": (_two() | {"b": None}, "pipeline.steps.b must be a mapping"),
    "misspelt key": (_two(reus=False), "Unknown key 'pipeline.steps.b.reus'. Did you mean 'pipeline.steps.b.reuse'?"),
    "misspelt section": (_two(jbo={}), "Did you mean 'pipeline.steps.b.job'?"),
    "misspelt key of its job": (
        _two(job={"scrpt": "x"}),
        "pipeline.steps.b: Unknown key 'job.scrpt'. Did you mean 'job.script'?",
    ),
    "misspelt key of its data": (_two(data={"input": {}}), "pipeline.steps.b: "),
    "misspelt key of its model": (
        _two(model={"nme": "x"}),
        "pipeline.steps.b: Unknown key 'model.nme'. Did you mean 'model.name'?",
    ),
    "inputs are a list": (_two(data={"inputs": ["x"]}), "data.inputs must be a mapping, not ['x']"),
    "attribute of the settings": (_two(__class__=1), "Unknown key 'pipeline.steps.b.__class__'"),
    "job is text": (_two(job="x"), "pipeline.steps.b.job must be a mapping, not x"),
    "needs is text": (_two(needs="a"), "pipeline.steps.b.needs must be a list of names, not a"),
    "needs numbers": (_two(needs=[1]), "pipeline.steps.b.needs must be a list of names"),
    "reuse is text": (_two(reuse="soon"), "pipeline.steps.b.reuse must be true or false, not soon"),
    "retries is text": (_two(retries="two"), "pipeline.steps.b.retries must be a whole number, not two"),
    "retries is true": (_two(retries=True), "pipeline.steps.b.retries must be a whole number, not True"),
    "retries below 0": (_two(retries=-1), "pipeline.steps.b.retries=-1 must not be below 0"),
    "needs an unknown step": (_two(needs=["aa"]), "pipeline.steps.b: step 'aa' does not exist"),
    "needs itself": (_two(needs=["b"]), "need each other in a circle: b -> b"),
    "a circle": ({"a": step("a", "b"), "b": step("b", "a")}, "need each other in a circle: "),
    "unknown step": (_arguments(x="${step:prepare.outputs}"), "step 'prepare' does not exist"),
    "unknown output": (_arguments(x="${step:a.clean}"), "step 'a' has no output 'clean'"),
    "no output": (_arguments(x="${step:a}"), "${step:a} is not an output of a step"),
    "empty reference": (_arguments(x="${step:}"), "is not an output of a step"),
    "comma": (_arguments(x="${step:a,b}"), "${step:a,b} is not an output of a step"),
    "dots": (_arguments(x="${step:..}"), "is not an output of a step"),
    "below a step that is none": (_arguments(x="${step:a.b.c}"), "${step:a.b.c}: step 'a' is not a pipeline"),
    "unknown input": (_arguments(x="${input:nope}"), "pipeline.steps.b: "),
    "unknown key": (_arguments(x="${nope}"), "${nope} refers to a key that does not exist"),
    "unknown parameter": (_arguments(x="${pipeline.parameters.x}"), "pipeline.parameters.x"),
    "unknown resolver": (_arguments(x="${nope:1}"), "Unsupported interpolation type nope"),
    "missing variable": (_arguments(x="${oc.env:NOT_SET_ANYWHERE}"), "NOT_SET_ANYWHERE"),
    "unknown environment": (
        _two(environment="venvv"),
        "pipeline.steps.b: Unknown environment 'venvv'. Did you mean 'venv'?",
    ),
    "unknown compute": (_two(compute="sssh"), "Unknown compute 'sssh'. Did you mean 'ssh'?"),
    "environment is a number": (_two(environment=7), "environment must be a mapping or the name of an option, not 7"),
    "environment of no kind": (
        _two(environment={"kind": "nope"}),
        "pipeline.steps.b: The chosen environment has no schema",
    ),
    "environment's own key": (
        _two(environment={"packages": ["x"]}),
        "pipeline.steps.b: Unknown key 'environment.packages'",
    ),
    "environment is a path": (_two(environment="../x"), "pipeline.steps.b"),
    "no script": (_two(job={"script": "trian.py"}), "pipeline.steps.b: job.script: trian.py does not exist"),
    "no source": (_two(job={"source": "scr"}), "pipeline.steps.b: job.source: the folder "),
    "script outside": (_two(job={"script": "../x.py"}), "pipeline.steps.b: "),
    "timeout": (_two(job={"timeout": -1}), "pipeline.steps.b: job.timeout"),
    "missing input": (_two(data={"inputs": {"x": {"path": "nothere"}}}), "pipeline.steps.b: "),
    "input with two sources": (
        _two(data={"inputs": {"x": {"path": "src", "step": "a.outputs"}}}),
        "has more than one source",
    ),
    "model of a step without a name": (_two(model={"promote_if": "%"}), "pipeline.steps.b: "),
    "slots": (_two(compute={"slots": 0}), "pipeline.steps.b: compute.slots=0 must be at least 1"),
    "arguments in arguments": (_arguments(x={"y": {"z": 1}}), "pipeline.steps.b: job.arguments"),
}
STEPS |= {f"named {name!r}"[:60]: ({name: step("a")}, "cannot be a step name") for name in NAMES}
SETTINGS: dict[str, tuple[dict[str, Any], str]] = {
    "misspelt key": ({"stpes": {}}, "Did you mean 'pipeline.steps'?"),
    "only": ({"only": ["trian"]}, "pipeline.only: step 'trian' does not exist"),
    "only is text": ({"only": "a"}, "pipeline.only must be a list"),
    "from_step": ({"from_step": "bb"}, "pipeline.from_step: step 'bb' does not exist"),
    "both": ({"from_step": "a", "only": ["b"]}, "pipeline.only and pipeline.from_step cannot be combined"),
    "force": ({"force": "maybe"}, "pipeline.force must be true or false"),
    "max_concurrent": ({"max_concurrent": 0}, "pipeline.max_concurrent=0 must be at least 1"),
    "model of no step": ({"model": {"step": "aa", "name": "m"}}, "pipeline.model: step 'aa' does not exist"),
    "model of none": ({"model": {"name": "m"}}, "pipeline.model: it names no step"),
    "model without a name": ({"model": {"step": "a"}}, "pipeline.model has no name"),
    "model's key": ({"model": {"stp": "a"}}, "Unknown key 'pipeline.model.stp'. Did you mean 'pipeline.model.step'?"),
    "model's name": ({"model": {"step": "a", "name": "../x"}}, "cannot be a model name"),
    "model's condition": ({"model": {"step": "a", "name": "m", "promote_if": "x >"}}, "promote_if"),
    "model's metric": ({"model": {"step": "a", "name": "m", "promote_if": {}}}, "pipeline.model"),
    "parameters": ({"parameters": 7}, "pipeline.parameters must be a mapping"),
}


def _check(pipelines: Pipelines, expected: str, *words: str) -> None:
    done = pipelines.run(*words, code=1)
    assert expected in done.stderr, done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert sorted(path.name for path in pipelines.folder.iterdir()) == ["mine", "src"]


@pytest.mark.sampled(12, covers=COVERED)
@pytest.mark.parametrize("case", STEPS)
def test_a_mistake_in_the_steps(case: str, pipelines: Pipelines) -> None:
    steps, expected = STEPS[case]
    pipelines.write(steps)
    _check(pipelines, expected)


@pytest.mark.sampled(6, covers=COVERED)
@pytest.mark.parametrize("case", SETTINGS)
def test_a_mistake_in_the_pipeline(case: str, pipelines: Pipelines) -> None:
    settings, expected = SETTINGS[case]
    pipelines.write(_two(), **settings)
    _check(pipelines, expected)


WORDS = {
    "detach=true": "detach",
    "+pipeline.steps.a.reus=false": "Did you mean 'pipeline.steps.a.reuse'?",
    "pipeline.only=[a,c]": "step 'c' does not exist",
    "pipeline.max_concurrent=x": "pipeline.max_concurrent must be a whole number",
    "job.timeout=x": "job.timeout must be a number",
    "pipeline.onyl=[a]": "Unknown key 'pipeline.onyl'. Did you mean 'pipeline.only'?",
    "pipeline={stpes: 1}": "Unknown key 'pipeline.stpes'. Did you mean 'pipeline.steps'?",
}


@pytest.mark.parametrize("word", WORDS)
def test_a_mistake_on_the_command_line(word: str, pipelines: Pipelines) -> None:
    pipelines.write(_two())
    _check(pipelines, WORDS[word], word)


def test_a_sweep_over_a_pipeline_with_a_mistake_begins_nothing(pipelines: Pipelines) -> None:
    pipelines.write(_two())
    done = pipelines.run("-m", "pipeline.only=[a],[c]", code=1)
    assert "step 'c' does not exist" in done.stderr and done.stderr.count("\n") == 1
    assert pipelines.all() == [] and pipelines.computed() == []


def test_a_mistake_below_is_named_from_the_top(pipelines: Pipelines) -> None:
    below = {"c": step("c"), "d": step("d", job={"scrpt": "x"})}
    pipelines.write({"a": step("a"), "b": {"pipeline": {"steps": below}}})
    _check(pipelines, "pipeline.steps.b: pipeline.steps.d: Unknown key 'job.scrpt'")


def test_a_reference_below_is_checked_before_anything_starts(pipelines: Pipelines, command_line: CommandLine) -> None:
    below = {"c": step("c")}
    for text, expected in {
        "b.outputs": "step 'b' is a pipeline. Name one of its steps: ${step:b.STEP.OUTPUT}",
        "b.cc.outputs": "pipeline.steps.d: ${step:b.cc.outputs}: step 'b' has no step 'cc'. Did you mean 'c'?",
        "b.c.clean": "pipeline.steps.d: step 'b.c' has no output 'clean'",
    }.items():
        pipelines.write(
            {"b": {"pipeline": {"steps": below}}, "d": step("d", job={"arguments": {"x": f"${{step:{text}}}"}})}
        )
        _check(pipelines, expected)
    assert not Path(command_line.workspace).exists()
