"""Nothing is unpickled whose bytes were not checked, wherever it lies."""

import os

import joblib
import pytest
from sklearn.datasets import load_iris
from sklearn.svm import SVC

from runner.errors import UserError
from runner.store.registry import FileRegistry
from serving.loader import load

MODEL = SVC().fit(*load_iris(return_X_y=True))


class Malicious:
    """Leaves a mark when it is unpickled."""

    def __init__(self, mark):
        self.mark = str(mark)

    def __reduce__(self):
        return open, (self.mark, "w")


@pytest.fixture
def registry(layout):
    return FileRegistry(layout)


def test_what_was_registered_is_loaded(register, registry):
    assert isinstance(load(registry, register("m", MODEL)), SVC)


def test_a_malicious_file_with_a_wrong_hash_is_never_loaded(register, registry, tmp_path):
    record = register("m", MODEL)
    mark = tmp_path / "mark"
    joblib.dump(Malicious(mark), registry.artefact(record))
    with pytest.raises(UserError, match="not what was registered"):
        load(registry, record)
    assert not mark.exists()
    joblib.load(registry.artefact(record)).close()  # the trap works
    assert mark.exists()


def test_one_flipped_bit(register, registry):
    record = register("m", MODEL)
    path = registry.artefact(record)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match="not what was registered"):
        load(registry, record)


@pytest.mark.parametrize("where", ["version", "model"])
def test_a_folder_that_others_can_write(where, register, registry):
    record = register("m", MODEL)
    folder = registry.artefact(record).parent
    folder = folder if where == "version" else folder.parent
    folder.chmod(0o777)
    with pytest.raises(UserError, match="chmod go-w"):
        load(registry, record)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else(register, registry):
    record = register("m", MODEL)
    os.chown(registry.artefact(record).parent, 12345, 12345)
    with pytest.raises(UserError, match="another user"):
        load(registry, record)


def test_a_folder_as_mlflow_writes_it(registry, tmp_path):
    from runner.records import ModelRecord

    folder = tmp_path / "model"
    folder.mkdir()
    joblib.dump(MODEL, folder / "model.pkl")
    (folder / "MLmodel").write_text("{}")
    record = registry.register(folder, ModelRecord(name="m", version=0, created="", artefact="", sha256="", bytes=0))
    assert isinstance(load(registry, record), SVC)
    (registry.artefact(record) / "model.pkl").write_bytes(b"other")
    with pytest.raises(UserError, match="not what was registered"):
        load(registry, record)


def test_no_model_and_custom(register, registry):
    record = register("m", MODEL, dump=lambda _model, path: path.write_text("hello"))
    with pytest.raises(UserError, match="cannot be loaded"):
        load(registry, record)
    with pytest.raises(UserError, match="Custom"):
        load(registry, register("n", MODEL, framework="Custom"))


def test_skops_needs_trust_from_the_server(register, registry):
    skops = pytest.importorskip("skops.io") if not os.environ.get("CI") else __import__("skops.io").io
    dump = lambda model, path: skops.dump(model, path)  # noqa: E731
    assert isinstance(load(registry, register("m", MODEL, dump=dump, file="model.skops")), SVC)
    odd = register("odd", Odd(), dump=dump, file="model.skops")
    with pytest.raises(UserError, match=r"not trusted: .*Odd"):
        load(registry, odd)
    assert isinstance(load(registry, odd, trusted=[f"{__name__}.Odd"]), Odd)


def test_a_pickle_that_claims_to_be_skops(register, registry, tmp_path):
    mark = tmp_path / "mark"
    record = register("m", Malicious(mark), file="model.skops")
    with pytest.raises(UserError, match="cannot be loaded"):
        load(registry, record)
    assert not mark.exists()


class Odd(SVC):
    """A class that skops does not know."""
