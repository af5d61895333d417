"""Good days: pipelines in pipelines, sweeps over them, their models, and what commands say of them and their steps."""

import json
from typing import Any

import pytest

from runner.pipelines.store import read_steps
from runner.store.runs import FileRunStore
from tests.support.pipelines import Pipelines, step

SECRET = "hunter2-hunter2"


def _nested(**inner: Any) -> dict[str, Any]:
    innermost = {"pipeline": {"steps": {"x": step("x"), "y": step("y", "x")}}}
    below = {"pipeline": {"steps": {"deep": innermost, "z": step("z", "deep.y")}}, **inner}
    return {"below": below, "last": step("last", "below.z")}


def test_a_pipeline_in_a_pipeline_in_a_pipeline(pipelines: Pipelines) -> None:
    pipelines.write(_nested())
    pipelines.run()
    assert pipelines.computed() == ["x", "y", "z", "last"]
    assert (pipelines.outputs_of("last") / "text.txt").read_text() == "x y z last "
    shown = pipelines.json("pipeline", pipelines.newest.id)["steps"]
    tree = [(row["depth"], row["name"]) for row in shown]
    assert tree == [(0, "below"), (1, "deep"), (2, "x"), (2, "y"), (1, "z"), (0, "last")]
    pipelines.run()
    assert pipelines.computed() == []
    assert len(pipelines.json("pipelines")) == 2  # a step is not listed


def test_independent_steps_go_at_once_and_max_concurrent_limits_them(pipelines: Pipelines) -> None:
    met = str(pipelines.folder / "met")
    waiting = f"import os, pathlib, time\nhere = pathlib.Path({met!r})\nhere.mkdir(exist_ok=True)\n"
    waiting += "(here / str(os.getpid())).touch()\nwhile len(list(here.iterdir())) < 2: time.sleep(0.01)\n"
    pipelines.line.script(waiting, "meet.py")
    job: Any = {"script": "meet.py", "arguments": None}
    pipelines.write({name: {"job": {**job, "tags": {}, "arguments": {"n": name}}} for name in "ab"}, job=job)
    pipelines.run("compute.slots=2")
    assert set(pipelines.states().values()) == {"completed"}


def test_secrets_are_in_no_file_of_the_workspace(pipelines: Pipelines) -> None:
    variables = {"TRACE": str(pipelines.trace), "API_TOKEN": "${oc.env:GIVEN}"}
    arguments = {"name": "a", "password": "${oc.env:GIVEN}"}
    pipelines.write({"a": {"job": {"arguments": arguments, "environment_variables": variables}}, "b": step("b", "a")})
    pipelines.run(variables={"GIVEN": SECRET})
    assert pipelines.computed() == ["a", "b"]
    found = [
        path for path in pipelines.layout.root.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()
    ]
    assert found == []
    pipelines.run(variables={"GIVEN": SECRET})
    assert pipelines.states() == {"a": "reused", "b": "reused"}
    pipelines.run(variables={"GIVEN": SECRET + "3"})
    assert pipelines.states() == {"a": "completed", "b": "reused"}


def test_typed_secrets_of_a_step_are_masked_and_given_again(pipelines: Pipelines) -> None:
    variables = {"TRACE": str(pipelines.trace), "API_TOKEN": "x"}
    inner = {"a": {"job": {"arguments": {"name": "a", "fail": True}, "environment_variables": variables}}}
    pipelines.write({"inner": {"pipeline": {"steps": inner}}, "b": step("b")})
    key = "pipeline.steps.inner.pipeline.steps.a.job.environment_variables.API_TOKEN"
    pipelines.run(f"{key}={SECRET}", code=2)
    files = [path for path in pipelines.layout.root.rglob("*") if path.is_file()]
    assert [path for path in files if SECRET.encode() in path.read_bytes()] == []
    refused = pipelines.line.vivero("pipeline", "resume", pipelines.newest.id)
    assert refused.returncode == 1 and f"{key} is secret" in refused.stderr
    assert pipelines.line.vivero("pipeline", "resume", pipelines.newest.id, f"{key}={SECRET}").returncode == 2
    assert pipelines.computed().count("a") == 2


