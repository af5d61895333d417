"""An installed wheel, without the repository: the example runs, is registered and served, in a folder of its own."""

import json
import os
import signal
import subprocess
import sys
import sysconfig
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import ROOT
from tests.support.components import missing
from tests.support.waiting import wait_for

pytestmark = pytest.mark.slow("builds and installs a wheel")


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a Python that has the wheel installed, and what it depends on from the environment of the tests."""
    from uv import find_uv_bin

    folder = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [find_uv_bin(), "build", "-q", "--wheel", "--out-dir", str(folder), str(ROOT)], capture_output=True, text=True
    )
    if built.returncode != 0:
        missing(f"the wheel cannot be built (is there a network?): {built.stderr}")
    (wheel,) = folder.glob("*.whl")
    place, interpreter = folder / "venv", folder / "venv" / "bin" / "python"
    subprocess.run([find_uv_bin(), "venv", "-q", "--python", sys.executable, str(place)], check=True)
    install = [find_uv_bin(), "pip", "install", "-q", "--no-deps", "--python", str(interpreter), str(wheel)]
    subprocess.run(install, check=True)
    (site,) = place.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return str(interpreter)


@pytest.fixture
def run(python: str, tmp_path: Path) -> Any:
    def run(*words: str) -> str:
        variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        done = subprocess.run([python, "-m", *words], cwd=tmp_path, env=variables, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture
def server(run: Any, python: str, tmp_path: Path) -> Iterator[Any]:
    """Return the address of a served model, and the process."""
    run("runner", "+experiment=iris")
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [python, "-m", "serving", "model=sklearn-iris", "port=0"]
    with subprocess.Popen(command, cwd=tmp_path, env=variables, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "http://" in line, line
        yield line.split(" at ")[1].split()[0], process
        process.send_signal(signal.SIGINT)


def test_the_example_runs_and_its_model_is_there(run: Any, tmp_path: Path) -> None:
    assert "sklearn-iris:1" in run("runner", "+experiment=iris")
    assert json.loads(run("runner.cli", "models", "--json"))[0]["name"] == "sklearn-iris"
    assert "runner/share/projects/iris" in run("runner", "+experiment=iris", "--cfg", "job", "--resolve")
    assert (tmp_path / ".vivero").is_dir()


def test_a_server_sees_nothing_of_what_is_installed_beside_vivero(server: Any, tmp_path: Path) -> None:
    address, process = server
    body = json.dumps({"data": [[5.1, 3.5, 1.4, 0.2]]}).encode()
    request = urllib.request.Request(f"{address}/score", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert json.loads(answer.read()) == {"predict": [0]}
    variables = wait_for(lambda: Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0"))
    (path,) = [variable.partition(b"=")[2].decode() for variable in variables if variable.startswith(b"PYTHONPATH=")]
    assert Path(path).is_relative_to(tmp_path / ".vivero" / "servers")
    assert sorted(entry.name for entry in Path(path).iterdir()) == ["runner", "serving"]


def test_rows_of_a_file_are_scored(run: Any, tmp_path: Path) -> None:
    run("runner", "+experiment=iris")
    (tmp_path / "rows.csv").write_text("0,1,2,3\n5.1,3.5,1.4,0.2\n")
    run("runner.cli", "score", "sklearn-iris", "--input", "rows.csv", "--output", "answers.csv")
    assert (tmp_path / "answers.csv").read_text() == "predict\n0\n"
    (source,) = (tmp_path / ".vivero" / "servers").iterdir()
    batch = source / "serving" / "batch.py"
    whole = batch.read_bytes()
    batch.write_bytes(whole[:100])  # as a power cut leaves it
    (source / "sitecustomize.py").write_text("raise SystemExit(9)\n")
    run("runner.cli", "score", "sklearn-iris", "--input", "rows.csv", "--output", "answers.csv", "--overwrite")
    assert batch.read_bytes() == whole and sorted(entry.name for entry in source.iterdir()) == ["runner", "serving"]
