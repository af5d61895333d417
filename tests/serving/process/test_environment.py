"""A model is served where its own versions are, and never silently anywhere else."""

import dataclasses
import json
import platform
import subprocess
import sys
import tomllib
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
import sklearn
from sklearn.datasets import load_iris
from sklearn.svm import SVC

from runner.config.endpoint_settings import EndpointSettings
from runner.endpoints.environment import SERVER_PACKAGES, mismatches, requirements
from runner.endpoints.local import find_python
from runner.environments.requirements.packages import installed_packages
from runner.environments.venv import VenvEnvironment
from runner.errors import UserError
from runner.hosts.local import LocalHost
from runner.layout import Layout
from runner.records import Inspection, ModelRecord
from runner.store.registry import FileRegistry
from runner.wiring import serving_environment
from serving.process.deployer import check_framework
from tests.support.command_line import ROOT, CommandLine
from tests.support.projects import write_project
from tests.support.waiting import wait_for

X, Y = load_iris(return_X_y=True)
BODY = {"data": X[::10].tolist()}


HERE = platform.python_version()


def record(lock: str = "", python: Any = HERE, version: Any = sklearn.__version__) -> Any:
    return ModelRecord(
        name="m", version=1, created="", artefact="m", sha256="", bytes=0, lock=lock, python_version=python,
        framework_version=version,
    )  # fmt: skip


def test_the_current_python_serves_what_was_made_in_it() -> None:
    here = installed_packages()
    lock = f"scikit-learn=={here['scikit-learn']}\nnumpy=={here['numpy']}\nrequests==0.1\n"
    assert mismatches(record(lock)) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"lock": "scikit-learn==1.0.2 \\\n    --hash=sha256:00\n"}, "scikit-learn 1.0.2 is now"),
        ({"lock": "Scikit_Learn==1.0.2\n"}, "scikit-learn 1.0.2 is now"),
        (
            {"lock": "@EXPLICIT\n# scikit-learn==1.0.2\nhttps://c/linux-64/scikit-learn-1.0.2-0.conda\n"},
            "scikit-learn 1.0.2 is now",
        ),
        ({"lock": "xgboost==1.0\n"}, "xgboost 1.0 is now absent"),
        ({"python": "3.8.10"}, "Python 3.8.10 is now"),
    ],
)
def test_what_does_not_fit_is_named(given: Any, said: str) -> None:
    assert any(said in mismatch for mismatch in mismatches(record(**given)))


def test_its_environment_is_the_lock_and_the_servers_few_packages() -> None:
    packages, python = requirements([record("scikit-learn==1.5.2\nflask==2.3.3\nvivero==0.1\n", python="3.12.1")])
    assert python == "3.12"
    assert packages[:2] == ["scikit-learn==1.5.2", "flask==2.3.3"]
    assert packages[2:] == [package for package in SERVER_PACKAGES if not package.startswith("flask")]
    with pytest.raises(UserError, match=r"3\.8"):
        requirements([record(python="3.8.10")])


