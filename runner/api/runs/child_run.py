"""A run that a script made below its own."""

from __future__ import annotations

import dataclasses
from typing import Any

from runner.api.runs.children import Child
from runner.api.runs.find import child_folder, find_child
from runner.api.runs.run import Run
from runner.errors import UserError
from runner.layout import RunLayout
from runner.records import RunRecord


class ChildRun(Run):
    """A child run. What it does not record itself, such as its environment, comes from its run."""

    def __init__(self, parent: Run, child: Child) -> None:
        super().__init__(parent._workspace, parent.experiment, child["id"])
        self.parent, self._child = parent, child

    @property
    def run(self) -> Run:
        """The run that the script is part of."""
        return self.parent.run if isinstance(self.parent, ChildRun) else self.parent

    @property
    def folder(self) -> RunLayout:
        """The files of the child run."""
        return child_folder(self.run.folder, self.run.id, self.id)

    def _now(self) -> tuple[RunRecord, bool]:
        record, followed = self.run._now()
        child = self._child
        return (
            dataclasses.replace(
                record,
                id=self.id,
                status=child.get("status") or record.status,
                display_name=str(child["name"]) if child.get("name") is not None else None,
                number=child.get("number", 0),
                tags=child["tags"],
                properties=child["properties"],
                finalize=None,
                register=None,
                note=None,
            ),
            followed,
        )

    def refresh(self) -> Run:
        """Read the run and its child again, and return the child."""
        self.run.refresh()
        found = find_child(self._workspace.layout, self.id)
        if found is not None:
            self._child = found[1]
        return self

    def _edit(self, change: dict[str, Any]) -> Run:
        raise self._refusal(f"changing {next(iter(change))}")

    def delete(self) -> None:
        """Refuse: a child run is removed with its run."""
        raise self._refusal("deleting it")

    def cancel(self) -> Run:
        """Refuse: a child run ends with its run."""
        raise self._refusal("canceling it")

    def _refusal(self, what: str) -> UserError:
        return UserError(f"{self.id} is a child run, which does not support {what}", f"Do it with run {self.run.id}")