@pytest.mark.parametrize(
    "text", ["it's", 'say "x"', "a\nb", "$(touch x) `id` ; #", "ä\u202e\U0001f600", "--flag", "{a: 1}", "  "]
)
def test_hostile_values_reach_the_script_as_they_are(text: str, pipelines: Pipelines) -> None:
    pipelines.write({"a": step("a", text=text), "b": step("b", "a")})
    pipelines.run()
    assert (pipelines.outputs_of("b") / "text.txt").read_text() == f"{text} b "
    shown = pipelines.line.vivero("pipeline", "latest")
    assert shown.returncode == 0 and "\u202e" not in shown.stdout


def test_users_keys_parameters_and_variables(pipelines: Pipelines) -> None:
    pipelines.write(
        {"a": step("a", text="${mine.word} ${pipeline.parameters.share} ${oc.env:GIVEN}")},
        parameters={"share": 0.2},
    )
    pipelines.run("+mine.word=hello", variables={"GIVEN": "there"})
    assert (pipelines.outputs_of("a") / "text.txt").read_text() == "hello 0.2 there "
    pipelines.run("+mine.word=bye", "pipeline.parameters.share=0.3", variables={"GIVEN": "x"})
    assert (pipelines.outputs_of("a") / "text.txt").read_text() == "bye 0.3 x "


def test_only_and_from_step(pipelines: Pipelines) -> None:
    pipelines.write({"a": step("a"), "b": step("b", "a"), "c": step("c", "b"), "d": step("d")})
    done = pipelines.run("pipeline.only=[b]", code=1)
    assert done.stderr == "error: Step 'a' has no earlier result. Run the whole pipeline first\n"
    pipelines.run()
    pipelines.computed()
    pipelines.run("pipeline.only=[c]", "pipeline.force=true")
    assert pipelines.computed() == ["c"]
    assert pipelines.states() == {"a": "skipped", "b": "reused", "c": "completed", "d": "skipped"}
    pipelines.run("pipeline.from_step=b", "pipeline.force=true")
    assert pipelines.computed() == ["b", "c"]
    assert pipelines.states() == {"a": "reused", "b": "completed", "c": "completed", "d": "skipped"}


def test_an_earlier_result_whose_run_was_deleted_is_refused(pipelines: Pipelines) -> None:
    pipelines.write({"a": step("a"), "b": step("b", "a")})
    pipelines.run()
    pipelines.run("pipeline.force=true")
    gone = pipelines.run_of("a").id
    assert pipelines.line.vivero("delete", gone, "--yes").returncode == 0
    pipelines.computed()
    done = pipelines.run("pipeline.only=[b]", code=1)
    assert done.stderr == (
        f"error: The result of step 'a' is gone: run {gone} was deleted. "
        "Select the step too, for example pipeline.from_step=a\n"
    )
    assert pipelines.computed() == []
    pipelines.run("pipeline.from_step=a")
    pipelines.run("pipeline.only=[b]")


@pytest.mark.slow("a sweep of pipelines", seconds=60)
def test_trials_share_their_beginning(pipelines: Pipelines) -> None:
    go = pipelines.folder / "go"
    go.touch()
    pipelines.write({"a": step("a", wait=str(go)), "b": step("b", "a", score="1", text="1")})
    word = "pipeline.steps.b.job.arguments.score=1,4,3,2"
    done = pipelines.run("-m", word, "sweep.objective='maximize b.score'", "compute.slots=4")
    assert sorted(pipelines.computed()) == ["a", "b", "b", "b", "b"]
    states = [pipelines.states(run)["a"] for run in pipelines.all()]
    assert sorted(states) == ["completed", "reused", "reused", "reused"]
    best = pipelines.json("best", "latest")
    assert "4" in json.dumps(best), best
    (sweep,) = pipelines.json("sweeps")
    resumed = pipelines.run("-m", word, f"sweep.resume={sweep['id']}")
    assert "Traceback" not in done.stderr + resumed.stderr and pipelines.computed() == []


