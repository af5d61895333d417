"""A step of a pipeline whose pieces run on machines that share nothing with this one."""

import json

import pytest

from tests.support.covered import CLUSTERS
from tests.support.nodes.team import Team

pytestmark = pytest.mark.sampled(13, covers=[*CLUSTERS, "runner/pipelines/parallel/**/*.py"])
ENTRY = """
def init():
    print("init")

def run(mini_batch):
    return [path.rpartition("/")[2] + "," + open(path).read() for path in mini_batch]
"""


@pytest.mark.slow("runs three pieces on nodes", seconds=90)
def test_pieces_run_on_nodes(team: Team) -> None:
    team.script(ENTRY)
    (team.folder / "files").mkdir()
    for number in range(5):
        (team.folder / "files" / f"file {number}.txt").write_text(str(number))
    parallel = {"inputs": "${input:files}", "mini_batch": 2, "append_to": "all.csv"}
    step = {"job": {"source": "src", "script": "train.py"}, "parallel": parallel}
    conf = team.folder / "conf" / "experiment"
    conf.mkdir(parents=True)
    pipeline = {"data": {"inputs": {"files": "./files"}}, "pipeline": {"steps": {"score": step}}}
    (conf / "par.yaml").write_text("# @package _global_\n" + json.dumps(pipeline))
    bare = ["environment=venv", "environment.packages=[]"]
    done = team.finish(team.start("runner", "--config-dir", "conf", "+experiment=par", *team.words, *bare))
    assert done.returncode == 0, done.stdout + done.stderr
    (score,) = (
        run for run in team.folders() if json.loads(run.record.read_text())["properties"].get("step") == "score"
    )
    assert (score.outputs / "all.csv").read_text() == "".join(f"file {one}.txt,{one}\n" for one in range(5))
    assert sum(run.job.exists() for run in team.folders()) == 3
