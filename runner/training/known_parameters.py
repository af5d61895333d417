"""Checks the parameters of a declared training before the run, where its environment is the controller's own Python.

No estimator is imported here. A process of its own asks the classes for their parameters, and the answers are kept for
each release of a package. In other environments, the training program itself reports a misspelt parameter.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from runner.config.limits.yaml_files import TARGET
from runner.config.schema import RunSpec, is_declared
from runner.errors import UserError, nearest_key
from runner.execution.plan import Plan
from runner.io.files import make_folder, write_json
from runner.layout import WORKER, Layout

PACKAGES = ("sklearn", "xgboost", "lightgbm")
_PROGRAM = WORKER / "training" / "parameters.py"
_TIMEOUT = 60  # seconds to import the packages
_Known = dict[str, Any]
_kept: dict[Path, _Known] = {}  # what this process has read, by file: a sweep plans many trials


def check_parameters(plan: Plan) -> None:
    """Refuse a parameter that a class of the training does not have.

    A refusal is always of what the class says now. An answer that was kept only saves asking.

    Raises
    ------
    UserError
        Naming the parameter and the nearest right one.
    """
    if not _is_here(plan.spec):
        return
    trees = {name: plan.config[name] for name in ("estimator", "preprocessing")}
    described = [one for name, tree in trees.items() for one in _described(tree, name)]
    stamps = {package: _stamp(package) for package in {_package(cls) for _, cls, _ in described}}
    described = [one for one in described if stamps.get(_package(one[1]))]
    known = _read(plan.layout)
    unsure = {cls: place for place, cls, names in described if not _fits(known, stamps, cls, names)}
    if not unsure:
        return
    answers = _asked(unsure)
    for place, cls, names in described:
        _check(place, cls, names, answers.get(cls))
    known.update({cls: [stamps[_package(cls)], parameters] for cls, parameters in answers.items()})
    _write(plan.layout, known)


def _check(place: str, cls: str, names: list[str], answer: Any) -> None:
    if isinstance(answer, str):  # why the class cannot be used
        raise UserError(answer)
    for name in names if isinstance(answer, list) else ():
        if name not in answer:
            problem = f"{place}.{name}: {cls.rpartition('.')[2]} has no parameter '{name}'"
            raise UserError(problem, nearest_key(f"{place}.{name}", answer))


def _is_here(spec: RunSpec) -> bool:
    """Return whether a run declares a training that takes place in the controller's Python."""
    return is_declared(spec) and spec.environment.kind == "current" and spec.compute.kind == "local"


def _described(tree: Any, place: str) -> Iterator[tuple[str, str, list[str]]]:
    """Yield the key, the class and the names of parameters of each object that a tree describes."""
    if isinstance(tree, list):
        for at, item in enumerate(tree):
            yield from _described(item, f"{place}[{at}]")
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from _described(value, f"{place}.{key}")
        if _package(str(tree.get(TARGET, ""))) in PACKAGES:
            yield place, str(tree[TARGET]), [str(key) for key in tree if key != TARGET]


def _package(cls: str) -> str:
    return cls.partition(".")[0]


def _stamp(package: str) -> str | None:
    """Return what changes with the release of a package, None if it is not installed."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        return None
    status = Path(found.origin).stat()
    return f"{found.origin} {status.st_mtime_ns} {status.st_size}"


def _fits(known: _Known, stamps: Mapping[str, str | None], cls: str, names: list[str]) -> bool:
    """Return whether a class is known to have the parameters; None stands for a class that takes any."""
    stamp, parameters = known.get(cls, (None, ()))
    return stamp == stamps[_package(cls)] and (parameters is None or all(name in parameters for name in names))


def _asked(classes: Mapping[str, str]) -> dict[str, Any]:
    """Return what a process of its own says of classes, given with their keys; nothing if it fails."""
    words = [f"{place}:{cls}" for cls, place in classes.items()]
    command = [sys.executable, str(_PROGRAM), *words]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_TIMEOUT, check=True, stdin=subprocess.DEVNULL)
        answers = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return {}  # the run says what is wrong
    return answers if isinstance(answers, dict) else {}


def _read(layout: Layout) -> _Known:
    path = layout.parameters
    if path not in _kept:
        try:
            found = json.loads(path.read_bytes())
        except (OSError, ValueError):
            found = {}
        pairs = found.items() if isinstance(found, dict) else ()
        _kept[path] = {cls: entry for cls, entry in pairs if _is_entry(entry)}
    return _kept[path]


def _is_entry(entry: Any) -> bool:
    """Return whether an entry has a stamp and the names of parameters, or None for any."""
    return isinstance(entry, list) and len(entry) == 2 and (entry[1] is None or isinstance(entry[1], list))


def _write(layout: Layout, known: _Known) -> None:
    if layout.root.is_dir():  # made by the first run
        make_folder(layout.environments)
        write_json(layout.parameters, known, durable=False)
