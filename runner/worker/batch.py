"""Calls a script's ``run(mini_batch)`` with the files or rows of one piece of an input, after its ``init()`` if any.

``run`` gets a list of paths, or a pandas DataFrame, and returns a list or a DataFrame with one result for each item
that succeeded. The results are written as lines to a file of the outputs. Properties of the run say how many there are.
"""

import csv
import importlib.util
import json
import os
import sys

from .layout import BOOTSTRAP, OUTPUTS
from .observe import metrics

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List, Mapping, Sequence

    from .job_order import JobOrder

RESULTS, HEADER = "vivero.batch.results", "vivero.batch.header"  # the properties
_TABS = (".tsv", ".tab")


def command(order: "JobOrder", argv: "Sequence[str]") -> "List[str]":
    """Return the command that calls the functions of an order's script, and any other command unchanged."""
    if order.batch is None:
        return list(argv)
    settings = dict(order.batch, path=order.inputs[order.batch["input"]])
    return [argv[0], BOOTSTRAP, "batch", json.dumps(settings), *argv[1:]]


def main(arguments: "List[str]") -> int:
    """Call the functions of a script: ``batch SETTINGS SCRIPT ARGUMENT...``."""
    settings, script = json.loads(arguments[0]), arguments[1]
    sys.argv[:] = arguments[1:]
    sys.path.insert(0, os.path.dirname(os.path.abspath(script)))
    module = _imported(script)
    if hasattr(module, "init"):
        module.init()
    result = module.run(_mini_batch(settings))
    header = _write(result, settings["append_to"]) if settings["append_to"] else False
    _report(len(_checked(result)), header)
    if hasattr(module, "shutdown"):
        module.shutdown()
    return 0


def _imported(script: str) -> "Any":
    name = os.path.splitext(os.path.basename(script))[0]
    spec: "Any" = importlib.util.spec_from_file_location(name, script)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _mini_batch(settings: "Mapping[str, Any]") -> "Any":
    paths = _files(settings["path"])
    if not settings["rows"]:
        return paths
    import pandas

    if settings["delimiter"] is None:
        return pandas.read_json(paths[0], lines=True)
    return pandas.read_csv(paths[0], sep=settings["delimiter"])


def _files(path: str) -> "List[str]":
    """Return the files of a piece, in the order in which they were divided."""
    if not os.path.isdir(path):
        return [path]
    paths = []
    for parent, _, names in os.walk(path, followlinks=True):
        paths += [os.path.relpath(os.path.join(parent, name), path) for name in names]
    return [os.path.join(path, name) for name in sorted(paths)]


def _checked(result: "Any") -> "Any":
    """Return the results if they can be counted."""
    if isinstance(result, (str, bytes, dict)) or not hasattr(result, "__len__"):
        raise TypeError("run() returned {}, not a list or a DataFrame".format(type(result).__name__))
    return result


def _write(result: "Any", name: str) -> bool:
    """Write results as lines; return whether the first line is a header."""
    _checked(result)
    path = os.path.join(OUTPUTS, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    delimiter = "\t" if name.lower().endswith(_TABS) else ","
    if hasattr(result, "to_csv"):
        header = hasattr(result, "columns")  # a Series has none
        result.to_csv(path, index=False, header=header, sep=delimiter)
        return header
    with open(path, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        rows = csv.writer(file, delimiter=delimiter, lineterminator="\n")
        for item in result.tolist() if hasattr(result, "tolist") else result:
            _write_line(file, rows, item)
    return False


def _write_line(file: "Any", rows: "Any", value: "Any") -> None:
    """Write one result: a text as it is, a list as cells, a mapping as JSON. It never takes more than one row."""
    if isinstance(value, dict):
        file.write(json.dumps(metrics.encode(value)) + "\n")
        return
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        rows.writerow(value)
    elif str(value).splitlines() not in ([], [str(value)]):  # also one line with a line break at its end
        rows.writerow([value])
    else:
        file.write(str(value) + "\n")


def _report(results: int, header: bool) -> None:
    run_dir = os.environ["VIVERO_RUN_DIR"]
    for name, value in ((RESULTS, str(results)), (HEADER, str(int(header)))):
        metrics.set_property(run_dir, "property", name, value)
