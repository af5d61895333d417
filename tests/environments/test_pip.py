"""What a script installs with pip is its own run's: neither the environment nor this tool's installation changes."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import CommandLine
from tests.support.nodes.package_index import write_wheel

INSTALLS = """
import json, os, subprocess, sys
from azureml.core import Run
before = list(sys.path)
how = sys.argv[sys.argv.index("--how") + 1]
how = [sys.executable, "-m", "pip"] if how == "module" else [how]
subprocess.check_call([*how, "install", "--quiet", "--disable-pip-version-check", "parcel"])
import parcel
new = subprocess.check_output([sys.executable, "-c", "import json, sys, parcel; print(json.dumps(sys.path[1:]))"])
assert json.loads(new) == before[1:], (json.loads(new), before)
print("parcel", parcel.__version__, os.path.dirname(parcel.__file__))
"""


def installed(python: str) -> Any:
    code = "import importlib.metadata as m; print(sorted(one.metadata['Name'] for one in m.distributions()))"
    return subprocess.check_output([python, "-s", "-c", code], text=True)


@pytest.fixture
def pip_settings(tmp_path: Path) -> dict[str, str]:
    write_wheel(tmp_path / "wheels")
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path / "wheels"), "PIP_CONFIG_FILE": "/dev/null"}


VENV = ("environment=venv", "environment.packages=[]")


@pytest.mark.parametrize("how", ["module", "pip", "pip3"])
def test_what_a_script_installs_is_its_own(how: str, command_line: CommandLine, pip_settings: dict[str, str]) -> None:
    command_line.script(INSTALLS)
    ours = installed(sys.executable)
    done = command_line.job(*VENV, f"+job.arguments.how={how}", variables=pip_settings)
    assert done.returncode == 0, done.stdout + done.stderr
    (run,) = command_line.workspace.glob("runs/src/*")
    assert f"parcel 1.0 {run / 'packages'}" in done.stdout
    (note,) = json.loads((run / "run.json").read_bytes())["run"]["notes"]
    assert note.startswith("the script installed parcel==1.0 for this run alone")
    (environment,) = command_line.workspace.glob("environments/*/bin/python")
    assert "parcel" not in installed(str(environment)) and installed(sys.executable) == ours


def test_trials_that_share_a_warm_interpreter_do_not_share_it(
    command_line: CommandLine, pip_settings: dict[str, str]
) -> None:
    command_line.script(INSTALLS.replace("before =", "assert 'parcel' not in sys.modules\nbefore ="))
    words = ["-m", *VENV, "+job.arguments.how=module", "+job.arguments.n=range(0,4)"]
    done = command_line.job(*words, variables=pip_settings)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(list(command_line.workspace.glob("runs/src/*/packages/parcel.py"))) == 4


def test_the_current_python_is_the_users_own(command_line: CommandLine) -> None:
    command_line.script(
        "import os, sys\nprint(os.environ.get('PIP_TARGET'), [p for p in sys.path if 'runs' in p][1:])\n"
    )
    assert "None []" in command_line.job().stdout


def test_a_pip_that_was_asked_for_is_the_one_that_is_there(
    command_line: CommandLine, pip_settings: dict[str, str]
) -> None:
    command_line.script(INSTALLS + "import pip\nprint('pip', pip.__version__)\n")
    words = ["environment=venv", "environment.packages=['pip==24.2']", "+job.arguments.how=pip"]
    done = command_line.job(*words, variables=pip_settings)
    assert done.returncode == 0 and "pip 24.2" in done.stdout, done.stdout + done.stderr


def test_where_python_has_no_pip_the_line_says_what_to_do(command_line: CommandLine) -> None:
    hidden = "import sys, glob\nsys.modules['ensurepip'] = None\nglob.glob = lambda pattern: []\nimport pip\n"
    command_line.script(hidden)
    done = command_line.job(*VENV)
    assert done.returncode == 2
    assert "pip does not come with this Python: add what the script installs to environment.packages" in done.stdout
