"""The plan of a run: named and checked, not yet started."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from runner.config.schema import RunSpec
from runner.layout import Layout, RunLayout
from runner.workspaces import default_root


@dataclass(frozen=True)
class Step:
    """One step of a pipeline, planned.

    `asked` is false for a step whose earlier result is taken. `parallel` says how its input is divided, if it runs over
    pieces, and `batch` how the functions of a piece's script are called.
    """

    name: str
    plan: Plan
    needs: tuple[str, ...] = ()
    asked: bool = True
    reuse: bool = True
    retries: int = 0
    parallel: Mapping[str, Any] | None = None
    batch: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Plan:
    """One run, named and checked, not yet started.

    Parameters
    ----------
    spec : RunSpec
        The composition as objects.
    config : Mapping
        The same as plain data for records, with interpolations resolved except in secrets.
    yaml : str
        The same as YAML, with interpolations as written and secrets masked.
    base : Path
        The folder the command was typed in, to which relative paths refer.
    steps : tuple of Step
        The steps of a pipeline, each after those it needs.
    """

    spec: RunSpec
    config: Mapping[str, Any]
    yaml: str
    experiment: str
    run_id: str
    layout: Layout
    base: Path
    overrides: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()

    @property
    def run(self) -> RunLayout:
        """Return the layout of the run's folder."""
        return self.layout.run(self.experiment, self.run_id)


def layout_of(root: str | None, base: Path) -> Layout:
    """Return the workspace that a composition names, or the one a folder belongs to."""
    named = Path(root).expanduser() if root else default_root(base)
    return Layout(Path(os.path.abspath(base / named)))


def new_run_id(experiment: str) -> str:
    """Return a unique id that sorts by time. The experiment's name in it is cut to fit.

    Of its last eight digits, four are the part of the second in units of 15 microseconds, and four are random.
    """
    now = datetime.now(UTC)
    return f"{experiment[:96]}-{now:%Y%m%d-%H%M%S}-{(now.microsecond << 16) // 1_000_000:04x}{secrets.token_hex(2)}"
