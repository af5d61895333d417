"""Finds the files of a table, and describes them in a separate process.

The controller never imports pyarrow or pandas. The process that reads a table is a Python that has pyarrow if there is
one; without it, only Parquet cannot be read.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from runner.errors import UserError
from runner.io.field_types import BadValueError
from runner.io.json_records import parse, read_bytes
from runner.layout import BOOTSTRAP
from runner.store.data.records import TableRecord
from runner.worker import timeouts

FORMS = {
    ".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet",
    ".pq": "parquet",
}  # fmt: skip
MLTABLE = "MLTable"
_PROGRAM = "tables.program"
_LARGEST_MLTABLE = 1 << 20
_READERS = {"read_delimited": "csv", "read_json_lines": "jsonl", "read_parquet": "parquet"}
TableFile = dict[str, Any]


def form_of(name: str) -> str | None:
    """Return the format of a table by the file's extension, or None if it is not that of a table. See `FORMS`."""
    return FORMS.get(os.path.splitext(name)[1].lower())  # noqa: PTH122 - it may have any letters


def is_table(names: Sequence[str]) -> bool:
    """Return whether files together look like a table: an MLTable, or only files of one format."""
    return MLTABLE in names or (bool(names) and len({form_of(name) for name in names}) == 1 and bool(form_of(names[0])))


def table_files(place: Path, names: Sequence[str]) -> list[TableFile]:
    """Return the files of a table as `runner.worker.tables.program` takes them.

    Parameters
    ----------
    place : Path
        The file, or the folder.
    names : sequence of str
        The paths of its files.

    Returns
    -------
    list of dict
        Each with ``path`` (absolute), ``name`` (in the folder), ``form`` and ``options`` of the reader.

    Raises
    ------
    UserError
        If no file is a table, or an MLTable cannot be read or names missing files.
    """
    if place.is_file():
        return [_file(place, place.name, form_of(place.name) or "csv")]
    if MLTABLE in names:
        return _mltable(place, names)
    files = [_file(place / name, name, form) for name in names if (form := form_of(name))]
    if not files:
        raise UserError(f"No file in it is a table: none ends in {', '.join(FORMS)}")
    return files


def _file(path: Path, name: str, form: str, options: Mapping[str, Any] | None = None) -> TableFile:
    return {"path": os.path.abspath(path), "name": name, "form": form, "options": dict(options or {})}


def _mltable(place: Path, names: Sequence[str]) -> list[TableFile]:
    """Return the files that an MLTable names, which are in its folder."""
    value = _mltable_yaml(place / MLTABLE)
    form, options = _transformations(value.get("transformations"))
    paths = value.get("paths")
    listed: dict[str, None] = {}
    for entry in paths if isinstance(paths, list) else []:
        given = (
            next((entry[key] for key in ("file", "folder", "pattern") if key in entry), None)
            if isinstance(entry, dict)
            else None
        )
        if not isinstance(given, str):
            raise UserError("MLTable: each of its paths is a file, a folder or a pattern")
        chosen = _chosen(given, names)
        if not chosen:
            raise UserError(f"MLTable: {given} is not in its folder")
        listed.update(dict.fromkeys(chosen))
    if not listed:
        raise UserError("MLTable has no paths")
    return [_file(place / name, name, form or form_of(name) or "csv", options) for name in listed]


def _mltable_yaml(path: Path) -> dict[str, Any]:
    import yaml

    try:
        value = yaml.safe_load(read_bytes(path, _LARGEST_MLTABLE))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError(f"MLTable is not YAML: {error}") from None
    if not isinstance(value, dict):
        raise UserError("MLTable is not a mapping")
    return value


def _chosen(given: str, names: Sequence[str]) -> list[str]:
    """Return the files that a path in an MLTable matches."""
    from fnmatch import fnmatchcase

    wanted = os.path.normpath(given.removeprefix("file://"))
    below = "" if wanted == "." else f"{wanted}/"
    return [
        name
        for name in names
        if name != MLTABLE and (name == wanted or name.startswith(below) or fnmatchcase(name, wanted))
    ]


def _transformations(value: Any) -> tuple[str | None, dict[str, Any]]:
    """Return the form and the options of the reader that an MLTable names."""
    for step in value if isinstance(value, list) else []:
        for name, options in step.items() if isinstance(step, dict) else [(step, None)]:
            if name in _READERS:
                return _READERS[name], _options(options if isinstance(options, dict) else {})
    return None, {}


def _options(given: Mapping[str, Any]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if isinstance(given.get("delimiter"), str):
        options["delimiter"] = given["delimiter"]
    if isinstance(given.get("encoding"), str):
        options["encoding"] = {"utf8": "utf-8", "iso88591": "latin-1"}.get(given["encoding"], given["encoding"])
    if given.get("header") in ("no_header", False):
        options["header"] = False
    return options


def describe(place: Path, names: Sequence[str], pythons: Sequence[str] = ()) -> TableRecord:
    """Return the description of a table. Problems become notes and never raise.

    Parameters
    ----------
    place : Path
        The file, or the folder.
    names : sequence of str
        The paths of its files.
    pythons : sequence of str
        Interpreters that may have pyarrow where this one does not.
    """
    try:
        answer = ask({"task": "profile", "files": table_files(place, names)}, pythons)
        return TableRecord.from_json(answer)
    except (UserError, BadValueError) as error:
        return TableRecord(notes=(str(error),))


def ask(request: Mapping[str, Any], pythons: Sequence[str] = ()) -> dict[str, Any]:
    """Return the answer of a process that reads tables.

    Raises
    ------
    UserError
        If pyarrow is needed and no interpreter has it, or the process fails or takes too long.
    """
    answer: dict[str, Any] = {}
    for python in (sys.executable, *pythons):
        answer = _answer(python, request)
        if "needs" not in answer:
            return answer
    raise UserError("Parquet is read with pyarrow, which is not installed", "Install it: pip install pyarrow")


def _answer(python: str, request: Mapping[str, Any]) -> dict[str, Any]:
    command = [python, "-E", "-s", str(BOOTSTRAP), _PROGRAM]
    limit = timeouts.seconds("table")
    try:
        done = subprocess.run(command, input=json.dumps(request).encode(), capture_output=True, timeout=limit, cwd="/")
    except subprocess.TimeoutExpired:
        raise UserError(
            f"Reading the table took over {limit:g} s", f"To allow more, set VIVERO_TIMEOUTS=table={2 * limit:g}"
        ) from None
    except OSError as error:
        raise UserError(f"{python} cannot be started: {error.strerror}") from None
    if done.returncode:
        why = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["it was killed"]
        raise UserError(f"The process that read the table ended with {done.returncode} ({why[0]})")
    try:
        answer = parse(done.stdout)
    except ValueError as error:
        raise UserError(f"The process that read the table returned invalid data: {error}") from None
    return answer if isinstance(answer, dict) else {}
