"""A step is computed again if something that it depends on has changed, and not otherwise."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.pipelines import Pipelines, step

COVERED = ["runner/pipelines/**/*.py"]


def _text(name: str, text: str) -> Callable[[Pipelines], None]:
    def write(pipelines: Pipelines) -> None:
        (pipelines.folder / name).write_text(text)

    return write


def _read_input(pipelines: Pipelines) -> None:
    (pipelines.folder / "data.csv").write_text("1,2\n")


def _steps(**changed: Any) -> dict[str, Any]:
    job = {"arguments": {"name": "a", "x": 1}, **changed.pop("job", {})}
    return {"a": {"job": job, "data": {"inputs": {"table": {"path": "./data.csv"}}}, **changed}}


def _append(pipelines: Pipelines, text: str) -> None:
    path = pipelines.folder / "src" / "step.py"
    path.write_text(path.read_text() + text)


def _copy(pipelines: Pipelines) -> None:
    (pipelines.folder / "src" / "copy.py").write_text((pipelines.folder / "src" / "step.py").read_text())


def _nothing(_pipelines: Pipelines) -> None:
    """Change no file."""


AGAIN: dict[str, tuple[dict[str, Any], Callable[[Pipelines], Any]]] = {
    "a source file": ({}, _text("src/other.py", "x = 1")),
    "the script": ({}, lambda pipelines: _append(pipelines, "\n# changed\n")),
    "an argument": ({"job": {"arguments": {"name": "a", "x": 2}}}, _nothing),
    "the kind of an argument": ({"job": {"arguments": {"name": "a", "x": "1 "}}}, _nothing),
    "the order of arguments": ({"job": {"arguments": {"x": 1, "name": "a"}}}, _nothing),
    "a variable": ({"job": {"environment_variables": {"A": "1"}}}, _nothing),
    "a secret variable": ({"job": {"environment_variables": {"API_TOKEN": "1"}}}, _nothing),
    "the content of an input": ({}, _text("data.csv", "1,3\n")),
    "the name of an input": ({"data": {"inputs": {"tables": {"path": "./data.csv"}}}}, _nothing),
    "the file name of an input": ({"data": {"inputs": {"table": {"path": "./data.csv", "filename": "x y"}}}}, _nothing),
    "one more input": ({"data": {"inputs": {"table": {"path": "./data.csv"}, "more": {"path": "./src"}}}}, _nothing),
    "no input": ({"data": {}}, _nothing),
    "a declared output": (
        {"data": {"inputs": {"table": {"path": "./data.csv"}}, "outputs": {"clean": None}}},
        _nothing,
    ),
    "a pattern of metrics": ({"job": {"metrics": {"loss": "Loss: (.*)"}}}, _nothing),
    "job.outputs": ({"job": {"outputs": ["*.bin"]}}, _nothing),
    "another script": ({"job": {"script": "copy.py"}}, _copy),
    "a command": (
        {"job": {"script": None, "command": ["python", "step.py", "--name", "a"], "arguments": None}},
        _nothing,
    ),
    "reuse: false": ({"reuse": False}, _nothing),
}
NOT_AGAIN: dict[str, tuple[dict[str, Any], Callable[[Pipelines], Any]]] = {
    "nothing": ({}, _nothing),
    "timeout": ({"job": {"timeout": 300}}, _nothing),
    "tags": ({"job": {"tags": {"team": "x"}}}, _nothing),
    "description": ({"job": {"description": "x", "display_name": "y"}}, _nothing),
    "slots": ({"compute": {"slots": 1}}, _nothing),
    "retries": ({"retries": 3}, _nothing),
    "the place of an input": ({"data": {"inputs": {"table": {"path": "./copy.csv"}}}}, _text("copy.csv", "1,2\n")),
    "the time of a file": ({}, lambda pipelines: (pipelines.folder / "src" / "step.py").touch()),
    "the time of an input": ({}, lambda pipelines: (pipelines.folder / "data.csv").touch()),
}


@pytest.mark.sampled(6, covers=COVERED)
@pytest.mark.parametrize("change", AGAIN)
def test_what_a_step_depends_on(change: str, pipelines: Pipelines) -> None:
    settings, do = AGAIN[change]
    _read_input(pipelines)
    pipelines.write(_steps())
    pipelines.run()
    assert pipelines.computed() == ["a"]
    do(pipelines)
    pipelines.write(_steps(**settings))
    pipelines.run()
    assert pipelines.computed() == ["a"] and pipelines.states() == {"a": "completed"}
    (why, *_) = pipelines.json("pipeline", "why", pipelines.newest.id, "a")
    assert "Nothing" not in why or "reuse: false" in why, why


@pytest.mark.sampled(4, covers=COVERED)
@pytest.mark.parametrize("change", NOT_AGAIN)
def test_what_makes_no_difference(change: str, pipelines: Pipelines) -> None:
    settings, do = NOT_AGAIN[change]
    _read_input(pipelines)
    pipelines.write(_steps())
    pipelines.run()
    first = pipelines.run_of("a")
    do(pipelines)
    pipelines.write(_steps(**settings))
    done = pipelines.run()
    assert pipelines.computed() == ["a"] and pipelines.states() == {"a": "reused"}
    assert pipelines.run_of("a").id == first.id and f"a: reused from {first.id}" in done.stdout
    (why,) = pipelines.json("pipeline", "why", pipelines.newest.id, "a")
    assert "Nothing that it depends on has changed" in why and first.id in why


def test_another_name_is_the_same_step(pipelines: Pipelines) -> None:
    pipelines.write({"a": step("a")})
    pipelines.run()
    pipelines.write({"b": step("a")})
    pipelines.run()
    assert pipelines.states() == {"b": "reused"} and pipelines.computed() == ["a"]


def test_two_equal_steps_of_one_pipeline_are_computed_once(pipelines: Pipelines) -> None:
    pipelines.write({name: step("same") for name in "abcd"})
    pipelines.run()
    assert pipelines.computed() == ["same"]
    assert sorted(pipelines.states().values()) == ["completed", "reused", "reused", "reused"]


def _two(pipelines: Pipelines) -> None:
    pipelines.write({"a": step("a"), "b": step("b", "a")})


def _linked(pipelines: Pipelines) -> None:
    path = pipelines.outputs_of("a") / "text.txt"
    path.rename(pipelines.folder / "elsewhere")
    path.symlink_to(pipelines.folder / "elsewhere")


def _folder(pipelines: Pipelines) -> None:
    (pipelines.outputs_of("a") / "text.txt").unlink()
    (pipelines.outputs_of("a") / "text.txt").mkdir()


def _deleted(pipelines: Pipelines) -> None:
    done = pipelines.line.vivero("delete", pipelines.run_of("a").id, "--yes")
    assert done.returncode == 0, done.stderr


DAMAGES: dict[str, Callable[[Pipelines], Any]] = {
    "changed": lambda pipelines: (pipelines.outputs_of("a") / "text.txt").write_text("other"),
    "missing": lambda pipelines: (pipelines.outputs_of("a") / "text.txt").unlink(),
    "more": lambda pipelines: (pipelines.outputs_of("a") / "more.txt").touch(),
    "a link": _linked,
    "a folder": _folder,
    "deleted": _deleted,
    "damaged record": lambda pipelines: pipelines.place(pipelines.run_of("a")).record.write_text("{"),
    "no record": lambda pipelines: pipelines.place(pipelines.run_of("a")).record.unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_result_that_is_not_as_it_was_left_is_computed_again(damage: str, pipelines: Pipelines) -> None:
    _two(pipelines)
    pipelines.run()
    assert pipelines.computed() == ["a", "b"]
    DAMAGES[damage](pipelines)
    pipelines.run()
    assert pipelines.computed() == ["a"]
    assert pipelines.states() == {"a": "completed", "b": "reused"}  # what b read is as before
    why = pipelines.json("pipeline", "why", pipelines.newest.id, "a")
    assert len(why) == 1 and why[0].startswith("Nothing has changed since run ")
    pipelines.run()
    assert pipelines.states() == {"a": "reused", "b": "reused"} and pipelines.computed() == []


def test_force_computes_all_steps(pipelines: Pipelines) -> None:
    _two(pipelines)
    pipelines.run()
    pipelines.run("pipeline.force=true")
    assert pipelines.computed() == ["a", "b"] * 2
    assert pipelines.states() == {"a": "completed", "b": "completed"}
    why = pipelines.json("pipeline", "why", pipelines.newest.id, "a")
    assert "pipeline.force=true" in why[0]


def test_a_failed_step_is_no_result(pipelines: Pipelines) -> None:
    pipelines.write({"a": step("a", fail_once="done")})
    pipelines.run(code=2)
    pipelines.run(code=2)  # the mark is in the run's own folder, so each run fails
    assert pipelines.computed() == ["a", "a"]


def test_only_what_comes_after_a_change_is_computed(pipelines: Pipelines) -> None:
    steps = {"a": step("a"), "b": step("b", "a"), "c": step("c", "b"), "d": step("d", "a")}
    pipelines.write(steps)
    pipelines.run()
    assert sorted(pipelines.computed()) == ["a", "b", "c", "d"]
    pipelines.write(steps | {"b": step("b", "a", text="new")})
    pipelines.run()
    assert pipelines.computed() == ["b", "c"]
    assert pipelines.states() == {"a": "reused", "b": "completed", "c": "completed", "d": "reused"}
    assert (pipelines.outputs_of("c") / "text.txt").read_text() == "a new c "


def test_secrets_in_a_key_are_only_hashes(pipelines: Pipelines) -> None:
    pipelines.write({"a": step("a", job={"environment_variables": {"API_TOKEN": "hunter2"}})})
    pipelines.run()
    parts = pipelines.steps()["a"].parts
    assert "hunter2" not in json.dumps(parts) and parts["secrets"]
    pipelines.write({"a": step("a", job={"environment_variables": {"API_TOKEN": "hunter3"}})})
    pipelines.run()
    assert pipelines.computed() == ["a", "a"]
    assert pipelines.json("pipeline", "why", pipelines.newest.id, "a") == [
        "A secret value of its command or variables changed"
    ]
