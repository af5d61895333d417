"""A step of a pipeline whose pieces run on machines that share nothing with this one."""

from __future__ import annotations

import json
import subprocess

import pytest

from runner.layout import RunLayout
from tests.support.nodes.team import BARE, LOST, Team
from tests.support.suite.covered import CLUSTERS
from tests.support.waiting import wait_for

pytestmark = pytest.mark.sampled(1, covers=[*CLUSTERS, "runner/pipelines/**/*.py"])
ENTRY = """
import time

def run(mini_batch):
    print("begun", flush=True)
    time.sleep({pause})
    return [path.rpartition("/")[2] + "," + open(path).read() for path in mini_batch]
"""


def _begin(team: Team, files: int, size: int, *words: str, pause: float = 0) -> subprocess.Popen[bytes]:
    """Start a pipeline with one step over pieces of some files."""
    team.script(ENTRY.format(pause=pause))
    (team.folder / "files").mkdir()
    for number in range(files):
        (team.folder / "files" / f"file {number}.txt").write_text(str(number))
    parallel = {"inputs": "${input:files}", "mini_batch": size, "append_to": "all.csv"}
    step = {"job": {"source": "src", "script": "train.py"}, "parallel": parallel}
    conf = team.folder / "conf" / "experiment"
    conf.mkdir(parents=True)
    pipeline = {"data": {"inputs": {"files": "./files"}}, "pipeline": {"steps": {"score": step}}}
    (conf / "par.yaml").write_text("# @package _global_\n" + json.dumps(pipeline))
    return team.start("runner", "--config-dir", "conf", "+experiment=par", *team.words, *BARE, *words)


def _joined(team: Team) -> str:
    """Return what the step put together."""
    (step,) = (run for run in team.folders() if json.loads(run.record.read_text())["properties"].get("step") == "score")
    return (step.outputs / "all.csv").read_text()


@pytest.mark.slow("runs three pieces on nodes", seconds=90)
def test_pieces_run_on_nodes(team: Team) -> None:
    done = team.finish(_begin(team, 5, 2))
    assert done.returncode == 0, done.stdout + done.stderr
    assert _joined(team) == "".join(f"file {number}.txt,{number}\n" for number in range(5))
    assert sum(run.job.exists() for run in team.folders()) == 3


@pytest.mark.slow("a node is lost", seconds=120)
def test_a_lost_node_repeats_only_its_own_pieces(team: Team) -> None:
    process = _begin(team, 9, 1, *LOST, pause=1)

    def begun() -> RunLayout | None:
        started = [run for run in team.folders() if run.job.exists() and not run.result.exists()]
        return next((run for run in started if run.log.exists() and "begun" in run.log.read_text()), None)

    first = wait_for(begun, 60)
    assert first is not None
    machine = team.machine(json.loads(first.job.read_text())["node"])
    machine.kill()
    done = team.finish(process)
    machine.start()
    assert done.returncode == 0, done.stdout + done.stderr
    assert _joined(team) == "".join(f"file {number}.txt,{number}\n" for number in range(9))
    ran = [run for run in team.folders() if run.job.exists()]
    assert len(ran) == 9  # an attempt on another node belongs to the same run
    lost = [run for run in ran if run.attempts.exists()]
    assert 1 <= len(lost) <= 2  # a node has two slots
