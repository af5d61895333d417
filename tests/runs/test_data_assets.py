"""Runs read data assets by name, and what they leave becomes versions of data assets."""

import json
from pathlib import Path
from typing import Any

import pytest

from runner.io.locks import locked
from runner.layout import Layout
from runner.store.data.store import DataStore
from tests.support.command_line import CommandLine
from tests.support.records import record_of
from tests.support.waiting import wait_for

SHOW = """import json, os, sys
place = os.environ["VIVERO_INPUT_TRAIN"]
files = [os.path.join(place, one) for one in os.listdir(place)] if os.path.isdir(place) else [place]
text = "".join(open(one).read() for one in files)
print("READ", json.dumps([os.path.basename(place), text, sys.argv[2:] == [place]]))
"""
WRITE = "import os; open(os.path.join(os.environ['VIVERO_OUTPUT_CLEAN'], 'a.csv'), 'w').write('a\\n1\\n')"
USED = "job.arguments={a: '${input:train}'}"


@pytest.fixture
def store(command_line: CommandLine) -> DataStore:
    """Return a store in which iris has two versions, the first with the alias golden."""
    layout = Layout(command_line.folder / ".vivero")
    layout.create()
    store = DataStore(layout)
    for number in (1, 2):
        (command_line.folder / "iris.csv").write_text(f"a\n{number}\n")
        store.add("iris", [command_line.folder / "iris.csv"])
    store.set_alias("iris", "golden", 1)
    command_line.script(SHOW)
    return store


def read(done: Any) -> Any:
    """Return what the script printed of its input."""
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout.partition("READ ")[2].splitlines()[0])


FORMS = {
    "iris": ("iris:2", "iris.csv"),
    "iris:1": ("iris:1", "iris.csv"),
    "iris:latest": ("iris:2", "iris.csv"),
    "iris@golden": ("iris:1", "iris.csv"),
    "./iris.csv": (None, "iris.csv"),
    "{asset: iris@golden}": ("iris:1", "iris.csv"),
    "{asset: iris, mode: copy}": ("iris:2", "iris.csv"),
    "{asset: 'iris:1', mode: mount, as: 'Iris Data.csv'}": ("iris:1", "Iris Data.csv"),
    "{path: iris.csv, mode: copy, filename: x.csv}": (None, "x.csv"),
}


