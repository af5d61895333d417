"""Collects results outside ``outputs``: the files in ``job.outputs`` and the metrics in ``job.metrics_files``."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from runner.config.limits.yaml_files import load
from runner.console.format import finite
from runner.errors import UserError
from runner.io.clock import now
from runner.io.files import append_json_line
from runner.io.json_records import read_lines
from runner.layout import RunLayout
from runner.records import MetricLine
from runner.worker.observe.metrics import as_number

_PAIR = re.compile(r"^\s*([^:=\s][^:=]*?)\s*(?:[:=]\s*|\s)(\S.*?)\s*$")


def collect_outputs(run: RunLayout, patterns: Sequence[str]) -> Iterator[str]:
    """Copy files that match patterns from the working directory to the same paths in outputs; yield notes."""
    for pattern in patterns:
        paths = _found(run.work, pattern)
        if not paths and not any(_found(run.outputs, pattern)):
            yield f"job.outputs: the script did not write {pattern}"
        for path in paths:
            target = run.outputs / path.relative_to(run.work)
            if target.exists():
                continue  # from an interrupted attempt, or written by the script
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)


def collect_metrics(run: RunLayout, patterns: Sequence[str]) -> Iterator[str]:
    """Log the metrics in files of JSON, YAML or lines of a name and a value; yield notes.

    A file whose metrics an interrupted attempt already logged is skipped.
    """
    done = {line.get("file") for line in read_lines(run.metrics, MetricLine)} if patterns else set()
    for pattern in patterns:
        paths = _found(run.work, pattern)
        known = {path.relative_to(run.work) for path in paths}  # `job.outputs` may have moved some
        kept = _found(run.outputs, pattern.removeprefix(f"{RunLayout.outputs}/"))
        paths += [path for path in kept if path.relative_to(run.outputs) not in known]
        if not paths:
            yield f"job.metrics_files: the script did not write {pattern}"
        for path in paths:
            name = path.relative_to(run.root).as_posix()
            if name in done:
                continue
            try:
                values = read_metrics(path)
            except ValueError as error:
                yield f"job.metrics_files: no metrics could be read from {name} ({error})"
                continue
            if not values:
                yield f"job.metrics_files: {name} has no metrics"
            for metric, value in values.items():
                kind = "list" if isinstance(value, list) else "scalar"
                for item in value if isinstance(value, list) else [value]:
                    line = {"name": metric, "value": finite(item), "step": None, "time": now(), "kind": kind}
                    append_json_line(run.metrics, {**line, "file": name})


def read_metrics(path: Path) -> dict[str, Any]:
    """Return the metrics in a file, nested ones with dotted names.

    A text that reads as a number, such as ``95%``, counts as one, and so does a list of numbers.

    Raises
    ------
    ValueError
        If it cannot be parsed in the format of its extension.
    """
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    if path.suffix == ".json":
        content = json.loads(text)
    elif path.suffix in (".yaml", ".yml"):
        import yaml

        try:
            content = load(text, path.name)
        except (UserError, yaml.YAMLError) as error:
            raise ValueError(" ".join(str(error).split())) from None
    else:
        pairs = [match.groups() for match in map(_PAIR.match, text.splitlines()) if match]
        content = {name: number for name, value in pairs if (number := as_number(value)) is not None}
    if not isinstance(content, Mapping):
        raise ValueError("it is not a mapping of names to values")
    return dict(_flat(content, ""))


def _flat(content: Mapping[Any, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in content.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        elif isinstance(value, str):
            number = as_number(value)
            yield f"{prefix}{key}", value if number is None else number
        elif isinstance(value, bool | int | float) or _is_series(value):
            yield f"{prefix}{key}", value


def _is_series(value: Any) -> bool:
    numbers = isinstance(value, list) and all(isinstance(item, int | float) for item in value)
    return bool(numbers and value)


def _found(folder: Path, pattern: str) -> list[Path]:
    """Return the regular files below a folder that match a pattern, including those in a matching folder."""
    if not folder.is_dir():
        return []
    named = [path for path in folder.glob(pattern) if path.resolve().is_relative_to(folder.resolve())]
    files = [file for path in named for file in (sorted(path.rglob("*")) if path.is_dir() else [path])]
    return sorted({file for file in files if file.is_file() and not file.is_symlink()})
