"""Writes how the tables of a declared training are read, for its script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.training.declaration import BUNDLED
from runner.training.python_writer import PythonWriter, check_names, literal

_READERS = {".tsv": "sep='\\t'", ".jsonl": "lines=True"}
_FUNCTIONS = {
    ".csv": "read_csv",
    ".tsv": "read_csv",
    ".parquet": "read_parquet",
    ".json": "read_json",
    ".jsonl": "read_json",
}
_WITH_TYPES = (".parquet", ".json", ".jsonl")  # files whose columns may have types that scikit-learn does not take
_PLAIN = '''
def plain(column):
    """Return a column in numpy's types, which scikit-learn takes."""
    if pandas.api.types.is_extension_array_dtype(column.dtype) and pandas.api.types.is_numeric_dtype(column.dtype):
        return column.astype(float if column.isna().any() else column.dtype.numpy_dtype)
    if column.dtype == object or getattr(column.dtype, "na_value", None) is pandas.NA:
        return column.astype(object).where(column.notna(), numpy.nan)
    return column
'''


def target_of(train: Mapping[str, Any]) -> str | None:
    """Return the name of the target: that of a bundled data set if none is set, or None."""
    return train["target"] or ("target" if train["data"].startswith(BUNDLED) else None)


def _read(writer: PythonWriter, place: str) -> list[str]:
    """Return the lines that load a table named ``data``."""
    if place.startswith(BUNDLED):
        name = place.removeprefix(BUNDLED)
        check_names([name])
        function = writer.need(f"sklearn.datasets.load_{name}")
        lines = [f"loaded = {function}(as_frame=True)", "data = loaded.frame.copy()"]
        if name in ("iris", "wine", "breast_cancer"):
            lines.append('data["target"] = [str(loaded.target_names[number]) for number in loaded.target]')
        return lines
    ending = next((one for one in sorted(_FUNCTIONS, key=len, reverse=True) if place.lower().endswith(one)), ".csv")
    options = ", ".join([literal(place), *filter(None, [_READERS.get(ending)])])
    return [f"data = {writer.need('pandas')}.{_FUNCTIONS[ending]}({options})"]


def load(writer: PythonWriter, train: Mapping[str, Any], paths: Mapping[str, str]) -> None:
    """Write how the table is read: features ``X``, target ``y``, and ``groups`` and ``weights`` if there are any."""
    place = train["data"] if train["data"].startswith(BUNDLED) else paths["train"]
    is_typed = place.lower().endswith(_WITH_TYPES)
    if is_typed:
        writer.need("numpy")
        writer.add(_PLAIN.strip(), "")
    writer.add(*_read(writer, place), *_dates(writer, train, "data"), *_columns(train), *_plain("X", is_typed))


def load_holdout(writer: PythonWriter, train: Mapping[str, Any], paths: Mapping[str, str]) -> None:
    """Write how a holdout of its own is read, as ``X_other`` and so on."""
    held = train["holdout"]["data"]
    place = held if held.startswith(BUNDLED) else paths["holdout"]
    lines = [line.replace("data = ", "other = ").replace("data[", "other[") for line in _read(writer, place)]
    plain = _plain("X_other", train["data"].lower().endswith(_WITH_TYPES))
    writer.add(*lines, *_dates(writer, train, "other"), *_columns(train, "other", "_other"), *plain)


def _plain(features: str, is_typed: bool) -> list[str]:
    return [f"for name in {features}.columns:", f"    {features}[name] = plain({features}[name])"] if is_typed else []


def _dates(writer: PythonWriter, train: Mapping[str, Any], data: str) -> list[str]:
    """Return the lines that read the columns of dates of a table."""
    names = train["features"].get("dates", [])  # records of earlier versions have none
    if not names:
        return []
    writer.need("pandas")
    return [
        f"for name in {literal(names)}:",
        f'    times = pandas.to_datetime({data}[name], format="ISO8601", utc=True)',
        f"    {data}[name] = times.dt.tz_localize(None)",
    ]


def _columns(train: Mapping[str, Any], data: str = "data", ending: str = "") -> list[str]:
    """Return the lines that take features, target, groups and weights from a table."""
    target, features = target_of(train), train["features"]
    others = [name for name in (target, train["groups"], train["sample_weight"]) if name]
    if features["keep"]:
        chosen = f"{data}[{literal([name for name in features['keep'] if name not in features['drop']])}]"
    else:
        chosen = f"{data}[{data}.columns.drop({literal([*others, *features['drop']])})]"
    lines = [f"X{ending} = {chosen}"]
    lines += [f"y{ending} = {data}[{literal(target)}]"] if target else []
    lines += [f"groups{ending} = {data}[{literal(train['groups'])}]"] if train["groups"] else []
    return lines + ([f"weights{ending} = {data}[{literal(train['sample_weight'])}]"] if train["sample_weight"] else [])
