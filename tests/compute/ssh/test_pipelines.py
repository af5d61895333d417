"""Pipelines whose steps run on nodes that share nothing, and here."""

from __future__ import annotations

import json

import pytest
import yaml

from tests.support.nodes.team import BARE, Team
from tests.support.suite.covered import CLUSTERS

pytestmark = pytest.mark.sampled(1, covers=[*CLUSTERS, "runner/pipelines/**/*.py"])
SCRIPT = """
import os, pathlib, socket, sys
name, *read = sys.argv[1:]
seen = [pathlib.Path(one, "text.txt").read_text() for one in read]
pathlib.Path("outputs/text.txt").write_text("".join(seen) + name + " ")
pathlib.Path("outputs/host.txt").write_text(socket.gethostname() if read else "")
"""


@pytest.mark.slow("three steps on two computes", seconds=120)
def test_steps_on_two_computes_hand_their_outputs_on(team: Team) -> None:
    team.script(SCRIPT, "step.py")
    steps = {
        "there": {"job": {"arguments": ["there"]}},
        "here": {"job": {"arguments": ["here", "${step:there.outputs}"]}, "compute": {"kind": "local"}},
        "back": {"job": {"arguments": ["back", "${step:here.outputs}"]}},
    }
    pipeline = {"job": {"source": "src", "script": "step.py"}, "pipeline": {"steps": steps}}
    path = team.folder / "conf" / "experiment" / "p.yaml"
    path.parent.mkdir(parents=True)
    path.write_text("# @package _global_\n" + yaml.safe_dump(pipeline, sort_keys=False))
    words = ["runner", *team.words, "+experiment=p", *BARE]
    done = team.finish(team.start(*words))
    assert done.returncode == 0, done.stdout + done.stderr
    texts = {record["properties"].get("step"): record for record in team.records()}
    output = team.workspace / "runs" / "p" / texts["back"]["id"] / "outputs" / "text.txt"
    assert output.read_text() == "there here back "
    kinds = {name: record["config"]["compute"]["kind"] for name, record in texts.items() if name}
    assert kinds == {"there": "ssh", "here": "local", "back": "ssh"}
    again = team.finish(team.start(*words))
    assert again.returncode == 0 and again.stdout.count("reused from") == 3, again.stdout
    assert json.loads(team.finish(team.start("runner.cli", "pipelines", "--json")).stdout)[0]["status"] == "completed"
