"""Requests every method of a model over every protocol, and compares the answers with Python's."""

import csv
import io
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas

from serving.dataplane.outputs import normalize_output
from tests.support.matrix.cases import Built
from tests.support.servers.answers import as_json, by_output, forms, layouts, same, tensors


def check(client: Any, built: Built) -> None:
    """Request each method over each protocol, with the rows in each form that requests may have."""
    model, rows, answers = built
    for address, words, method in _requests(rows, list(answers)):
        answer = client.post(address, **words)
        shown = f"{address} {str(words)[:400]}"
        assert answer.status_code == 200, f"{shown}: {answer.status_code} {answer.text[:300]}"
        for name, value in _values(answer.json, method).items():
            expected = _as_sent(normalize_output(answers[name]), tensor="outputs" in answer.json, csv="data" in words)
            right = same(value, expected)
            right = right or _in_another_layout(value, getattr(model, name), rows)
            assert right, f"{shown}, {name}: {str(value)[:200]}, in Python {str(expected)[:200]}"


def _as_sent(expected: Any, *, tensor: bool, csv: bool) -> Any:
    """Return values of several types as a form sends them: a tensor as texts, a CSV file's numbers as floats."""
    if not isinstance(expected, list) or any(isinstance(item, np.ndarray) for item in expected):
        return expected
    array = np.array(expected, dtype=object)
    if len({type(cell) for cell in array.flat}) < 2 or not (tensor or csv):
        return expected
    return np.vectorize(str if tensor else _read_from_csv, otypes=[object])(array).tolist()


def _read_from_csv(value: Any) -> Any:
    return float(value) if type(value) is int else value


def _in_another_layout(value: Any, call: Any, rows: Any) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return any(same(value, normalize_output(call(layout))) for layout in layouts(rows))


def _values(answer: Any, method: str) -> dict[str, Any]:
    if "outputs" in answer:
        return by_output(answer)
    return {method: answer["predictions"] if "predictions" in answer else answer[method]}


def _requests(rows: Any, methods: list[str]) -> Iterator[tuple[str, dict[str, Any], str]]:
    for method in methods:
        yield "/score", {"json": {"data": as_json(rows), "method": method}}, method
    last = methods[-1]
    yield "/invocations", {"json": {"instances": as_json(rows), "params": {"method": last}}}, last
    yield "/v1/models/m:predict", {"json": {"instances": as_json(rows), "signature_name": last}}, last
    if not _are_mappings(rows):  # the protocol has none
        body = {"inputs": tensors(rows), "outputs": [{"name": method} for method in methods]}
        yield "/v2/models/m/infer", {"json": body}, last
    for address, words in _in_each_form(rows):
        yield address, words, methods[0]  # the default method


def _in_each_form(rows: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for named in forms(rows)[1:]:
        yield "/score", {"json": {"data": named}}
    if _are_mappings(rows):
        return
    if not isinstance(rows, list):
        names, values = _names(rows), as_json(rows)
        split = {"columns": names[::-1], "data": [row[::-1] for row in values]}
        yield "/invocations", {"json": {"dataframe_split": split}}
    yield "/invocations", {"data": _csv(rows), "content_type": "text/csv"}


def _are_mappings(rows: Any) -> bool:
    return isinstance(rows, list) and isinstance(rows[0], dict)


def _names(rows: Any) -> list[Any]:
    if isinstance(rows, list):
        return ["text"]
    return rows.columns.tolist() if isinstance(rows, pandas.DataFrame) else list(range(np.shape(rows)[1]))


def _csv(rows: Any) -> str:
    file = io.StringIO(newline="")
    values = as_json(rows)
    csv.writer(file).writerows([_names(rows), *([value] if isinstance(rows, list) else value for value in values)])
    return file.getvalue()
