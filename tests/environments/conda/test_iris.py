"""The whole way of a user: a conda YAML, a script that trains, a model that is registered, and all of it again."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from runner.errors import UserError
from runner.ports.host import Host
from tests.support import channels
from tests.support.command_line import ROOT, CommandLine

YAML = """
name: project_environment
dependencies:
- python={python}
- scikit-learn
- numpy
- pip:
  - azureml-defaults
  - tabulate
"""
SEED = ROOT / "projects" / "iris" / "conda_dependencies.yml"


@pytest.fixture(scope="module")
def science(channel: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A channel with what the iris script imports."""
    folder, work = tmp_path_factory.mktemp("science"), tmp_path_factory.mktemp("wheels")
    shutil.copytree(channel, folder, dirs_exist_ok=True)
    for requirement, needs in {
        "numpy==2.2.6": [],
        "scipy==1.15.3": ["numpy >=2.2,<3"],
        "joblib==1.5.1": [],
        "threadpoolctl==3.6.0": [],
        "scikit-learn==1.6.1": ["numpy >=2.2", "scipy >=1.15", "joblib", "threadpoolctl"],
    }.items():
        channels.build_wheel(folder, work, requirement, needs=needs)
    return folder


@pytest.mark.slow("solves and installs scikit-learn")
def test_iris_trains_in_a_conda_environment_and_again_from_its_lock(
    command_line: CommandLine, science: Any, tmp_path: Path
) -> None:
    (tmp_path / "conda.yml").write_text(YAML.format(python=channels.PYTHON))
    words = ["environment=conda", f"environment.file={tmp_path / 'conda.yml'}", f"environment.channels=[{science}]"]
    done = command_line.run("+experiment=iris", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "azureml-defaults is skipped" in done.stdout + done.stderr and "sklearn-iris:1" in done.stdout
    run = next(command_line.workspace.glob("runs/iris/*"))
    record = json.loads((run / "run.json").read_text())
    environment = record["prepare"]["environment"]
    assert environment["kind"] == "conda" and environment["packages"]["scikit-learn"] == "1.6.1"
    assert "# scikit-learn==1.6.1\n" in (run / "environment.lock").read_text()
    assert any(json.loads(line)["name"] == "Accuracy" for line in (run / "metrics.jsonl").read_text().splitlines())

    shutil.rmtree(command_line.workspace / "environments")
    again = command_line.vivero("rerun", "latest")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "same       model.joblib" in again.stdout, again.stdout


def test_the_seeds_own_file_solves_where_a_channel_has_it_and_else_says_what_is_missing(
    make: Any, host: Host, tmp_path: Path
) -> None:
    lines: list[str] = []
    old = tmp_path / "old"
    (tmp_path / "conda.yml").write_text(SEED.read_text().replace("conda-forge", "./old"))
    settings = {"packages": [], "channels": [], "file": "conda.yml", "base": tmp_path}
    touch = ["touch $PREFIX/x"]
    for name, version in {"numpy": "1.19.5", "scikit-learn": "0.24.2"}.items():
        channels.build(old, name, version, touch, needs=["python >=3.6,<3.7"])
    with pytest.raises(UserError, match=r"python 3.6.2.* not found in .*/old\."):
        make(**settings).lock(host, lines.append)
    channels.build(old, "python", "3.6.2", touch)
    lock = make(**settings).lock(host, lines.append)
    assert "# python==3.6.2\n" in lock and "# numpy==1.19.5\n" in lock and "# scikit-learn==0.24.2\n" in lock
    assert "azureml" not in lock and any("azureml-defaults is skipped" in line for line in lines)
