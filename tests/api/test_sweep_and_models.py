"""A sweep through the API, and the versions that it registers."""

from pathlib import Path

import pytest

from runner.api import UserError, Workspace
from tests.support.command_line import CommandLine
from tests.support.history import History
from tests.support.scripts import MODEL
from tests.support.waiting import wait_for

SWEEP = (
    "job.source=src", "job.script=train.py", "job.arguments={kernel: rbf}",
    "job.metrics={accuracy: 'Accuracy: ([0-9.]+)'}", "sweep.objective=accuracy", "+job.arguments.c=1,2",
)  # fmt: skip
SCRIPT = 'import sys\nprint("Accuracy:", 0.5 + int(sys.argv[-1]) / 10)\n'


@pytest.mark.slow("runs a sweep", seconds=60)
def test_a_submitted_sweep_is_followed_to_its_end(started: Workspace, command_line: CommandLine) -> None:
    command_line.script(SCRIPT)
    sweep = started.submit_sweep(*SWEEP)
    assert started.sweep("latest").id == sweep.id
    assert sweep.wait(60).state == "completed" and sweep.counts["completed"] == 2
    (best,) = sweep.best()
    assert best.metrics == {"accuracy": 0.7} and [objective.metric for objective in sweep.objective] == ["accuracy"]
    assert [row["trial"] for row in sweep.trials().rows] == [0, 1] and sweep.trials()[1] == best
    assert sweep.best_command().endswith("+job.arguments.c=2") and "job.arguments.c" in str(dict(sweep.space))
    assert sweep.page is not None and sweep.cancel().state == "completed" and sweep.resume_command() is None
    assert [listed.id for listed in started.sweeps()] == [sweep.id] and started.sweeps(state="failed") == []
    assert "<table>" in sweep._repr_html_()
    with pytest.raises(UserError, match="Unknown"):
        started.submit_sweep(*SWEEP, "job.scritp=a,b")


def test_versions_and_aliases(history: History, workspace: Workspace, tmp_path: Path) -> None:
    history.model("iris", tags={"a": "1"}, data={"rows": "sha"}, run="iris-gone")
    history.model("iris", content=b"second")
    (model,) = workspace.models()
    first, second = model.versions()
    assert (model.name, first.reference, model.latest.version) == ("iris", "iris:1", 2)
    first.set_alias("champion")
    second.set_alias("champion")
    assert model.aliases == {"champion": 2} and second.aliases == ["champion"] and first.aliases == []
    assert [line["version"] for line in model.alias_history()] == [1, 2]
    assert workspace.model("iris@champion").version == 2
    with pytest.raises(UserError, match="does not have the alias"):
        first.drop_alias("champion")
    with pytest.raises(UserError, match="has the alias champion"):
        second.delete()
    second.drop_alias("champion")
    assert first.tag("b", "2").tag("a", None).tags == {"b": "2"} == workspace.model("iris:1").tags
    assert first.lineage["data"] == {"rows": "sha"} and first.lineage["endpoints"] == [] and first.run is None
    first.path.write_bytes(b"other")
    assert first.verify() and second.verify() == []
    with pytest.raises(UserError, match="not the recorded file"):
        first.download(tmp_path / "copy")
    second.delete()
    assert workspace.models()[0].version_numbers() == [1]
    assert "iris" in model._repr_html_() and "iris:1" in first._repr_html_()


def test_a_damaged_version_does_not_hide_the_model(history: History, workspace: Workspace) -> None:
    history.model("iris")
    (history.layout.model("iris") / "1" / "model.json").write_text("{")
    (model,) = workspace.models()
    assert "damaged" in model.row["error"] and model.row["versions"] == 1
    assert model.row == history.json("models")[0]


@pytest.mark.slow("starts a server", seconds=60)
def test_a_model_is_served_and_stopped(started: Workspace, command_line: CommandLine) -> None:
    command_line.script(MODEL)
    started.submit("job.source=src", "job.script=train.py", "job.arguments=[rbf]", "model.name=mine").wait(60)
    endpoint = started.endpoints.deploy("mine", port=0, auth="key")
    try:
        assert endpoint.state == "serving" and set(endpoint.new_keys) == set(endpoint.keys) == {"primary", "secondary"}
        assert [deployment.version for deployment in endpoint.deployments] == [1] and endpoint.history == ()
        assert "/score" in endpoint.schema(endpoint.new_keys["primary"])["paths"]
        with pytest.raises(UserError, match="401"):
            endpoint.schema()
        wait_for(lambda: b"mine" in endpoint.log())
        assert "server.log" in endpoint.logs()
        assert [listed.name for listed in started.endpoints] == ["mine"]
        assert started.model("mine").lineage["endpoints"] == ["mine"]
        with pytest.raises(UserError, match="serves mine:1"):
            started.model("mine").delete()
        for wrong in ({"prot": 1}, {"port": "x"}):
            with pytest.raises(UserError, match="port"):
                started.endpoints.deploy("mine", **wrong)
    finally:
        assert endpoint.stop(delete=True)
    assert list(started.endpoints) == []
    with pytest.raises(UserError, match="There is no endpoint"):
        started.endpoints.get("mine")
