"""Curves and differences of several runs, and what a sweep's objective depends on."""

import json
from pathlib import Path
from typing import Any

import pytest

from runner.api import UserError, Workspace
from runner.api.sweeps.importance import importances
from tests.support.studio.workspaces import write_runs, write_sweep


@pytest.fixture
def filled(tmp_path: Path) -> Workspace:
    write_runs(tmp_path / ".vivero", 4, points=2000)
    return Workspace(tmp_path / ".vivero")


def log(workspace: Workspace, run_id: str, *lines: object) -> None:
    path = workspace.run(run_id).folder.root / "metrics.jsonl"
    path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))


def test_curves_are_thinned_and_keep_their_peaks(filled: Workspace) -> None:
    step, points = filled.runs().curves("loss")
    assert step == "step" and len(points) == 4 and all(len(curve) <= 300 for curve in points.values())
    values = [value for _, value in next(iter(points.values()))]
    full = [point["value"] for point in next(iter(filled.runs())).history("loss")["loss"]]
    assert max(values) == max(full) and min(values) == min(full)
    assert filled.runs().curves("nothing") == ("values logged", {})


def test_curves_without_steps_are_over_their_number(filled: Workspace) -> None:
    first, second = [run.id for run in filled.runs()][:2]
    log(filled, first, {"name": "up", "value": 3, "step": 10}, {"name": "up", "value": 4, "step": 20})
    log(
        filled,
        second,
        {"name": "up", "value": 5},
        "{broken",
        {"name": "up", "value": "NaN"},
        {"name": "up", "value": 6},
    )
    assert filled.runs().curves("up") == (
        "values logged",
        {first: [(0.0, 3.0), (1.0, 4.0)], second: [(0.0, 5.0), (1.0, 6.0)]},
    )
    assert filled.run(first).curve("up") == ("step", [(10.0, 3.0), (20.0, 4.0)])
    log(filled, first, {"name": "up", "value": 7, "step": 1})
    assert filled.run(first).curve("up") == ("step", [(1.0, 7.0)])


def test_differences_leave_a_broken_run_empty(filled: Workspace) -> None:
    runs = filled.runs()
    (filled.run(runs.rows[1]["id"]).folder.root / "run.json").write_text("{")
    differences = runs.differences()
    values = differences["config"]["job.arguments.penalty"]
    assert len(values) == 4 and values[1] is None and len({*values} - {None}) > 1
    assert all(len(values) == 4 for kind in differences.values() for values in kind.values())


def test_a_picture_is_one_by_its_content(filled: Workspace) -> None:
    run = next(iter(filled.runs()))
    outputs = run.folder.root / "outputs"
    outputs.mkdir()
    (outputs / "true.png").write_bytes(b"\xff\xd8\xff and more")
    (outputs / "false.png").write_text("<script>")
    (outputs / "link.png").symlink_to("/etc/hostname")
    assert run.pictures() == ["false.png", "true.png"] and run.picture("true.png")[1] == "image/jpeg"
    for name in ("false.png", "link.png", "../run.json", "gone.png"):
        with pytest.raises(UserError, match="There is no picture"):
            run.picture(name)


@pytest.mark.slow("imports optuna and scikit-learn", seconds=60)
def test_what_an_objective_depends_on_is_found() -> None:
    parameters: list[dict[str, Any]] = [{"up": at / 10, "kind": "ab"[at % 2], "same": 1} for at in range(40)]
    strong, few = importances(
        [(parameters, [parameter["up"] for parameter in parameters]), (parameters[:3], [1.0, 2.0, 3.0])]
    )
    assert strong["shares"]["up"] > 0.9 > strong["shares"]["kind"] and "same" not in strong["shares"]
    assert sum(strong["shares"].values()) == pytest.approx(1) and few == {"method": "", "shares": {}}


def test_a_forest_does_without_optuna(monkeypatch: pytest.MonkeyPatch) -> None:
    from runner.api.sweeps import importance_process

    monkeypatch.setattr(importance_process, "find_spec", lambda _: None)
    parameters: list[dict[str, Any]] = [{"up": at / 10, "kind": "ab"[at % 2]} for at in range(40)]
    importance = importance_process.compute(parameters, [parameter["up"] for parameter in parameters])
    assert "forest" in importance["method"] and importance["shares"]["up"] > 0.9


def test_a_sweeps_charts_have_its_trials(filled: Workspace) -> None:
    sweep = filled.sweep(write_sweep(filled.root, 9, points=5))
    data, (curve,) = sweep.charts(), sweep.curves()
    assert [trial["n"] for trial in data["trials"]] == list(range(9)) and len(curve["points"]) == 9
    assert data["trials"][6]["status"] == "stopped early" and ("experiment", "iris") in sweep.facts()
    assert set(sweep.nodes().values()) == {"localhost"}
