"""Pipelines for tests: a script that does what its arguments say, and the folder of a team that runs it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import yaml

from runner.layout import Layout, RunLayout
from runner.pipelines.records import StepRecord
from runner.pipelines.store import read_steps
from runner.records import RunRecord
from runner.store.runs import FileRunStore
from tests.support.command_line import CommandLine

SCRIPT = """
import argparse, os, pathlib, time

parser = argparse.ArgumentParser()
for name in ("name", "read", "text", "wait", "fail_once", "score", "change", "model", "link", "curve"):
    parser.add_argument("--" + name)
parser.add_argument("--fail", action="store_true")
parser.add_argument("--nothing", action="store_true")
given, _ = parser.parse_known_args()
outputs = pathlib.Path("outputs")
with open(os.environ["TRACE"], "a") as trace:
    trace.write("begin " + given.name + "\\n")
for one in given.curve.split(",") if given.curve else ():
    from azureml.core import Run
    if one == "wait":
        time.sleep(600)
    Run.get_context().log("loss", float(one))
    Run.get_context().flush()
if given.wait:
    while not os.path.exists(given.wait):
        time.sleep(0.01)
if given.fail or (given.fail_once and not os.path.exists(given.fail_once)):
    if given.fail_once:
        pathlib.Path(given.fail_once).touch()
    raise SystemExit("this step fails")
if given.change:
    (pathlib.Path(given.change) / "text.txt").write_text("changed")
if given.score:
    print("Score: " + given.score)
if given.model:
    import pickle
    from sklearn.linear_model import Ridge
    outputs.joinpath("model.pkl").write_bytes(pickle.dumps(Ridge(float(given.model)).fit([[0.0], [1.0]], [0.0, 1.0])))
if "VIVERO_OUTPUT_CLEAN" in os.environ:
    pathlib.Path(os.environ["VIVERO_OUTPUT_CLEAN"], "clean.txt").write_text("clean")
if given.link:
    outputs.joinpath("text.txt").symlink_to(given.link)
elif not given.nothing:
    seen = pathlib.Path(given.read, "text.txt").read_text() if given.read else ""
    outputs.joinpath("text.txt").write_text(seen + (given.text or given.name) + " ")
with open(os.environ["TRACE"], "a") as trace:
    trace.write("end " + given.name + "\\n")
"""


class Pipelines:
    """The folder of a team with one pipeline, ``mine/experiment/p.yaml``."""

    def __init__(self, line: CommandLine) -> None:
        self.line, self.folder, self.layout = line, line.folder, Layout(line.workspace)
        self.trace = line.folder / "trace"
        line.script(SCRIPT, "step.py")

    def write(self, steps: Any, *, job: Any = None, more: Any = None, **pipeline: Any) -> None:
        """Write the pipeline.

        Parameters
        ----------
        job, more : dict
            Settings of the job, and other sections.
        pipeline : dict
            Settings of the pipeline besides its steps.
        """
        shared = {
            "source": "src",
            "script": "step.py",
            "environment_variables": {"TRACE": str(self.trace)},
            "metrics": {"score": "Score: ([0-9.]+)"},
        }
        text = {"job": {**shared, **(job or {})}, "pipeline": {"steps": steps, **pipeline}, **(more or {})}
        path = self.folder / "mine" / "experiment" / "p.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("# @package _global_\n" + yaml.safe_dump(text, sort_keys=False, allow_unicode=True))

    def start(self, *words: str, **options: Any) -> subprocess.Popen[bytes]:
        """Start the pipeline."""
        return self.line.start("runner", "--config-dir", str(self.folder / "mine"), "+experiment=p", *words, **options)

    def run(self, *words: str, code: int = 0, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run the pipeline until it ends, and check its exit code."""
        done = self.line.finish(self.start(*words, **options))
        assert done.returncode == code, f"{done.returncode}: {done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def computed(self) -> list[str]:
        """Return the steps whose scripts began since the last call, in order."""
        return [word[6:] for word in self._since("begin ")]

    def _since(self, kind: str) -> list[str]:
        lines = self.trace.read_text().splitlines() if self.trace.exists() else []
        self.trace.unlink(missing_ok=True)
        return [line for line in lines if line.startswith(kind)]

    def has_begun(self, name: str) -> bool:
        """Return whether a step's script has begun."""
        return self.trace.exists() and f"begin {name}\n" in self.trace.read_text()

    @property
    def newest(self) -> RunRecord:
        """The newest pipeline's record."""
        return self.all()[0]

    def all(self) -> list[RunRecord]:
        """Return the pipelines, newest first. A step that is a pipeline is not among them."""
        runs = FileRunStore(self.layout)
        records = [runs.read(path.parent.name) for path in self.layout.runs.glob("*/*/steps.jsonl")]
        above = [record for record in records if "step" not in record.properties]
        return sorted(above, key=lambda record: record.created, reverse=True)

    def place(self, record: RunRecord) -> RunLayout:
        """Return the folder of a run."""
        return self.layout.run(record.experiment, record.id)

    def steps(self, record: RunRecord | None = None) -> dict[str, StepRecord]:
        """Return the states of a pipeline's steps, of the newest if none is given."""
        return read_steps(self.place(record or self.newest))

    def states(self, record: RunRecord | None = None) -> dict[str, str]:
        """Return the word for each step's state: its status, or ``reused``."""
        return {name: "reused" if step.reused else step.status for name, step in self.steps(record).items()}

    def run_of(self, name: str, record: RunRecord | None = None) -> RunRecord:
        """Return the run that a step has its result from."""
        return FileRunStore(self.layout).read(str(self.steps(record)[name].run))

    def outputs_of(self, name: str) -> Path:
        """Return the folder with what a step of the newest pipeline left."""
        return self.place(self.run_of(name)).outputs

    def json(self, *words: str) -> Any:
        """Return what a command prints with ``--json``."""
        done = self.line.vivero(*words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def step(name: str, reads: str | None = None, *, job: Any = None, **settings: Any) -> dict[str, Any]:
    """Return the settings of a step. Keys of `settings` that the script has as arguments are passed to it."""
    known = ("text", "wait", "fail", "fail_once", "score", "change", "model", "nothing", "link", "curve")
    arguments = {"name": name, **{key: settings.pop(key) for key in known if key in settings}}
    if reads is not None:
        arguments["read"] = f"${{step:{reads}.outputs}}"
    return {"job": {"arguments": arguments, **(job or {})}, **settings}
