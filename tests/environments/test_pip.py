"""What a script installs with pip is its own run's: neither the environment nor this tool's installation changes."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from runner.environments.requirements.uv_command import uv
from runner.layout import WORKER
from tests.support.command_line import CommandLine
from tests.support.nodes.package_index import write_wheel
from tests.support.projects import write_project
from tests.support.pythons import is_there, others
from tests.support.waiting import wait_for

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

INSTALLING = ["runner/worker/run/pip_install.py", "runner/worker/run/packages.py", "runner/worker/before_pip/**/*.py"]


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
    assert note.startswith("the script installed parcel==1.0 for this run only")
    (environment,) = command_line.workspace.glob("environments/*/bin/python")
    assert "parcel" not in installed(str(environment)) and installed(sys.executable) == ours


# Ways round the pip that installs beside the run.
CHANGES = {
    "isolated pip": "[sys.executable, '-I', '-m', 'pip', 'install', '-q', 'parcel']",
    "ensurepip": "[sys.executable, '-m', 'ensurepip']",
    "uv, by its Python": "[UV, 'pip', 'install', '--no-config', '--python', sys.executable, 'parcel']",
    "uv, by its variable": "[UV, 'pip', 'install', '--no-config', 'parcel']",
    "a copy": "['cp', '-r', str(WHEELS / 'parcel-1.0.dist-info'), sysconfig.get_path('purelib')]",
    "a removal": "['rm', '-r', sysconfig.get_path('purelib') + '/base-1.0.dist-info']",
}
CHANGING = """
import os, shutil, subprocess, sys, sysconfig, time
from pathlib import Path
UV, WHEELS = os.environ["UV_PROGRAM"], Path(os.environ["PIP_FIND_LINKS"])
shutil.unpack_archive(WHEELS / "parcel-1.0-py3-none-any.whl", WHEELS, "zip")
subprocess.check_call({})
"""


def wait_until(path: Path) -> str:
    """Return code that waits for a file."""
    return f"import time, os\nwhile not os.path.exists({str(path)!r}): time.sleep(0.02)\n"


@pytest.mark.parametrize("how", CHANGES)
def test_an_environment_that_a_script_changes_is_built_again_before_its_next_use(
    how: str, command_line: CommandLine, pip_settings: dict[str, str]
) -> None:
    wheels = Path(pip_settings["PIP_FIND_LINKS"])
    write_wheel(wheels, "base")
    packages = ["environment=venv", f"environment.packages=[{wheels}/base-1.0-py3-none-any.whl]"]
    variables = {**pip_settings, "UV_PROGRAM": uv(), "UV_NO_INDEX": "1", "UV_FIND_LINKS": str(wheels)}
    command_line.script(CHANGING.format(CHANGES[how]))
    done = command_line.job(*packages, variables=variables)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the shared environment changed while the script ran (" in done.stdout
    command_line.script(
        "import importlib.metadata as m; print(sorted(one.metadata['Name'] for one in m.distributions()))"
    )
    again = command_line.job(*packages, variables=variables)
    assert "changed) and will be rebuilt" in again.stdout + again.stderr and "['base']" in again.stdout
    third = command_line.job(*packages, variables=variables)
    assert "rebuilt" not in third.stdout + third.stderr and "was changed" not in third.stdout
    assert not list(command_line.workspace.glob("environments/*/damaged"))


def test_a_trial_does_not_run_in_what_another_has_changed(
    command_line: CommandLine, pip_settings: dict[str, str]
) -> None:
    script = CHANGING.format(CHANGES["isolated pip"]).replace(
        "subprocess.check", "import importlib.util\nassert importlib.util.find_spec('parcel') is None\nsubprocess.check"
    )
    command_line.script(script)
    words = ["-m", *VENV, "compute.slots=1", "+job.arguments.n=range(0,3)"]
    done = command_line.job(*words, variables={**pip_settings, "UV_PROGRAM": uv()})
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_run_goes_on_in_an_environment_that_is_built_again_meanwhile(
    command_line: CommandLine, pip_settings: dict[str, str], tmp_path: Path
) -> None:
    variables = {**pip_settings, "UV_PROGRAM": uv()}
    packages = [
        "environment=venv",
        f"environment.packages=[{pip_settings['PIP_FIND_LINKS']}/base-1.0-py3-none-any.whl]",
    ]
    write_wheel(Path(pip_settings["PIP_FIND_LINKS"]), "base")
    begun, over = tmp_path / "begun", tmp_path / "over"
    waits = f"open({str(begun)!r}, 'w')\n{wait_until(over)}import base\nprint('still', base.__version__)\n"
    command_line.script(waits, folder="waiting")
    waiting = command_line.start("runner", "job.source=waiting", "job.script=train.py", *packages, variables=variables)
    wait_for(begun.exists, 60)
    command_line.script(CHANGING.format(CHANGES["isolated pip"]))
    assert command_line.job(*packages, variables=variables).returncode == 0
    command_line.script("import base\n")
    again = command_line.job(*packages, variables=variables)
    assert "rebuilt" in again.stdout + again.stderr
    over.touch()
    done = command_line.finish(waiting)
    assert done.returncode == 0 and "still 1.0" in done.stdout, done.stdout + done.stderr


def test_trials_that_share_a_warm_interpreter_do_not_share_it(
    command_line: CommandLine, pip_settings: dict[str, str]
) -> None:
    command_line.script(INSTALLS.replace("before =", "assert 'parcel' not in sys.modules\nbefore ="))
    words = ["-m", *VENV, "+job.arguments.how=module", "+job.arguments.n=range(0,4)"]
    done = command_line.job(*words, variables=pip_settings)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(list(command_line.workspace.glob("runs/src/*/packages/parcel.py"))) == 4


HELPS = """
import os, shutil, subprocess, sys
from pathlib import Path
SOURCE, PACKAGES = Path(os.environ["SOURCE"]), Path(os.environ["VIVERO_RUN_DIR"], "packages")

