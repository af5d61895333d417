"""What is imported ahead is what a script imports, also through modules of its own."""

import ast
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies

from runner.layout import WORKER
from runner.worker.script_imports import imports_of
from tests.support.suite.examples import examples

FILES = {
    "train.py": "import numpy\nfrom mine.program import main\nimport near\n",
    "near.py": "import scipy\nimport train\n",
    "mine/__init__.py": "import pandas\n",
    "mine/program.py": "from . import parts\nfrom .deep.inner import x\ndef f():\n    import sklearn.svm\n",
    "mine/parts.py": "import joblib\nfrom .. import nothing\n",
    "mine/deep/inner.py": "from ..last import y\nfrom mine import other\n",
    "mine/last.py": "import xgboost\n",
    "mine/other.py": "import lightgbm, (",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_modules_beside_the_script_are_read(folder: Path) -> None:
    found = imports_of(str(folder / "train.py"))
    assert sorted(found) == ["joblib", "numpy", "pandas", "scipy", "xgboost"]


def test_imports_in_functions_count_where_they_are_asked_for(folder: Path) -> None:
    assert "sklearn.svm" in imports_of(str(folder / "train.py"), in_functions=True)


def test_the_training_program_imports_scikit_learn_ahead() -> None:
    found = imports_of(str(WORKER / "training" / "train.py"), in_functions=True)
    assert {"sklearn.model_selection", "sklearn.pipeline", "pandas"} <= set(found)


def test_a_script_that_is_missing_has_none(tmp_path: Path) -> None:
    assert imports_of(str(tmp_path / "train.py")) == []


STANDARD = sorted(path for path in Path(ast.__file__).parent.glob("*.py"))


@hypothesis.settings(deadline=None, max_examples=examples(8, whole=200))
@hypothesis.given(strategies.sampled_from(STANDARD))
def test_scripts_of_any_kind_are_read(path: Path) -> None:
    found = imports_of(str(path), in_functions=True)
    assert len(found) == len(set(found))
    assert all(name.partition(".")[0] for name in found)
    assert not {name for name in found if (path.parent / f"{name}.py").exists()}