def test_a_server_has_the_same_packages_in_every_environment() -> None:
    """In the current Python they come from vivero's own dependencies."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set(SERVER_PACKAGES) <= set(project["dependencies"])


@pytest.mark.parametrize(
    ("lock", "modules", "said"),
    [
        ("", ["sklearn", "numpy", "collections", "builtins", "__main__"], []),
        ("imbalanced-learn==0.1\n", ["imblearn", "sklearn"], ["imbalanced-learn 0.1 is now"]),
        ("pillow==0.1\n", ["PIL"], ["pillow 0.1 is now"]),
        ("six==1.16.0\n", ["no_such_module"], ["no_such_module is absent"]),
        ("", ["tests"], []),  # of a folder, as an editable installation has it
    ],
)
def test_what_its_file_names_is_there_in_its_version(lock: str, modules: list[str], said: list[str]) -> None:
    inspection = Inspection(path="m", sha256="", modules=tuple(modules))
    mismatched = mismatches(dataclasses.replace(record(lock), inspection=inspection))
    assert len(mismatched) == len(said) and all(map(str.startswith, mismatched, said))


def test_a_module_of_the_users_own_is_in_the_serving_environment(tmp_path: Path) -> None:
    """Of any of the models that one server has, and from a wheel that no index has."""
    layout = Layout(tmp_path / "w")
    write_project(tmp_path / "mine")
    handle = VenvEnvironment(layout, packages=["./mine"], base=tmp_path).prepare(LocalHost(), print)
    inspection = Inspection(path="m", sha256="", modules=("scores",))
    mine = dataclasses.replace(record(handle.lock_text()), inspection=inspection)
    lines: list[str] = []
    python = find_python(
        [record(), mine], EndpointSettings(), partial(serving_environment, layout), LocalHost(), lines.append
    )
    assert "scores is absent" in lines[0]
    assert subprocess.run([python, "-c", "import flask, scores; assert scores.VALUE == 1"]).returncode == 0


def test_models_of_two_scikit_learns_are_two_endpoints() -> None:
    records = [record(version="1.5.2"), record(version="1.6.0")]
    with pytest.raises(UserError, match=r"m:1 needs scikit-learn 1.5.2 and m:1 needs 1.6.0"):
        find_python(records, EndpointSettings(), cast(Any, None), cast(Any, None), print)


@pytest.mark.parametrize("none", [None, ""])
def test_a_model_of_no_version_goes_with_any(none: Any) -> None:
    unsaid = record(version=none)
    for records in ([unsaid, record()], [record(), unsaid], [unsaid, unsaid]):
        assert find_python(records, EndpointSettings(), cast(Any, None), cast(Any, None), print) == sys.executable
    records = [unsaid, record(version="1.5.2"), record(version="1.6.0")]
    with pytest.raises(UserError, match=r"m:1 needs scikit-learn 1.5.2 and m:1 needs 1.6.0"):
        find_python(records, EndpointSettings(), cast(Any, None), cast(Any, None), print)


@pytest.mark.parametrize("inspected", [None, "", sklearn.__version__])
@pytest.mark.parametrize(("version", "fits"), [(None, True), ("", True), (sklearn.__version__, True), ("1.5.2", False)])
def test_deploying_and_loading_ask_the_same_version(version: Any, fits: bool, inspected: Any) -> None:
    """Whatever an inspection without scikit-learn left out, the record is what both look at."""
    inspection = Inspection(path="m", sha256="", framework_version=inspected)
    made = dataclasses.replace(record(version=version), inspection=inspection)
    here = record()
    if fits:
        assert find_python([here, made], EndpointSettings(), cast(Any, None), cast(Any, None), print) == sys.executable
        assert check_framework(made, allow=False) is None
        return
    with pytest.raises(UserError, match=r"needs 1.5.2"):
        find_python([here, made], EndpointSettings(), cast(Any, None), cast(Any, None), print)
    with pytest.raises(UserError, match=r"made with scikit-learn 1.5.2"):
        check_framework(made, allow=False)
    assert "made with scikit-learn 1.5.2" in str(check_framework(made, allow=True))


@pytest.mark.slow("builds two environments")
def test_a_model_of_another_scikit_learn_is_served_in_its_own(
    command_line: CommandLine, serve: Any, register: Any, layout: Layout
) -> None:
    done = command_line.run("+experiment=iris", "environment=sklearn-1.5", f"workspace.root={layout.root}")
    assert done.returncode == 0, done.stdout + done.stderr
    server = serve("model=sklearn-iris", "poll=0.05")
    assert any("Building the model's own" in line and "scikit-learn 1.5.2" in line for line in server.said), server.said
    kept = json.loads(layout.endpoint("sklearn-iris").record.read_bytes())
    assert Path(kept["python"]).is_relative_to(layout.environments)
    status, headers, content = server.ask("/score", BODY)
    assert (status, headers["x-model-warning"]) == (200, None)
    assert len(json.loads(content)["predict"]) == len(BODY["data"])
    assert server.stop() == 0

    FileRegistry(layout).set_alias("sklearn-iris", "champion", 1)
    server = serve("model=sklearn-iris@champion", "poll=0.05")  # built once
    register("sklearn-iris", SVC().fit(X, Y))
    FileRegistry(layout).set_alias("sklearn-iris", "champion", 2)
    wait_for(lambda: any(state["problem"] for state in server.state()), 30)
    (state,) = server.state()
    assert sklearn.__version__ in state["problem"] and "1.5.2" in state["problem"]
    assert server.ask("/score", BODY)[1]["x-model-version"] == "sklearn-iris:1"