@pytest.mark.slow("a sweep of pipelines", seconds=60)
def test_a_hopeless_trial_is_terminated_in_the_middle_of_its_step(pipelines: Pipelines) -> None:
    pipelines.write({"a": step("a"), "b": step("b", "a", curve="1,1,1"), "c": step("c", "b")})
    done = pipelines.run(
        "-m", "pipeline.steps.b.job.arguments.curve='1,1,1','9,9,wait'", "sweep.objective='minimize b.loss'",
        "sweep.max_concurrent=1", "sweep.early_termination={policy: bandit, slack_factor: 0.1}",
    )  # fmt: skip
    assert "1 completed, 1 stopped early" in done.stdout, done.stdout


@pytest.mark.slow("registers and serves a model", seconds=60)
def test_the_model_of_a_pipeline_is_deployed(pipelines: Pipelines) -> None:
    pipelines.write({"a": step("a", model="1.0")}, model={"step": "a", "name": "ridge"})
    pipelines.run("+endpoint=local", "endpoint.name=mine", "endpoint.port=0")
    try:
        run = pipelines.newest
        assert run.deploy is not None and run.deploy.models == ("ridge:1",)
        (row,) = pipelines.json("endpoints")
        assert row["status"] == "serving" and row["models"][0]["name"] == "ridge"
    finally:
        assert pipelines.line.vivero("stop", "mine").returncode == 0


@pytest.mark.slow("registers models", seconds=60)
def test_models(pipelines: Pipelines) -> None:
    model = {"step": "a", "name": "ridge", "promote_if": "b.score > champion"}
    pipelines.write({"a": step("a", model="1.0"), "b": step("b", "a", score="0.5")}, model=model)
    pipelines.run()
    pipelines.run()
    assert pipelines.newest.register is not None and pipelines.newest.register.version == 1
    pipelines.write({"a": step("a", model="2.0"), "b": step("b", "a", score="0.4")}, model=model)
    done = pipelines.run()
    assert "is not >" in done.stdout and pipelines.newest.register is not None
    assert pipelines.newest.register.version == 2
    pipelines.write({"a": step("a"), "b": step("b", "a", score="0.4")}, model=model)
    failed = pipelines.run(code=2)
    assert "model" in str(pipelines.newest.error), failed.stdout


@pytest.mark.slow("three pipelines", seconds=60)
def test_a_model_names_the_data_of_the_steps_before_it(pipelines: Pipelines) -> None:
    table = pipelines.folder / "table.csv"
    table.write_text("a\n1\n")
    assert pipelines.line.vivero("data", "add", "raw", str(table)).returncode == 0
    reads: Any = {"data": {"inputs": {"table": "raw"}}}
    inner = {"pipeline": {"steps": {"x": step("x"), "y": step("y", "x", **reads)}}}
    model = {"step": "last", "name": "ridge"}
    unrelated = {"other": step("other", data={"inputs": {"table": str(table)}})}
    pipelines.write({"below": inner, "last": step("last", "below.y", model="1.0"), **unrelated}, model=model)
    pipelines.run()
    assert pipelines.json("models", "show", "ridge:1")["assets"] == {"below.y.table": "raw:1"}
    assert pipelines.json("data", "show", "raw")["lineage"]["models"] == ["ridge:1"]


