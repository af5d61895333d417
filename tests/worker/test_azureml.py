"""The stand-in for azureml.core: argument names and values as azureml-core 1.61.0 has them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import joblib
import pandas
import pytest

from runner.layout import WORKER, Layout
from runner.records import ModelRecord
from runner.store.registry import FileRegistry
from tests.support.command_line import CommandLine
from tests.support.run_folders import make

# Names and defaults of azureml-core 1.61.0; a stand-in may take more, not less.
SIGNATURES = {
    "get_context": "allow_offline=True, used_for_context_manager=False",
    "log": "name, value, description='', step=None",
    "log_list": "name, value, description=''",
    "log_row": "name, description=None",
    "log_table": "name, value, description=''",
    "log_image": "name, path=None, plot=None, description=''",
    "log_confusion_matrix": "name, value, description=''",
    "log_accuracy_table": "name, value, description=''",
    "log_residuals": "name, value, description=''",
    "log_predictions": "name, value, description=''",
    "tag": "key, value=None",
    "set_tags": "tags",
    "get_tags": "",
    "remove_tags": "tags",
    "add_properties": "properties",
    "get_properties": "",
    "upload_file": "name, path_or_stream, datastore_name=None",
    "upload_files": "names, paths, return_artifacts=False, timeout_seconds=None, datastore_name=None",
    "upload_folder": "name, path, datastore_name=None",
    "download_file": "name, output_file_path=None, _validate_checksum=False",
    "download_files": "prefix=None, output_directory=None, output_paths=None, batch_size=100, append_prefix=True, "
    "timeout_seconds=None",
    "get_portal_url": "",
    "get_file_names": "",
    "get_metrics": "name=None, recursive=False, run_type=None, populate=False",
    "get_children": "recursive=False, tags=None, properties=None, type=None, status=None, _rehydrate_runs=True",
    "child_run": "name=None, run_id=None, outputs=None",
    "create_children": "count=None, tag_key=None, tag_values=None",
    "register_model": "model_name, model_path=None, tags=None, properties=None, model_framework=None, "
    "model_framework_version=None, description=None, datasets=None, sample_input_dataset=None, "
    "sample_output_dataset=None, resource_configuration=None",
    "complete": "_set_status=True",
    "fail": "error_details=None, error_code=None, _set_status=True",
    "cancel": "",
    "flush": "timeout_seconds=300",
    "start": "",
    "get_status": "",
    "get_details": "",
    "wait_for_completion": "show_output=False, wait_post_processing=False, raise_on_error=True",
}
HEAD = "from azureml.core.run import Run\nrun = Run.get_context()\n"


def outside(code: Any, **options: Any) -> Any:
    """Run code with the stand-in but without a run."""
    variables = {**os.environ, "PYTHONPATH": str(WORKER / "shims")}
    return subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, text=True, **options)


def lines(path: Any) -> Any:
    return [json.loads(line) for line in path.read_text().splitlines()]


def logged(tmp_path: Path, code: Any, **order: Any) -> Any:
    """Run a script that has `run` and return its folder and its metric lines."""
    folder = make(tmp_path, HEAD + code, **order)
    assert folder.run()["status"] == "completed", folder.log
    path = folder.root / "metrics.jsonl"
    return folder, lines(path) if path.exists() else []


@pytest.fixture(scope="module")
def parameters() -> Any:
    code = (
        "import inspect, json; from azureml.core import Run\n"
        "print(json.dumps({n: [[p.name, None if p.default is p.empty else repr(p.default)] for p in"
        " inspect.signature(getattr(Run, n)).parameters.values() if p.name != 'self' and p.kind != p.VAR_KEYWORD]"
        f" for n in {list(SIGNATURES)!r}}}))"
    )
    return json.loads(outside(code, check=True).stdout)


@pytest.mark.parametrize("name", SIGNATURES)
def test_argument_names_order_and_defaults(name: str, parameters: Any) -> None:
    wanted = [parameter.partition("=") for parameter in SIGNATURES[name].split(", ") if parameter]
    expected = [[key, default if sign else None] for key, sign, default in wanted]
    assert parameters[name][: len(expected)] == expected


def test_values_of_every_kind(tmp_path: Path) -> None:
    folder, metrics = logged(
        tmp_path,
        "run.log('a', 1)\nrun.log('a', 2.5, step=3)\nrun.log('b', float('nan'))\nrun.log('c', 'text')\n"
        "run.log('d', True)\nrun.log_list('list', [1, 2])\nrun.log_row('row', x=1, y='z')\n"
        "run.log_table('table', {'x': [1, 2], 'y': [3, 4]})\n"
        "print(run.get_metrics())\n",
    )
    assert [(metric["name"], metric["value"], metric["step"], metric["kind"]) for metric in metrics] == [
        ("a", 1, None, "scalar"), ("a", 2.5, 3, "scalar"), ("b", "NaN", None, "scalar"), ("c", "text", None, "scalar"),
        ("d", True, None, "scalar"), ("list", 1, None, "list"), ("list", 2, None, "list"),
        ("row", {"x": 1, "y": "z"}, None, "row"),
        ("table", {"x": 1, "y": 3}, None, "table"), ("table", {"x": 2, "y": 4}, None, "table"),
    ]  # fmt: skip
    assert b"'a': [1, 2.5], 'b': nan, 'c': 'text', 'd': True, 'list': [1, 2]" in folder.log
    assert b"'row': {'x': 1, 'y': 'z'}, 'table': {'x': [1, 2], 'y': [3, 4]}" in folder.log


def test_numpy_values(tmp_path: Path) -> None:
    _, metrics = logged(
        tmp_path,
        "import numpy as np\nrun.log('a', np.float32(0.5))\nrun.log('b', np.int64(3))\nrun.log('c', np.array([7]))\n"
        "run.log_list('d', np.arange(2))\nrun.log_row('e', x=np.float64(1), y=np.array([1, 2]))\n",
    )
    assert [metric["value"] for metric in metrics] == [0.5, 3, 7, 0, 1, {"x": 1.0, "y": [1, 2]}]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("run.log('a', [1, 2])", "TypeError"),
        ("run.log('a', None)", "TypeError"),
        ("run.log('a', 1, step=-1)", "ValueError"),
        ("run.log('a', 1, step=1.5)", "ValueError"),
        ("run.log_row('a')", "ValueError"),
        ("run.log_image('a')", "ValueError"),
        ("run.log_confusion_matrix('a', {'schema_type': 'residuals', 'data': {}})", "ValueError"),
        ("run.log_confusion_matrix('a', '{')", "JSONDecodeError"),
        ("run.upload_file('../out.txt', 'train.py')", "ValueError"),
        ("run.add_properties({'a': 1}); run.add_properties({'a': 2})", "ValueError"),
        ("run.register_model('m', 'nothere.pkl')", "FileNotFoundError"),
    ],
)
def test_what_is_refused_records_nothing(call: str, error: str, tmp_path: Path) -> None:
    folder = make(tmp_path, HEAD + call)
    assert error in folder.run()["reason"]
    assert not (folder.root / "metrics.jsonl").exists()


def test_charts(tmp_path: Path) -> None:
    kinds = ("confusion_matrix", "accuracy_table", "residuals", "predictions")
    code = "import json\n"
    for kind in kinds:
        document = {"schema_type": kind, "schema_version": "v1", "data": {"matrix": [[1, 0], [0, 1]]}}
        code += f"run.log_{kind}('one', {document!r})\nrun.log_{kind}('two', json.dumps({document!r}))\n"
    _, metrics = logged(tmp_path, code)
    assert [metric["kind"] for metric in metrics] == [kind for kind in kinds for _ in range(2)]
    assert all(metric["value"]["data"] == {"matrix": [[1, 0], [0, 1]]} for metric in metrics)


def test_images_are_kept_and_never_hide_each_other(tmp_path: Path) -> None:
    folder, metrics = logged(
        tmp_path,
        "open('p.png', 'wb').write(b'1'); run.log_image('curve', path='p.png')\n"
        "class Plot:\n def savefig(self, path, **_): open(path, 'wb').write(b'2')\n"
        "run.log_image('curve', plot=Plot())\n",
    )
    assert [metric["value"] for metric in metrics] == [{"image": "curve.png"}, {"image": "curve-1.png"}]
    assert (folder.work / "outputs/curve-1.png").read_bytes() == b"2"


def test_a_real_figure(tmp_path: Path) -> None:
    folder, metrics = logged(
        tmp_path,
        "import matplotlib; matplotlib.use('Agg')\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\n"
        "run.log_image('c', plot=plt)\n",
    )
    assert (folder.work / "outputs" / metrics[0]["value"]["image"]).read_bytes().startswith(b"\x89PNG")


def test_tags_and_properties(tmp_path: Path) -> None:
    folder, _ = logged(
        tmp_path,
        "run.tag('a', 1)\nrun.tag('b')\nrun.set_tags({'c': 'x', 'd': 'y'})\nrun.remove_tags(['d'])\n"
        "run.add_properties({'p': 5})\nassert run.get_tags() == {'a': '1', 'b': '', 'c': 'x'}, run.get_tags()\n"
        "assert run.tags['c'] == 'x' and run.properties == {'p': '5'}\n",
    )
    assert {line["kind"] for line in lines(folder.root / "properties.jsonl")} == {"tag", "property"}


def test_uploads(tmp_path: Path) -> None:
    folder, _ = logged(
        tmp_path,
        "import io, os\nopen('a.txt', 'w').write('a')\nos.makedirs('d/e'); open('d/e/b.txt', 'w').write('b')\n"
        "run.upload_file('outputs/x/a.txt', 'a.txt')\nrun.upload_file('s.bin', io.BytesIO(b's'))\n"
        "run.upload_folder('f', 'd')\n"
        "run.upload_files(['1', '2'], ['a.txt', 'a.txt'])\nrun.upload_file('outputs/x/a.txt', 'outputs/x/a.txt')\n"
        "os.chdir('/'); run.upload_file('h', '/etc/hostname'); run.download_file('outputs/x/a.txt', '/dev/null')\n"
        "print(run.get_file_names())\n",
    )
    names = ["1", "2", "f/e/b.txt", "h", "s.bin", "x/a.txt"]
    assert folder.log.decode().strip() == str(["outputs/" + name for name in names])
    assert (folder.work / "outputs/f/e/b.txt").read_text() == "b"


def test_downloads(tmp_path: Path) -> None:
    folder, _ = logged(
        tmp_path,
        "import os\nfor name in ('a/1.txt', 'a/2.txt', 'b.txt'):\n    run.upload_file(name, __file__)\n"
        "run.download_files('outputs/a', 'got')\nrun.download_files('outputs/a', 'flat', append_prefix=False)\n"
        "run.download_files(output_directory='all')\nprint(run.get_portal_url())\n",
    )
    here = sorted(path.relative_to(folder.work).as_posix() for path in folder.work.glob("[gfa]*/**/*.txt"))
    everything = [f"all/outputs/{name}" for name in ("a/1.txt", "a/2.txt", "b.txt")]
    assert here == [*everything, "flat/1.txt", "flat/2.txt", "got/outputs/a/1.txt", "got/outputs/a/2.txt"]
    assert folder.log.decode().strip() == f"file://{folder.root}"


def test_a_download_to_where_the_file_is_leaves_it(tmp_path: Path) -> None:
    folder, _ = logged(
        tmp_path,
        "open('outputs/a.txt', 'w').write('a')\nrun.download_file('outputs/a.txt', 'outputs/a.txt')\n"
        "run.download_files('outputs/a')\n",
    )
    assert (folder.work / "outputs/a.txt").read_text() == "a"


def test_who_it_is(tmp_path: Path) -> None:
    folder, _ = logged(
        tmp_path,
        "import json\nprint(json.dumps([run.id, run.number, run.experiment.name, run.parent, run.get_status(),"
        " run.input_datasets['rows'], run.get_details()['runId']]))\n",
        inputs={"rows": "/data/rows.csv"},
    )
    assert json.loads(folder.log) == ["iris-1", 7, "iris", None, "Running", "/data/rows.csv", "iris-1"]


def test_children_have_their_own_metrics(tmp_path: Path) -> None:
    folder, metrics = logged(
        tmp_path,
        "run.log('a', 0)\nwith run.child_run('fold') as child: child.log('a', 1)\nassert child.parent.id == run.id\n"
        "two = run.create_children(tag_key='k', tag_values=['x', 'y'])\n[one.complete() for one in two]\n"
        "try:\n  with run.child_run() as bad: 1 / 0\nexcept ZeroDivisionError: pass\n"
        "assert [one.get_status() for one in run.get_children()] == ['Failed'] + ['Completed'] * 3\n"
        "assert run.get_metrics(recursive=True) == {'a': [0, 1]}\nassert two[1].get_tags() == {'k': 'y'}\n",
    )
    assert len(metrics) == 1
    records = [json.loads(path.read_text()) for path in sorted(folder.root.glob("children/*/child.json"))]
    assert [record["id"] for record in records] == [f"iris-1_{number}" for number in (1, 2, 3, 4)]
    assert [record["status"] for record in records] == ["completed"] * 3 + ["failed"]


DATA = """
from azureml.core import Dataset, Datastore, Run, Workspace
from azureml.core.run import _OfflineRun
from azureml.core.authentication import MsiAuthentication, ServicePrincipalAuthentication
import azureml.mlflow, os
Workspace.get("name", auth=ServicePrincipalAuthentication(tenant_id="a", service_principal_id="b"))
run = Run.get_context()
assert type(run) is not _OfflineRun and run.parent is None
ws = run.experiment.workspace
for rows in (run.input_datasets["rows"], Dataset.get_by_name(ws, "rows"), Dataset.get_by_id(ws, id="rows"),
             ws.datasets["rows"], Dataset.get_by_name(Workspace.from_config(), name="rows", version=3)):
    assert os.path.exists(rows) and os.path.join(rows, "x").endswith("x")
    assert rows.to_pandas_dataframe()["a"].tolist() == {expected}
    assert len(rows.take(1).to_pandas_dataframe()) == 1
    assert len(rows.skip(1).to_pandas_dataframe()) == len({expected}) - 1
    assert list(rows.drop_columns("a").to_pandas_dataframe()) == ["b"]
    assert list(rows.keep_columns(["b", "a"]).take(2).keep_columns("a").to_pandas_dataframe()) == ["a"]
    parts = [one.to_pandas_dataframe() for one in rows.random_split(0.5, seed=1)]
    assert [len(one) for one in parts] == [len({expected}) // 2] * 2
    assert sorted(sum((one["a"].tolist() for one in parts), [])) == sorted({expected})
    with rows.mount() as mounted: assert mounted.mount_point == rows
    assert [os.path.exists(one) for one in rows.download("x", overwrite=True)] == [True] * len(rows.to_path())
    assert len(os.listdir("x")) and rows.download() == rows.download("x", overwrite=True) or os.path.isdir("x")
    with rows.mount("mounted/here") as mounted: assert os.path.realpath(mounted.mount_point) == os.path.realpath(rows)
try:
    Dataset.get_by_name(ws, "other")
except KeyError as error:
    assert "data.inputs.other.path" in str(error) and "it has rows" in str(error)
"""


@pytest.mark.parametrize("suffix", ["csv", "tsv", "parquet", "json", "jsonl", "csv.gz", "folder"])
def test_a_data_input_is_a_dataset(suffix: str, tmp_path: Path) -> None:
    frame, place = pandas.DataFrame({"a": [1, 2], "b": ["x", "y"]}), tmp_path / f"rows.{suffix}"
    if suffix == "folder":
        place.mkdir()
        (place / "notes.md").write_text("no rows")
        for name in ("2.csv", "1.csv"):
            frame.to_csv(place / name, index=False)
    elif suffix == "parquet":
        frame.to_parquet(place)
    elif "json" in suffix:
        frame.to_json(place, orient="records", lines=suffix == "jsonl")
    else:
        frame.to_csv(place, index=False, sep="\t" if suffix == "tsv" else ",")
    expected = [1, 2, 1, 2] if suffix == "folder" else [1, 2]
    logged(tmp_path, DATA.replace("{expected}", str(expected)), inputs={"rows": str(place)})


ASKED = """
import datetime, pandas
rows = run.input_datasets["train"].with_timestamp_columns("when")
assert (rows.timestamp_columns, run.input_datasets["train"].name) == (("when", None), "flights")
def numbers(dataset): return dataset.to_pandas_dataframe()["n"].tolist()
frame = pandas.read_csv(str(run.input_datasets["train"]))
assert numbers(rows.filter(rows["n"] > 7)) == [8, 9] and numbers(rows.filter(~(rows["n"] > 1))) == [0, 1]
assert numbers(rows.filter((rows["n"] < 2) | (rows["kind"] == "b") & (rows["n"] >= 8))) == [0, 1, 9]
assert numbers(rows.filter(rows["n"] == rows["m"])) == [0]
assert numbers(rows.filter(rows["kind"].is_in(["c"]))) == []
assert numbers(rows.filter(rows["m"].is_null())) == [9]
assert numbers(rows.filter(rows["kind"].starts_with("a"))) == [0, 2, 4, 6, 8]
try: rows["n"] > 1 and rows["m"] > 1
except TypeError as error: assert "&" in str(error)
day = lambda number: datetime.datetime(2024, 1, number)
assert numbers(rows.time_before(day(3))) == [0, 1, 2]
assert numbers(rows.time_before(day(3), include_boundary=False)) == [0, 1]
assert numbers(rows.time_after(day(9))) == [8, 9] and numbers(rows.time_between(day(2), day(4))) == [1, 2, 3]
assert numbers(rows.take(5).time_after(day(4)).keep_columns(["n", "when"])) == [3, 4]
assert numbers(rows.time_recent(datetime.timedelta(days=1))) == []
try: run.input_datasets["train"].time_before(day(1))
except ValueError as error: assert "with_timestamp_columns" in str(error)
for share in (0, 0.3, 1):
    one, two = rows.random_split(share, seed=3)
    again, _ = rows.random_split(share, seed=3)
    assert numbers(one) == numbers(again) and sorted(numbers(one) + numbers(two)) == list(range(10))
    one, two = rows.random_split(share)
    assert sorted(numbers(one) + numbers(two)) == list(range(10))
late = rows.keep_columns("nope")  # nothing is read yet
found = [Dataset.get_by_name(ws, "flights"), Dataset.get_by_name(ws, "flights", version=2)]
assert [*found, Dataset.get_by_name(ws, "train")] == [run.input_datasets["train"]] * 3
assert found[0].version == 2 and found[0][-4:] == ".csv" and os.fspath(found[0]) == str(found[0])
for name, version, said in (("flights", 1, "flights=flights:1"), ("other", "latest", "data.inputs.other=other")):
    try: Dataset.get_by_name(ws, name, version=version)
    except KeyError as error: assert said in str(error) and "flights:2" in str(error), error
    else: raise AssertionError(name)
"""


def test_rows_of_a_data_asset_are_asked_for_as_on_azure(tmp_path: Path) -> None:
    days = pandas.date_range("2024-01-01", periods=10)
    frame = pandas.DataFrame({"n": range(10), "m": [0.0, *range(2, 10), None], "kind": ["a", "b"] * 5, "when": days})
    frame.to_csv(tmp_path / "flights.csv", index=False)
    code = DATA.partition("for rows in")[0] + ASKED
    logged(tmp_path, code, inputs={"train": str(tmp_path / "flights.csv")}, assets={"train": "flights:2"})


def test_files_of_this_machine_as_datasets(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a;b\n1;2\n")
    code = (
        "from azureml.core import Dataset\n"
        f"rows = Dataset.Tabular.from_delimited_files(path=[{str(tmp_path / 'a.csv')!r}], separator=';')\n"
        "assert rows.to_pandas_dataframe().to_dict('list') == {'a': [1], 'b': [2]}\n"
        f"assert Dataset.File.from_files({str(tmp_path)!r}).to_path()[0] == '/a.csv'\n"
        "store = run.experiment.workspace.get_default_datastore()\n"
        "try: Dataset.Tabular.from_delimited_files(path=(store, 'x.csv'))\n"
        "except ValueError as error: assert 'data.inputs' in str(error)\n"
        "os = __import__('os'); os.makedirs('made'); open('made/f.txt', 'w').write('x')\n"
        "store.upload('made', 'kept', overwrite=True); store.upload_files(['made/f.txt'], target_path='more')\n"
    )
    folder, _ = logged(tmp_path, code)
    files = sorted(str(path.relative_to(folder.work / "outputs")) for path in (folder.work / "outputs").rglob("*.txt"))
    assert files == ["kept/f.txt", "more/f.txt"]


def test_names_that_a_run_has_no_use_for_say_so(tmp_path: Path) -> None:
    done = outside("from azureml.core import Run, Environment", cwd=tmp_path)
    assert "ImportError: azureml.core.Environment is not available in a run" in done.stderr
    assert outside("import azureml.core; print(hasattr(azureml.core, 'nothing'))").stdout == "False\n"
    result = outside("from azureml.core import Run\nprint(Run.get_context().input_datasets)", cwd=tmp_path)
    assert result.stdout == "{}\n", result.stderr


def test_a_folder_above_outputs_is_not_copied_into_itself(tmp_path: Path) -> None:
    code = (
        "import os; open('outputs/big.bin', 'wb').write(bytes(100)); open('own.txt', 'w').write('x')\n"
        "[run.upload_folder('all', '.') for _ in range(3)]\n"
    )
    folder, _ = logged(tmp_path, code)
    files = sorted(
        str(path.relative_to(folder.work / "outputs"))
        for path in (folder.work / "outputs").rglob("*")
        if path.is_file()
    )
    assert "all/own.txt" in files and not [file for file in files if "outputs" in file or file.count("all") > 1]


def test_names_and_tags_of_the_composition(tmp_path: Path) -> None:
    code = (
        "assert (run.display_name, run.name) == ('given', 'given'), run.display_name\n"
        "assert run.get_tags() == {'team': 'flowers'}\nrun.tag('team', 'trees')\n"
        "assert run.tags == {'team': 'trees'}\nrun.remove_tags('team')\nassert run.get_tags() == {}\n"
        "run.display_name = 'set here'\nassert run.display_name == 'set here'\n"
        "child = run.child_run(); child.display_name = 'fold'\n"
    )
    folder, _ = logged(tmp_path, code, display_name="given", tags={"team": "flowers"})
    assert {"set here"} == {
        line["value"] for line in lines(folder.root / "properties.jsonl") if line["kind"] == "display_name"
    }
    (child,) = folder.root.glob("children/*/child.json")
    assert json.loads(child.read_text())["name"] == "fold"


MODELS = """
import os, joblib
from azureml.core import Model, Run
ws = Run.get_context().experiment.workspace
path = Model.get_model_path("mine", _workspace=ws)
assert path.startswith(os.path.join(os.getcwd(), "azureml-models", "mine", "2")) and joblib.load(path) == 2
assert joblib.load(Model.get_model_path("mine", version=1)) == 1
model = Model(ws, "mine", version=1)
assert (model.name, model.version, model.tags, model.id) == ("mine", 1, {"n": "1"}, "mine:1")
assert joblib.load(model.download("here")) == 1 and Model(ws, id="mine:2").version == 2
assert [one.id for one in Model.list(ws)] == ["mine:2", "mine:1"] and list(ws.models) == ["mine"]
for wrong in (lambda: Model(ws, id="mine:"), lambda: Model(ws, id="mine:0"), lambda: Model(ws, id="mine:x"),
              lambda: Model(ws, "other"), lambda: Model.get_model_path("mine", 7), lambda: model.download("here")):
    try:
        wrong()
    except Exception as error:
        print(type(error).__name__, error)
"""


def test_registered_models_are_found_by_name(command_line: CommandLine, tmp_path: Path) -> None:
    registry = FileRegistry(Layout(command_line.workspace))
    Layout(command_line.workspace).create()
    for number in (1, 2):
        joblib.dump(number, tmp_path / "m.joblib")
        record = ModelRecord(
            name="mine", version=0, created="", artefact="m.joblib", sha256="", bytes=0, tags={"n": str(number)},
            framework="Custom",
        )  # fmt: skip
        registry.register(tmp_path / "m.joblib", record)
    command_line.script(MODELS)
    done = command_line.run("job.source=src", "job.script=train.py", "job.display_name=with models")
    assert done.returncode == 0, done.stdout + done.stderr
    for wrong in ("mine:", "mine:0", "mine:x"):
        assert f"no model {wrong}: it has version 2, 1" in done.stdout
    for said in ("no model other: there is none", "no model mine:7: it has version 2, 1", "already exists"):
        assert said in done.stdout
    assert json.loads(command_line.vivero("show", "latest", "--json").stdout)["display_name"] == "with models"


@pytest.mark.parametrize("name", ["../../../secret", "", ".", "..", "a/b", "/etc/hostname"])
def test_a_changed_record_of_a_model_leads_nowhere_else(name: str, command_line: CommandLine, tmp_path: Path) -> None:
    Layout(command_line.workspace).create()
    joblib.dump(1, tmp_path / "m.joblib")
    record = ModelRecord(
        name="mine", version=0, created="", artefact="m.joblib", sha256="", bytes=0, framework="Custom"
    )  # fmt: skip
    FileRegistry(Layout(command_line.workspace)).register(tmp_path / "m.joblib", record)
    (written,) = command_line.workspace.glob("models/mine/1/*.json")
    written.write_text(json.dumps({**json.loads(written.read_text()), "artefact": name}))
    command_line.script("from azureml.core import Model\nModel.get_model_path('mine')\n")
    done = command_line.run("job.source=src", "job.script=train.py")
    assert done.returncode == 2 and "the record of mine:1 names no file of it" in done.stdout


def test_lines_of_many_processes_stay_whole(tmp_path: Path) -> None:
    _, metrics = logged(
        tmp_path,
        "import subprocess, sys\nc = 'from azureml.core import Run; r = Run.get_context();"
        ' [r.log("n" * 500, i) for i in range(200)]\'\n'
        "ps = [subprocess.Popen([sys.executable, '-c', c]) for _ in range(4)]\n"
        "assert [p.wait() for p in ps] == [0] * 4\n",
    )
    assert len(metrics) == 800 and {metric["name"] for metric in metrics} == {"n" * 500}


def test_started_by_hand_it_prints(tmp_path: Path) -> None:
    done = outside(HEAD + "run.log('loss', 0.5); run.complete(); print(run.id)", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "loss" in done.stdout and "OfflineRun_" in done.stdout
    assert list(tmp_path.iterdir()) == []
    refused = outside("from azureml.core import Run; Run.get_context(allow_offline=False)")
    assert "not part of a run" in refused.stderr
