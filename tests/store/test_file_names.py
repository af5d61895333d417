"""A model's file may have any name that a file in a folder can have: it is kept, checked, loaded and packed by that."""

import dataclasses
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import joblib
import pytest
import sklearn
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from runner.config.endpoint_settings import EndpointSettings
from runner.endpoints.image_contents import INSIDE, as_tar, contents
from runner.errors import UserError
from runner.io.names import check_file_name, is_file_name
from runner.layout import Layout
from runner.records import Inspection, ModelRecord
from runner.store.registry import FileRegistry
from serving.dataplane.loader import load
from tests.support.command_line import CommandLine
from tests.support.suite.examples import examples

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=120)
MODEL = {"any": "object"}
RECORD = ModelRecord(
    name="iris", version=0, created="", artefact="", sha256="", bytes=0, python_version="3.11",
    framework_version=sklearn.__version__, inspection=Inspection(path="", sha256=""),
)  # fmt: skip


def registered(place: Path, name: str) -> tuple[FileRegistry, ModelRecord]:
    file = place / "outputs" / name
    file.parent.mkdir(exist_ok=True)
    joblib.dump(MODEL, file)
    registry = FileRegistry(Layout(place / "workspace"))
    registry.layout.create()
    return registry, registry.register(file, RECORD)


def _of_models(files: dict[str, bytes]) -> dict[str, bytes]:
    return {name: content for name, content in files.items() if name.startswith("models/")}


@settings(max_examples=examples(8, whole=500), deadline=None, suppress_health_check=list(HealthCheck))
@given(NAMES.filter(is_file_name))
@example("modèle.joblib")
@example("モデル.joblib")
@example("mode\u0300le.joblib")
@example("-rf $(id) 'a' \"b\" ;&|*.joblib")
@example("..joblib")
@example("\U0001f600" * 63)
@example("x" * 255)
def test_a_name_is_kept_through_everything(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    if name == "model.json":
        return
    registry, record = registered(tmp_path_factory.mktemp("names"), name)
    again = registry.resolve("iris")
    assert again.artefact == name == record.artefact == again.files[0].path
    assert registry.verify("iris", 1) == [] and registry.artefact(again).name == name
    assert load(registry, again) == MODEL
    packed = as_tar(_of_models(contents(registry, again, EndpointSettings())))
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        inside = archive.extractfile(f"{INSIDE[1:]}/models/iris/1/{name}")
        assert inside is not None and inside.read() == registry.verified_bytes(again)
    registry.artefact(again).write_bytes(b"other")
    assert registry.verify("iris", 1) == [f"{name} has changed since it was registered"]


@given(NAMES)
def test_a_name_that_is_taken_is_one_part_of_a_path_and_one_line(name: str) -> None:
    if not is_file_name(name):
        with pytest.raises(UserError) as refused:
            check_file_name(name, "model file name")
        assert "\n" not in str(refused.value)
        return
    assert Path("a", name).parts == ("a", name) and Path("/a", name).resolve().parent == Path("/a")
    assert name.splitlines() == [name] and "\0" not in name


def test_a_model_is_not_written_over_by_its_record(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is the name of a model's record"):
        registered(tmp_path, "model.json")
    assert FileRegistry(Layout(tmp_path / "workspace")).versions("iris") == []


@pytest.mark.parametrize("name", ["../m", "a/b", "", "..", "a\n", 3, "model.json"])
def test_a_record_that_names_another_file_is_refused(name: Any, tmp_path: Path) -> None:
    registry, record = registered(tmp_path, "modèle.joblib")
    path = registry.artefact(record).with_name("model.json")
    path.write_text(json.dumps({**record.to_json(), "artefact": name}))
    with pytest.raises(UserError):
        registry.artefact(registry.resolve("iris"))


@pytest.mark.parametrize("name", ["modèle.joblib", "-n 'x' $(id).joblib"])
def test_a_version_is_downloaded(name: str, tmp_path: Path, command_line: CommandLine) -> None:
    registry, record = registered(tmp_path, name)
    target = tmp_path / "there"
    workspace = str(registry.layout.root)
    command_line.vivero("models", "download", "iris", "--to", str(target), "--workspace", workspace)
    assert joblib.load(target / name) == MODEL
    assert (
        dataclasses.replace(record, version=1).artefact
        in command_line.vivero("models", "show", "iris", "--workspace", workspace).stdout
    )
