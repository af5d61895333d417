"""Built for real, with packages that are small."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from runner.environments.requirements.lock import resolving_hint
from runner.environments.venv import VenvEnvironment
from runner.errors import UserError
from runner.hosts.local import LocalHost
from runner.layout import Layout
from runner.ports.host import Host
from runner.worker import environment_seal
from tests.contracts.environment_contract import EnvironmentContract, said
from tests.support.command_line import ROOT, CommandLine
from tests.support.nodes.package_index import write_wheel
from tests.support.waiting import wait_for

BUILD = """
import sys
from pathlib import Path
from runner.environments.venv import VenvEnvironment
from runner.hosts.local import LocalHost
from runner.layout import Layout
environment = VenvEnvironment(Layout(Path(sys.argv[1])), packages=sys.argv[2:])
environment.prepare(LocalHost(), lambda line: print(line, flush=True))
"""


@pytest.fixture
def host() -> Host:
    return LocalHost()


@pytest.fixture
def layout(tmp_path: Path) -> Any:
    return Layout(tmp_path / "w")


@pytest.fixture
def environment(layout: Layout) -> Any:
    def make(**settings: Any) -> Any:
        return VenvEnvironment(layout, **{"packages": ["six==1.16.0"], **settings})

    return make


def start(layout: Layout, *packages: Any) -> Any:
    return subprocess.Popen(
        [sys.executable, "-c", BUILD, str(layout.root), *packages],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


class TestVenv(EnvironmentContract):
    @pytest.fixture
    def environment(self, environment: Any) -> Any:
        return environment


@pytest.mark.parametrize("setting", [None, "0"])
def test_what_was_asked_for_is_there_compiled_and_nothing_else(
    setting: str | None, environment: Any, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UV_COMPILE_BYTECODE", raising=False)
    if setting is not None:
        monkeypatch.setenv("UV_COMPILE_BYTECODE", setting)
    handle = environment().prepare(host, said)
    before = list(Path(handle.argv(["python"])[0]).parents[1].glob("lib/*/site-packages/__pycache__/six.*.pyc"))
    assert bool(before) == (setting is None)
    code = "import six, sys; print(six.__version__, sys.prefix, six.__cached__)"
    version, prefix, compiled = subprocess.check_output(handle.argv(["python", "-c", code]), text=True).split()
    assert version == "1.16.0" and handle.record.packages == {"six": "1.16.0"}
    assert Path(compiled).exists() and Path(prefix).samefile(handle.variables()["VIRTUAL_ENV"])
    assert "--hash=sha256:" in handle.lock_text()


@pytest.mark.parametrize("form", ["wheels/{0}", "./wheels/{0}", "{1}/wheels/{0}", "parcel @ file://{1}/wheels/{0}"])
def test_a_wheel_of_this_machine_is_installed_also_if_it_is_all(
    environment: Any, host: Host, tmp_path: Path, form: str
) -> None:
    write_wheel(tmp_path / "asked" / "wheels")
    name = "parcel-1.0-py3-none-any.whl"
    (tmp_path / "asked" / "r.txt").write_text(form.format(name, tmp_path / "asked"))
    handle = environment(packages=[], requirements="asked/r.txt", base=tmp_path).prepare(host, said)
    version = subprocess.check_output(
        handle.argv(["python", "-c", "import parcel; print(parcel.__version__)"]), text=True
    )
    assert version.strip() == "1.0" and handle.record.packages == {"parcel": "1.0"}
    assert "--hash=sha256:" in handle.lock_text()


def test_a_folder_of_wheels_is_looked_in(environment: Any, host: Host, tmp_path: Path) -> None:
    write_wheel(tmp_path / "asked" / "wheels")
    (tmp_path / "asked" / "r.txt").write_text("--find-links wheels\n--no-index\nparcel\n")
    handle = environment(packages=[], requirements="asked/r.txt", base=tmp_path).prepare(host, said)
    assert handle.record.packages == {"parcel": "1.0"}


def test_a_hash_that_is_given_holds(environment: Any, host: Host, tmp_path: Path) -> None:
    right = "sha256:8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254"  # of the wheel of six 1.16.0
    for digest in (right, "sha256:" + 64 * "0"):
        (tmp_path / "r.txt").write_text(f"six==1.16.0 --hash={digest}\n")
        made = environment(packages=[], requirements="r.txt", base=tmp_path)
        if digest == right:
            assert made.prepare(host, said).lock_text().count("--hash=") == 1
            continue
        with pytest.raises(UserError, match=r"No file of six==1\.16\.0 has the given hash"):
            made.prepare(host, said)


def test_the_lock_is_kept_until_an_upgrade_is_asked_for(environment: Any, host: Host) -> None:
    lines: list[str] = []
    for upgrade in (False, False, True):
        environment(packages=["six"], upgrade=upgrade).prepare(host, lines.append)
    assert sum(line.startswith("Resolving") for line in lines) == 2
    assert sum(line.startswith("Building") for line in lines) == 1


def test_constraints_limit_what_is_taken(environment: Any, host: Host, tmp_path: Path) -> None:
    (tmp_path / "limits.txt").write_text("six<1.16\ntabulate<0.5\n")
    (tmp_path / "r.txt").write_text("-c limits.txt\nsix\n")
    handle = environment(packages=[], requirements=str(tmp_path / "r.txt")).prepare(host, said)
    assert handle.record.packages == {"six": "1.15.0"}


@pytest.mark.parametrize("seal", ["kept", "removed"])
def test_another_interpreter_is_not_started(seal: str, environment: Any, host: Host, tmp_path: Path) -> None:
    python = Path(environment(packages=[]).prepare(host, said).argv(["python"])[0])
    real = python.resolve()
    python.unlink()
    python.write_text(f'#!/bin/sh\ntouch {tmp_path}/pwned\nexec {real} "$@"\n')
    python.chmod(0o755)
    if seal == "removed":
        (python.parents[1] / environment_seal.SEAL).unlink()
    lines: list[str] = []
    again = environment(packages=[]).prepare(host, lines.append)
    assert lines[0].endswith("is damaged (bin/python changed) and will be rebuilt" if seal == "kept" else "rebuilt")
    assert python.resolve() == real and not again.record.cached
    assert subprocess.run(again.argv(["python", "-c", ""])).returncode == 0 and not (tmp_path / "pwned").exists()
    assert environment(packages=[]).prepare(host, said).record.cached


def test_a_damaged_one_is_built_again(environment: Any, host: Host) -> None:
    handle = environment().prepare(host, said)
    Path(handle.argv(["python"])[0]).unlink()
    lines: list[str] = []
    again = environment().prepare(host, lines.append)
    assert "damaged" in lines[0] and not again.record.cached
    assert subprocess.run(again.argv(["python", "-c", "import six"])).returncode == 0


def test_a_lost_one_is_built_again_from_the_lock_of_its_run(environment: Any, host: Host, layout: Layout) -> None:
    handle = environment(packages=["six<1.17"]).prepare(host, said)
    shutil.rmtree(layout.environments)
    assert not layout.locks.exists()
    again = environment(packages=["six"]).restore(handle.record, handle.lock_text(), host, said)
    assert again.record.packages == {"six": "1.16.0"} and again.record.key == handle.record.key


def test_two_processes_build_one_environment_once(layout: Layout) -> None:
    both = [start(layout, "six==1.16.0", "tabulate") for _ in range(2)]
    texts = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], texts
    assert sum(text.count("Building environment") for text in texts) == 1
    assert sum(text.count("Resolving") for text in texts) == 1


def test_a_killed_builder_leaves_nothing_that_is_used(environment: Any, layout: Layout, host: Host) -> None:
    builder = start(layout, "six==1.16.0")
    wait_for(lambda: list(layout.environments.glob(".building-*/pyvenv.cfg")), 60)
    builder.kill()
    builder.communicate()
    assert not [path for path in layout.environments.glob("*/environment.json") if not path.parent.name.startswith(".")]
    handle = environment().prepare(host, said)
    assert subprocess.run(handle.argv(["python", "-c", "import six"])).returncode == 0
    assert not list(layout.environments.glob(".building-*"))


MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "no such Python": ({"python": "3.5"}, "environment.python=3.5 is not installed on this machine. Available: .*3.11"),
    "no such file": ({"python": "/nowhere/python"}, "/nowhere/python does not exist"),
    "no Python at all": ({"python": "/bin/cat"}, "is not a Python interpreter"),
    "no such package": ({"packages": ["six==99.99"]}, "cannot be resolved: .*six==99.99"),
    "no requirement": ({"packages": ["six=="]}, "cannot be resolved"),
    "conflict": ({"packages": ["six==1.16.0", "six==1.15.0"]}, "cannot be resolved: .*six"),
    "requirements": ({"requirements": "nothere.txt"}, "environment.requirements: .*nothere.txt cannot be read"),
    "conda": ({"conda_file": "nothere.yml"}, "environment.conda_file: .*nothere.yml cannot be read"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_in_one_line(name: str, environment: Any, host: Host) -> None:
    settings, message = MISTAKES[name]
    with pytest.raises(UserError, match=message) as caught:
        environment(**settings).prepare(host, said)
    assert "\n" not in str(caught.value)


@pytest.mark.slow("installs old and new releases")
@pytest.mark.parametrize(
    ("preset", "code"),
    [
        (
            "sklearn-1.2-numpy-1.23",
            "import numpy, sklearn\nassert (sklearn.__version__, numpy.__version__) == ('1.2.2', '1.23.5')\n"
            "numpy.float(1)",
        ),
        ("sklearn-1.5", "import sklearn; assert sklearn.__version__ == '1.5.2'"),
        ("sklearn-1.9", "import sklearn; assert sklearn.__version__.startswith('1.9.')"),
    ],
)
def test_a_preset_is_what_it_says(preset: str, code: str, command_line: CommandLine) -> None:
    command_line.script(
        f"{code}\nimport joblib\nfrom sklearn.svm import SVC\n"
        "joblib.dump(SVC().fit([[0], [1]], [0, 1]), 'outputs/m.joblib')"
    )
    done = command_line.job(f"environment={preset}", "model.name=m")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "m:1" in done.stdout
    log = next(command_line.workspace.glob("runs/*/*/logs/environment.log")).read_text()
    assert "Built in" in log
    again = command_line.vivero("rerun", "latest")
    assert again.returncode == 0, again.stdout + again.stderr


@pytest.mark.parametrize(
    ("why", "hint"),
    [
        ("Failed to fetch: https://x/simple/six/ invalid peer certificate: UnknownIssuer", "SSL_CERT_FILE=FILE"),
        ("Failed to fetch: http://127.0.0.1:9/simple/six/ Connection refused", "UV_INDEX_URL"),
        ("Because only six<=1.17 is available and you require six>=99", "Correct environment.packages or the file"),
    ],
)
def test_what_to_do_depends_on_why(why: str, hint: str) -> None:
    assert hint in resolving_hint(why)


def test_an_index_that_does_not_answer_is_no_fault_of_the_packages(
    environment: Any, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("UV_INDEX_URL", "http://127.0.0.1:9/simple")
    with pytest.raises(UserError, match=r"cannot be resolved: Failed to fetch.*Check access to the index"):
        environment(packages=["tabulate==0.8.1"]).prepare(host, said)


def test_programs_of_the_python_that_runs_us_are_not_found_in_another_environment(
    environment: Any, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script's `pip install` would change our own installation."""
    ours = str(Path(sys.prefix) / "bin")
    monkeypatch.setenv("PATH", f"{ours}:/usr/bin:{ours}/:/bin")
    path = environment().prepare(host, said).variables()["PATH"].split(":")
    assert path[1:] == ["/usr/bin", "/bin"] and path[0].endswith("/bin")
