"""What describes a model."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from runner.records import Inspection


class Inspector(Protocol):
    """Loads a model in its run's environment and describes it."""

    def inspect(self, path: Path) -> Inspection:
        """Inspect a model in the run's environment, in a clean process."""