@pytest.mark.slow("three pipelines", seconds=60)
def test_an_alias_is_looked_up_once_also_if_it_moves_before_the_resume(pipelines: Pipelines) -> None:
    table, go = pipelines.folder / "table.csv", str(pipelines.folder / "failed")
    for number in (1, 2):
        table.write_text(f"a\n{number}\n")
        assert pipelines.line.vivero("data", "add", "raw", str(table)).returncode == 0
    assert pipelines.line.vivero("data", "alias", "raw", "golden", "1").returncode == 0
    reads: Any = {"data": {"inputs": {"table": {"asset": "raw@golden", "mode": "copy"}, "same": "raw@golden"}}}
    inner = {"pipeline": {"steps": {"x": step("x", **reads)}}, "needs": ["a"]}
    pipelines.write({"a": step("a", fail_once=go, **reads), "below": inner})
    pipelines.run(code=2)
    assert pipelines.line.vivero("data", "alias", "raw", "golden", "2").returncode == 0
    done = pipelines.line.vivero("pipeline", "resume", "latest")
    assert done.returncode == 0, done.stdout + done.stderr
    recorded = pipelines.newest.part("pipeline")["steps"]
    kept = {"table": {"asset": "raw:1", "mode": "copy"}, "same": "raw:1"}
    assert recorded["a"]["data"]["inputs"] == kept
    assert recorded["below"]["pipeline"]["steps"]["x"]["data"]["inputs"] == kept
    inside = read_steps(pipelines.place(pipelines.run_of("below")))["x"]
    for run in (pipelines.run_of("a"), FileRunStore(pipelines.layout).read(str(inside.run))):
        assert run.prepare is not None and {input_record.asset for input_record in run.prepare.inputs.values()} == {
            "raw:1"
        }
    pipelines.run()
    found = pipelines.run_of("a").prepare
    assert found is not None and found.inputs["table"].asset == "raw:2"


@pytest.mark.slow("two runs", seconds=60)
def test_a_model_of_data_that_a_run_made_of_other_data(pipelines: Pipelines) -> None:
    table = pipelines.folder / "table.csv"
    table.write_text("a\n1\n")
    assert pipelines.line.vivero("data", "add", "raw", str(table)).returncode == 0
    reads: Any = {"data": {"inputs": {"table": "raw"}, "outputs": {"clean": "clean"}}}
    pipelines.write({"a": step("a", **reads), "b": step("b", "a", model="1.0", data={"inputs": {"t": str(table)}})})
    pipelines.run()
    pipelines.write(
        {"b": step("b", model="1.0", data={"inputs": {"t": "clean"}})}, model={"step": "b", "name": "ridge"}
    )
    pipelines.run()
    assert pipelines.json("data", "show", "raw")["lineage"]["models"] == ["ridge:1"]


COMMANDS = [
    ("show", "RUN"), ("show", "STEP"), ("logs", "STEP"), ("logs", "RUN"), ("metrics", "RUN"),
    ("compare", "RUN", "STEP"),
    ("download", "STEP", "--to", "there"), ("download", "RUN", "--to", "here"), ("report", "RUN", "-o", "r.html"),
    ("report", "STEP", "-o", "s.html"), ("pipeline", "RUN"), ("pipelines",), ("runs",), ("recover",),
    ("pipeline", "why", "RUN", "a"), ("tag", "RUN", "x=y"), ("archive", "STEP"),
]  # fmt: skip


@pytest.mark.slow("types every command", seconds=90)
def test_every_command_knows_pipelines_and_steps(pipelines: Pipelines) -> None:
    pipelines.write({"a": step("a", score="0.5"), "b": step("b", "a")})
    pipelines.run()
    names = {"RUN": pipelines.newest.id, "STEP": pipelines.run_of("a").id}
    for command in COMMANDS:
        done = pipelines.line.vivero(*(names.get(word, word) for word in command))
        assert done.returncode == 0 and "Traceback" not in done.stderr, f"{command}: {done.stdout}{done.stderr}"


def test_reruns_and_deleted_steps(pipelines: Pipelines) -> None:
    pipelines.write({"a": step("a"), "b": step("b", "a")})
    pipelines.run()
    first, a, b = pipelines.newest, pipelines.run_of("a"), pipelines.run_of("b")
    assert pipelines.computed() == ["a", "b"]
    assert pipelines.line.vivero("rerun", first.id).returncode == 0
    assert pipelines.computed() == [] and pipelines.newest.rerun_of == first.id
    for run in (a, b):
        done = pipelines.line.vivero("rerun", run.id)
        assert done.returncode == 0 and "same" in done.stdout, done.stdout + done.stderr
    assert pipelines.line.vivero("delete", a.id, "--yes").returncode == 0
    shown = pipelines.line.vivero("pipeline", first.id)
    assert shown.returncode == 0 and "Traceback" not in shown.stderr
    done = pipelines.line.vivero("rerun", b.id)
    assert done.returncode == 2 and "does not exist" in done.stdout, done.stdout + done.stderr
