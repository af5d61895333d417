"""A loaded version: its schema, methods and example."""

from __future__ import annotations

import contextlib
import functools
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from runner.errors import UserError, nearest
from runner.records import ModelRecord
from serving.accelerate.paths import TREES, exact_paths, rowwise
from serving.data.columns import ANY, Column
from serving.data.inputs import check_rows, model_input
from serving.data.libraries import predictor
from serving.data.rows import Rows
from serving.data.schema import Schema, read_schema
from serving.dataplane.batching import Batcher
from serving.dataplane.jobs import force_one_job
from serving.dataplane.outputs import normalize_output
from serving.dataplane.self_test import other_forms, registered_example, with_empty_columns, working_example
from serving.errors import ServingError, quoted

_PROBES = 40
_QUICK = 0.0015  # seconds for one row


class ServedModel:
    """A version that answers requests.

    Parameters
    ----------
    record : ModelRecord
        The version.
    model : estimator
        The loaded model.
    default_method : str or None
        The method for requests that name none. None means the record's, or else the model's first method.
    warning : str or None
        A warning in every answer, such as that the server's scikit-learn differs from the model's.
    accelerate : str or None
        ``onnx``: compute with onnxruntime the methods whose results are close to the model's.
    dates : sequence of str
        Columns that contain points in time.
    patience : float
        Seconds that a request waits for its turn.
    observe_batch : callable
        Receives the number of rows of each call of the model.
    """

    def __init__(
        self,
        record: ModelRecord,
        model: Any,
        *,
        default_method: str | None = None,
        warning: str | None = None,
        accelerate: str | None = None,
        dates: Sequence[str] = (),
        patience: float = 30,
        observe_batch: Callable[[int], None] = lambda _rows: None,
    ) -> None:
        model = predictor(model)
        self.record, self.model, self.warning, self.patience = record, model, warning, patience
        force_one_job(model)
        self.schema: Schema = read_schema(model, dates)
        if not self.schema.methods:
            raise UserError(f"Model {self.name}:{self.version} has no method that can be served")
        self.default_method = self._default(default_method)
        self.example, self.example_works = self._find_example()
        probes = self._probes()
        self.paths, self.left = exact_paths(model, probes) if probes is not None else ({}, {})
        self.parity: dict[str, Any] | None = None
        accelerated: dict[str, Callable[[Any], Any]] = {}
        if accelerate == "onnx":
            from serving.dataplane.onnx import onnx_paths

            accelerated, self.parity = onnx_paths(model, probes, self.schema.methods)
            self.paths = {name: path for name, path in self.paths.items() if name not in accelerated}
        self._calls: dict[str, Callable[[Any], Any]] = {}
        for method in self.schema.methods:
            call = accelerated.get(method) or self.paths.get(method, getattr(model, method))
            self._calls[method] = self._batched(call, probes, observe_batch)
        self.large = threading.BoundedSemaphore(1)
        self.quick = self._is_quick()

    name = property(lambda self: self.record.name)
    version = property(lambda self: self.record.version)

    def _default(self, wanted: str | None) -> str:
        for name in (wanted, self.record.default_method):
            if name is not None and name not in self.schema.methods:
                known = nearest(name, self.schema.methods)
                raise UserError(f"Model {self.name}:{self.version} has no method '{name}'", known)
        return wanted or self.record.default_method or self.schema.methods[0]

    def _find_example(self) -> tuple[list[Any], bool]:
        """Return an example row, registered or made up, and whether the model takes it."""

        def ask(schema: Schema, rows: list[Any]) -> Any:
            return getattr(self.model, self.default_method)(model_input(schema, Rows(rows)))

        registered, made_up = registered_example(self.record), working_example(self.schema, ask)
        for form in other_forms(self.schema) if made_up is None else ():
            made_up = working_example(form, ask)
            if made_up is not None:
                self.schema = form
                break
        if made_up is not None:
            self.schema = with_empty_columns(self.schema, made_up, ask)
        example = registered or made_up
        return example or [[0.0] * (self.schema.width or 1)], example is not None

    @functools.cached_property
    def samples(self) -> dict[str, Any]:
        """Each method's result for the example, without methods that fail on it."""
        samples: dict[str, Any] = {}
        for method in self.schema.methods if self.example_works else ():
            with contextlib.suppress(ServingError), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                samples[method] = self.answer(Rows(self.example), method, 1)[0]
        return samples

    def numeric_columns(self) -> set[str]:
        """Return the named columns that contain numbers, according to their transformers or else to the example."""
        names, row = self.schema.names or (), self.example[0]
        columns = self.schema.columns or (Column(ANY),) * len(names)
        values = row if isinstance(row, dict) else dict(zip(names, row, strict=False))
        return {
            name
            for name, column in zip(names, columns, strict=True)
            if column.of_numbers or (column.kind == ANY and isinstance(values.get(name), int | float))
        }

    def _probes(self) -> np.ndarray | None:
        """Return random rows on which the fast paths are checked, of usual and of very large values."""
        if self.schema.kind != "numbers" or self.schema.width is None:
            return None
        random = np.random.default_rng(0)
        rows = random.normal(size=(_PROBES, self.schema.width)) * 10.0 ** random.integers(-2, 4, size=(_PROBES, 1))
        if self.schema.missing:
            rows[::5, 0] = self.schema.marker
        return rows

    def _batched(
        self, call: Callable[[Any], Any], probes: np.ndarray | None, observe: Callable[[int], None]
    ) -> Callable[[Any], Any]:
        def plain(rows: Any) -> Any:
            observe(len(rows))
            return normalize_output(call(rows))

        last = self.model.steps[-1][1] if isinstance(getattr(self.model, "steps", None), list) else self.model
        if probes is None or not any(word in type(last).__name__ for word in TREES):
            return plain
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                alone = rowwise(lambda rows: normalize_output(call(rows)), probes)
        except Exception:  # noqa: BLE001 - random rows may be invalid for the model: requests are then not batched
            alone = False
        return Batcher(lambda rows: normalize_output(call(rows)), observe, self.patience) if alone else plain

    def _is_quick(self) -> bool:
        """Return whether one row takes less time than handing it to a thread. The first call warms up."""
        if self.schema.kind != "numbers" or self.schema.width is None:
            return False
        took = []
        for _ in range(3):
            begun = time.perf_counter()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    self._calls[self.default_method](np.zeros((1, self.schema.width)))
                except Exception:  # noqa: BLE001 - zeros may be invalid for the model: assume that it is slow
                    return False
            took.append(time.perf_counter() - begun)
        return min(took) < _QUICK

    @property
    def accelerated(self) -> dict[str, bool | str] | None:
        """By method, true if onnxruntime computes it, or the reason why not. None if it was not requested."""
        if self.parity is None:
            return None
        return {method: report["used"] or report["reason"] for method, report in self.parity["methods"].items()}

    def is_batched(self, method: str) -> bool:
        """Return whether requests for a method are batched."""
        return isinstance(self._calls[method], Batcher)

    def answer(self, rows: Rows, method: str | None, most_rows: int) -> tuple[Any, str]:
        """Return the model's tidy output and the name of the method.

        Raises
        ------
        ServingError
            If the rows or the method do not fit the model, or the model fails.
        """
        taken, method = self.take(rows, method, most_rows)
        return self.compute(taken, method), method

    def take(self, rows: Rows, method: str | None, most_rows: int) -> tuple[Any, str]:
        """Return the input for the model's method, and the method's name.

        Raises
        ------
        ServingError
            If the rows or the method do not fit the model.
        """
        method = self.default_method if method is None else method
        if method not in self._calls:
            known = " or ".join(self.schema.methods)
            raise ServingError(422, "no_such_method", f"The model has no method {quoted(method)}. Use {known}")
        check_rows(rows, most_rows)
        return model_input(self.schema, rows), method

    def compute(self, taken: Any, method: str) -> Any:
        """Return a method's tidy output.

        Raises
        ------
        ServingError
            If the model fails.
        """
        try:
            return self._calls[method](taken)
        except ServingError:
            raise
        except MemoryError:
            raise ServingError(503, "no_memory", "The server does not have enough memory for these rows") from None
        except Exception as error:
            raise ModelFailedError(error) from error


class ModelFailedError(ServingError):
    """The model raised an exception. The client gets its message, and the log its traceback."""

    def __init__(self, cause: BaseException) -> None:
        text = " ".join(str(cause).split())
        shown = text if len(text) <= 300 else text[:299] + "…"
        super().__init__(424, "model_failed", f"The model raised {type(cause).__name__}: {shown}")
