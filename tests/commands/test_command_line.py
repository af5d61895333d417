"""What holds for every command: options anywhere, typos, exit codes, quiet pipes."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from runner.cli import main
from runner.sweeps.store import SweepStore
from tests.support.command_line import ROOT, CommandLine
from tests.support.history import History
from tests.support.sweeps import sweep, trial


@pytest.mark.parametrize("before", [True, False])
def test_global_options_stand_before_or_after_the_command(before: bool, history: History, tmp_path: Path) -> None:
    history.run()
    options = ["--workspace", str(history.layout.root), "--json"]
    words = [*options, "runs"] if before else ["runs", *options]
    done = history.vivero(*words, cwd=tmp_path)
    assert len(json.loads(done.stdout)) == 1


@pytest.mark.parametrize("before", [True, False])
def test_global_options_around_a_nested_command(before: bool, history: History, tmp_path: Path) -> None:
    history.model()
    options = ["--json", "--workspace", str(history.layout.root)]
    words = ["models", *options, "show", "iris"] if before else ["models", "show", "iris", *options]
    assert json.loads(history.vivero(*words, cwd=tmp_path).stdout)["version"] == 1


def test_the_workspace_is_found_upwards_and_by_variable(history: History, tmp_path: Path) -> None:
    history.run()
    deep = history.folder / "a" / "b"
    deep.mkdir(parents=True)
    assert len(history.json("runs", cwd=deep)) == 1
    assert len(history.json("runs", cwd=tmp_path, variables={"VIVERO_WORKSPACE": str(history.layout.root)})) == 1


def test_no_workspace_is_one_line(history: History, tmp_path: Path) -> None:
    assert "No workspace" in history.error("runs", "--json", cwd=tmp_path)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rnus"], "Did you mean 'runs'?"),
        (["models", "shwo"], "Did you mean 'show'?"),
        (["runs", "--experimnt", "x"], "--experiment"),
        (["runs", "--limit", "many"], "--limit"),
        (["runs", "--status", "complete"], "Did you mean 'completed'?"),
        (["runs", "--tag", "novalue"], "key=value"),
        (["runs", "--where", "accuracy >"], "The condition"),
        (["runs", "--where", "__import__('os')"], "The condition"),
        (["show"], "RUN"),
        (["show", "nothing-like-it"], "No run"),
        (["show", "../../etc"], "No run"),
        (["models", "show", "../x"], "model name"),
        (["models", "show", "unknown"], "does not exist"),
        (["compare", "latest"], "two or more runs"),
        (["sweep"], "SWEEP"),
        (["sweep", "latest"], "no sweeps"),
        (["sweep", "../../etc"], "no sweep"),
        (["best", "latest"], "no sweeps"),
        (["swep"], "Did you mean 'sweep'?"),
        (["sweeps", "--jsn"], "--json"),
        (["cancel", "nothing-like-it"], "No run"),
        (["--json", "rerun", "latest"], "JSON"),
        (["rollback", "nowhere"], "no endpoint 'nowhere'"),
        (["stop", "nowhere"], "no endpoint 'nowhere'"),
        (["keys", "nowhere"], "no endpoint 'nowhere'"),
        (["stop", "../up"], "endpoint name"),
        (["deploy", "nothing"], "does not exist"),
        (["deploy", "iris", "--weight", "3"], "weight=3"),
        (["score", "nothing", "--input", "a.csv", "--output", "b.csv"], "does not exist"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_1(words: Any, said: str, history: History) -> None:
    history.run()
    assert said in history.error(*words)


def test_help_and_version(history: History) -> None:
    bare, with_help = history.vivero(), history.vivero("--help")
    assert bare.returncode == with_help.returncode == 0
    assert bare.stdout == with_help.stdout
    for name in (
        "runs",
        "show",
        "logs",
        "metrics",
        "compare",
        "download",
        "cancel",
        "rerun",
        "delete",
        "models",
        "sweeps",
        "sweep",
        "best",
    ):
        assert name in bare.stdout
        assert history.vivero(name, "-h").returncode == 0
    assert history.vivero("--version").stdout.startswith("vivero ")


def test_a_reader_that_leaves_is_no_error(history: History) -> None:
    record = history.run()
    history.folder_of(record).log.write_bytes(b"x" * 5_000_000)
    process = history.command_line.start("runner.cli", "logs", "latest")
    assert process.stdout is not None and process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(30) == 141


def test_ctrl_c_gives_130_without_a_traceback(history: History) -> None:
    record = history.run()
    folder = history.folder_of(record)
    folder.log.write_text("first\n")
    folder.record.write_text(folder.record.read_text().replace('"completed"', '"running"'))
    from runner.io.locks import locked

    with locked(folder.controller_lock):
        process = history.command_line.start("runner.cli", "logs", "-f", "latest")
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == b"first\n"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, b"")


def test_our_own_bug_is_a_traceback_and_3(history: History, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setattr("runner.api.Workspace.runs", lambda *_, **chosen: {}[chosen["where"]])
    assert main(["runs", "--workspace", str(history.layout.root)]) == 3
    assert "KeyError" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["runs", "sweeps"])
def test_listing_imports_little(command: str, history: History) -> None:
    history.run()
    history.run(status="running", ended=None)
    SweepStore(history.layout).create(sweep(trial(0, 0.5)))
    code = (
        f"import sys\nfrom runner.cli import main\nmain(['{command}'])\n"
        "heavy = {'rich', 'hydra', 'omegaconf', 'sklearn', 'joblib', 'numpy', 'uv', 'pathspec', 'runner.wiring'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=history.folder, env=variables, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_the_variable_names_the_workspace_of_runs_too(command_line: CommandLine, tmp_path: Path) -> None:
    command_line.script("print('hello')\n")
    variables = {"VIVERO_WORKSPACE": str(tmp_path / "elsewhere")}
    done = command_line.job(variables=variables)
    assert done.returncode == 0 and "--workspace" not in done.stdout, done.stdout + done.stderr
    assert len(list((tmp_path / "elsewhere").glob("runs/src/*/run.json"))) == 1
    assert not command_line.workspace.exists()
    assert command_line.vivero("show", "latest", variables=variables).returncode == 0
    assert command_line.job("workspace.root=named", variables=variables).returncode == 0
    assert len(list(command_line.folder.glob("named/runs/src/*/run.json"))) == 1
