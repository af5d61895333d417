"""PNG figures of a model's predictions for the holdout, drawn by scikit-learn's displays."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

from ..mistakes import Mistake
from ..tables.datasets import Dataset
from ..tables.roles import CLASSES
from .confidences import confidences

_CURVES = 10  # classes that have a curve each
_BINS = 10


def check_figures() -> None:
    """Check that figures can be drawn.

    Raises
    ------
    Mistake
        If matplotlib is missing.
    """
    try:
        import matplotlib
    except ImportError:
        raise Mistake("train.figures needs matplotlib in the environment") from None
    matplotlib.use("Agg", force=True)  # needs no screen


def figures(model: Any, test: Dataset) -> Iterator[tuple[str, Any]]:
    """Yield the names and figures of a fitted model's predictions."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield from _of_classes(model, test) if test.kind == CLASSES else _of_numbers(model, test)


def _of_classes(model: Any, test: Dataset) -> Iterator[tuple[str, Any]]:
    from sklearn.calibration import CalibrationDisplay
    from sklearn.metrics import ConfusionMatrixDisplay, PrecisionRecallDisplay, RocCurveDisplay

    true, predicted = test.target.to_numpy(), model.predict(test.features)
    names = [_label(label) for label in model.classes_]

    def matrix(axes: Any) -> None:
        ConfusionMatrixDisplay.from_predictions(true, predicted, labels=model.classes_, display_labels=names, ax=axes)

    yield "confusion_matrix", _figure(matrix)
    sure = confidences(model, test.features)
    if sure is None:
        return
    places = [1] if len(names) == 2 else range(min(len(names), _CURVES))
    curves = [(names[at], (true == model.classes_[at]).astype(int), sure.values[:, at]) for at in places]
    curves = [one for one in curves if 0 < one[1].sum() < len(true)]  # others have no curve
    displays: list[tuple[str, Any, dict[str, Any]]] = [
        ("roc_curve", RocCurveDisplay, {}),
        ("precision_recall_curve", PrecisionRecallDisplay, {}),
    ]
    if sure.are_probabilities:
        displays.append(("calibration_curve", CalibrationDisplay, {"n_bins": _BINS}))
    for name, display, options in displays if curves else ():

        def draw(axes: Any, display: Any = display, options: Any = options) -> None:
            for label, positive, share in curves:
                display.from_predictions(positive, share, name=label, ax=axes, **options)

        yield name, _figure(draw)


def _of_numbers(model: Any, test: Dataset) -> Iterator[tuple[str, Any]]:
    try:
        from sklearn.metrics import PredictionErrorDisplay
    except ImportError:
        raise Mistake("train.figures of numbers needs scikit-learn 1.2 or later") from None
    predicted = model.predict(test.features)
    for name, kind in (("predicted_against_true", "actual_vs_predicted"), ("residuals", "residual_vs_predicted")):

        def draw(axes: Any, kind: str = kind) -> None:
            PredictionErrorDisplay.from_predictions(test.target, predicted, kind=kind, ax=axes, random_state=0)

        yield name, _figure(draw)


def _figure(draw: Callable[[Any], object]) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 6), dpi=100)
    FigureCanvasAgg(figure)
    draw(figure.add_subplot())
    return figure


def _label(value: Any) -> str:
    """Return a label in which matplotlib finds no formula, and that it does not hide because of a ``_`` in front."""
    text = " ".join(str(value).split())[:24].replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text
