"""The runs that an address compares, and the view in which it shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict

from runner.api import RunList, UserError, Workspace

MOST = 500  # runs
_LONGEST = 2000  # characters of a field in the address
VIEWS = {
    "parallel": "All together", "scatter": "Scatter", "contour": "Contour", "box": "By category",
    "curves": "Curves", "table": "Differences", "code": "Code", "pictures": "Pictures",
}  # fmt: skip


@dataclass(frozen=True)
class Chosen:
    """The selection in an address: runs by their ids, by an expression or by their sweep, and the view."""

    ids: tuple[str, ...] = ()
    where: str = ""
    sweep: str = ""
    view: str = "parallel"

    @classmethod
    def read(cls, given: MultiDict[str, str]) -> Chosen:
        """Read the query of an address. Invalid values are ignored."""
        view = given.get("view", "")
        return cls(
            tuple(dict.fromkeys(run_id for run_id in given.getlist("run") if 0 < len(run_id) <= _LONGEST)),
            given.get("where", "").strip()[:_LONGEST],
            given.get("sweep", "").strip()[:_LONGEST],
            view if view in VIEWS else "parallel",
        )

    def find(self, workspace: Workspace) -> tuple[RunList, list[str]]:
        """Return the runs, at most `MOST`, and a line for each that does not exist.

        Raises
        ------
        UserError
            If the expression is not valid, or there is no such sweep.
        """
        if self.sweep:
            runs = workspace.sweep(self.sweep).trials()
        elif self.where or not self.ids:
            runs = workspace.runs(where=self.where, limit=MOST) if self.where else RunList(workspace, [], 0)
        else:
            return self._named(workspace)
        return RunList(workspace, runs.rows[:MOST], runs.total), []

    def _named(self, workspace: Workspace) -> tuple[RunList, list[str]]:
        rows = {row["id"]: row for row in workspace.runs(ids=self.ids, archived=True).rows}
        known, gone = (
            [rows[run_id] for run_id in self.ids if run_id in rows],
            [run_id for run_id in self.ids if run_id not in rows],
        )
        return RunList(workspace, known[:MOST], len(known)), [f"There is no run {run_id[:80]}" for run_id in gone]

    def query(self) -> dict[str, Any]:
        """Return the part of the address that names the runs."""
        if self.sweep:
            return {"sweep": self.sweep}
        return {"where": self.where} if self.where else {"run": list(self.ids)}

    def command(self, rows: Sequence[dict[str, Any]]) -> tuple[str, ...]:
        """Return the words after ``vivero`` that show the same."""
        if self.sweep:
            return "sweep", self.sweep
        if self.where:
            return "runs", "--where", self.where
        return ("compare", *(row["id"] for row in rows)) if len(rows) > 1 else ("runs",)


def pair(runs: RunList, given: MultiDict[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the two runs whose files are compared: those that the address names, otherwise the first two.

    Raises
    ------
    UserError
        If there are fewer than two.
    """
    if len(runs.rows) < 2:
        raise UserError("A comparison takes two or more runs", "Choose them on the page of runs")
    rows = {row["id"]: row for row in runs.rows}
    left = rows.get(given.get("left", ""), runs.rows[0])
    others = [row for row in runs.rows if row is not left]
    right = rows.get(given.get("right", ""), others[0])
    return left, right if right is not left else others[0]
