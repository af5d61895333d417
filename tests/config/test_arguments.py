"""What a script's parser reads is what the composition says, for any value."""

import argparse
import json
import math
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as some

from runner.config.arguments import argument_words, fill_places, script_argv, unread_values
from runner.config.schema import JobConfig, RunSpec
from runner.errors import UserError
from runner.io.files import append_json_line, write_json
from tests.support.command_line import CommandLine

NUMBERS = some.one_of(some.integers(), some.floats())
TEXTS = some.text(some.characters(codec="utf-8", exclude_characters="\0"))


def same(left: Any, right: Any) -> bool:
    return left == right or (isinstance(left, float) and math.isnan(left) and math.isnan(right))


@given(NUMBERS)
def test_numbers_reach_argparse_and_click(value: Any) -> None:
    kind = type(value)
    parser = argparse.ArgumentParser()
    parser.add_argument("--offset", "-o", "-offset", type=kind)
    for flag in ("offset", "-o", "-offset"):
        assert same(parser.parse_args(argument_words({flag: value})).offset, value)

    @click.command()
    @click.option("--offset", "-o", type=kind)
    def command(offset: Any) -> None:
        assert same(offset, value)

    for flag in ("offset", "-o"):
        done = CliRunner().invoke(command, argument_words({flag: value}))
        assert done.exit_code == 0, done.output


@given(TEXTS)
def test_texts_reach_argparse(value: str) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--name")
    assert parser.parse_args(argument_words({"name": value})).name == value


@given(some.lists(some.integers(0), min_size=1))
def test_several_values_behind_one_flag(values: list[int]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--layers", nargs="+", type=int)
    assert parser.parse_args(argument_words({"layers": {"values": values}})).layers == values


ARGV: list[tuple[Any, list[str]]] = [
    (None, []),
    (["--x", 1, None], ["--x", "1", ""]),
    ({"x": True}, ["--x"]),
    ({"x": False}, []),
    ({"x": None}, []),
    ({"x": 1}, ["--x", "1"]),  # equal to true, and yet a value
    ({"x": 0}, ["--x", "0"]),
    ({"x": [1, True, False, None, 2]}, ["--x", "1", "--x", "--x", "2"]),
    ({"x": {"values": [1, 2]}, "y": 3}, ["--x", "1", "2", "--y", "3"]),
    ({"-v": True, "--w": 1}, ["-v", "--w", "1"]),
]


@pytest.mark.parametrize(("arguments", "words"), ARGV)
def test_each_kind_of_value_has_its_words(arguments: Any, words: list[str]) -> None:
    assert argument_words(arguments) == words


def test_a_command_is_a_script_with_its_arguments_or_its_own_words() -> None:
    script = JobConfig(source="src", script="train.py", arguments={"x": 1})
    assert script_argv(RunSpec(job=script)) == ["python", "train.py", "--x", "1"]
    assert script_argv(RunSpec(job=JobConfig(source="src", command=["make", "all"]))) == ["make", "all"]


def test_inputs_and_outputs_are_filled_in_by_name() -> None:
    places = {"rows": "/data/rows.csv", "more": "/data/more"}
    assert fill_places("${input:more}:${output:rows}", places, {"rows": "/o"}) == "/data/more:/o"
    assert fill_places("$HOME ${rows}", places, {}) == "$HOME ${rows}"


@pytest.mark.parametrize("value", [{"a": 1}, [[1]], {"values": 3}, {"values": [[1]]}, {"values": [1], "b": 2}])
def test_what_is_no_single_value_is_refused(value: Any) -> None:
    with pytest.raises(UserError, match="is not a single value"):
        argument_words({"x": value})


@given(some.recursive(NUMBERS, lambda inner: some.lists(inner) | some.dictionaries(some.text("ab"), inner)))
def test_records_hold_any_number(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    folder = tmp_path_factory.mktemp("records")
    write_json(folder / "one.json", {"value": value})
    append_json_line(folder / "lines.jsonl", {"value": value})
    whole, line = (json.loads((folder / name).read_text()) for name in ("one.json", "lines.jsonl"))
    assert whole == line


@pytest.mark.parametrize("value", ["inf", "-inf", "nan"])
def test_a_run_and_a_sweep_take_what_is_no_finite_number(command_line: CommandLine, value: str) -> None:
    command_line.script("import sys\nprint(sys.argv[1:])\n")
    done = command_line.job(f"job.arguments={{x: {value}}}")
    assert done.returncode == 0 and value in done.stdout, done.stdout + done.stderr
    done = command_line.job("-m", f"+job.arguments.x={value},1")
    assert done.returncode == 0 and "2 completed" in done.stdout, done.stdout + done.stderr


def test_a_mistake_is_told_before_anything_is_made(command_line: CommandLine, tmp_path: Path) -> None:
    command_line.script("print(1)\n")
    done = command_line.job("job.arguments={x: {a: 1}}")
    assert done.returncode == 1 and done.stderr.startswith("error: job.arguments: {'a': 1} is not a single value")
    assert not command_line.workspace.exists()


PARSERS = {
    "add_argument('--layers', nargs='+', type=int)": True,
    'add_argument("-l", "--layers", type=lambda text: int(text), nargs=2)': True,
    "add_argument('--layers',\n    default=list(),\n    nargs='*',\n)": True,
    "add_argument('--layers', action='append', type=int)": False,
    "add_argument('--layers', nargs='+', action='extend')": False,
    "add_argument('--layers', type=int)": False,
    "add_argument('--layers-of', nargs='+')": False,
    "add_argument('--layers', type=lambda text: max(int(text), (1)), help='a (b', nargs=MANY)": True,
    "add_argument('--layers', nargs='+', help='lists (see --more) are extended')": True,
    "add_argument('--layers', help='unlike nargs, one value')": False,
    "add_argument('--layers', nargs='?')": False,
    "add_argument('--layers')  # nargs='+' later": False,
    "add_argument('--' 'layers', nargs='+')": True,
    "add_argument('--append', '--layers', nargs='+')": True,
}


@pytest.mark.parametrize("parser", PARSERS)
def test_a_list_that_the_script_wants_behind_one_flag_is_told(parser: str, command_line: CommandLine) -> None:
    """Only the last value would reach it, without a word."""
    script = f"import argparse\nMANY = '+'\nparser = argparse.ArgumentParser()\nparser.{parser}\n"
    script += "print(parser.parse_known_args())\n"
    assert bool(unread_values({"layers": [10, 20]}, script)) == PARSERS[parser]
    several = unread_values({"kernel": "rbf", "layers": [10, 20], "steps": [1, 2]}, script)
    assert [line.partition(": ")[0] for line in several] == ["job.arguments.layers"] * PARSERS[parser]
    assert all("{values: [10, 20]}" in line for line in several)
    for arguments in ({"layers": [10]}, {"layers": {"values": [10, 20]}}, {"layers": 3}, ["--layers", 1, 2], None):
        assert unread_values(arguments, script) == []
    if parser.startswith("add_argument('--layers', nargs"):
        command_line.script(script)
        said = "job.arguments.layers: the script takes several values after one --layers"
        assert (said in command_line.job("+job.arguments.layers=[10,20]").stdout) == PARSERS[parser]
