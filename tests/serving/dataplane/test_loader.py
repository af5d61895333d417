"""Nothing is unpickled whose bytes were not checked, wherever it lies."""

import os
import py_compile
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib
import pytest
from sklearn.datasets import load_iris
from sklearn.svm import SVC

from runner.errors import UserError
from runner.layout import Layout
from runner.records import ModelRecord
from runner.store.registry import FileRegistry
from serving.dataplane.loader import load
from tests.support.attacks.malicious import Malicious
from tests.support.attacks.tampering import TAMPERING

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
    folder = tmp_path / "model"
    folder.mkdir()
    joblib.dump(MODEL, folder / "model.pkl")
    (folder / "MLmodel").write_text("{}")
    record = registry.register(folder, ModelRecord(name="m", version=0, created="", artefact="", sha256="", bytes=0))
    assert isinstance(load(registry, record), SVC)
    (registry.artefact(record) / "model.pkl").write_bytes(b"other")
    with pytest.raises(UserError, match="has changed since it was registered"):
        load(registry, record)


@pytest.mark.parametrize("how", TAMPERING)
def test_whatever_takes_the_place_of_a_model_is_refused(how: str, register: Any, registry: FileRegistry) -> None:
    record = register("m", MODEL)
    TAMPERING[how](registry.artefact(record))
    with pytest.raises(UserError):
        load(registry, record)


CODE = "python_function:\n    code: code\n"


@pytest.fixture
def with_code(registry: FileRegistry, tmp_path: Path) -> Iterator[Any]:
    """Register a folder as MLflow writes it, whose model needs the module and the package logged with it."""
    before = dict(sys.modules), sys.path[:], sys.path_hooks[:]

    def with_code(flavour: str = CODE) -> ModelRecord:
        made = tmp_path / "model"
        (made / "code" / "logged_package").mkdir(parents=True)
        (made / "code" / "logged_package" / "__init__.py").write_text("from logged_package.inner import ANSWER\n")
        (made / "code" / "logged_package" / "inner.py").write_text("ANSWER = 7\n")
        (made / "code" / "logged.py").write_text(
            "import logged_package\n"
            "class Own:\n"
            "    def predict(self, rows):\n"
            "        return [logged_package.ANSWER] * len(rows)\n"
            "    def late(self):\n"
            "        import logged_late\n"
        )
        (made / "code" / "logged_late.py").write_text("")
        code = "import joblib, logged, sys; joblib.dump(logged.Own(), sys.argv[1])"
        command = [sys.executable, "-B", "-c", code, str(made / "model.pkl")]
        subprocess.run(command, cwd=made / "code", check=True)
        (made / "MLmodel").write_text(f"flavors:\n  {flavour}")
        empty = ModelRecord(name="m", version=0, created="", artefact="", sha256="", bytes=0)
        return registry.register(made, empty)

    yield with_code
    for name in set(sys.modules) - set(before[0]):
        if name.startswith("logged"):
            del sys.modules[name]
    sys.path[:], sys.path_hooks[:] = before[1:]


def test_modules_logged_with_a_model_are_imported_and_leave_nothing(with_code: Any, registry: FileRegistry) -> None:
    record = with_code()
    model = load(registry, record)
    model.late()
    assert model.predict([1, 2]) == [7, 7] and registry.verify("m", 1) == []


@pytest.mark.parametrize("how", TAMPERING)
@pytest.mark.parametrize("name", ["logged.py", "logged_package/__init__.py", "logged_package/inner.py"])
def test_a_module_that_has_changed_is_not_imported(
    name: str, how: str, with_code: Any, registry: FileRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    record = with_code()
    TAMPERING[how](registry.artefact(record) / "code" / name)
    with pytest.raises(UserError):
        load(registry, record)
    assert not Path("pwned").exists()


def test_a_module_that_changes_later_is_not_imported_then(with_code: Any, registry: FileRegistry) -> None:
    record = with_code()
    model = load(registry, record)
    (registry.artefact(record) / "code" / "logged_late.py").write_text("print(1)")
    with pytest.raises(UserError, match=r"code/logged_late.py of model m:1 has changed"):
        model.late()


def test_a_module_that_was_not_registered_is_not_imported(with_code: Any, registry: FileRegistry) -> None:
    record = with_code()
    package = registry.artefact(record) / "code" / "logged_package"
    (package / "inner").mkdir()  # a package comes before a module of the same name
    (package / "inner" / "__init__.py").write_text("ANSWER = 8")
    with pytest.raises(UserError, match=r"not registered: code/logged_package/inner/__init__.py"):
        load(registry, record)


def test_bytecode_beside_a_module_is_not_used(with_code: Any, registry: FileRegistry) -> None:
    record = with_code()
    inner = registry.artefact(record) / "code" / "logged_package" / "inner.py"
    good, state = inner.read_text(), inner.stat()
    inner.write_text(good.replace("7", "8"))  # as long as before
    os.utime(inner, ns=(state.st_atime_ns, state.st_mtime_ns))
    py_compile.compile(str(inner))
    inner.write_text(good)
    os.utime(inner, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert load(registry, record).predict([1]) == [7]


@pytest.mark.parametrize("code", ["../..", "/tmp", "code/../..", ""])
def test_a_code_folder_elsewhere_is_not_used(code: str, with_code: Any, registry: FileRegistry) -> None:
    record = with_code(f"python_function:\n    code: {code}\n")
    with pytest.raises(UserError, match="not in the model's folder" if code else "No module named 'logged'"):
        load(registry, record)


def test_mlflow_imports_verified_modules_too(registry: FileRegistry, with_code: Any, tmp_path: Path) -> None:
    """It puts their folder first on ``sys.path``."""
    from mlflow import pyfunc

    source = tmp_path / "logged_rule.py"
    source.write_text("def rule(rows): return [9] * len(rows)\n")

    def predict(self: Any, model_input: list[float]) -> list[float]:
        import importlib

        return list(importlib.import_module("logged_rule").rule(model_input))

    own = type("Own", (pyfunc.PythonModel,), {"predict": predict})
    folder = tmp_path / "mlflow"
    pyfunc.save_model(str(folder), python_model=own(), pip_requirements=[], code_paths=[str(source)])
    record = registry.register(folder, ModelRecord(name="p", version=0, created="", artefact="", sha256="", bytes=0))
    assert load(registry, record).predict([1.0]) == [9]
    assert registry.verify("p", 1) == []
    sys.modules.pop("logged_rule")
    (registry.artefact(record) / "code" / "logged_rule.py").write_text("def rule(rows): return [8] * len(rows)\n")
    with pytest.raises(Exception, match=r"logged_rule.py of model p:1 has changed"):
        load(registry, record).predict([1.0])


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
