"""What is asked for by its repository is built here once, locked by its hash, and sent and exported like any wheel."""

import base64
import functools
import http.server
import platform
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.environments.interpreters import Interpreters
from runner.environments.requirements.local_packages import with_stored_wheels
from runner.environments.requirements.repositories import repository_of
from runner.environments.requirements.spec import Spec
from runner.environments.requirements.wheel_store import WheelStore
from runner.environments.requirements.wheels import fetched
from runner.environments.venv import VenvEnvironment
from runner.errors import UserError
from runner.hosts.local import LocalHost
from runner.layout import Layout
from tests.support.command_line import CommandLine
from tests.support.projects import write_project


def quiet(_line: str) -> None:
    """Take a line of progress."""


def git(folder: Path, *words: str) -> str:
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-C", str(folder), *words]
    return subprocess.check_output(command, text=True).strip()


def commit(folder: Path, value: int, name: str = "scores", needs: tuple[str, ...] = ()) -> str:
    write_project(folder, name, code=f"VALUE = {value}\n", needs=needs)
    write_project(folder / "below" / "deep", "deeper", code=f"VALUE = {value + 100}\n")
    if not (folder / ".git").exists():
        git(folder, "init", "-q", "-b", "main")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", str(value))
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Make a repository with a commit of its own for a tag, a branch and a name that only a server knows."""
    folder = tmp_path / "my repo@1"
    commit(folder, 1)
    git(folder, "tag", "v1")
    git(folder, "switch", "-q", "-c", "side/way")
    commit(folder, 2)
    git(folder, "switch", "-q", "--detach")
    git(folder, "update-ref", "refs/pull/7/head", commit(folder, 3))
    git(folder, "switch", "-q", "main")
    commit(folder, 4)
    return folder


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "w")


FORMS = {
    "git+{0}": 4, "git+{0}@v1": 1, "git+{0}@side/way": 2, "git+{0}@main": 4, "git+{0}@{commit}": 4,
    "git+{0}@refs/pull/7/head": 3, "scores @ git+{0}": 4, "scores[more] @ git+{0}@v1": 1,
    "git+{0}@v1#egg=scores": 1, "git+{0}#egg=scores[more]": 4, "-e git+{0}@v1#egg=scores": 1,
    "scores @ git+{0}@v1 ; python_version > '3'": 1, "deeper @ git+{0}#subdirectory=below/deep": 104,
    "git+{0}@v1#egg=deeper&subdirectory=below/deep": 101,
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_a_repository_is_built_and_locked_by_its_hash(form: str, repository: Path, layout: Layout) -> None:
    head = git(repository, "rev-parse", "main")
    line = form.format(repository.as_uri(), commit=head[:12])
    handle = VenvEnvironment(layout, packages=[line]).prepare(LocalHost(), quiet)
    name = "deeper" if "deeper" in form else "scores"
    assert handle.record.packages == {name: "1.0"} | ({"tabulate": "0.9.0"} if "more" in form else {})
    assert f"{name}==1.0" in handle.lock_text() and " @ " not in handle.lock_text().replace("# ", "").split("\n", 1)[1]
    printed = subprocess.check_output(handle.argv(["python", "-c", f"import {name}; print({name}.VALUE)"]), text=True)
    assert int(printed) == FORMS[form]
    if "more" not in form:  # what is sent has a hash, too
        python = Interpreters(layout, LocalHost()).find(None, "patch")
        placed = WheelStore(layout).placed(handle.lock_text())
        with fetched(placed, python, f"{platform.machine()}-manylinux_2_17", quiet) as folder:
            assert [entry.name for entry in folder.iterdir()] == [f"{name}-1.0-py3-none-any.whl"]


def test_a_lock_names_the_commit(repository: Path, layout: Layout) -> None:
    handle = VenvEnvironment(layout, packages=[f"git+{repository.as_uri()}@v1"]).prepare(LocalHost(), quiet)
    made = git(repository, "rev-parse", "v1")
    assert f"# scores-1.0-py3-none-any.whl is made from git+{repository.as_uri()}@{made}\n" in handle.lock_text()


def test_it_is_fetched_once_and_again_for_an_upgrade(repository: Path, layout: Layout) -> None:
    def prepared(**settings: Any) -> Any:
        environment = VenvEnvironment(layout, packages=[f"git+{repository.as_uri()}"], **settings)
        return environment.prepare(LocalHost(), quiet).record

    first = prepared()
    commit(repository, 5)
    assert prepared().key == first.key
    second = prepared(upgrade=True)
    assert prepared().key == second.key != first.key
    shutil.rmtree(repository)
    assert prepared().key == second.key
    with pytest.raises(UserError, match=r"cannot be fetched: fatal: .* does not (exist|appear to be a git repository)"):
        prepared(upgrade=True)


def test_what_it_takes_from_elsewhere_is_taken_there(tmp_path: Path, layout: Layout) -> None:
    folder = tmp_path / "repo"
    write_project(folder, needs=("deeper",))
    with (folder / "pyproject.toml").open("a") as file:
        file.write("\n[tool.uv.sources]\ndeeper = {path = 'below/deep'}\n")
    project = (folder / "pyproject.toml").read_text()
    commit(folder, 1)
    (folder / "pyproject.toml").write_text(project)
    git(folder, "commit", "-q", "-a", "-m", "its sources")
    wheels, spec = WheelStore(layout), Spec((f"git+{folder.as_uri()}",))
    lines = with_stored_wheels(spec, wheels, quiet).lines
    assert [line.split("==")[0] for line in lines] == ["deeper", "scores"]
    shutil.rmtree(folder)
    assert with_stored_wheels(spec, wheels, quiet).lines == lines


MISTAKES = {
    "git+{0}@v2": r"at v2 cannot be fetched: fatal: .*v2",
    "git+{0}@--upload-pack=touch": r"cannot be fetched: ",
    "git+{0}#subdirectory=nowhere": "does not contain the folder nowhere",
    "git+{0}#subdirectory=../..": r"does not contain the folder \.\./\.\.",
    "git+{0}#subdirectory=source": "has neither pyproject.toml nor setup.py",
    "other @ git+{0}": "is scores, not other",
}


@pytest.mark.parametrize("line", MISTAKES)
def test_a_mistake_is_one_line(line: str, repository: Path, layout: Layout) -> None:
    with pytest.raises(UserError, match=MISTAKES[line]) as caught:
        VenvEnvironment(layout, packages=[line.format(repository.as_uri())]).prepare(LocalHost(), quiet)
    assert "\n" not in str(caught.value) and "/tmp/vivero-repository-" not in str(caught.value)


@pytest.mark.parametrize("line", ["six", "git+git@github.com:a/b", "git+ext::sh -c x", "x @ https://example.org/x.whl"])
def test_what_names_no_repository(line: str) -> None:
    assert repository_of(line) is None


@pytest.fixture
def behind_a_password(repository: Path) -> Iterator[str]:
    """Serve the repository to those who know the user and the password, and return its address."""
    wanted = "Basic " + base64.b64encode(b"me:s3cret").decode()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def send_head(self) -> Any:
            if self.headers.get("Authorization") == wanted:
                return super().send_head()
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="here"')
            self.end_headers()
            return None

        def log_message(self, *_words: object) -> None:
            """Print nothing."""

    git(repository, "clone", "-q", "--bare", ".", "../served/scores.git")
    git(repository.parent / "served" / "scores.git", "update-server-info")
    handler = functools.partial(Handler, directory=str(repository.parent / "served"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}/scores.git"
        server.shutdown()
        thread.join()


def test_a_password_is_used_and_shown_to_nobody(behind_a_password: str, layout: Layout) -> None:
    said: list[str] = []
    lines = [f"scores @ git+http://me:s3cret@{behind_a_password}"]
    stored = with_stored_wheels(Spec(tuple(lines)), WheelStore(layout), said.append)
    assert said[0] == f"Fetching http://{behind_a_password}" and "s3cret" not in "".join(said)
    assert "s3cret" not in WheelStore(layout).named(stored.lines[0])
    with pytest.raises(UserError, match="cannot be fetched") as caught:
        with_stored_wheels(Spec((lines[0].replace("s3cret", "s4cret"),)), WheelStore(layout), quiet)
    assert "s4cret" not in str(caught.value)


def test_a_commit_that_another_package_asks_for_is_not_sent_or_exported(
    repository: Path, tmp_path: Path, command_line: CommandLine
) -> None:
    """It has no hash; named by itself in environment.packages it would have one."""
    write_project(tmp_path / "mine", "mine", needs=(f"scores @ git+{repository.as_uri()}",))
    layout = Layout(command_line.workspace)
    handle = VenvEnvironment(layout, packages=[str(tmp_path / "mine")]).prepare(LocalHost(), quiet)
    python = Interpreters(layout, LocalHost()).find(None, "patch")
    reason = "scores comes from a git repository because another package requires it"
    with pytest.raises(UserError, match=reason), fetched(handle.lock_text(), python, "x86_64-manylinux2014", quiet):
        raise AssertionError
    done = command_line.vivero("environments", "export", handle.record.key, "--output", "there")
    assert done.returncode == 1 and reason in done.stderr and not (command_line.folder / "there").exists()


def test_an_exported_lock_is_one_that_pip_takes(repository: Path, command_line: CommandLine, tmp_path: Path) -> None:
    layout = Layout(command_line.workspace)
    handle = VenvEnvironment(layout, packages=[f"git+{repository.as_uri()}"]).prepare(LocalHost(), quiet)
    done = command_line.vivero("environments", "export", handle.record.key, "--output", "there")
    assert done.returncode == 0, done.stderr
    folder = command_line.folder / "there"
    lock = (folder / "environment.lock").read_text().replace("file:///tmp/wheels", (folder / "wheels").as_uri())
    (folder / "environment.lock").write_text(lock)
    install = [sys.executable, "-m", "pip", "install", "--no-cache-dir", "--require-hashes", "--no-index", "--no-deps"]
    subprocess.check_call([*install, "--target", tmp_path / "t", "-r", folder / "environment.lock"])
    assert (tmp_path / "t" / "scores.py").read_text() == "VALUE = 4\n"