def pip(*words, code=0, program=(sys.executable, "-m", "pip")):
    done = subprocess.run([*program, *words], universal_newlines=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    print(done.stdout)
    assert done.returncode == code, (words, done.returncode)
    return done.stdout

def version(name, python=sys.executable):
    code = f"import {name}; print({name}.__version__)"
    found = subprocess.run([python, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return found.stdout.decode().strip()

def infos():
    return sorted(one.name[:-10] for one in PACKAGES.glob("*.dist-info"))
"""
# What a script does, and what its run's note names then. The environment has base 1.0.
CASES = {
    "a source": ("pip('install', str(SOURCE / 'scores'))\nimport scores\nassert scores.VALUE == 1", "scores==1.0"),
    "an editable source": ("pip('install', '-e', str(SOURCE / 'scores'))\nimport scores", "scores==1.0"),
    "an editable line": (
        "Path('r.txt').write_text(f'-e {SOURCE}/scores')\n"
        "pip('install', '-r', 'r.txt')\nimport scores\nassert Path(scores.__file__).parent == PACKAGES", "scores==1.0",
    ),
    "a newer version": (
        "for one in '12': pip('install', f'parcel=={one}.0')\nassert version('parcel') == '2.0'", "parcel==2.0",
    ),
    "an older version": (
        "for one in '21': pip('install', f'parcel=={one}.0')\nassert version('parcel') == '1.0'", "parcel==1.0",
    ),
    "programs": (
        "pip('install', 'parcel==1.0')\npip('install', 'base==2.0')\nassert not (PACKAGES / 'lib').exists()\n"
        "found = [subprocess.check_output([one], text=True) for one in ('parcel', 'base')]\n"
        "assert found == ['parcel 1.0\\n', 'base 2.0\\n'], found", "base==2.0, parcel==1.0",
    ),
    "uninstalled": (
        "pip('install', 'parcel')\npip('uninstall', '-y', 'Parcel')\nassert version('parcel') == ''\n"
        "assert shutil.which('parcel') is None and infos() == []", None,
    ),
    "the environment's": (
        "said = pip('uninstall', '-y', 'base', code=1)\nassert 'base was not uninstalled' in said\n"
        "assert 'not installed' in pip('uninstall', '-y', 'parcel')\nassert version('base') == '1.0'", None,
    ),
    "another version than the environment's": (
        "pip('install', 'base==2.0')\nassert version('base') == '2.0'\npip('uninstall', '-y', 'base')\n"
        "assert version('base') == '1.0'", None,
    ),
    "satisfied": ("assert 'already satisfied' in pip('install', 'base')\nassert infos() == []", None),
    "satisfied by the run": (
        "pip('install', 'parcel')\nassert 'already satisfied' in pip('install', 'parcel')", "parcel==2.0",
    ),
    "a virtual environment of its own": (
        "subprocess.check_call([sys.executable, '-m', 'venv', 'v'])\n"
        "pip('install', 'parcel', program=['v/bin/pip'])\n"
        "pip('install', str(SOURCE / 'scores'), program=['v/bin/pip'])\n"
        "assert version('parcel', 'v/bin/python') == '2.0' and Path('v/bin/parcel').exists()\n"
        "pip('uninstall', '-y', 'parcel', program=['v/bin/python', '-m', 'pip'])\n"
        "assert version('parcel', 'v/bin/python') == '' and infos() == []", None,
    ),
    "pip's function": (
        "from pip._internal.cli.main import main\nassert main(['install', 'parcel']) == 0\n"
        "import parcel\nassert Path(parcel.__file__).parent == PACKAGES", "parcel==2.0",
    ),
    "for the user": ("pip('install', '--user', 'parcel')\nassert version('parcel')", "parcel==2.0"),
    "a namespace": (
        "pip('install', 'left')\npip('install', 'right')\nassert version('space.left') and version('space.right')",
        "left==1.0, right==1.0",
    ),
    "a place of its own": ("pip('install', '--target', 't', 'parcel')\nassert Path('t/parcel.py').exists()", None),
    "nothing of that name": ("pip('install', 'parcel==9', code=1)\nassert list(PACKAGES.iterdir()) == []", None),
    "the program": ("pip('install', 'parcel', program=['pip'])\nassert version('parcel') == '2.0'", "parcel==2.0"),
}  # fmt: skip


@pytest.mark.sampled(8, covers=INSTALLING)
@pytest.mark.parametrize("more", [[], ["pip==24.2"]], ids=["no pip", "pip"])
@pytest.mark.parametrize("case", CASES)
def test_pip_does_what_it_says_and_leaves_the_environment(
    case: str, more: list[str], command_line: CommandLine, pip_settings: dict[str, str], tmp_path: Path
) -> None:
    script, noted = CASES[case]
    for version in ("1.0", "2.0"):
        write_wheel(tmp_path / "wheels", version=version)
        write_wheel(tmp_path / "wheels", "base", version)
    for name in ("left", "right"):
        write_wheel(tmp_path / "wheels", name, module=f"space/{name}.py")
    write_project(tmp_path / "scores")
    command_line.script(HELPS + script)
    packages = json.dumps([f"{tmp_path}/wheels/base-1.0-py3-none-any.whl", *more])
    words = ["environment=venv", f"environment.packages={packages}"]
    done = command_line.job(*words, variables={**pip_settings, "SOURCE": str(tmp_path)})
    assert done.returncode == 0, done.stdout + done.stderr
    (run,) = command_line.workspace.glob("runs/src/*")
    notes = json.loads((run / "run.json").read_bytes())["run"]["notes"]
    assert notes == (
        [f"the script installed {noted} for this run only; add it to environment.packages to have it in every run"]
        * bool(noted)
    )
    (environment,) = command_line.workspace.glob("environments/*/bin/python")
    assert installed(str(environment)) == str(["base", *(["pip"] if more else [])]) + "\n"
    assert subprocess.check_output([environment.with_name("base")], text=True) == "base 1.0\n"


@pytest.mark.sampled(1, covers=INSTALLING)
@pytest.mark.parametrize("python", others((3, 6), (3, 9)))
@pytest.mark.slow("makes a virtual environment of another Python, and starts its pip twenty times")
def test_the_pip_of_any_python_does_so(python: Path | None, pip_settings: dict[str, str], tmp_path: Path) -> None:
    """From pip 18 on, which comes with Python 3.6."""
    subprocess.check_call([is_there(python), "-m", "venv", tmp_path / "e"])
    inner, run = str(tmp_path / "e" / "bin" / "python"), tmp_path / "run"
    for version in ("1.0", "2.0"):
        write_wheel(tmp_path / "wheels", version=version)
        write_wheel(tmp_path / "wheels", "base", version)
    (tmp_path / "scores").mkdir()
    (tmp_path / "scores" / "setup.py").write_text(
        "from setuptools import setup\nsetup(name='scores', version='1', py_modules=['scores'])\n"
    )
    (tmp_path / "scores" / "scores.py").write_text("VALUE = 1\n")
    variables = {**os.environ, **pip_settings, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "SOURCE": str(tmp_path)}
    subprocess.check_call([inner, "-m", "pip", "install", "-q", "base==1.0"], env=variables)
    (site,) = (tmp_path / "e").glob("lib/python*/site-packages")
    before = sorted(entry.name for entry in site.iterdir())
    variables |= {
        "VIVERO_RUN_DIR": str(run), "VIVERO_PACKAGES": f"{run}/packages", "VIVERO_PACKAGES_OF": str(tmp_path / "e"),
        "PYTHONPATH": f"{WORKER}/before_pip:{run}/packages", "PATH": f"{run}/packages/bin:{os.environ['PATH']}",
        "PIP_NO_BUILD_ISOLATION": "0",  # pip's way to say so
    }  # fmt: skip
    names = ["a newer version", "an older version", "uninstalled", "the environment's", "for the user"]
    names += ["another version than the environment's", "satisfied"]
    # From a setup.py only where setuptools is there: to have it for a build takes a package index.
    names += ["a source", "an editable source"] if any(name.startswith("setuptools-") for name in before) else []
    for name in names:
        (run / "packages").mkdir(parents=True)
        script = tmp_path / "script.py"
        script.write_text(HELPS + CASES[name][0])
        done = subprocess.run([inner, script], env=variables, text=True, capture_output=True, cwd=tmp_path)
        assert done.returncode == 0, (name, done.stdout + done.stderr)
        assert sorted(entry.name for entry in site.iterdir()) == before
        shutil.rmtree(run)


def test_the_current_python_is_the_users_own(command_line: CommandLine) -> None:
    command_line.script(
        "import os, sys\nprint(os.environ.get('VIVERO_PACKAGES'), [p for p in sys.path if 'runs' in p][1:])\n"
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
