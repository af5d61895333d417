"""Built for real, with packages that are small."""

import os
import shutil
import subprocess
import sys

import pytest

from runner.environments.venv import VenvEnvironment
from runner.errors import UserError
from runner.hosts.local import LocalHost
from runner.layout import Layout
from tests.conftest import ROOT
from tests.contracts.environment_contract import EnvironmentContract, said
from tests.waiting import wait_for

BUILD = """
import sys
from pathlib import Path
from runner.environments.venv import VenvEnvironment
from runner.hosts.local import LocalHost
from runner.layout import Layout
VenvEnvironment(Layout(Path(sys.argv[1])), packages=sys.argv[2:]).prepare(LocalHost(), lambda line: print(line, flush=True))
"""


@pytest.fixture
def host():
    return LocalHost()


@pytest.fixture
def layout(tmp_path):
    return Layout(tmp_path / "w")


@pytest.fixture
def environment(layout):
    def make(**settings):
        return VenvEnvironment(layout, **{"packages": ["six==1.16.0"], **settings})

    return make


def start(layout, *packages):
    return subprocess.Popen(
        [sys.executable, "-c", BUILD, str(layout.root), *packages],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


class TestVenv(EnvironmentContract):
    @pytest.fixture
    def environment(self, environment):
        return environment


def test_what_was_asked_for_is_there_compiled_and_nothing_else(environment, host):
    handle = environment().prepare(host, said)
    code = "import six, sys; print(six.__version__, sys.prefix, six.__cached__)"
    version, prefix, compiled = subprocess.check_output(handle.argv(["python", "-c", code]), text=True).split()
    assert version == "1.16.0" and handle.record.packages == {"six": "1.16.0"}
    assert os.path.exists(compiled) and os.path.samefile(prefix, handle.variables()["VIRTUAL_ENV"])
    assert "--hash=sha256:" in handle.lock_text()


def test_the_lock_is_kept_until_an_upgrade_is_asked_for(environment, host):
    lines = []
    for upgrade in (False, False, True):
        environment(packages=["six"], upgrade=upgrade).prepare(host, lines.append)
    assert sum(line.startswith("Resolving") for line in lines) == 2
    assert sum(line.startswith("Building") for line in lines) == 1


def test_constraints_limit_what_is_taken(environment, host, tmp_path):
    (tmp_path / "limits.txt").write_text("six<1.16\ntabulate<0.5\n")
    (tmp_path / "r.txt").write_text("-c limits.txt\nsix\n")
    handle = environment(packages=[], requirements=str(tmp_path / "r.txt")).prepare(host, said)
    assert handle.record.packages == {"six": "1.15.0"}


def test_a_damaged_one_is_built_again(environment, host):
    handle = environment().prepare(host, said)
    os.unlink(handle.argv(["python"])[0])
    lines = []
    again = environment().prepare(host, lines.append)
    assert "damaged" in lines[0] and not again.record.cached
    assert subprocess.run(again.argv(["python", "-c", "import six"])).returncode == 0


def test_a_lost_one_is_built_again_from_the_lock_of_its_run(environment, host, layout):
    handle = environment(packages=["six<1.17"]).prepare(host, said)
    shutil.rmtree(layout.environments)
    assert not layout.locks.exists()
    again = environment(packages=["six"]).restore(handle.record, handle.lock_text(), host, said)
    assert again.record.packages == {"six": "1.16.0"} and again.record.key == handle.record.key


def test_two_processes_build_one_environment_once(layout):
    both = [start(layout, "six==1.16.0", "tabulate") for _ in range(2)]
    texts = [one.communicate(timeout=120)[0] for one in both]
    assert [one.returncode for one in both] == [0, 0], texts
    assert sum(text.count("Building environment") for text in texts) == 1
    assert sum(text.count("Resolving") for text in texts) == 1


def test_a_killed_builder_leaves_nothing_that_is_used(environment, layout, host):
    builder = start(layout, "six==1.16.0")
    wait_for(lambda: list(layout.environments.glob(".building-*/pyvenv.cfg")), 60)
    builder.kill()
    builder.communicate()
    assert not [one for one in layout.environments.glob("*/environment.json") if not one.parent.name.startswith(".")]
    handle = environment().prepare(host, said)
    assert subprocess.run(handle.argv(["python", "-c", "import six"])).returncode == 0
    assert not list(layout.environments.glob(".building-*"))


MISTAKES = {
    "no such Python": ({"python": "3.5"}, "Python 3.5 is not on this machine. There are: .*3.11"),
    "no such file": ({"python": "/nowhere/python"}, "there is no file /nowhere/python"),
    "no Python at all": ({"python": "/bin/cat"}, "does not start as a Python"),
    "no such package": ({"packages": ["six==99.99"]}, "cannot be resolved: .*six==99.99"),
    "no requirement": ({"packages": ["six=="]}, "cannot be resolved"),
    "conflict": ({"packages": ["six==1.16.0", "six==1.15.0"]}, "cannot be resolved: .*six"),
    "requirements": ({"requirements": "nothere.txt"}, "environment.requirements: .*nothere.txt cannot be read"),
    "conda": ({"conda_file": "nothere.yml"}, "environment.conda_file: .*nothere.yml cannot be read"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_in_one_line(name, environment, host):
    settings, message = MISTAKES[name]
    with pytest.raises(UserError, match=message) as caught:
        environment(**settings).prepare(host, said)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("preset", "code"),
    [
        (
            "sklearn-1.2-numpy-1.23",
            "import numpy, sklearn; assert (sklearn.__version__, numpy.__version__) == ('1.2.2', '1.23.5'); numpy.float(1)",
        ),
        ("sklearn-1.5", "import sklearn; assert sklearn.__version__ == '1.5.2'"),
        ("sklearn-1.9", "import sklearn; assert sklearn.__version__.startswith('1.9.')"),
    ],
)
def test_a_preset_is_what_it_says(preset, code, command_line):
    command_line.script(
        f"{code}\nimport joblib\nfrom sklearn.svm import SVC\njoblib.dump(SVC().fit([[0], [1]], [0, 1]), 'outputs/m.joblib')"
    )
    done = command_line.job(f"environment={preset}", "model.name=m")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "m:1" in done.stdout
    log = next(command_line.workspace.glob("runs/*/*/logs/environment.log")).read_text()
    assert "Built in" in log
    again = command_line.vivero("rerun", "latest")
    assert again.returncode == 0, again.stdout + again.stderr
