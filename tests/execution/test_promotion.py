"""An alias moves to a version that wins, and to no other."""

import shlex
from pathlib import Path
from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from runner.errors import UserError
from runner.execution.promotion import Condition, promote, read_condition
from runner.layout import Layout
from runner.records import ModelRecord
from runner.store.registry import FileRegistry


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("accuracy > champion", ("accuracy", ">", "champion")),
        ("Balanced accuracy>=@live", ("Balanced accuracy", ">=", "live")),
        ("rmse < best.one", ("rmse", "<", "best.one")),
    ],
)
def test_conditions(text: str, expected: Any) -> None:
    condition = read_condition(text)
    assert (condition.metric, condition.sign, condition.alias) == expected


@pytest.mark.parametrize("text", ["", "accuracy", "accuracy = champion", "> champion", "a > b c", "a > ../b"])
def test_what_is_no_condition(text: str) -> None:
    with pytest.raises(UserError):
        read_condition(text)


def test_the_example_of_the_message_can_be_typed_as_it_is() -> None:
    with pytest.raises(UserError) as error:
        read_condition("accuracy")
    (word,) = shlex.split(str(error.value).partition("For example: ")[2])
    (override,) = OverridesParser.create().parse_overrides([word])
    assert override.key_or_group == "model.promote_if"
    assert read_condition(str(override.value())) == Condition("Accuracy", ">", "champion")
    root = Path(__file__).resolve().parents[2]
    for name in ("README.md", "conf/model/example.yaml"):
        assert shlex.quote(word) in (root / name).read_text(), name


@pytest.fixture
def registry(tmp_path: Path) -> FileRegistry:
    layout = Layout(tmp_path / "workspace")
    layout.create()
    return FileRegistry(layout)


def register(registry: FileRegistry, tmp_path: Path, **metrics: Any) -> Any:
    path = tmp_path / "model.joblib"
    path.write_bytes(repr(metrics).encode())
    record = ModelRecord(name="m", version=0, created="", artefact="", sha256="", bytes=0, metrics=metrics)
    return registry.register(path, record)


def test_the_first_has_nothing_to_beat_and_only_winners_follow(registry: FileRegistry, tmp_path: Path) -> None:
    said: list[str] = []
    condition = read_condition("accuracy > champion")
    for accuracy, holder in ((0.8, 1), (0.8, 1), (0.7, 1), (0.9, 4)):
        promote(registry, register(registry, tmp_path, accuracy=accuracy), condition, said.append)
        assert registry.aliases("m") == {"champion": holder}
    assert "accuracy 0.8 is not > 0.8: alias champion is unchanged" in said


def test_without_the_metric_nothing_moves(registry: FileRegistry, tmp_path: Path) -> None:
    said: list[str] = []
    condition = read_condition("accuracy > champion")
    assert promote(registry, register(registry, tmp_path), condition, said.append) is None
    assert registry.aliases("m") == {} and "has no metric accuracy" in said[0]
    registry.set_alias("m", "champion", 1)
    assert promote(registry, register(registry, tmp_path, accuracy=1.0), condition, said.append) is None
    assert registry.aliases("m") == {"champion": 1}
