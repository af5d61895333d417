"""The model card: what the model is, what it was trained on, how good it is and where it is not."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def model_card(facts: Mapping[str, Any]) -> str:
    """Return the card as Markdown.

    Parameters
    ----------
    facts : dict
        ``model`` and ``split`` (texts), ``data`` and ``warnings`` (lines), ``scores`` (rows of name, cross-validation,
        dummy and holdout), ``ranges`` (rows), ``found``, ``importance`` and ``slices`` (mappings from column to
        list, or None).
    """
    lines = ["# Model card", "", "## Model", "", "```", facts["model"].replace("```", "'''"), "```", "", "## Data", ""]
    lines += [f"- {_inline(line)}" for line in facts["data"]]
    lines += ["", "## Scores", "", f"{_inline(facts['split'])}", ""]
    lines += _table(["Score", "Cross-validation", "Dummy", "Holdout (95 % interval)"], facts["scores"])
    for title, table, most in (
        ("Found", facts["found"], 50),
        ("Slices", facts["slices"], 20),
        ("Importance of features", facts["importance"], 10),
    ):
        if table and table[next(iter(table))]:
            lines += ["", f"## {title}", ""]
            lines += _table(list(table), [list(row) for row in zip(*table.values())][:most])
    lines += ["", "## Warnings", ""]
    lines += [f"- {_inline(line)}" for line in facts["warnings"]] or ["None."]
    lines += ["", "## Limits", "", "The training rows had these values. Predictions for others are extrapolations.", ""]
    lines += _table(["Column", "Type", "Values"], facts["ranges"])
    lines += ["", f"Made with {_versions()}.", ""]
    return "\n".join(lines)


def ranges(features: Any) -> list[list[str]]:
    """Return a row for each feature: its name, its dtype, and its range or its most frequent values."""
    import pandas

    rows = []
    for name in features.columns:
        column = features[name]
        if pandas.api.types.is_numeric_dtype(column) and not pandas.api.types.is_bool_dtype(column):
            text = f"{column.min():.4g} to {column.max():.4g}"
        elif pandas.api.types.is_datetime64_any_dtype(column):
            text = f"{column.min()} to {column.max()}"
        else:
            values = [str(value)[:40] for value in column.value_counts().index]
            text = ", ".join(values[:10]) + (f" and {len(values) - 10} more" if len(values) > 10 else "")
        missing = int(column.isna().sum())
        rows.append([name, str(column.dtype), text + (f"; {missing} missing" if missing else "")])
    return rows


def _table(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    made = [f"| {' | '.join(map(_cell, names))} |", f"|{' --- |' * len(names)}"]
    return [*made, *(f"| {' | '.join(map(_cell, row))} |" for row in rows)]


def _cell(value: Any) -> str:
    text = "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
    return _inline(text)


def _inline(text: object) -> str:
    """Return a text in one line, with Markdown's marks and HTML escaped."""
    return re.sub(r"([\\`*_{}\[\]<>|#])", r"\\\1", " ".join(str(text).split()))


def _versions() -> str:
    import numpy
    import pandas
    import sklearn

    found = [f"Python {platform.python_version()}", f"scikit-learn {sklearn.__version__}"]
    return ", ".join([*found, f"numpy {numpy.__version__}", f"pandas {pandas.__version__}"])