@pytest.mark.sampled(5, covers=["runner/store/inputs.py", "runner/execution/assets.py", "runner/config/**/*.py"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("place", ["words", "file"])
def test_each_form_of_an_input(form: str, place: str, command_line: CommandLine, store: DataStore) -> None:
    asset, name = FORMS[form]
    words = [f"data.inputs.train={form}"]
    if place == "file":
        (command_line.folder / "mine" / "data").mkdir(parents=True)
        text = f"defaults: [/schema/data@_here_, _self_]\ninputs:\n  train: {form if form[0] == '{' else repr(form)}\n"
        (command_line.folder / "mine" / "data" / "own.yaml").write_text(text)
        words = ["--config-dir", "mine", "data=own"]
    done = command_line.job(*words, USED)
    assert read(done) == [name, f"a\n{asset[-1] if asset else 2}\n", True]
    record = record_of(command_line)
    train = record["prepare"]["inputs"]["train"]
    assert train["asset"] == asset and (asset is None or train["hash"] == store.resolve(asset).hash)
    given = record["config"]["data"]["inputs"]["train"]
    assert asset is None or (given["asset"] if form[0] == "{" else given) == asset


def test_a_path_of_a_mapping_is_recorded_as_such(command_line: CommandLine, store: DataStore) -> None:
    assert read(command_line.job("data.inputs.train.path=iris.csv", USED))[0] == "iris.csv"
    assert record_of(command_line)["prepare"]["inputs"]["train"]["asset"] is None


MISTAKES = {
    "data.inputs.train=irsi": "Data asset 'irsi' does not exist. Did you mean 'iris'?",
    "data.inputs.train=iris:9": "Data asset iris has no version '9'. Its versions: 1, 2",
    "data.inputs.train=iris@goldne": "Data asset iris has no alias 'goldne'. Did you mean 'golden'?",
    "data.inputs.train=iris.csv": "Data asset 'iris.csv' does not exist. For the file, write data.inputs",
    "data.inputs.train={asset: iris.csv}": "For the file, write data.inputs.train=./iris.csv",
    "data.inputs.train=iris:1,iris:2": "Add -m",
    "data.outputs.clean=iris:3": "names a version, but each run makes the next one. Give the name alone",
    "data.outputs.clean={asset: x, type: tabel}": "Did you mean 'table'?",
    "data.outputs.clean={asset: x, type: file}": "data.outputs.clean.as=FILE",
    "data.outputs.clean={asset: x, as: ../y}": "is not the name of a file in a folder",
    "data.outputs={a: x, b: x}": "data.outputs.a and data.outputs.b both become the data asset x",
    "data.inputs={a-b: iris, a_b: iris}": "have the same variable VIVERO_INPUT_A_B. Rename one of them",
    "data.outputs={A: x, a: y}": "have the same variable VIVERO_OUTPUT_A",
    "job.arguments=['${output:nope}']": "${output:nope} names an unknown data output. Set data.outputs.nope=ASSET",
    "data.inputs.train={step: prepare.clean}": "not part of a pipeline",
    **{
        f'data.outputs.clean="{name}"': "data.outputs.clean"
        for name in ("../x", "a/b", ".hidden", "-x", "a b", "a\u0301", "x" * 129, "0" * 64, "hashes.sqlite", "a..b")
    },
}


@pytest.mark.sampled(8, covers=["runner/config/validation/data.py", "runner/config/data_settings.py"])
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_line(mistake: str, command_line: CommandLine, store: DataStore) -> None:
    done = command_line.job(mistake)
    assert done.returncode in (1, 2) and MISTAKES[mistake] in done.stderr + done.stdout, done.stderr
    if "step" not in mistake:
        assert done.stderr.count("\n") == 1 and not store.layout.runs.exists()
    assert store.names() == ["iris"]


def test_without_a_workspace_nothing_is_written(command_line: CommandLine) -> None:
    command_line.script(SHOW)
    done = command_line.job("data.inputs.train=iris")
    assert (done.returncode, done.stderr) == (1, "error: Data asset 'iris' does not exist\n")
    assert not (command_line.folder / ".vivero").exists()


def test_a_sweep_over_versions_and_over_one_alias(command_line: CommandLine, store: DataStore) -> None:
    done = command_line.job("-m", "data.inputs.train=iris:1,iris:2", USED)
    assert done.returncode == 0, done.stderr
    assert {record["prepare"]["inputs"]["train"]["asset"] for record in _records(command_line)} == {"iris:1", "iris:2"}
    command_line.script(SHOW + f"open({str(command_line.folder / 'iris.csv')!r}, 'w').write('x')\n")
    done = command_line.job("-m", "data.inputs.train=iris@golden", "job.arguments={b: 1}", "job.arguments.b=1,2,3")
    assert done.returncode == 0, done.stderr
    assert [record["config"]["data"]["inputs"]["train"] for record in _records(command_line)].count("iris:1") == 4


def test_a_resumed_sweep_has_the_same_version(command_line: CommandLine, store: DataStore) -> None:
    command_line.script(f"import os, sys\nassert os.path.exists({str(command_line.folder / 'go')!r})\n")
    words = ["-m", "data.inputs.train=iris@golden", "job.arguments={b: 1}", "job.arguments.b=1,2"]
    assert command_line.job(*words).returncode == 2
    store.set_alias("iris", "golden", 2)
    (command_line.folder / "go").touch()
    (sweep,) = json.loads(command_line.vivero("sweeps", "--json").stdout)
    done = command_line.job(*words, f"sweep.resume={sweep['id']}")
    assert done.returncode == 0, done.stderr
    inputs = [record["prepare"]["inputs"]["train"]["asset"] for record in _records(command_line)]
    assert inputs == ["iris:1"] * 4


def _records(command_line: CommandLine) -> list[Any]:
    return [json.loads(path.read_text()) for path in (command_line.folder / ".vivero" / "runs").glob("*/*/run.json")]


def test_a_rerun_has_the_same_version(command_line: CommandLine, store: DataStore) -> None:
    assert read(command_line.job("data.inputs.train=iris@golden", USED))[1] == "a\n1\n"
    store.set_alias("iris", "golden", 2)
    assert read(command_line.vivero("rerun", "latest"))[1] == "a\n1\n"
    store.set_alias("iris", "golden", None)
    store.delete("iris", 1, force=True)
    done = command_line.vivero("rerun", "latest")
    assert done.returncode != 0 and "Data asset iris has no version '1'" in done.stdout + done.stderr


def test_a_referenced_asset_that_changed_is_refused(command_line: CommandLine, store: DataStore) -> None:
    place = command_line.folder / "mine.csv"
    place.write_text("a\n1\n")
    store.add("mine", [place], reference=True)
    assert read(command_line.job("data.inputs.train=mine", USED))[1] == "a\n1\n"
    command_line.script("import os; open(os.path.realpath(os.environ['VIVERO_INPUT_TRAIN']), 'w').write('x')")
    done = command_line.job("data.inputs.train=mine")
    assert done.returncode == 2 and "changed while the run was using it" in done.stdout, done.stdout
    done = command_line.job("data.inputs.train=mine")
    assert done.returncode == 2 and "vivero data add mine" in done.stdout, done.stdout


@pytest.mark.parametrize("elsewhere", [True, False], ids=["content stays", "content goes"])
def test_an_asset_that_is_deleted_while_a_run_uses_it(
    elsewhere: bool, command_line: CommandLine, store: DataStore
) -> None:
    if elsewhere:  # another asset has the same content
        store.add("other", [command_line.folder / "iris.csv"])
    go = command_line.folder / "go"
    command_line.script(
        f"import os, time\nprint('BEGUN')\nwhile not os.path.exists({str(go)!r}): time.sleep(0.01)\n{SHOW}"
    )
    process = command_line.start("runner", "job.source=src", "job.script=train.py", "data.inputs.train=iris", USED)
    runs = store.layout.runs
    wait_for(lambda: [path for path in runs.glob("*/*/logs/run.log") if "BEGUN" in path.read_text()], seconds=20)
    store.delete("iris", None, force=True)
    go.touch()
    done = command_line.finish(process)
    if elsewhere:
        assert read(done)[1] == "a\n2\n"
    else:
        assert done.returncode == 2 and "iris:2" in done.stdout and "was removed" in done.stdout, done.stdout


def test_what_a_script_leaves_is_the_next_version(command_line: CommandLine, store: DataStore) -> None:
    command_line.script(WRITE + "\nimport sys; print('SAME', sys.argv[1] == os.environ['VIVERO_OUTPUT_CLEAN'])")
    words = ["data.outputs.clean={asset: iris, type: folder, description: Clean}", "data.inputs.raw=iris"]
    done = command_line.job(*words, "job.arguments=['${output:clean}']")
    assert done.returncode == 0 and "SAME True" in done.stdout and "iris:3" in done.stdout, done.stdout + done.stderr
    record, version = record_of(command_line), store.read("iris", 3)
    assert record["finalize"]["data"] == {"clean": "iris:3"}
    assert (version.run, version.output, version.description) == (record["id"], "clean", "Clean")
    assert [file.path for file in store.files(version)] == ["a.csv"]
    assert command_line.job(*words, "job.arguments=[x]").returncode == 0 and store.versions("iris") == [1, 2, 3]
    shown = command_line.vivero("show", "latest").stdout
    assert "iris:3" in shown and json.loads(command_line.vivero("show", "latest", "--json").stdout)["finalize"]["data"]


LEFT = {
    "nothing": ("", "the script wrote nothing to outputs/clean/a.csv. Write it to ${output:clean}"),
    "another": ("open(os.path.dirname(o) + '/b.csv', 'w').write('x')", "It wrote b.csv there"),
    "link": ("os.symlink('/etc/passwd', o)", "is a link or a special file and was not kept"),
    "above": ("os.rmdir(os.path.dirname(o)); os.symlink('/etc', os.path.dirname(o))", "and was not kept"),
    "folder": ("os.mkdir(o); open(o + '/x', 'w')", "is a folder, but outputs/clean/a.csv is to be a file"),
    "pipe": ("os.mkfifo(o)", "is a link or a special file and was not kept"),
}


@pytest.mark.parametrize("left", LEFT)
def test_an_output_that_is_not_there_fails_the_run(left: str, command_line: CommandLine, store: DataStore) -> None:
    code, said = LEFT[left]
    command_line.script(
        f"import os; o = os.environ['VIVERO_OUTPUT_CLEAN']; open('outputs/kept', 'w').write('x')\n{code}"
    )
    done = command_line.job("data.outputs.clean={asset: clean, as: a.csv}")
    record = record_of(command_line)
    assert done.returncode == 2 and record["status"] == "failed" and said in record["error"], record["error"]
    assert store.names() == ["iris"] and "kept" in [output["path"] for output in record["finalize"]["outputs"]]


def test_declared_outputs_have_to_be_there_and_failed_scripts_publish_nothing(
    command_line: CommandLine, store: DataStore
) -> None:
    command_line.script("print(1)")
    assert command_line.job("data.outputs.clean=null").returncode == 2
    assert "Output clean is missing" in record_of(command_line)["error"]
    command_line.script(WRITE)
    assert command_line.job("data.outputs.clean=null").returncode == 0
    command_line.script(WRITE + "\nraise SystemExit(3)")
    assert command_line.job("data.outputs.clean=clean").returncode == 2
    assert store.names() == ["iris"]


def test_an_output_that_cannot_be_read_again_is_published(command_line: CommandLine, store: DataStore) -> None:
    command_line.script(
        WRITE + "\no = os.environ['VIVERO_OUTPUT_CLEAN']; os.chmod(o + '/a.csv', 0); os.chmod(o, 0o500)"
    )
    assert command_line.job("data.outputs.clean=clean").returncode == 0
    assert store.versions("clean") == [1]


@pytest.mark.parametrize("made", [True, False], ids=["after the version", "before the version"])
def test_a_kill_in_the_middle_of_publishing_makes_one_version(
    made: bool, command_line: CommandLine, store: DataStore
) -> None:
    command_line.script(WRITE)
    with locked(store.layout.blobs_lock):  # a version can't be made
        process = command_line.start("runner", "job.source=src", "job.script=train.py", "data.outputs.clean=clean")
        (mark,) = wait_for(lambda: list(store.layout.runs.glob("*/*/publishing.json")), seconds=20)
        process.kill()
        process.wait()
    command_line.finish(process)
    run = mark.parent
    if made:
        store.add("clean", [run / "outputs" / "clean"], run=run.name, output="clean")
        store.add("clean", [command_line.folder / "iris.csv"])
    done = command_line.vivero("recover")
    assert done.returncode == 0, done.stderr + done.stdout
    record = json.loads((run / "run.json").read_text())
    assert record["status"] == "completed" and record["finalize"]["data"] == {"clean": "clean:1"}
    assert store.versions("clean") == ([1, 2] if made else [1])
    assert not list(Path(store.layout.data / "clean").glob(".staging*"))


def test_a_run_that_a_run_starts_has_only_its_own_data(command_line: CommandLine, store: DataStore) -> None:
    command_line.script(
        "import os; print('SEEN', sorted(one for one in os.environ if '_INPUT_' in one))", name="inner.py"
    )
    command_line.script(
        "import subprocess, sys\n"
        "sys.exit(subprocess.call([sys.executable, '-m', 'runner', 'job.source=.', 'job.script=inner.py',"
        " 'data.inputs.own-one=iris']))"
    )
    variables = {"VIVERO_WORKSPACE": str(command_line.workspace)}
    done = command_line.job("data.inputs.train=iris", variables=variables)
    assert "SEEN ['VIVERO_INPUT_OWN_ONE']" in done.stdout, done.stdout + done.stderr
