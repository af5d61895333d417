"""Scores a file in the model's environment, a chunk at a time: ``python -m serving.batch ORDER.json``."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from runner.errors import UserError, as_mistake, close
from runner.io.files import write_json
from runner.io.locks import locked_while
from runner.layout import Layout
from runner.store.registry import FileRegistry
from serving.data.kept_columns import split_columns, without_index
from serving.data.rows import Rows
from serving.data.tables import MOST_BYTES, check_kind, header_problem, join_parts, read_chunks, write_part
from serving.dataplane.loader import load
from serving.dataplane.model import ServedModel
from serving.errors import ServingError
from serving.process import false_warnings
from serving.process.deployer import check_framework

_ROW = re.compile(r"\bRow (\d+)")


@dataclass(frozen=True)
class Order:
    """The file to score, with the model and the options.

    Parameters
    ----------
    workspace, name, version
        The root of the workspace, and the model in it.
    input, output : str
        The paths of the file to score and of the file to write.
    method : str or None
        The method to call. None means the model's default.
    chunk : int
        Rows per chunk.
    trusted : list of str
        Types that a skops file may contain in addition to skops' own list.
    allow_version_mismatch : bool
        Whether to score with another version of scikit-learn than the model's.
    dates : list of str
        Columns that contain points in time.
    keep : list of str
        Columns to copy to the answers instead of giving them to the model.
    by_position : bool
        Whether to take the columns in the file's order and ignore their names.
    """

    workspace: str
    name: str
    version: int
    input: str
    output: str
    method: str | None
    chunk: int
    trusted: list[str]
    allow_version_mismatch: bool
    dates: list[str]
    keep: list[str]
    by_position: bool


def score(order: Order) -> int:
    """Score a file and return the number of rows. Each chunk prints a JSON line.

    Raises
    ------
    UserError
        If the file or one of its rows is not valid. Rows scored so far are kept, and the next attempt resumes there.
    """
    registry = FileRegistry(Layout(Path(order.workspace)))
    record = registry.read(order.name, order.version)
    source, target = Path(order.input), Path(order.output)
    kind = check_kind(target)
    check_kind(source)
    warning = check_framework(record, allow=order.allow_version_mismatch)
    served = ServedModel(
        record, load(registry, record, order.trusted), default_method=order.method, warning=warning, dates=order.dates
    )
    parts = target.with_name(f".{target.name}.parts")
    facts = _facts(order, record.sha256, served.default_method, source)
    _prepare(parts, facts)
    try:
        return _score(served, order, parts, kind)
    except UserError:
        if not any(parts.glob(f"????????{kind}")):  # there is nothing to resume from
            shutil.rmtree(parts)
        raise


def _score(served: ServedModel, order: Order, parts: Path, kind: str) -> int:
    source, target = Path(order.input), Path(order.output)
    total, columns = 0, []
    for number, (rows, read) in enumerate(read_chunks(source, order.chunk)):
        part = parts / f"{number:08d}{kind}"
        known = part.with_suffix(".json")
        if known.exists():
            columns = json.loads(known.read_bytes())["columns"]
        else:
            columns, values = _answers(served, rows, total, order)
            staging = part.with_name(f"{part.stem}.tmp{kind}")
            write_part(staging, kind, columns, values)
            staging.rename(part)
            write_json(known, {"columns": columns})
        total += len(rows)
        print(json.dumps({"rows": total, "bytes": read}), flush=True)
    if not total:
        raise UserError(f"{source.name} has no rows")
    staging = target.with_name(f".{target.name}.tmp")
    join_parts(sorted(parts.glob(f"????????{kind}")), staging, kind, columns)
    staging.rename(target)
    shutil.rmtree(parts)
    return total


def _facts(order: Order, digest: str, method: str, source: Path) -> dict[str, Any]:
    state = source.stat()
    return {
        "model": f"{order.name}:{order.version}",
        "sha256": digest,
        "method": method,
        "chunk": [order.chunk, MOST_BYTES],  # parts with other chunk limits cannot be joined with these
        "dates": order.dates,
        "keep": order.keep,
        "by_position": order.by_position,
        "input": [str(source.resolve()), state.st_size, state.st_mtime_ns],
    }


def _prepare(parts: Path, facts: dict[str, Any]) -> None:
    """Keep the parts of an earlier attempt at the same order. Remove others."""
    path = parts / "order.json"
    if path.exists() and json.loads(path.read_bytes()) != facts:
        shutil.rmtree(parts)
    parts.mkdir(parents=True, exist_ok=True)
    write_json(path, facts)


def _answers(served: ServedModel, rows: Rows, before: int, order: Order) -> tuple[list[str], list[list[Any]]]:
    taken, kept = split_columns(without_index(served.schema, rows), order.keep)
    if order.by_position:
        taken = replace(taken, columns=None)
    try:
        answered, method = served.answer(taken, None, len(rows))
    except ServingError as error:
        message = _ROW.sub(lambda match: f"Row {int(match[1]) + before}", error.message)
        raise UserError(message, _advice(served, error, taken)) from None
    outputs = (
        answered if isinstance(answered, list) and answered and isinstance(answered[0], np.ndarray) else [answered]
    )
    columns: list[str] = []
    values: list[list[Any]] = []
    for at, output in enumerate(outputs):
        array = np.asarray(output)
        name = method if len(outputs) == 1 else f"{method}_{at}"
        classes = served.schema.classes
        if isinstance(answered, list) and isinstance(classes, list) and len(classes) == len(outputs):
            classes = classes[at]  # each output has its own
        columns += _names(name, method, array, classes)
        values += [column.tolist() for column in array.reshape(len(rows), -1).T]
    _check_apart(order.keep, columns)
    answers = ([_plain(value) for value in row] for row in zip(*values, strict=True))
    return [*order.keep, *columns], [[*kept_values, *row] for kept_values, row in zip(kept, answers, strict=True)]


def _advice(served: ServedModel, error: ServingError, rows: Rows) -> str:
    """Return a hint: another form of the file, or an option."""
    if error.code != "wrong_columns":
        return ""
    if rows.texts and rows.columns:
        wrong = header_problem(rows.columns)
        if wrong:
            return wrong
    if served.schema.kind == "texts":
        return "Use --keep to copy all others to the answers"
    unknown, missing, names = error.details.get("unknown"), error.details.get("missing"), served.schema.names
    if names is None and (missing or not unknown):
        return "Use --by-position to take the columns in the file's order"
    if unknown and missing:  # more likely a misspelling than a column to keep
        meant = close(missing[0], unknown)
        if meant is None and names is not None and len(missing) == len(unknown) == len(names):
            return "Use --by-position if they are the model's columns under other names"
        return f"Did you mean '{meant}'?" if meant is not None else ""
    return f"Use --keep {shlex.quote(','.join(unknown))} to copy them to the answers" if unknown else ""


def _names(name: str, method: str, array: np.ndarray, classes: Any) -> list[str]:
    """Return a column's name for each value of a row: by label if each has one, otherwise by number."""
    if array.ndim == 1:
        return [name]
    width = array.reshape(len(array), -1).shape[1]
    of_labels = method.startswith("predict_") and isinstance(classes, list) and len(classes) == width
    # Labels that are lists belong to several outputs. Each output then has one value per row, as in a ClassifierChain.
    labels = classes if of_labels and not any(isinstance(label, list) for label in classes) else range(width)
    return [f"{name}_{label}" for label in labels]


def _check_apart(kept: list[str], answers: list[str]) -> None:
    """Refuse an answer with the name of a kept column, because one of the two would be lost.

    Raises
    ------
    UserError
        Naming the columns.
    """
    both = [name for name in kept if name in answers]
    if both:
        raise UserError(
            f"--keep: the answers have a column {both[0]} too",
            f"Rename it in the file, for example to {both[0]}_before, and keep that",
        )


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not np.isfinite(value) else value


def main(path: Path) -> int:
    """Carry out an order; the last line of the output is the result or the error."""
    false_warnings.silence()
    order = Order(**json.loads(path.read_bytes()))
    target = Path(order.output)
    try:
        with locked_while(target.with_name(f".{target.name}.lock")) as held:
            if not held:
                raise UserError(f"{target} is being written by another process")
            print(json.dumps({"done": score(order)}), flush=True)
    except (UserError, OSError) as error:
        mistake = as_mistake(error)
        if mistake is None:
            raise
        print(json.dumps({"error": str(mistake)}), flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
