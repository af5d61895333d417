"""The stand-in for azureml.core: argument names and values as azureml-core 1.61.0 has them."""

import json
import os
import subprocess
import sys

import pytest

from tests.worker.runs import WORKER, make

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


def outside(code, **options):
    """Run code with the stand-in but without a run."""
    variables = {**os.environ, "PYTHONPATH": str(WORKER / "shims")}
    return subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, text=True, **options)


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def logged(tmp_path, code, **order):
    """Run a script that has `run` and return its folder and its metric lines."""
    folder = make(tmp_path, HEAD + code, **order)
    assert folder.run()["status"] == "completed", folder.log
    path = folder.root / "metrics.jsonl"
    return folder, lines(path) if path.exists() else []


@pytest.fixture(scope="module")
def parameters():
    code = (
        "import inspect, json; from azureml.core import Run\n"
        "print(json.dumps({n: [[p.name, None if p.default is p.empty else repr(p.default)] for p in"
        " inspect.signature(getattr(Run, n)).parameters.values() if p.name != 'self' and p.kind != p.VAR_KEYWORD]"
        f" for n in {list(SIGNATURES)!r}}}))"
    )
    return json.loads(outside(code, check=True).stdout)


@pytest.mark.parametrize("name", SIGNATURES)
def test_argument_names_order_and_defaults(name, parameters):
    wanted = [one.partition("=") for one in SIGNATURES[name].split(", ") if one]
    expected = [[key, default if sign else None] for key, sign, default in wanted]
    assert parameters[name][: len(expected)] == expected


def test_values_of_every_kind(tmp_path):
    folder, found = logged(
        tmp_path,
        "run.log('a', 1)\nrun.log('a', 2.5, step=3)\nrun.log('b', float('nan'))\nrun.log('c', 'text')\nrun.log('d', True)\n"
        "run.log_list('list', [1, 2])\nrun.log_row('row', x=1, y='z')\nrun.log_table('table', {'x': [1, 2], 'y': [3, 4]})\n"
        "print(run.get_metrics())\n",
    )
    assert [(one["name"], one["value"], one["step"], one["kind"]) for one in found] == [
        ("a", 1, None, "scalar"), ("a", 2.5, 3, "scalar"), ("b", "NaN", None, "scalar"), ("c", "text", None, "scalar"),
        ("d", True, None, "scalar"), ("list", 1, None, "list"), ("list", 2, None, "list"),
        ("row", {"x": 1, "y": "z"}, None, "row"),
        ("table", {"x": 1, "y": 3}, None, "table"), ("table", {"x": 2, "y": 4}, None, "table"),
    ]  # fmt: skip
    assert b"'a': [1, 2.5], 'b': nan, 'c': 'text', 'd': True, 'list': [1, 2]" in folder.log
    assert b"'row': {'x': 1, 'y': 'z'}, 'table': {'x': [1, 2], 'y': [3, 4]}" in folder.log


def test_numpy_values(tmp_path):
    _, found = logged(
        tmp_path,
        "import numpy as np\nrun.log('a', np.float32(0.5))\nrun.log('b', np.int64(3))\nrun.log('c', np.array([7]))\n"
        "run.log_list('d', np.arange(2))\nrun.log_row('e', x=np.float64(1), y=np.array([1, 2]))\n",
    )
    assert [one["value"] for one in found] == [0.5, 3, 7, 0, 1, {"x": 1.0, "y": [1, 2]}]


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
def test_what_is_refused_records_nothing(call, error, tmp_path):
    folder = make(tmp_path, HEAD + call)
    assert error in folder.run()["reason"]
    assert not (folder.root / "metrics.jsonl").exists()


def test_charts(tmp_path):
    kinds = ("confusion_matrix", "accuracy_table", "residuals", "predictions")
    code = "import json\n"
    for kind in kinds:
        document = {"schema_type": kind, "schema_version": "v1", "data": {"matrix": [[1, 0], [0, 1]]}}
        code += f"run.log_{kind}('one', {document!r})\nrun.log_{kind}('two', json.dumps({document!r}))\n"
    _, found = logged(tmp_path, code)
    assert [one["kind"] for one in found] == [kind for kind in kinds for _ in range(2)]
    assert all(one["value"]["data"] == {"matrix": [[1, 0], [0, 1]]} for one in found)


def test_images_are_kept_and_never_hide_each_other(tmp_path):
    folder, found = logged(
        tmp_path,
        "open('p.png', 'wb').write(b'1'); run.log_image('curve', path='p.png')\n"
        "class Plot:\n def savefig(self, path, **_): open(path, 'wb').write(b'2')\n"
        "run.log_image('curve', plot=Plot())\n",
    )
    assert [one["value"] for one in found] == [{"image": "curve.png"}, {"image": "curve-1.png"}]
    assert (folder.work / "outputs/curve-1.png").read_bytes() == b"2"


