"""The worker runs beside user code on old Pythons: nothing but the standard library, and its syntax of 3.6."""

import ast
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from runner.layout import WORKER

TRAINING = WORKER / "training"  # a script of its own, which has the libraries of its environment
FILES = sorted(path for path in WORKER.rglob("*.py") if not path.is_relative_to(TRAINING))
OF_TRAINING = {
    "azureml",
    "joblib",
    "numpy",
    "pandas",
    "scipy",
    "sklearn",
    "vivero_training",
}  # scikit-learn needs SciPy
GUARDED = {"figures.py": {"matplotlib"}, "memory.py": {"pyarrow"}}  # only if figures are asked for, or it is there
# Where a model is loaded there is what it needs; each of these imports is guarded by its use.
OF_THE_MODEL = {("loading.py", "joblib"), ("loading.py", "skops"), ("checks.py", "sklearn")}
OF_THE_MODEL |= {("flavours.py", name) for name in ("lightgbm", "xgboost", "catboost", "mlflow", "pandas")}
OF_THE_MODEL |= {("categories.py", name) for name in ("xgboost", "pandas")}
OF_THE_MODEL |= {
    (name, "pandas") for name in ("tables.py", "tabular.py", "batch.py")
}  # where a script gets data frames
OF_THE_MODEL |= {("arrow.py", "pyarrow")}  # where it is installed
# Where fits are spread, the environment has Dask in it.
OF_THE_ENGINE = {("engine.py", "dask"), ("engine.py", "distributed")}
OF_THE_ENGINE |= {("sitecustomize.py", "distributed"), ("sitecustomize.py", "joblib")}
OF_THE_ENGINE |= {("sitecustomize.py", "sitecustomize")}  # one of the user's own


def imported(tree: Any, depth: int) -> Iterator[Any]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level > depth:
            yield "." * node.level
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(WORKER)))
def test_it_stands_alone_and_is_old_syntax(path: Any) -> None:
    tree = ast.parse(path.read_text(), feature_version=(3, 6))
    known, depth = sys.stdlib_module_names | {"azureml"}, len(path.relative_to(WORKER).parts)
    allowed = OF_THE_MODEL | OF_THE_ENGINE
    assert {
        module for module in imported(tree, depth) if module not in known and (path.name, module) not in allowed
    } == set()


@pytest.mark.parametrize("path", sorted(TRAINING.rglob("*.py")), ids=lambda path: str(path.relative_to(WORKER)))
def test_the_training_program_needs_only_scikit_learn_and_pandas(path: Any) -> None:
    tree = ast.parse(path.read_text(), feature_version=(3, 9))
    depth = len(path.relative_to(TRAINING).parts)
    assert set(imported(tree, depth)) <= sys.stdlib_module_names | OF_TRAINING | GUARDED.get(path.name, set())
