"""The logging half of a run: every method appends lines to the run's ``metrics.jsonl``."""

import json
import os

from azureml.core._place import copy, layout, metrics, output_path, outputs_folder
from azureml.core._run import values


class LoggingMixin:
    """Metrics, charts and images.

    Subclasses provide `_folder`, the folder of the run's files, and `_stored_folder()`, its folder of outputs.
    """

    _folder = None

    def _record(self, name, value, step=None, kind="scalar"):
        if not str(name).strip():
            raise ValueError("a metric needs a name")
        metrics.append(self._folder, name, value, step=step, kind=kind)

    def log(self, name, value, description="", step=None):
        """Record one value. Logging the same name again adds to a list."""
        self._record(name, values.check_scalar(name, value), values.check_step(step))

    def log_list(self, name, value, description="", step=None):
        """Record a list of values."""
        for item in values.as_list(value):
            self._record(name, item, values.check_step(step), "list")

    def log_row(self, name, description=None, **kwargs):
        """Record one row. Keyword arguments are the columns."""
        step = values.check_step(kwargs.pop("step", None))
        if not kwargs:
            raise ValueError("log_row {!r}: give at least one column".format(name))
        self._record(name, kwargs, step, "row")

    def log_table(self, name, value, description="", step=None):
        """Record a table, given as a mapping from column to list."""
        for row in values.table_rows(value):
            self._record(name, row, values.check_step(step), "table")

    def log_image(self, name, path=None, plot=None, description="", step=None):
        """Save an image in outputs: a file, or a matplotlib figure (a figure or pyplot's current one)."""
        if (path is None) == (plot is None):
            raise ValueError("log_image {!r}: give either path or plot".format(name))
        suffix = os.path.splitext(path)[1] if path is not None else ".png"
        target = _free(output_path(name if os.path.splitext(name)[1] else name + suffix, self._stored_folder()))
        if path is not None:
            copy(path, target)
        else:
            plot.savefig(target, bbox_inches="tight")
        place = os.path.relpath(target, outputs_folder()).replace(os.sep, "/")
        self._record(name, {"image": place}, values.check_step(step), "image")

    def log_confusion_matrix(self, name, value, description=""):
        """Record a confusion matrix."""
        self._record(name, values.read_document(name, value, "confusion_matrix"), kind="confusion_matrix")

    def log_accuracy_table(self, name, value, description=""):
        """Record an accuracy table."""
        self._record(name, values.read_document(name, value, "accuracy_table"), kind="accuracy_table")

    def log_residuals(self, name, value, description=""):
        """Record the data of a residuals chart."""
        self._record(name, values.read_document(name, value, "residuals"), kind="residuals")

    def log_predictions(self, name, value, description=""):
        """Record the data of a predictions chart."""
        self._record(name, values.read_document(name, value, "predictions"), kind="predictions")

    def get_metrics(self, name=None, recursive=False, run_type=None, populate=False):
        """Return the metrics logged so far."""
        lines = read_lines(os.path.join(self._folder, layout.METRICS))
        if recursive:
            for child in self.get_children():
                lines += read_lines(os.path.join(child._folder, layout.METRICS))
        found = values.collect(lines)
        return found if name is None else {key: value for key, value in found.items() if key == name}


def read_lines(path):
    """Return the values of the whole lines of a file of JSON lines. It may be missing."""
    try:
        with open(path, encoding="utf-8") as file:
            return [json.loads(line) for line in file if line.endswith("\n")]
    except FileNotFoundError:
        return []


def _free(path):
    """Return the path, or a free one with a number: an image that is logged again must not replace the previous one."""
    stem, suffix = os.path.splitext(path)
    number = 1
    while os.path.exists(path):
        path = "{}-{}{}".format(stem, number, suffix)
        number += 1
    return path
