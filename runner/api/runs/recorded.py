"""What is recorded of a run, and the files that it wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.api.runs import find
from runner.layout import RunLayout
from runner.records import EnvironmentRecord, RunRecord
from runner.store.runs import FileRunStore

if TYPE_CHECKING:
    from runner.api.workspace import Workspace


class RecordedRun:
    """A run as its record says it is. It was read once; `Run.refresh` reads it again."""

    def __init__(self, workspace: Workspace, experiment: str, run_id: str) -> None:
        self._workspace = workspace
        self._experiment, self._id = experiment, run_id
        self._read: tuple[RunRecord, bool] | None = None

    @property
    def id(self) -> str:
        """The id, such as ``iris-20260701-120000-5f3a91c2``."""
        return self._id

    @property
    def experiment(self) -> str:
        """The name of the experiment."""
        return self._experiment

    @property
    def folder(self) -> RunLayout:
        """The files of the run."""
        return self._workspace.layout.run(self._experiment, self._id)

    @property
    def record(self) -> RunRecord:
        """Everything that is recorded of the run."""
        return self._now()[0]

    @property
    def followed(self) -> bool:
        """Whether the run has ended, or has a controller or worker that will end it."""
        return self._now()[1]

    def _now(self) -> tuple[RunRecord, bool]:
        if self._read is None:
            layout = self._workspace.layout
            self._read = find.seen(layout, FileRunStore(layout).read(self._id))
        return self._read

    @property
    def status(self) -> str:
        """The status: queued, preparing, scaling, running, finalizing, completed, failed or canceled."""
        return self.record.status

    @property
    def params(self) -> dict[str, Any]:
        """The named arguments of the script."""
        return dict(self.row["params"])

    @property
    def row(self) -> dict[str, Any]:
        """The run as a row of `Workspace.runs`."""
        from runner.store.index.rows import row_of

        return {**row_of(self.record), "metrics": self.metrics, "followed": self.followed}

    @property
    def metrics(self) -> dict[str, Any]:
        """The last value of each scalar metric."""
        from runner.api.metrics.series import last_metrics

        return last_metrics(self.folder, self.record)

    @property
    def tags(self) -> dict[str, str]:
        """The tags from the composition, the script and users."""
        return dict(self.record.tags)

    @property
    def properties(self) -> dict[str, str]:
        """The properties. Only vivero and the script set them."""
        return dict(self.record.properties)

    @property
    def created(self) -> str:
        """The creation time, ISO 8601 in UTC."""
        return self.record.created

    @property
    def ended(self) -> str | None:
        """The end time, ISO 8601 in UTC."""
        return self.record.ended

    @property
    def duration(self) -> float:
        """The seconds from creation to the end, or until now."""
        from runner.io.clock import now, seconds_between

        return seconds_between(self.record.created, self.record.ended or now())

    @property
    def user(self) -> str | None:
        """The user who started the run."""
        return self.record.user

    @property
    def error(self) -> str | None:
        """The reason why it did not complete."""
        return self.record.error

    @property
    def note(self) -> str | None:
        """The note that a user wrote."""
        return self.record.note

    @property
    def archived(self) -> bool:
        """Whether the run is archived: lists leave it out."""
        return self.record.archived

    @property
    def environment(self) -> EnvironmentRecord | None:
        """The run's environment, None before it is prepared."""
        return self.record.prepare.environment if self.record.prepare is not None else None