def test_a_real_figure(tmp_path):
    folder, found = logged(
        tmp_path,
        "import matplotlib; matplotlib.use('Agg')\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\nrun.log_image('c', plot=plt)\n",
    )
    assert (folder.work / "outputs" / found[0]["value"]["image"]).read_bytes().startswith(b"\x89PNG")


def test_tags_and_properties(tmp_path):
    folder, _ = logged(
        tmp_path,
        "run.tag('a', 1)\nrun.tag('b')\nrun.set_tags({'c': 'x', 'd': 'y'})\nrun.remove_tags(['d'])\n"
        "run.add_properties({'p': 5})\nassert run.get_tags() == {'a': '1', 'b': '', 'c': 'x'}, run.get_tags()\n"
        "assert run.tags['c'] == 'x' and run.properties == {'p': '5'}\n",
    )
    assert {one["kind"] for one in lines(folder.root / "properties.jsonl")} == {"tag", "property"}


def test_uploads(tmp_path):
    folder, _ = logged(
        tmp_path,
        "import io, os\nopen('a.txt', 'w').write('a')\nos.makedirs('d/e'); open('d/e/b.txt', 'w').write('b')\n"
        "run.upload_file('outputs/x/a.txt', 'a.txt')\nrun.upload_file('s.bin', io.BytesIO(b's'))\nrun.upload_folder('f', 'd')\n"
        "run.upload_files(['1', '2'], ['a.txt', 'a.txt'])\nrun.upload_file('outputs/x/a.txt', 'outputs/x/a.txt')\n"
        "os.chdir('/'); run.upload_file('h', '/etc/hostname'); run.download_file('outputs/x/a.txt', '/dev/null')\n"
        "print(run.get_file_names())\n",
    )
    names = ["1", "2", "f/e/b.txt", "h", "s.bin", "x/a.txt"]
    assert folder.log.decode().strip() == str(["outputs/" + name for name in names])
    assert (folder.work / "outputs/f/e/b.txt").read_text() == "b"


def test_who_it_is(tmp_path):
    folder, _ = logged(
        tmp_path,
        "import json\nprint(json.dumps([run.id, run.number, run.experiment.name, run.parent, run.get_status(),"
        " run.input_datasets['rows'], run.get_details()['runId']]))\n",
        inputs={"rows": "/data/rows.csv"},
    )
    assert json.loads(folder.log) == ["iris-1", 7, "iris", None, "Running", "/data/rows.csv", "iris-1"]


def test_children_have_their_own_metrics(tmp_path):
    folder, found = logged(
        tmp_path,
        "run.log('a', 0)\nwith run.child_run('fold') as child: child.log('a', 1)\nassert child.parent.id == run.id\n"
        "two = run.create_children(tag_key='k', tag_values=['x', 'y'])\n[one.complete() for one in two]\n"
        "try:\n  with run.child_run() as bad: 1 / 0\nexcept ZeroDivisionError: pass\n"
        "assert [one.get_status() for one in run.get_children()] == ['Failed'] + ['Completed'] * 3\n"
        "assert run.get_metrics(recursive=True) == {'a': [0, 1]}\nassert two[1].get_tags() == {'k': 'y'}\n",
    )
    assert len(found) == 1
    records = [json.loads(path.read_text()) for path in sorted(folder.root.glob("children/*/child.json"))]
    assert [one["id"] for one in records] == [f"iris-1_{number}" for number in (1, 2, 3, 4)]
    assert [one["status"] for one in records] == ["completed"] * 3 + ["failed"]


def test_lines_of_many_processes_stay_whole(tmp_path):
    _, found = logged(
        tmp_path,
        "import subprocess, sys\nc = 'from azureml.core import Run; r = Run.get_context();"
        ' [r.log("n" * 500, i) for i in range(200)]\'\n'
        "ps = [subprocess.Popen([sys.executable, '-c', c]) for _ in range(4)]\nassert [p.wait() for p in ps] == [0] * 4\n",
    )
    assert len(found) == 800 and {one["name"] for one in found} == {"n" * 500}


def test_started_by_hand_it_prints(tmp_path):
    done = outside(HEAD + "run.log('loss', 0.5); run.complete(); print(run.id)", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "loss" in done.stdout and "OfflineRun_" in done.stdout
    assert list(tmp_path.iterdir()) == []
    refused = outside("from azureml.core import Run; Run.get_context(allow_offline=False)")
    assert "not part of a run" in refused.stderr
