"""Pipelines for the studio's pages: written without running anything, and small real ones."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.support.studio.workspaces import BEGUN, run_record, write_run

STEPS: dict[str, list[str]] = {
    "prepare": [],
    "features": ["prepare"],
    "train": ["prepare", "features"],
    "evaluate": ["train"],
}


def write_pipeline(root: Path, number: int = 1, states: dict[str, dict[str, Any]] | None = None, **fields: Any) -> str:
    """Write a pipeline and the runs of its steps, and return its id. `states` has what differs of each step."""
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    created = BEGUN + timedelta(hours=number)
    run_id = f"flow-{created:%Y%m%d-%H%M%S}-{number:08x}"
    states = states if states is not None else {name: {} for name in STEPS}
    config = {"pipeline": {"parameters": {"alpha": 0.1}, "steps": {name: written(name) for name in states}}}
    lines = [
        {
            "name": name, "status": "completed", "run": f"flow-{created:%Y%m%d-%H%M%S}-{number:04x}{at:04x}",
            "needs": STEPS.get(name, []), "key": f"{number}{at}", "parts": {"script": f"{name}.py"},
            "started": (created + timedelta(seconds=at)).isoformat(),
            "ended": (created + timedelta(seconds=at + 1.5)).isoformat(), **changes,
        }
        for at, (name, changes) in enumerate(states.items(), 1)
    ]  # fmt: skip
    for line in lines:
        if line["run"] and not line.get("reused") and not (root / "runs" / "flow" / line["run"]).exists():
            properties = {"pipeline": run_id, "step": line["name"]}
            status = {key: line[key] for key in ("status",) if line[key] in ("completed", "failed")}
            write_run(root, run_record(10, id=line["run"], experiment="flow", properties=properties, **status))
    record = run_record(10, id=run_id, experiment="flow", created=created.isoformat(), **{"config": config, **fields})
    folder = write_run(root, record)
    (folder / "steps.jsonl").write_text(
        "".join(json.dumps(line) + "\n" for line in lines if line["status"] != "waiting")
    )
    return run_id


def written(name: str) -> dict[str, Any]:
    """Return the settings of a step that needs others."""
    inputs = {step: f"${{step:{step}.outputs}}" for step in STEPS.get(name, [])}
    return {"job": {"script": f"{name}.py", "arguments": inputs}}


STEP = """import os, pathlib, sys, time
gate = pathlib.Path(sys.argv[1])
until = time.monotonic() + 60
while not gate.exists() and time.monotonic() < until:
    time.sleep(0.02)
os.makedirs("outputs", exist_ok=True)
pathlib.Path("outputs", "x.txt").write_text("1")
print("rows: 150")
"""


def real_pipeline(folder: Path) -> list[str]:
    """Return the words that run a pipeline of two steps, each of which waits for a file: ``prepare`` and ``train``."""
    source, conf = folder / "source", folder / "conf" / "experiment"
    source.mkdir(parents=True)
    conf.mkdir(parents=True)
    (source / "step.py").write_text(STEP)
    metrics = {"rows": "rows: ([0-9]+)"}
    steps = {
        "prepare": {"job": {"arguments": [f"{folder}/prepare"], "metrics": metrics}},
        "train": {"job": {"arguments": [f"{folder}/train", "${step:prepare.outputs}"]}},
    }
    settings = {
        "experiment_name": "flow",
        "job": {"source": str(source), "script": "step.py"},
        "pipeline": {"steps": steps},
    }
    (conf / "flow.yaml").write_text(f"# @package _global_\n{json.dumps(settings)}\n")
    return ["--config-dir", str(conf.parent), "+experiment=flow"]
