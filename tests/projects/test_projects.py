"""The example projects, and a project made as README says in ten lines."""

import json
import re

import pytest

from tests.support.command_line import ROOT, CommandLine
from tests.support.records import record_of
from tests.support.scripts import MODEL


@pytest.mark.slow("a search over a grid, on all cores")
def test_digits_is_searched_on_all_cores_and_its_log_gives_the_metrics(command_line: CommandLine) -> None:
    done = command_line.run("+experiment=digits")
    assert done.returncode == 0, done.stdout + done.stderr
    record = record_of(command_line)
    assert 0.9 < record["finalize"]["metrics"]["test_accuracy"] <= 1
    assert record["finalize"]["metrics"].keys() == {"cross_validated_accuracy", "test_accuracy"}
    assert record["register"]["model"] == "sklearn-digits"
    assert not record["run"]["notes"], "joblib's workers end by themselves"


@pytest.mark.slow("fits a model and starts four scripts", seconds=40)
def test_digits_are_scored_in_pieces(command_line: CommandLine) -> None:
    done = command_line.run("+experiment=digits_batch")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "score.items=200  score.failed_items=0" in done.stdout
    files = list((command_line.workspace / "runs" / "digits_batch").glob("*/outputs/predictions.csv"))
    texts = sorted((path.read_text() for path in files), key=len)
    assert texts[-1] == "".join(sorted(texts[:-1])), "the step has what its pieces have, in order"
    assert [line.partition(",")[0] for line in texts[-1].splitlines()] == [f"{number:03}.npy" for number in range(200)]


def test_overrides_reach_the_script(command_line: CommandLine) -> None:
    done = command_line.run("+experiment=iris", "job.arguments.kernel=rbf", "job.arguments.penalty=0.5")
    assert done.returncode == 0, done.stderr
    metrics = json.loads(command_line.vivero("metrics", "latest", "--json").stdout)
    assert metrics["Kernel type"][0]["value"] == "rbf" and metrics["Penalty"][0]["value"] == 0.5
    assert metrics["Confusion matrix"][0]["value"]["data"]["matrix"]


def found(pattern: str, line: str) -> str:
    """Return what is in the pattern's group."""
    match = re.search(pattern, line)
    assert match is not None, line
    return match[1]


def test_the_ten_lines_of_the_readme(command_line: CommandLine) -> None:
    lines = (ROOT / "README.md").read_text().partition("in ten lines\n")[2].splitlines()[:10]
    command_line.script(MODEL.replace("sys.argv[-1]", "'rbf'"), folder="projects/mine")
    done = command_line.run(*found(r"`python -m runner (job.source.*?)`", lines[3]).split())
    assert done.returncode == 0, done.stderr
    experiment = command_line.folder / "conf" / "experiment"
    experiment.mkdir(parents=True)
    body = [found(r"`(\w+: .*)`", line) for line in lines[5:7]]
    text = "\n".join(["# @package _global_", *body])
    experiment.joinpath("mine.yaml").write_text(text.replace("${project_root:}", str(command_line.folder)))
    done = command_line.run("--config-dir", "conf", "+experiment=mine", "job.arguments.alpha=0.2")
    assert done.returncode == 0, done.stderr
    assert record_of(command_line)["register"] == {**record_of(command_line)["register"], "model": "mine", "version": 2}
