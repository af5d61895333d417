"""Solved and installed for real, from channels in folders."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from runner.environments.conda.lock import read_lock, this_platform
from runner.errors import UserError
from runner.layout import Layout
from runner.ports.host import Host
from tests.contracts.environment_contract import EnvironmentContract, said
from tests.support import channels
from tests.support.command_line import ROOT
from tests.support.projects import write_project
from tests.support.suite.covered import CONDA
from tests.support.waiting import wait_for

pytestmark = pytest.mark.sampled(14, covers=CONDA)

BUILD = """
import sys
from pathlib import Path
from runner.environments.conda.environment import CondaEnvironment
from runner.hosts.local import LocalHost
from runner.layout import Layout
environment = CondaEnvironment(Layout(Path(sys.argv[1])), channels=[sys.argv[2]], packages=sys.argv[3:])
environment.prepare(LocalHost(), lambda line: print(line, flush=True))
"""


def start(layout: Layout, channel: Any, *packages: Any, **variables: Any) -> Any:
    return subprocess.Popen(
        [sys.executable, "-c", BUILD, str(layout.root), str(channel), *packages],
        cwd=ROOT,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def output(handle: Any, *argv: Any) -> Any:
    return subprocess.check_output(handle.argv(argv), text=True, env={**os.environ, **handle.variables()}).strip()


class TestConda(EnvironmentContract):
    @pytest.fixture
    def environment(self, make: Any) -> Any:
        return make


def test_scripts_programs_and_binaries_name_the_prefix(make: Any, host: Host) -> None:
    handle = make().prepare(host, said)
    prefix = handle.variables()["CONDA_PREFIX"]
    printed = output(handle, "python", "-c", "import sys; print(sys.prefix)")
    assert Path(prefix).is_absolute() and Path(prefix).samefile(printed)
    assert output(handle, "banner") == f"banner 1.0 of {prefix}"
    assert output(handle, "greet") == f"hello from {prefix}"
    with open(f"{prefix}/lib/banner.bin", "rb") as file:
        assert file.read().startswith(b"\0\1" + prefix.encode() + b"/share\0")


def test_what_is_installed_is_compiled(make: Any, host: Host) -> None:
    compiled = output(make().prepare(host, said), "python", "-c", "import greeting; print(greeting.__cached__)")
    assert Path(compiled).exists()


def test_pip_adds_to_conda_and_leaves_its_packages_alone(make: Any, host: Host) -> None:
    """Where an interpreter's path is longer than the system takes, scripts begin with a line of sh that starts it."""
    handle = make(pip=["tabulate", "azureml-defaults"]).prepare(host, said)
    lock = read_lock(handle.lock_text())
    assert "tabulate==" in lock.pip and "--hash=sha256:" in lock.pip and "azureml" not in lock.pip
    prefix = handle.variables()["CONDA_PREFIX"]
    with open(f"{prefix}/bin/tabulate") as file:
        assert f"{prefix}/bin/python" in file.readline() + file.readline()
    assert output(handle, "tabulate", "--help").startswith("Usage")
    assert handle.record.packages["tabulate"] and handle.record.packages["greeting"] == "1.0"


def test_a_pip_part_against_a_conda_package_is_refused(make: Any, host: Host, channel: Any) -> None:
    with pytest.raises(UserError, match=r"cannot be resolved: .*greeting"):
        make(pip=["greeting>=2"]).prepare(host, said)


def test_the_lock_is_kept_until_an_upgrade_is_asked_for(make: Any, host: Host) -> None:
    lines: list[str] = []
    for upgrade in (False, False, True):
        make(upgrade=upgrade).prepare(host, lines.append)
    assert sum(line.startswith("Solving") for line in lines) == 2
    assert sum(line.startswith("Building") for line in lines) == 1


def test_a_new_version_is_taken_only_with_an_upgrade(make: Any, host: Host, tmp_path: Path, channel: Any) -> None:
    more = tmp_path / "more"
    channels.build_banner(more, "1.0")
    settings = {"packages": ["banner"], "channels": [str(more), str(channel)]}
    assert make(**settings).prepare(host, said).record.packages["banner"] == "1.0"
    channels.build_banner(more, "1.1")
    assert make(**settings).prepare(host, said).record.packages["banner"] == "1.0"
    assert make(**settings, upgrade=True).prepare(host, said).record.packages["banner"] == "1.1"


@pytest.mark.parametrize(("priority", "version"), [("strict", "1.0"), ("disabled", "2.0")])
def test_the_first_channel_decides_unless_priority_is_disabled(
    priority: str, version: str, make: Any, host: Host, channel: Any, other_channel: Any
) -> None:
    both = [str(channel), str(other_channel)]
    handle = make(channels=both, channel_priority=priority).prepare(host, said)
    assert output(handle, "banner").startswith(f"banner {version} of")


