"""Nothing is unpickled whose bytes were not checked, wherever it lies."""

import os
from pathlib import Path
from typing import Any

import joblib
import pytest
from sklearn.datasets import load_iris
from sklearn.svm import SVC

from runner.errors import UserError
from runner.layout import Layout
from runner.store.registry import FileRegistry
from serving.dataplane.loader import load
from tests.support.attacks.malicious import Malicious

MODEL = SVC().fit(*load_iris(return_X_y=True))


@pytest.fixture
def registry(layout: Layout) -> FileRegistry:
    return FileRegistry(layout)


def test_what_was_registered_is_loaded(register: Any, registry: FileRegistry) -> None:
    assert isinstance(load(registry, register("m", MODEL)), SVC)


def test_a_malicious_file_with_a_wrong_hash_is_never_loaded(
    register: Any, registry: FileRegistry, tmp_path: Path
) -> None:
    record = register("m", MODEL)
    mark = tmp_path / "mark"
    joblib.dump(Malicious(mark), registry.artefact(record))
    with pytest.raises(UserError, match="has changed since it was registered"):
        load(registry, record)
    assert not mark.exists()
    joblib.load(registry.artefact(record)).close()  # the trap works
    assert mark.exists()


def test_one_flipped_bit(register: Any, registry: FileRegistry) -> None:
    record = register("m", MODEL)
    path = registry.artefact(record)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match="has changed since it was registered"):
        load(registry, record)


@pytest.mark.parametrize("where", ["models", "models/m", "models/m/1", "models/m/1/model.json", "artefact"])
def test_what_others_can_write_is_not_loaded(where: str, register: Any, registry: FileRegistry) -> None:
    record = register("m", MODEL)
    path = registry.artefact(record) if where == "artefact" else registry.layout.root / where
    registry.layout.root.chmod(0o755)  # else nobody gets there
    path.chmod(0o777 if path.is_dir() else 0o666)
    with pytest.raises(UserError, match="chmod -R go-w"):
        load(registry, record)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else(register: Any, registry: FileRegistry) -> None:
    record = register("m", MODEL)
    os.chown(registry.artefact(record).parent, 12345, 12345)
    with pytest.raises(UserError, match="belongs to another user"):
        load(registry, record)


def test_a_folder_as_mlflow_writes_it(registry: FileRegistry, tmp_path: Path) -> None:
    from runner.records import ModelRecord

    folder = tmp_path / "model"
    folder.mkdir()
    joblib.dump(MODEL, folder / "model.pkl")
    (folder / "MLmodel").write_text("{}")
    record = registry.register(folder, ModelRecord(name="m", version=0, created="", artefact="", sha256="", bytes=0))
    assert isinstance(load(registry, record), SVC)
    (registry.artefact(record) / "model.pkl").write_bytes(b"other")
    with pytest.raises(UserError, match="has changed since it was registered"):
        load(registry, record)


def test_no_model_and_custom(register: Any, registry: FileRegistry) -> None:
    record = register("m", MODEL, dump=lambda _model, path: path.write_text("hello"))
    with pytest.raises(UserError, match="cannot be loaded"):
        load(registry, record)
    with pytest.raises(UserError, match="Custom"):
        load(registry, register("n", MODEL, framework="Custom"))


def test_skops_needs_trust_from_the_server(register: Any, registry: FileRegistry) -> None:
    skops = pytest.importorskip("skops.io") if not os.environ.get("CI") else __import__("skops.io").io
    dump = skops.dump
    assert isinstance(load(registry, register("m", MODEL, dump=dump, file="model.skops")), SVC)
    odd = register("odd", Odd(), dump=dump, file="model.skops")
    with pytest.raises(UserError, match=r"not trusted: .*Odd"):
        load(registry, odd)
    assert isinstance(load(registry, odd, trusted=[f"{__name__}.Odd"]), Odd)


def test_a_pickle_that_claims_to_be_skops(register: Any, registry: FileRegistry, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    record = register("m", Malicious(mark), file="model.skops")
    with pytest.raises(UserError, match="cannot be loaded"):
        load(registry, record)
    assert not mark.exists()


class Odd(SVC):  # type: ignore[misc]  # scikit-learn is not typed
    """A class that skops does not know."""
