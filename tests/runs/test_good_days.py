"""A run as a user types it: good days."""

import json
import shlex
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine
from tests.support.records import record_of
from tests.support.scripts import MODEL


def test_iris_is_trained_and_registered(command_line: CommandLine) -> None:
    done = command_line.run("+experiment=iris")
    assert done.returncode == 0, done.stderr + done.stdout
    for word in ("Preparing", "Scaling", "Running", "Finalizing", "Registering", "sklearn-iris:1", "completed"):
        assert word in done.stdout
    (model,) = json.loads(command_line.vivero("models", "--json").stdout)
    assert (model["name"], model["version"]) == ("sklearn-iris", 1)
    record = record_of(command_line)
    assert record["status"] == "completed" and record["experiment"] == "iris"
    assert record["run"]["exit_code"] == 0 and record["run"]["peak_memory"] > 1_000_000
    assert record["prepare"]["environment"]["packages"]["scikit-learn"]
    metrics = json.loads(command_line.vivero("metrics", "latest", "--json").stdout)
    assert 0.8 < metrics["Accuracy"][0]["value"] <= 1


def test_the_model_version_says_where_it_comes_from(command_line: CommandLine) -> None:
    command_line.script(MODEL)
    done = command_line.job("job.arguments=[rbf]", "model.name=mine", "job.metrics={accuracy: 'Accuracy: ([0-9.]+)'}")
    assert done.returncode == 0, done.stderr + done.stdout
    shown = json.loads(command_line.vivero("models", "show", "mine", "--json").stdout)
    assert shown["inspection"]["model_class"].endswith("SVC")
    assert shown["inspection"]["features"] == 4 and shown["inspection"]["classes"] == [0, 1, 2]
    assert "predict" in shown["inspection"]["methods"]
    assert shown["metrics"] == {"accuracy": 0.75}
    assert shown["run"] == record_of(command_line)["id"]
    assert "scikit-learn==" in shown["lock"]


def test_only_the_first_stages(command_line: CommandLine) -> None:
    command_line.script("raise SystemExit(1)")
    done = command_line.job("stages=[prepare]")
    assert done.returncode == 0, done.stderr
    record = record_of(command_line)
    assert record["status"] == "completed" and record["run"] is None


def test_the_script_is_main_with_its_own_argv_and_siblings(command_line: CommandLine) -> None:
    command_line.script("value = 41", "sibling.py")
    command_line.script(
        "import os, sys, sibling, json\n"
        "assert __name__ == '__main__'\n"
        "print(json.dumps([sys.argv[1:], os.path.samefile(sys.path[0], os.getcwd()), sibling.value + 1,"
        " os.environ.get('COLOUR'), 'HOME' in os.environ]))\n"
    )
    done = command_line.job("job.arguments={a: 1}", "job.environment_variables={COLOUR: red, HOME: null}")
    assert '[["--a", "1"], true, 42, "red", false]' in done.stdout, done.stderr


def test_an_input_is_read_where_it_is_put(command_line: CommandLine) -> None:
    command_line.folder.joinpath("rows.csv").write_text("a,b\n1,2\n")
    command_line.script("import sys; print('READ', open(sys.argv[2]).read().split())")
    for mode in ("mount", "copy"):
        done = command_line.job(
            f"data.inputs={{rows: {{path: rows.csv, mode: {mode}}}}}", "job.arguments={rows: '${input:rows}'}"
        )
        assert "READ ['a,b', '1,2']" in done.stdout, done.stderr + done.stdout
    assert len(record_of(command_line)["prepare"]["inputs"]["rows"]["hash"]) == 64


def test_an_input_that_changes_during_the_run_fails_it(command_line: CommandLine) -> None:
    command_line.folder.joinpath("rows.csv").write_text("a,b\n1,2\n")
    command_line.script(
        "import os, sys; p = os.path.realpath(sys.argv[2]); os.chmod(p, 0o644); open(p, 'w').write('x')"
    )
    done = command_line.job("data.inputs={rows: {path: rows.csv}}", "job.arguments={rows: '${input:rows}'}")
    assert done.returncode == 2
    assert "rows" in record_of(command_line)["error"]


