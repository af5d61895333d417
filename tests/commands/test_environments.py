"""``vivero environments``: what is kept, who needs it, what goes and what never does."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from runner.api.environments.needs import needs
from runner.environments.catalogue import Needs, remove, stored_environments
from runner.layout import Layout
from tests.support.command_line import CommandLine
from tests.support.waiting import wait_for

SMALL = ("environment=venv", "environment.packages=['six==1.16.0']")
WAITING = "import os, time\nprint('begun', flush=True)\nwhile not os.path.exists('go'): time.sleep(0.02)\n"
MODEL = "import os\nos.makedirs('outputs', exist_ok=True)\nopen('outputs/m.bin', 'w').write('x')\n"


@pytest.fixture
def line(command_line: CommandLine) -> CommandLine:
    command_line.script("print('x')")
    return command_line


def listed(line: CommandLine) -> Any:
    return json.loads(line.vivero("environments", "--json").stdout)


def built(line: CommandLine, *words: str) -> None:
    done = line.job(*(words or SMALL))
    assert done.returncode == 0, done.stdout + done.stderr


def test_listed_and_shown(line: CommandLine) -> None:
    assert "No environments yet" in line.vivero("environments", "--workspace", str(line.folder)).stderr
    built(line)
    (row,) = listed(line)
    assert (row["kind"], row["packages"], row["needed_by"], row["problem"]) == ("venv", 1, [], None)
    assert row["bytes"] > 1000 and row["last_used"] >= row["created"]
    text = line.vivero("environments").stdout
    assert row["key"][:12] in text and "LAST USED" in text
    shown = line.vivero("environments", "show", row["key"][:6])
    assert "six==1.16.0" in shown.stdout
    wrong = line.vivero("environments", "show", "zzz")
    assert wrong.returncode == 1 and "Environment 'zzz' does not exist" in wrong.stderr


def test_a_damaged_one_hides_no_other(line: CommandLine) -> None:
    built(line)
    broken = Layout(line.workspace).environments / ("0" * 32)
    broken.mkdir()
    (broken / "environment.json").write_text("{")
    rows = {row["key"]: row for row in listed(line)}
    assert len(rows) == 2 and "damaged" in rows["0" * 32]["problem"]


def test_build_makes_no_run_of_the_script(line: CommandLine) -> None:
    done = line.vivero("environments", "build", "job.source=src", "job.script=train.py", *SMALL)
    assert done.returncode == 0, done.stderr
    assert len(listed(line)) == 1
    assert json.loads(line.vivero("show", "latest", "--json").stdout)["run"] is None


def test_prune_takes_what_nothing_needs(line: CommandLine) -> None:
    built(line)
    (row,) = listed(line)
    assert "Would remove" in line.vivero("environments", "prune", "--dry-run").stdout and len(listed(line)) == 1
    assert "0 of 1" in line.vivero("environments", "prune", "--keep", row["key"][:8]).stdout
    assert "0 of 1" in line.vivero("environments", "prune", "--older-than", "1").stdout
    for wrong in ("nan", "-1"):
        assert "is not a number of days" in line.vivero("environments", "prune", "--older-than", wrong).stderr
    done = line.vivero("environments", "prune", "--json")
    assert [removed["key"] for removed in json.loads(done.stdout)["removed"]] == [row["key"]]
    assert listed(line) == []
    again = line.vivero("rerun", "latest")
    assert again.returncode == 0 and [environment["key"] for environment in listed(line)] == [row["key"]]


def test_what_a_run_uses_stays(line: CommandLine) -> None:
    line.script(WAITING)
    process = line.start("runner", "job.source=src", "job.script=train.py", *SMALL)
    layout = Layout(line.workspace)
    wait_for(lambda: [path for path in layout.runs.glob("*/*/logs/run.log") if path.read_text()], 60)
    assert listed(line)[0]["needed_by"][0].startswith("run ")
    assert "0 of 1" in line.vivero("environments", "prune").stdout
    (work,) = layout.runs.glob("*/*/work")
    (work / "go").write_text("")
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert "1 of 1" in line.vivero("environments", "prune").stdout


def test_what_a_model_came_from_stays(line: CommandLine) -> None:
    line.script(MODEL)
    built(line, *SMALL, "model.name=mine", "model.framework=Custom", "model.path=outputs/m.bin")
    assert listed(line)[0]["needed_by"] == ["model mine:1"]
    assert "0 of 1" in line.vivero("environments", "prune").stdout
    assert line.vivero("models", "delete", "mine", "--yes").returncode == 0
    assert "1 of 1" in line.vivero("environments", "prune").stdout


def test_one_that_is_needed_meanwhile_is_put_back(line: CommandLine) -> None:
    built(line)
    layout = Layout(line.workspace)
    (environment,) = stored_environments(layout)
    existed = []

    def needs_now() -> Any:
        existed.append(environment.folder.exists())
        current = needs(layout)
        return type(current)({environment.key: ["run that has just begun"]}, [])

    assert remove(layout, environment, needs_now) is False
    assert existed == [True] and environment.folder.exists() and listed(line)[0]["problem"] is None


def test_one_that_is_needed_at_the_last_moment_is_put_back(line: CommandLine) -> None:
    built(line)
    layout = Layout(line.workspace)
    (environment,) = stored_environments(layout)
    looks = iter([Needs({}, []), Needs({environment.key: ["run that has just begun"]}, [])])
    assert remove(layout, environment, lambda: next(looks)) is False
    assert environment.folder.exists() and listed(line)[0]["problem"] is None


@pytest.mark.parametrize("place", ["runs/src/*/run.json", "endpoints/one/endpoint.json", "models/mine/1/model.json"])
def test_what_cannot_be_read_may_need_any(line: CommandLine, place: str) -> None:
    line.script(MODEL)
    built(line, *SMALL, "model.name=mine", "model.framework=Custom", "model.path=outputs/m.bin")
    (line.workspace / "endpoints" / "one").mkdir(parents=True)
    (line.workspace / "endpoints" / "one" / "endpoint.json").write_text("{}")
    (path,) = line.workspace.glob(place)
    path.write_text("{")
    done = line.vivero("environments", "prune")
    assert "0 of 1" in done.stdout and "No environment is removed: any may be in use by" in done.stderr
    assert len(listed(line)) == 1


def test_what_a_model_came_from_stays_without_its_run(line: CommandLine) -> None:
    line.script(MODEL)
    built(line, *SMALL, "model.name=mine", "model.framework=Custom", "model.path=outputs/m.bin")
    assert line.vivero("delete", "latest", "--yes").returncode == 0
    assert listed(line)[0]["needed_by"] == ["model mine:1"]
    assert "0 of 1" in line.vivero("environments", "prune").stdout


def test_an_export_into_the_folder_one_is_in(line: CommandLine, tmp_path: Path) -> None:
    built(line)
    empty = tmp_path / "empty"
    empty.mkdir()
    words = ("environments", "export", listed(line)[0]["key"], "--output", ".", "--workspace", str(line.workspace))
    assert line.vivero(*words, cwd=empty).returncode == 0
    assert (empty / "Dockerfile").exists()


PRUNE = """
import os, sys
from pathlib import Path
from runner.environments import catalogue
from runner.layout import Layout
layout = Layout(Path(sys.argv[1]))
catalogue.remove_tree = lambda path: os.kill(os.getpid(), 9)
catalogue.remove(layout, catalogue.stored_environments(layout)[0], lambda: catalogue.Needs({}, []))
"""


def test_a_prune_that_is_killed_leaves_all_or_nothing(line: CommandLine) -> None:
    built(line)
    done = subprocess.run([sys.executable, "-c", PRUNE, str(line.workspace)], cwd=Path.cwd(), capture_output=True)
    assert done.returncode == -signal.SIGKILL
    assert listed(line) == []
    line.vivero("environments", "prune")
    assert not list(Layout(line.workspace).environments.glob(".removed-*"))
    built(line)
    assert len(listed(line)) == 1


def test_an_export_builds_the_same_elsewhere(line: CommandLine, tmp_path: Path) -> None:
    built(line)
    target = tmp_path / "taken"
    assert line.vivero("environments", "export", listed(line)[0]["key"], "--output", str(target)).returncode == 0
    assert sorted(path.name for path in target.iterdir()) == ["Dockerfile", "README.md", "environment.lock"]
    assert "--require-hashes" in (target / "Dockerfile").read_text()
    from runner.environments.requirements.uv_command import uv

    place = tmp_path / "elsewhere"
    subprocess.run([uv(), "venv", "-q", "--python", sys.executable, str(place)], check=True)
    command = [uv(), "pip", "install", "-q", "--require-hashes", "--python", str(place / "bin" / "python")]
    subprocess.run([*command, "-r", str(target / "environment.lock")], check=True)
    assert list(place.glob("lib/python*/site-packages/six.py"))
    refused = line.vivero("environments", "export", listed(line)[0]["key"], "--output", str(target))
    assert refused.returncode == 1 and "not empty" in refused.stderr
    shutil.rmtree(target)
