"""Logs metrics and charts to the run, through the stand-in for Azure ML that each run has."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from typing import Any

OUTPUTS = "outputs"


class Recorder:
    """The run that this training is."""

    def __init__(self) -> None:
        from azureml.core import Run

        self._run = Run.get_context()
        os.makedirs(OUTPUTS, exist_ok=True)

    def value(self, name: str, value: Any, step: int | None = None) -> None:
        """Log one number."""
        self._run.log(name, float(value), step=step)

    def table(self, name: str, columns: Mapping[str, list[Any]]) -> None:
        """Log a table, given as a mapping from column to list."""
        self._run.log_table(name, columns)

    def chart(self, kind: str, name: str, data: Mapping[str, Any]) -> None:
        """Log a ``confusion_matrix``, ``accuracy_table``, ``residuals`` or ``predictions``."""
        getattr(self._run, f"log_{kind}")(name, {"schema_type": kind, "schema_version": "1.0.0", "data": data})

    def figure(self, name: str, figure: Any) -> None:
        """Log a figure of matplotlib as a PNG file."""
        self._run.log_image(name, plot=figure)

    @staticmethod
    def text(name: str, text: str) -> None:
        """Write a text file to the outputs."""
        with open(os.path.join(OUTPUTS, name), "w", encoding="utf-8") as file:
            file.write(text)

    def json(self, name: str, content: Mapping[str, Any]) -> None:
        """Write plain data to the outputs."""
        self.text(name, json.dumps(content, indent=1, default=str) + "\n")


def plain(values: Iterable[Any]) -> list[Any]:
    """Return values of numpy or pandas as plain ones that JSON has: a missing value is None, a time is ISO text."""
    import pandas

    made = []
    for value in values:
        one = value.item() if hasattr(value, "item") else value
        if not isinstance(one, (list, dict)) and pandas.isna(one):
            one = None
        made.append(one.isoformat() if hasattr(one, "isoformat") else one)
    return made
