"""The pages in the order of the menu. Each has a folder with its view, template and script."""

from __future__ import annotations

import importlib

from runner.studio.page import Page

PAGES = (
    "runs",
    "run",
    "compare",
    "sweeps",
    "sweep",
    "pipelines",
    "pipeline",
    "data",
    "asset",
    "models",
    "model",
    "endpoints",
    "endpoint",
    "nodes",
    "environments",
)


def load_pages() -> list[Page]:
    """Import the views, and return the pages."""
    return [importlib.import_module(f"{__name__}.{name}.view").page for name in PAGES]
