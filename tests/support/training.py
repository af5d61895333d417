"""Declared trainings in this process, without a run."""

import dataclasses
import importlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from runner.config.composition import PROGRAM
from runner.config.training_settings import TrainConfig
from runner.training.declaration import VARIABLE, declaration_text
from tests.support.command_line import CONF

if PROGRAM not in sys.path:
    sys.path.append(PROGRAM)


def module(name: str) -> Any:
    """Import a module of the training program."""
    return importlib.import_module(f"vivero_training.{name}")


def option(group: str, name: str) -> Any:
    """Return the content of an option in ``conf``."""
    return yaml.safe_load((CONF / group / f"{name}.yaml").read_text())


def declared(estimator: Any, preprocessing: Any = None, **settings: Any) -> str:
    """Return the text of a declaration. An estimator may be the name of an option."""
    train = dataclasses.replace(TrainConfig(), **settings)
    tree = option("estimator", estimator) if isinstance(estimator, str) else estimator
    before = option("preprocessing", preprocessing) if isinstance(preprocessing, str) else preprocessing
    plain = {"estimator": tree, "preprocessing": before, "train": dataclasses.asdict(train)}
    return declaration_text(plain, train)


class Kept:
    """What a training records."""

    def __init__(self, folder: Path) -> None:
        self.values: dict[str, list[float]] = {}
        self.tables: dict[str, Any] = {}
        self.charts: dict[str, Any] = {}
        self.texts: dict[str, str] = {}
        self.folder = folder

    def value(self, name: str, value: Any, step: int | None = None) -> None:
        self.values.setdefault(name, []).append(float(value))

    def table(self, name: str, columns: Mapping[str, Any]) -> None:
        assert len({len(column) for column in columns.values()}) == 1
        self.tables[name] = columns

    def chart(self, kind: str, name: str, data: Mapping[str, Any]) -> None:
        self.charts[name] = (kind, data)

    def figure(self, name: str, figure: Any) -> None:
        figure.savefig(self.folder / "outputs" / name)

    def text(self, name: str, text: str) -> None:
        self.texts[name] = text

    def json(self, name: str, content: Mapping[str, Any]) -> None:
        self.texts[name] = str(content)

    def last(self, name: str) -> float:
        return self.values[name][-1]

    def model(self) -> Any:
        import joblib

        return joblib.load(self.folder / "outputs" / "model.joblib")


def train(text: str, monkeypatch: Any, folder: Path, **places: Path) -> Kept:
    """Train what a declaration says, in a folder."""
    (folder / "outputs").mkdir(exist_ok=True)
    monkeypatch.chdir(folder)
    monkeypatch.setenv(VARIABLE, text)
    for name, place in places.items():
        monkeypatch.setenv(f"VIVERO_INPUT_{name.upper()}", str(place))
    kept = Kept(folder)
    module("program").train(module("declaration").read_declaration(), kept)
    return kept