def test_the_same_name_with_other_content_is_another_package(
    make: Any, host: Host, channel: Any, other_channel: Any
) -> None:
    """The package cache holds both under one name: what is installed is what the lock's hash says."""
    first = make(packages=["banner"]).prepare(host, said)
    second = make(packages=["banner=1.0"], channels=[str(other_channel), str(channel)]).prepare(host, said)
    assert first.record.key != second.record.key
    with open(second.variables()["CONDA_PREFIX"] + "/bin/banner") as file:
        assert file.read() == "other\n"


@pytest.mark.parametrize("lost", ["bin/banner", "lib", "info/paths.json"])
def test_a_package_that_the_cache_has_only_in_part_is_fetched_again(
    lost: str, make: Any, host: Host, layout: Layout, package_cache: Path
) -> None:
    """As a process leaves it that was killed while it replaced the package there."""
    handle = make(packages=["banner"]).prepare(host, said)
    shutil.rmtree(layout.environment(handle.record.key))
    (entry,) = package_cache.glob("pkgs/banner-1.0-*/")
    shutil.rmtree(entry / lost) if (entry / lost).is_dir() else (entry / lost).unlink()
    assert output(make(packages=["banner"]).prepare(host, said), "banner").startswith("banner 1.0 of")


def test_what_the_machine_has_can_be_overridden(make: Any, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = {"packages": ["for-gpus"]}
    monkeypatch.setenv("CONDA_OVERRIDE_CUDA", "11.8")
    with pytest.raises(UserError, match="__cuda"):
        make(**wanted).prepare(host, said)
    monkeypatch.setenv("CONDA_OVERRIDE_CUDA", "12.4")
    assert "for-gpus" in make(**wanted).prepare(host, said).record.packages
    monkeypatch.setenv("CONDA_OVERRIDE_GLIBC", "2.12")
    with pytest.raises(UserError, match="__glibc"):
        make(**wanted).prepare(host, said)


def test_a_damaged_one_is_built_again(make: Any, host: Host) -> None:
    handle = make().prepare(host, said)
    Path(handle.argv(["python"])[0]).unlink()
    lines: list[str] = []
    again = make().prepare(host, lines.append)
    assert "damaged" in lines[0] and not again.record.cached
    assert output(again, "greet")


def test_a_lost_one_is_installed_again_from_its_lock_without_solving(
    make: Any, host: Host, layout: Layout, tmp_path: Path, channel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    other_day = tmp_path / "other-day"
    shutil.copytree(channel, other_day)
    handle = make(channels=[str(other_day)], pip=["six==1.16.0"]).prepare(host, said)
    shutil.rmtree(layout.environments)
    for index in other_day.rglob("repodata*"):
        index.unlink()
    monkeypatch.setenv("RATTLER_CACHE_DIR", str(tmp_path / "empty"))
    again = make(packages=["something-else"]).restore(handle.record, handle.lock_text(), host, said)
    assert (again.record.packages, again.record.key) == (handle.record.packages, handle.record.key)
    assert (
        not again.record.cached
        and output(again, "python", "-c", "import six, greeting; print(six.__version__)") == "1.16.0"
    )


def test_a_workspace_that_moved_gets_its_environments_anew(
    make: Any, host: Host, layout: Layout, tmp_path: Path, channel: Any
) -> None:
    """Its files name the old place."""
    from runner.environments.conda.environment import CondaEnvironment
    from runner.layout import Layout

    handle = make().prepare(host, said)
    moved = Layout(layout.root.rename(tmp_path / "moved"))
    again = CondaEnvironment(moved).restore(handle.record, handle.lock_text(), host, said)
    assert output(again, "banner") == f"banner 1.0 of {moved.environment(again.record.key)}"


def test_a_lock_of_another_platform_is_refused(make: Any, host: Host) -> None:
    handle = make().prepare(host, said)
    text = handle.lock_text().replace(f"# platform: {this_platform()}", "# platform: linux-s390x") + "\n"
    with pytest.raises(UserError, match=rf"is for linux-s390x, but this machine is {this_platform()}"):
        make().restore(handle.record, text.replace("/greeting-", "/greeting2-"), host, said)


def test_a_package_that_changed_since_it_was_locked_is_refused(
    make: Any, host: Host, layout: Layout, tmp_path: Path, channel: Any
) -> None:
    mine = tmp_path / "mine"
    package = channels.build(mine, "changing", "1.0", ["mkdir $PREFIX/c; echo 1 > $PREFIX/c/c"])
    settings = {"packages": ["changing"], "channels": [str(mine), str(channel)]}
    handle = make(**settings).prepare(host, said)
    shutil.rmtree(layout.environment(handle.record.key))
    package.write_bytes(package.read_bytes() + b"!")
    with pytest.raises(UserError, match=r"changing.* differs from the locked file"):
        make(**settings).prepare(host, said)
    package.unlink()
    with pytest.raises(UserError, match=r"changing.* no longer exists"):
        make(**settings).prepare(host, said)
    assert not list(layout.environments.glob(".building-*"))


def test_two_processes_build_one_environment_once(layout: Layout, channel: Any) -> None:
    both = [start(layout, channel, "greeting") for _ in range(2)]
    texts = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], texts
    assert sum(text.count("Building environment") for text in texts) == 1
    assert sum(text.count("Solving") for text in texts) == 1


def test_a_killed_builder_leaves_nothing_that_is_used(
    make: Any, layout: Layout, host: Host, channel: Any, tmp_path: Path
) -> None:
    """Neither in the workspace nor in the package cache, which was just being filled."""
    cache = str(tmp_path / "cache")
    builder = start(layout, channel, "greeting", RATTLER_CACHE_DIR=cache)
    wait_for(lambda: list(layout.environments.glob(".building-*/lib")), 60)
    builder.kill()
    builder.communicate()
    assert not [path for path in layout.environments.glob("*/environment.json") if not path.parent.name.startswith(".")]
    again = start(layout, channel, "greeting", RATTLER_CACHE_DIR=cache)
    text = again.communicate(timeout=120)[0]
    assert again.returncode == 0, text
    assert output(make().prepare(host, said), "greet")
    assert not list(layout.environments.glob(".building-*"))


def test_a_full_disk_is_said_and_leaves_nothing(small_disk: Any, channel: Any) -> None:
    from runner.environments.conda.environment import CondaEnvironment
    from runner.hosts.local import LocalHost
    from runner.layout import Layout

    layout = Layout(small_disk / "w")
    with pytest.raises(UserError, match="No space left on device") as caught:
        CondaEnvironment(layout, packages=["greeting"], channels=[str(channel)]).prepare(LocalHost(), said)
    assert "\n" not in str(caught.value)
    assert not list(layout.environments.glob("*/environment.json")) and not list(layout.environments.glob(".building*"))


LISTS = "import importlib.metadata as m; print([one.metadata['Name'] for one in m.distributions()])"
MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "no such package": ({"packages": ["greetings", "banner"]}, "cannot be resolved: greetings not found in /"),
    "no such version": ({"packages": ["greeting=7", "nothing"]}, "greeting 7.* and nothing not found in /"),
    "conflict": ({"packages": ["banner=1.0", "banner>=2"]}, "cannot be resolved"),
    "no such Python": ({"python": "2.7"}, "python 2.7.* not found in"),
    "no such folder": ({"channels": ["/nowhere/at/all"]}, "cannot be resolved: .*/nowhere/at/all"),
    "nobody listens": ({"channels": ["http://127.0.0.1:9/channel"]}, "cannot be resolved: .*127.0.0.1:9"),
    "no spec": ({"packages": ["greeting; touch x"]}, "is not a conda package specification"),
    "no such file": ({"file": "nothere.yml"}, "environment.file: .*nothere.yml cannot be read"),
    "pip part": ({"pip": ["six==99.99"]}, "cannot be resolved: .*six==99.99"),
    "index that does not answer": (
        {"pip": ["--index-url http://127.0.0.1:9/simple", "six"], "packages": ["python"]},
        "cannot be resolved: .*127.0.0.1:9.*refused",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_in_one_line(
    name: str, make: Any, host: Host, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    settings, message = MISTAKES[name]
    with pytest.raises(UserError, match=message) as caught:
        make(**settings).prepare(host, said)
    assert "\n" not in str(caught.value)
    assert not list(layout.environments.glob("*/environment.json"))


def test_the_pip_part_takes_a_folder_of_this_machine(make: Any, host: Host, tmp_path: Path) -> None:
    write_project(tmp_path / "mine")
    (tmp_path / "e.yml").write_text("dependencies: [python, {pip: [-e ./mine]}]\n")
    handle = make(packages=[], file="e.yml", base=tmp_path).prepare(host, said)
    assert output(handle, "python", "-c", "import scores; print(scores.VALUE)") == "1"
    assert str(tmp_path) not in read_lock(handle.lock_text()).pip


def test_one_that_a_script_changes_is_built_again(make: Any, host: Host) -> None:
    handle = make(packages=["python"]).prepare(host, said)
    output(handle, "python", "-m", "ensurepip")
    assert "pip" in output(handle, "python", "-c", LISTS)
    again = make(packages=["python"]).prepare(host, said)
    assert not again.record.cached and "pip" not in output(again, "python", "-c", LISTS)
    assert make(packages=["python"]).prepare(host, said).record.cached
