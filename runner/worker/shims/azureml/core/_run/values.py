"""Checks of logged values, as in azureml-core, and their forms in records."""

import json
import os


def check_step(step):
    """Return a step as an int or None."""
    if step is None:
        return None
    if isinstance(step, bool) or int(step) != step or step < 0:
        raise ValueError("step must be a whole number of 0 or more, not {!r}".format(step))
    return int(step)


def check_scalar(name, value):
    """Return a value that `log` accepts: a number, string or boolean, including NumPy's."""
    if hasattr(value, "item") and getattr(value, "size", 1) == 1:
        value = value.item()
    if not isinstance(value, (int, float, str, bool)):
        raise TypeError("metric {!r}: log takes a number, string or boolean, not {}".format(name, type(value).__name__))
    return value


def as_list(value):
    """Convert a list, tuple or array to a list."""
    return list(value.tolist() if hasattr(value, "tolist") else value)


def table_rows(value):
    """Return the rows of a table that is given as a mapping from column to list."""
    columns = {
        name: as_list(items) if not isinstance(items, (str, int, float)) else [items] for name, items in value.items()
    }
    length = max([len(items) for items in columns.values()] or [0])
    return [{name: items[at] for name, items in columns.items() if at < len(items)} for at in range(length)]


def read_document(name, value, kind):
    """Return a chart's data, given as a mapping, JSON text or the path of a file. Checks that it has the given kind."""
    if isinstance(value, str):
        if os.path.isfile(value):
            with open(value, encoding="utf-8") as file:
                value = file.read()
        value = json.loads(value)
    if not isinstance(value, dict) or not isinstance(value.get("data"), dict):
        raise ValueError("{!r}: expected a mapping with schema_type, schema_version and data".format(name))
    if value.get("schema_type", kind) != kind:
        raise ValueError("{!r}: schema_type is {!r}, not {!r}".format(name, value["schema_type"], kind))
    return value


def collect(lines):
    """Return metrics in the form of `get_metrics`: a single value as is, several as a list, rows by column."""
    by_name = {}
    for line in lines:
        by_name.setdefault(line["name"], []).append(line)
    return {name: _collected(entries) for name, entries in by_name.items()}


def _collected(entries):
    values = [_number(entry["value"]) for entry in entries]
    if entries[0]["kind"] in ("row", "table"):
        columns = {}
        for value in values:
            for name, item in value.items():
                columns.setdefault(name, []).append(item)
        return columns if len(values) > 1 or entries[0]["kind"] == "table" else values[0]
    if entries[0]["kind"] == "list" or len(values) > 1:
        return values
    return values[0]


def _number(value):
    return float(value) if value in ("NaN", "Infinity", "-Infinity") else value