def test_rerun_prints_one_line_a_file_whatever_its_name(command_line: CommandLine) -> None:
    command_line.script("open('outputs/a\\n\\x1b[2Jb.txt', 'w').write('x')")
    assert command_line.job().returncode == 0
    done = command_line.vivero("rerun", "latest")
    assert "same       a\\n\\x1b[2Jb.txt\n" in done.stdout and "\x1b" not in done.stdout, done.stderr + done.stdout


def test_rerun_uses_the_snapshot_not_the_working_tree(command_line: CommandLine) -> None:
    command_line.script("open('outputs/a.txt', 'w').write('first')")
    assert command_line.job().returncode == 0
    first = record_of(command_line)
    command_line.script("open('outputs/a.txt', 'w').write('second')")
    done = command_line.vivero("rerun", first["id"])
    assert done.returncode == 0, done.stderr
    assert "same       a.txt" in done.stdout
    again = record_of(command_line)
    assert again["rerun_of"] == first["id"] and again["id"] != first["id"]


def test_detach_returns_and_the_run_finishes_by_itself(command_line: CommandLine) -> None:
    from tests.support.waiting import wait_for

    command_line.script(MODEL)
    done = command_line.job("detach=true", "job.arguments=[linear]", "model.name=later")
    assert done.returncode == 0, done.stderr
    runs = command_line.workspace / "runs" / "src"
    (folder,) = runs.iterdir()
    wait_for(lambda: json.loads((folder / "run.json").read_text())["status"] == "completed", 60)
    assert record_of(command_line)["register"]["version"] == 1


@pytest.mark.parametrize("call", ["python -c", "subprocess"])
def test_azure_logging_needs_no_azure(command_line: CommandLine, call: str) -> None:
    text = "from azureml.core import Run; r = Run.get_context(); "
    text += "[r.log('loss', i / 2) for i in range(20)]; r.tag('a', 'b')"
    if call == "subprocess":
        text = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {text!r}], check=True)"
    command_line.script(text)
    assert command_line.job().returncode == 0
    metrics = json.loads(command_line.vivero("metrics", "latest", "--json").stdout)
    assert [entry["value"] for entry in metrics["loss"]] == [i / 2 for i in range(20)]
    assert record_of(command_line)["tags"]["a"] == "b"


def test_register_model_in_the_script_gets_a_version(command_line: CommandLine) -> None:
    command_line.script(
        MODEL.replace("sys.argv[-1]", "'rbf'") + "from azureml.core import Run\n"
        "path, kind = 'outputs/model.joblib', 'ScikitLearn'\n"
        "m = Run.get_context().register_model('inside', model_path=path, model_framework=kind)\n"
        "print('GOT', m.name, m.version)\n"
    )
    done = command_line.job()
    assert "GOT inside 1" in done.stdout, done.stdout + done.stderr


def test_what_to_type_next_is_found_from_here(command_line: CommandLine, tmp_path: Path) -> None:
    command_line.script("print('hello')\n")
    elsewhere = tmp_path / "an other place"
    given = f"workspace.root='{elsewhere}'"
    for words in ([], [given], [given, "detach=true"], ["-m", "+job.arguments.a=1,2", given], ["+job.arguments.a=1"]):
        done = command_line.job(*words)
        assert done.returncode == 0, done.stderr
        (line,) = [line for line in done.stdout.splitlines() if line.startswith(("next", "Submitted"))]
        typed = shlex.split(line[line.index("vivero ") :])[1:]
        assert ("--workspace" in typed) == (given in words)
        if "-f" not in typed:
            assert command_line.vivero(*typed).returncode == 0, typed


def test_a_run_whose_environment_cannot_be_made_points_to_why(command_line: CommandLine) -> None:
    command_line.script("print('hello')\n")
    done = command_line.job("environment=venv", "environment.packages=['no-such-package-of-ours==1']")
    assert done.returncode == 2
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("next")]
    shown = command_line.vivero(*shlex.split(line[line.index("vivero ") :])[1:])
    assert shown.returncode == 0 and shown.stdout.strip(), line
    silent = command_line.vivero("logs", "latest")
    assert "its script never started" in silent.stderr and "--name environment.log" in silent.stderr, silent.stderr
    assert ".." not in done.stdout.split("why")[1].splitlines()[0]
