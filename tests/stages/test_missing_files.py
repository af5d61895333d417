"""A folder of any name runs, and a script hears why a file of its folder is not there."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.io.names import is_name, name_from
from tests.support.command_line import CommandLine

FOLDERS = {
    "my project": "my-project", "a+b": "a-b", "pr\u00fcfung": "prufung", "it's": "it-s", "a,b": "a-b", "x=y": "x-y",
    "[z]": "z", "-dash": "dash", "a..b": "a.b", "\u6570\u636e": "source", "v1.2": "v1.2", "_x_": "x",
    "gr\u00f6\u00dfe": "grosse",
}  # fmt: skip


@given(st.text(max_size=200))
def test_a_name_from_any_text_is_a_name(text: str) -> None:
    assert is_name(name_from(text, "source"))
    if is_name(text) and text[-1] not in "-._":
        assert name_from(text, "source") == text
    assert name_from("x" * 128 + text, "source") == "x" * 128


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_source_folder_may_have_any_name(folder: str, command_line: CommandLine) -> None:
    (command_line.folder / folder).mkdir()
    (command_line.folder / folder / "train.py").write_text("print('hello')\n")
    quoted = folder.replace("'", "\\'")
    done = command_line.run(f"job.source='{quoted}'", "job.script=train.py")
    assert done.returncode == 0, done.stdout + done.stderr
    (record,) = command_line.workspace.glob("runs/*/*/run.json")
    assert json.loads(record.read_bytes())["experiment"] == FOLDERS[folder]


READS = "import sys\nprint(open(sys.argv[1]).read())\n"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("data/x.csv", "data/x.csv is left out of the copy of the source folder by .gitignore. Add it as an input, "),
        ("./data/x.csv", "./data/x.csv is left out of the copy of the source folder by .gitignore"),
        (
            "../beside.csv",
            "../beside.csv is outside the source folder, and only that folder is copied. Add it as an input, ",
        ),
        ("nothing.csv", "No such file or directory: 'nothing.csv'"),
    ],
)
def test_a_file_that_was_left_out_is_said(path: str, said: str, command_line: CommandLine) -> None:
    source = command_line.script(READS).parent
    (source / ".gitignore").write_text("data/\n")
    (source / "data").mkdir()
    (source / "data" / "x.csv").write_text("1")
    (command_line.folder / "beside.csv").write_text("1")
    done = command_line.run("job.source=src", "job.script=train.py", f"job.arguments=[{path}]")
    assert done.returncode == 2 and said in done.stdout, done.stdout
    assert ("data.inputs.NAME.path=" in done.stdout) == ("nothing" not in path)


def test_a_file_by_its_absolute_path_and_a_module_are_said_too(command_line: CommandLine) -> None:
    source = command_line.script("import os\nopen(os.path.abspath('data/x.csv'))\n").parent
    (source / ".amlignore").write_text("data/\nhelper.py\n")
    (source / "data").mkdir()
    (source / "data" / "x.csv").write_text("1")
    (source / "helper.py").write_text("x = 1\n")
    done = command_line.job()
    assert (
        done.returncode == 2 and "data/x.csv is left out of the copy of the source folder by .amlignore" in done.stdout
    )
    command_line.script("import helper\n")
    done = command_line.job()
    assert done.returncode == 2 and "helper.py is left out of the copy of the source folder by" in done.stdout


def test_the_advice_works(command_line: CommandLine) -> None:
    """An input is made by its dotted keys, and the script is given its path."""
    command_line.script(READS)
    (command_line.folder / "x y.csv").write_text("the rows")
    words = ["data.inputs.rows.path=x y.csv", "data.inputs.rows.mode=copy", "job.arguments=['${input:rows}']"]
    done = command_line.job(*words)
    assert done.returncode == 0 and "the rows" in done.stdout, done.stdout + done.stderr
    (command_line.folder / "other.csv").write_text("others")
    (command_line.folder / "own" / "experiment").mkdir(parents=True)
    (command_line.folder / "own" / "experiment" / "mine.yaml").write_text(
        "# @package _global_\njob: {source: src, script: train.py, arguments: ['${input:rows}']}\n"
        "data: {inputs: {rows: {path: x y.csv, mode: copy}}}\n"
    )
    done = command_line.run("--config-dir", "own", "+experiment=mine", "data.inputs.rows.path=other.csv")
    assert done.returncode == 0 and "others" in done.stdout, done.stdout + done.stderr
    done = command_line.run(
        "--config-dir", "own", "+experiment=mine", "-m", "data.inputs.rows.path=other.csv,x y.csv"
    )  # fmt: skip
    assert done.returncode == 0 and "2 completed" in done.stdout, done.stdout + done.stderr


def test_a_script_that_is_left_out_is_refused(command_line: CommandLine) -> None:
    source = command_line.script("print('hello')\n").parent
    (source / ".amlignore").write_text("*\n!other.py\n")
    done = command_line.run("job.source=src", "job.script=train.py")
    assert done.returncode == 2, done.stdout
    assert "train.py is left out of the copy of" in done.stdout and "by .amlignore. Remove the line" in done.stdout


def test_a_pattern_that_finds_no_number_is_said(command_line: CommandLine) -> None:
    command_line.script("print('acc: high')\nprint('share: 95%')\n")
    metrics: Any = "job.metrics={acc: 'acc: (.+)', share: 'share: (.+)'}"
    done = command_line.run("job.source=src", "job.script=train.py", metrics)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "share=95" in done.stdout and "job.metrics.acc found 'high', which is not a number" in done.stdout


def test_a_module_of_azure_that_configures_is_named(command_line: CommandLine) -> None:
    command_line.script("from azureml.core.compute import ComputeTarget\n")
    done = command_line.job()
    assert done.returncode == 2 and "azureml.core.compute is not available in a run" in done.stdout, done.stdout
