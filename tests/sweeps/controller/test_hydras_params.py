"""Hydra's own way to write a sweep into a file: ``hydra.sweeper.params``."""

import json
from typing import Any

import pytest

from tests.support.command_line import CommandLine

FILE = """# @package _global_
hydra:
  sweeper:
    params:
      job.arguments.a: 1,2
      +job.arguments.b: choice(x,y)
job: {source: src, script: train.py, arguments: {a: 0}}
"""


@pytest.mark.parametrize(
    ("words", "tried"),
    [
        ([], [("1", "x"), ("1", "y"), ("2", "x"), ("2", "y")]),
        (["job.arguments.a=5"], [("5", "x"), ("5", "y")]),
        (["+job.arguments.b=z", "job.arguments.a=7,8"], [("7", "z"), ("8", "z")]),
        (["hydra.sweeper.params={job.arguments.a: '3,4'}"], [("3", "x"), ("3", "y"), ("4", "x"), ("4", "y")]),
    ],
)
def test_what_the_file_says_is_tried_and_the_command_line_goes_before_it(
    words: list[str], tried: Any, command_line: CommandLine
) -> None:
    command_line.script("import sys\nprint(sys.argv)\n")
    (command_line.folder / "own" / "experiment").mkdir(parents=True)
    (command_line.folder / "own" / "experiment" / "mine.yaml").write_text(FILE)
    done = command_line.run("--config-dir", "own", "+experiment=mine", "-m", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    records = [json.loads(path.read_bytes()) for path in command_line.workspace.glob("runs/*/*/run.json")]
    arguments = [record["config"]["job"]["arguments"] for record in records]
    assert sorted((str(argument["a"]), argument["b"]) for argument in arguments) == tried


def test_without_a_sweep_it_says_nothing(command_line: CommandLine) -> None:
    command_line.script("import sys\nprint(sys.argv)\n")
    (command_line.folder / "own" / "experiment").mkdir(parents=True)
    (command_line.folder / "own" / "experiment" / "mine.yaml").write_text(FILE)
    done = command_line.run("--config-dir", "own", "+experiment=mine")
    assert done.returncode == 0 and "'--a', '0'" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("parms", "Unknown key 'hydra.sweeper.parms'. Did you mean 'params'?"),
        ("max_batch_size", "Unknown key 'hydra.sweeper.max_batch_size'"),
    ],
)
def test_a_misspelt_key_of_the_sweeper_is_named(wrong: str, said: str, command_line: CommandLine) -> None:
    command_line.script("print('hello')\n")
    (command_line.folder / "own" / "experiment").mkdir(parents=True)
    (command_line.folder / "own" / "experiment" / "mine.yaml").write_text(FILE.replace("params:", f"{wrong}:"))
    done = command_line.run("--config-dir", "own", "+experiment=mine", "-m")
    assert done.returncode == 1 and said in done.stderr and done.stderr.count("\n") == 1, done.stderr
    assert not command_line.workspace.exists()
