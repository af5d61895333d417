"""What a run has written: metrics, logs, outputs and other files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from runner.api.runs.recorded import RecordedRun

if TYPE_CHECKING:
    from runner.api.metrics.logged import Metrics


class WrittenRun(RecordedRun):
    """A run with its files, which are read each time: they grow while it is running."""

    def history(self, name: str | None = None) -> dict[str, list[dict[str, Any]]]:
        """Return the logged values of each metric, or of one: name -> points with value, step, time and kind.

        Raises
        ------
        UserError
            If the run has not logged a metric of that name.
        """
        from runner.api.metrics.series import metric_series
        from runner.errors import UserError, nearest

        metrics = metric_series(self.folder.metrics)
        if name is None:
            return metrics
        if name not in metrics:
            raise UserError(f"Run {self.id} has no metric '{name}'", nearest(name, metrics))
        return {name: metrics[name]}

    def logged(self, axis: str = "step") -> Metrics:
        """Return everything that was logged, with the numbers in arrays: quick also for millions of points.

        Parameters
        ----------
        axis : str
            What the numbers are over: ``"step"`` or ``"time"``.
        """
        from runner.api.metrics.logged import read_metrics

        return read_metrics(self.folder.metrics, axis)

    def resources(self) -> list[dict[str, Any]]:
        """Return what the script used while it ran: mappings with time, cpu (cores), memory (bytes) and processes."""
        from runner.io.json_records import read_lines
        from runner.records import ResourceLine

        return list(read_lines(self.folder.resources, ResourceLine))

    def outputs(self) -> dict[str, Path]:
        """Return the files that the script wrote to ``./outputs``, by their paths there."""
        from runner.api.run_files.listed import files_below

        return files_below(self.folder.work_outputs, self.folder.outputs)

    def curve(self, metric: str) -> tuple[str, list[tuple[float, float]]]:
        """Return what a metric's values are over (``step``, or how many were logged), and few enough points to draw.

        Of many values the smallest and largest of each part are returned, so that no peak is lost.
        """
        from runner.api.metrics.curves import curves_of

        step, curves = curves_of([(self.id, self.folder)], metric)
        return step, curves.get(self.id, [])

    def pictures(self) -> list[str]:
        """Return the paths of the pictures in ``./outputs``: PNG, JPEG, GIF and WebP."""
        from runner.api.run_files.pictures import names_of

        return names_of(self.outputs())

    def picture(self, name: str) -> tuple[bytes, str]:
        """Return a picture and its content type.

        Raises
        ------
        UserError
            If the run has no such picture, or it is larger than 20 MB.
        """
        from runner.api.run_files.pictures import read_picture

        return read_picture(self.outputs(), name)

    def logs(self) -> dict[str, Path]:
        """Return the logs by name; ``run.log`` is what the script printed."""
        from runner.api.run_files.listed import log_files

        return log_files(self.folder)

    def events(self) -> list[dict[str, Any]]:
        """Return what happened when: mappings with ``time`` and ``event``."""
        from runner.io.json_records import read_lines
        from runner.records import EventLine

        return list(read_lines(self.folder.events, EventLine))

    def snapshot_files(self) -> dict[str, Path]:
        """Return the files of the source as it was when the run began, by their paths.

        Raises
        ------
        UserError
            If the snapshot is damaged.
        """
        from runner.store.snapshots import stored_files

        prepared = self.record.prepare
        return stored_files(self._workspace.layout.snapshot(prepared.snapshot.hash)) if prepared else {}

    def files(self, area: str) -> dict[str, Path]:
        """Return the files of an area by name: ``outputs``, ``logs``, ``snapshot``, or ``records`` about the run.

        Raises
        ------
        UserError
            If there is no such area, or the snapshot is damaged.
        """
        from runner.api.run_files.areas import files_of

        return files_of(self, area)

    @property
    def card(self) -> str | None:
        """The model card that the script wrote to ``outputs/model-card.md``, None if it wrote none or a huge one."""
        from runner.store.registry import LARGEST_CARD

        if not self.has_card:
            return None
        with self.open("outputs", self.folder.card.name) as file:
            content = file.read(LARGEST_CARD + 1)
        return content.decode(errors="replace") if len(content) <= LARGEST_CARD else None

    @property
    def has_card(self) -> bool:
        """Whether the script wrote a model card."""
        return self.folder.card.is_file()

    def open(self, area: str, name: str) -> BinaryIO:
        """Open a file of an area for reading. No name leads to anything that `files` does not list.

        Raises
        ------
        UserError
            If there is no such file, or it cannot be read.
        """
        from runner.api.run_files.areas import open_file

        return open_file(self, area, name)
