"""``vivero download`` and ``vivero models download``."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.history import History


def tree(folder: Path) -> Any:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_run_comes_with_outputs_logs_and_records(history: History, full_run: Any) -> None:
    downloaded = history.json("download", "latest", "--to", "deep/copy")
    target = history.folder / "deep" / "copy"
    assert downloaded == {"run": full_run.id, "location": str(target), "files": len(tree(target))}
    assert {"outputs/model.joblib", "outputs/deep/plot.png", "logs/run.log", "run.json", "metrics.jsonl"} <= set(
        tree(target)
    )
    assert (target / "outputs" / "deep" / "plot.png").read_text() == "pixels"


def test_the_folder_is_named_after_the_run(history: History, full_run: Any) -> None:
    history.vivero("download", "latest")
    assert (history.folder / full_run.id / "outputs" / "model.joblib").read_text() == "bytes"


def test_an_empty_folder_may_be_there(history: History, full_run: Any) -> None:
    (history.folder / "empty").mkdir()
    assert history.vivero("download", "latest", "--to", ".", cwd=history.folder / "empty").returncode == 0
    assert (history.folder / "empty" / "run.json").is_file()


@pytest.mark.parametrize("kind", ["full", "file", "dangling link"])
def test_what_is_there_is_not_touched(kind: str, history: History, full_run: Any) -> None:
    target = history.folder / "there"
    if kind == "full":
        target.mkdir()
        (target / "mine").write_text("mine")
    elif kind == "file":
        target.write_text("mine")
    else:
        target.symlink_to(history.folder / "nowhere")
    assert "exists" in history.error("download", "latest", "--to", "there")
    assert not (history.folder / "nowhere").exists()
    assert kind != "full" or tree(target) == ["mine"]


def test_links_are_not_followed(history: History, full_run: Any) -> None:
    (history.folder / "secret").write_text("secret")
    outputs = history.folder_of(full_run).outputs
    (outputs / "link").symlink_to(history.folder / "secret")
    (outputs / "up").symlink_to(history.folder)
    history.vivero("download", "latest", "--to", "copy")
    assert tree(history.folder / "copy" / "outputs") == ["deep/plot.png", "model.joblib"]


@pytest.mark.parametrize("damage", ["changed", "removed"])
def test_an_output_that_is_not_what_was_recorded(damage: str, history: History, full_run: Any) -> None:
    path = history.folder_of(full_run).outputs / "model.joblib"
    path.write_text("other") if damage == "changed" else path.unlink()
    assert "recorded" in history.error("download", "latest", "--to", "a/b")
    assert not (history.folder / "a").exists()


def test_a_model_version(history: History) -> None:
    history.model(content=b"first")
    history.model(content=b"second")
    downloaded = history.json("models", "download", "iris:1", "--to", "copy")
    assert (downloaded["version"], downloaded["artefact"]) == (1, "model.joblib")
    assert tree(history.folder / "copy") == ["model.joblib", "model.json"]
    assert b"first" in (history.folder / "copy" / "model.joblib").read_bytes()
    assert json.loads((history.folder / "copy" / "model.json").read_text())["version"] == 1


def test_the_latest_version_in_a_folder_named_after_it(history: History) -> None:
    history.model()
    history.model()
    assert history.vivero("models", "download", "iris").returncode == 0
    assert (history.folder / "iris-2" / "model.joblib").is_file()


def test_a_flipped_byte_is_refused(history: History) -> None:
    path = history.models.artefact(history.model())
    content = bytearray(path.read_bytes())
    content[3] ^= 1
    path.write_bytes(content)
    assert "SHA-256" in history.error("models", "download", "iris", "--to", "copy")
    assert not (history.folder / "copy").exists()


@pytest.mark.parametrize("damage", ["none", "changed", "added", "removed", "link"])
def test_a_model_that_is_a_folder(damage: str, history: History) -> None:
    import dataclasses

    record = history.model()
    source = history.folder / "pipeline"
    source.mkdir()
    (source / "a.txt").write_text("a")
    (source / "b.txt").write_text("b")
    record = history.models.register(source, dataclasses.replace(record, sha256="", name="folder"))
    stored = history.models.artefact(record)
    if damage == "changed":
        (stored / "a.txt").write_text("x")
    elif damage == "added":
        (stored / "c.txt").write_text("c")
    elif damage == "removed":
        (stored / "a.txt").unlink()
    elif damage == "link":
        (stored / "a.txt").replace(history.folder / "moved")
        (stored / "a.txt").symlink_to(history.folder / "moved")
    words = ("models", "download", "folder", "--to", "copy")
    if damage == "none":
        assert history.vivero(*words).returncode == 0
        assert tree(history.folder / "copy") == ["model.json", "pipeline/a.txt", "pipeline/b.txt"]
    else:
        assert "recorded" in history.error(*words)
        assert not (history.folder / "copy").exists()
