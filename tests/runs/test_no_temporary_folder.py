"""A machine without a temporary folder: what needs none works, what needs one says so in one line."""

import os
from pathlib import Path

import pytest

from runner.errors import storage_error
from tests.support.command_line import ROOT, CommandLine

NO_FOLDER = "import tempfile\ntempfile._candidate_tempdir_list = lambda: ['/nothere']\n"
LINE = "No temporary folder is writable. Make /tmp writable, or set TMPDIR to a folder that is"


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    """Let each Python that a command starts find no folder: as root, all of them can be written."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(NO_FOLDER)
    return {"PYTHONPATH": os.pathsep.join([str(tmp_path / "site"), str(ROOT)])}


@pytest.mark.parametrize("words", [(), ("-m", "+job.arguments.a=1,2")], ids=["run", "sweep"])
def test_a_run_and_a_sweep_need_none(
    words: tuple[str, ...], command_line: CommandLine, variables: dict[str, str]
) -> None:
    command_line.script("print(1)\n")
    done = command_line.job(*words, variables=variables)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_tmpdir_that_is_not_there_is_passed_over(command_line: CommandLine) -> None:
    command_line.script("import tempfile\nprint(tempfile.mkdtemp())\n")
    done = command_line.job(variables={"TMPDIR": "/nothere"})
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_environment_says_so(command_line: CommandLine, variables: dict[str, str]) -> None:
    (command_line.folder / "lib").mkdir()
    (command_line.folder / "lib" / "pyproject.toml").write_text("[project]\nname = 'lib'\nversion = '1'\n")
    command_line.script("print(1)\n")
    done = command_line.job("environment=venv", "environment.packages=['./lib']", variables=variables)
    assert done.returncode in (1, 2)
    assert LINE in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_the_line() -> None:
    error = FileNotFoundError(2, "No usable temporary directory found in ['/tmp']")
    assert str(storage_error(error)) == LINE
    assert storage_error(FileNotFoundError(2, "No such file or directory", "x")) is None
