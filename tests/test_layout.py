"""Two modules spell names: ``runner/worker/layout.py`` those in a run's folder, ``runner/layout.py`` all others."""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner import layout
from runner.layout import WORKER, RunLayout
from runner.worker import layout as worker_layout

SOURCE = Path(layout.__file__).parent
WORKERS = Path(worker_layout.__file__)
OTHERS = [*SOURCE.rglob("*.py"), *(SOURCE.parent / "serving").rglob("*.py")]
FILES = sorted(path for path in OTHERS if not path.is_relative_to(WORKER) and path != Path(layout.__file__))
WORKER_FILES = sorted(path for path in WORKER.rglob("*.py") if path != WORKERS)
# Names of other things, in no workspace.
ELSEWHERE = {
    ("runner/__main__.py", "sweeps"),  # folders of packages
    ("runner/endpoints/image_contents.py", "endpoints"),
    ("runner/environments/remote/environment.py", "environments"),
    ("runner/execution/inspectors.py", "models"),
    ("runner/access/permissions.py", "index.sqlite"),  # the layout imports it
    ("runner/commands/endpoints/score.py", "order.json"),  # of a batch
    ("serving/batch.py", "order.json"),
    ("runner/commands/environments/export.py", "wheels"),  # beside a requirements file, or while something is built
    ("runner/endpoints/package.py", "wheels"),
    ("runner/environments/docker/image_builder.py", "wheels"),
    ("runner/environments/docker/image_builder.py", "work"),
    ("runner/environments/docker/spec.py", "wheels"),
    ("runner/environments/remote/build_on_node.py", "wheels"),
    ("runner/environments/requirements/wheels.py", "wheels"),
    ("runner/environments/venv.py", "wheels"),
    ("runner/config/shipped.py", "config.yaml"),  # of conf
    ("runner/store/credentials.py", "secrets.json"),  # of a project
    ("serving/protocols/oip/questions.py", "models"),  # of a URL
    ("runner/studio/pages/environments/view.py", "environments"),  # the page and its templates
}
JOINS = {"Path", "PurePosixPath", "joinpath", "join", "with_name", "glob", "rglob"}


def texts(node: ast.AST) -> Iterator[str]:
    """Yield the literals of an expression that is a part of a path."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        for part in node.values:
            yield from texts(part)


def path_parts(tree: ast.AST) -> Iterator[str]:
    """Yield what is joined to a path: ``folder / "a"``, ``Path(folder, "a")``, ``f"{folder}/a"``."""
    for node in ast.walk(tree):
        parts: list[str] = []
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            parts = [*texts(node.left), *texts(node.right)]
        elif isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            parts = [text for argument in node.args for text in texts(argument)] if name in JOINS else []
        elif isinstance(node, ast.JoinedStr):
            parts = [text for text in texts(node) if "/" in text]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and " " not in node.value:
            parts = [node.value] if "." in node.value else []  # a file's name, wherever it is
        for text in parts:
            yield from text.split("/")


@functools.cache
def names() -> set[str]:
    """Return the names that the layouts have."""
    tree = ast.parse(Path(layout.__file__).read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_Below"]
    spelled = {text for call in calls for argument in call.args for text in texts(argument)}
    return (spelled | run_names()) - {".lock"}  # a suffix, too


def run_names() -> set[str]:
    """Return the names that the worker's layout has for the files of a run's folder."""
    paths = [path for name, path in vars(worker_layout).items() if name.isupper() and isinstance(path, str)]
    return {part for path in paths if not path.startswith(("/", ".")) for part in path.split("/")}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE.parent)))
def test_nothing_else_spells_a_name_of_the_layout(path: Path) -> None:
    place = path.relative_to(SOURCE.parent).as_posix()
    found = set(path_parts(ast.parse(path.read_text()))) & names()
    assert {name for name in found if (place, name) not in ELSEWHERE} == set()


@pytest.mark.parametrize("path", WORKER_FILES, ids=lambda path: str(path.relative_to(WORKER)))
def test_nothing_else_in_the_worker_spells_a_name_in_a_run_folder(path: Path) -> None:
    assert set(path_parts(ast.parse(path.read_text()))) & {*run_names(), worker_layout.ANSWER} == set()


def test_both_sides_have_the_same_names() -> None:
    ours = {path.as_posix() for name in vars(RunLayout) if isinstance(path := getattr(RunLayout, name), Path)}
    theirs = {getattr(worker_layout, name) for name in vars(worker_layout) if name.isupper()}
    assert {"order.json", "result.json", "logs/worker.log", "work/outputs", "worker.lock"} <= ours & theirs


@pytest.mark.parametrize(
    "spelled", ['join(run, "result.json")', 'open("logs/run.log")', 'join(a, "work", b)', '"{}/order.json".format(a)']
)
def test_a_spelt_name_is_found(spelled: str) -> None:
    assert set(path_parts(ast.parse(spelled))) & run_names()
