"""``accelerate=onnx``: computes with onnxruntime the methods that agree with the model, and reports the differences.

Unlike the fast paths of `serving.accelerate`, the results are not equal to the bit, because most operators compute in
single precision. The report states the difference for each method and is stored with the version in the registry.
"""

from __future__ import annotations

import importlib.metadata
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from serving.accelerate.paths import TREES

Path = Callable[[np.ndarray], Any]
CLOSE = 1e-4  # allowed difference of a number, relative to the larger of 1 and the number; labels must be equal
_OPSET = {"": 18, "ai.onnx.ml": 3}  # skl2onnx 1.20 supports no later version of its own domain
_PACKAGES = ("scikit-learn", "skl2onnx", "onnx", "onnxruntime")


def onnx_paths(model: Any, probes: np.ndarray | None, methods: tuple[str, ...]) -> tuple[dict[str, Path], Any]:
    """Return an onnxruntime path for each method that agrees with the model, and the parity report.

    Parameters
    ----------
    model : estimator
        The fitted model.
    probes : ndarray, shape (n, features), or None
        Rows on which the two are compared. None if the model's rows are not plain numbers.
    methods : tuple of str
        The served methods.

    Returns
    -------
    dict
        The paths, by method.
    dict
        The report: versions of the packages, number of rows, and for each method ``used``, ``precision``,
        ``labels_equal`` or ``largest_difference`` (absolute) and ``largest_relative_difference``, or ``reason``.
    """
    versions = {name: importlib.metadata.version(name) for name in _PACKAGES}
    report: dict[str, Any] = {"packages": versions, "close": CLOSE, "methods": {}}
    if probes is None:
        report["methods"] = {name: _refused("its rows are not plain numbers") for name in methods}
        return {}, report
    probes = probes[~np.isnan(probes).any(axis=1)]
    report["rows"] = len(probes)
    paths: dict[str, Path] = {}
    for method in methods:
        path, report["methods"][method] = _best(model, method, probes)
        if path is not None:
            paths[method] = _guard_missing(path, getattr(model, method))
    return paths, report


def _guard_missing(path: Path, plain: Path) -> Path:
    """Leave rows with missing values to the model: skl2onnx 1.20 sends them down other branches of a tree."""
    return lambda rows: plain(rows) if np.isnan(rows).any() else path(rows)


def _refused(reason: str) -> dict[str, Any]:
    return {"used": False, "reason": reason}


def _best(model: Any, method: str, probes: np.ndarray) -> tuple[Path | None, dict[str, Any]]:
    """Return the path and its report, in double precision if that works, else in single."""
    refusal: dict[str, Any] = {}
    for precision in ("double", "single"):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                plain = np.asarray(getattr(model, method)(probes.copy()))
                path = _convert(model, method, precision, plain)
                report = {"precision": precision, **_compare(plain, path(probes))}
        except Exception as error:  # noqa: BLE001 - converters may raise anything; the model is then called directly
            refusal = refusal or _refused(_reason(model, error))
            continue
        if report["used"]:
            return path, report
        refusal = report
    return None, refusal


def _reason(model: Any, error: Exception) -> str:
    last = model.steps[-1][1] if isinstance(getattr(model, "steps", None), list) else model
    kind = type(last).__name__
    if kind.startswith("HistGradientBoosting"):
        return f"skl2onnx {importlib.metadata.version('skl2onnx')} cannot convert {kind}"
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"


def _convert(model: Any, method: str, precision: str, plain: np.ndarray) -> Path:
    """Return a path that computes one method, with the dtype and shape of the model's own result."""
    import onnxruntime
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

    kind, dtype = (DoubleTensorType, np.float64) if precision == "double" else (FloatTensorType, np.float32)
    options: dict[str, Any] = {}
    if hasattr(model, "classes_"):
        options = {"zipmap": False, **({"raw_scores": True} if method == "decision_function" else {})}
    written = _with_cast(model)
    converted = to_onnx(
        written, initial_types=[("rows", kind([None, model.n_features_in_]))], target_opset=_OPSET,
        options={id(written): options} if options else None,
    )  # fmt: skip
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    settings.log_severity_level = 3
    session = onnxruntime.InferenceSession(converted.SerializeToString(), settings, providers=["CPUExecutionProvider"])
    output = _output(method, [output.name for output in session.get_outputs()], hasattr(model, "classes_"))
    wanted, tail = plain.dtype, plain.shape[1:]

    def path(rows: np.ndarray) -> Any:
        answer = session.run([output], {"rows": np.ascontiguousarray(rows, dtype=dtype)})[0]
        if method == "decision_function" and not tail and answer.ndim == 2 and answer.shape[1] == 2:
            answer = answer[:, 1]  # two classes: scikit-learn returns only the second class's column
        answer = answer.astype(wanted, copy=False).reshape(len(rows), *tail)
        return np.log(answer) if method == "predict_log_proba" else answer

    return path


def _with_cast(model: Any) -> Any:
    """Return a model whose trees get rows in single precision, as in scikit-learn whatever precedes them.

    Otherwise a value next to a threshold can take the other branch.
    """
    from skl2onnx.sklapi import CastTransformer
    from sklearn.pipeline import Pipeline

    steps = model.steps if isinstance(model, Pipeline) else [("model", model)]
    if not any(word in type(steps[-1][1]).__name__ for word in TREES):
        return model
    return Pipeline([*steps[:-1], ("cast", CastTransformer(dtype=np.float32)), steps[-1]])


def _output(method: str, names: list[str], classifies: bool) -> str:
    """Return the name of the output for a method.

    Raises
    ------
    LookupError
        If the converted model has none.
    """
    if method in ("predict", "transform"):
        return names[0]
    if method in ("predict_proba", "predict_log_proba", "decision_function") and classifies and len(names) > 1:
        return names[1]
    if method in ("decision_function", "score_samples") and method in names:
        return method
    if method == "decision_function" and "scores" in names:
        return "scores"
    raise LookupError(f"no output for {method}")


def _compare(plain: np.ndarray, converted: np.ndarray) -> dict[str, Any]:
    if plain.dtype.kind not in "fc":
        equal = float(np.mean(plain == converted))
        return {"used": equal == 1.0, "labels_equal": equal, **({} if equal == 1.0 else {"reason": "labels differ"})}
    same = (plain == converted) | (np.isnan(plain) & np.isnan(converted))
    with np.errstate(invalid="ignore"):
        difference = np.where(same, 0.0, np.abs(plain - converted))
    relative = difference / np.maximum(1.0, np.nan_to_num(np.abs(plain), posinf=1.0))
    largest, worst = float(np.max(difference, initial=0)), float(np.max(relative, initial=0))
    used = bool(worst <= CLOSE)
    shown: dict[str, Any] = {
        name: value if np.isfinite(value) else str(value) for name, value in _named(largest, worst)
    }
    return {"used": used, **shown, **({} if used else {"reason": f"answers differ by more than {CLOSE:g}"})}


def _named(largest: float, worst: float) -> Iterator[tuple[str, float]]:
    yield "largest_difference", largest
    yield "largest_relative_difference", worst
