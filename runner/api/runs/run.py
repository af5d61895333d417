"""One run."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.api.runs.written import WrittenRun
from runner.errors import UserError, nearest
from runner.layout import RunLayout
from runner.statuses import TERMINAL
from runner.store.edits import edit
from runner.store.runs import FileRunStore

if TYPE_CHECKING:
    from subprocess import Popen

    from runner.api.models import ModelVersion
    from runner.api.workspace import Workspace
    from runner.pipelines.records import StepRecord

_PAUSE = 0.1  # seconds between two looks at a run that goes on


class Run(WrittenRun):
    """A run of a workspace, in the state in which it was last read. `refresh` reads it again."""

    def __init__(self, workspace: Workspace, experiment: str, run_id: str) -> None:
        super().__init__(workspace, experiment, run_id)
        self.controller: Popen[bytes] | None = None  # the process, of a run that this one has submitted

    def refresh(self) -> Run:
        """Read the run again, and return it."""
        self._read = None
        self._now()
        return self

    def children(self) -> list[Run]:
        """Return the child runs that the script made."""
        from runner.api.runs.child_run import ChildRun
        from runner.api.runs.children import children_of

        return [ChildRun(self, child) for child in children_of(self.folder.children)]

    @property
    def is_pipeline(self) -> bool:
        """Whether the run is a pipeline: it has steps instead of a script."""
        return bool(self.record.part("pipeline").get("steps"))

    @property
    def steps(self) -> list[StepRecord]:
        """The state of each step of a pipeline, also of those that have not begun."""
        from runner.pipelines.store import all_steps

        return all_steps(self.folder, self.record)

    def why(self, step: str) -> list[str]:
        """Return what has changed of a pipeline's step since it was computed before, one line for each change.

        Raises
        ------
        UserError
            If there is no such step, or it has not begun.
        """
        from runner.pipelines.why import why

        known = [record.name for record in self.steps]
        if step not in known:
            raise UserError(f"Run {self.id} has no step '{step}'", nearest(step, known) if known else "")
        return why(self._workspace.layout, self.record, step)

    def resume(self, *given: str) -> int:
        """Continue a pipeline in this process. Completed steps are kept.

        Parameters
        ----------
        given : str
            Secrets that were not recorded: ``pipeline.steps.train.job.environment_variables.TOKEN=abc``.

        Returns
        -------
        int
            The exit code.
        """
        from runner.rerun import resume_pipeline

        return resume_pipeline(self._workspace.trusted(), self.id, given=given)

    def wait(self, timeout: float | None = None) -> Run:
        """Wait until the run has ended, and return it.

        Raises
        ------
        TimeoutError
            After `timeout` seconds.
        UserError
            If nothing will end it any more: its controller and worker are gone.
        """
        from runner.api.run_files.logs import Watch

        watch, until = Watch(), None if timeout is None else time.monotonic() + timeout
        while self.refresh().status not in TERMINAL:
            if watch.is_abandoned(self.followed):
                raise UserError(f"The controller of run {self.id} has ended", f"Finish it: vivero recover {self.id}")
            if until is not None and time.monotonic() > until:
                raise TimeoutError(f"Run {self.id} is still {self.status}")
            time.sleep(_PAUSE)
        if self.controller is not None:
            self.controller.wait()
        return self

    def stream(self, write: Callable[[str], Any] = sys.stdout.write) -> Run:
        """Pass on what the script prints until the run has ended, and return it."""
        import codecs

        from runner.api.run_files.logs import follow

        decode: Callable[..., str] = codecs.getincrementaldecoder("utf-8")("replace").decode
        for block in follow(self._workspace.layout, self.record, RunLayout.log.name):
            if text := decode(block):
                write(text)
        if text := decode(b"", True):
            write(text)
        return self.refresh()

    def cancel(self) -> Run:
        """Ask the run to end, with every process that its script started. One that has ended stays as it is."""
        from runner.api.runs.cancel import cancel_run

        cancel_run(self._workspace.trusted(), FileRunStore(self._workspace.layout).read(self.id))
        return self.refresh()

    def register(
        self, name: str | None = None, path: str | None = None, tags: Mapping[str, str] | None = None, **more: Any
    ) -> ModelVersion:
        """Register a model that the run wrote, without training again.

        Parameters
        ----------
        name : str, optional
            The model's name. Default: the run's ``model.name``.
        path : str, optional
            A file or folder of the run, such as ``outputs/model.pkl``. Default: the only model in it.
        tags : mapping, optional
            Tags of the version.
        more
            ``framework`` and ``description``.

        Raises
        ------
        UserError
            If the run has not ended, has no such file, or the model is refused.
        """
        from runner.api.models import ModelVersion
        from runner.api.runs.register import register_model

        made = register_model(self._workspace.trusted(), self.record, name, path, tags=dict(tags or {}), **more)
        return ModelVersion(self._workspace, made)

    def rerun(self, *given: str, allow_drift: bool = False) -> int:
        """Repeat the run in this process from its snapshot, lock and configuration, and print which outputs differ.

        Parameters
        ----------
        given : str
            Secrets that were not recorded: ``job.environment_variables.TOKEN=abc``.
        allow_drift : bool
            Continue even if the environment cannot be restored exactly.

        Returns
        -------
        int
            The exit code of the new run.
        """
        from runner.rerun import rerun

        return rerun(self._workspace.trusted(), self.id, given=given, allow_drift=allow_drift)

    def training_script(self) -> str:
        """Return the training that the run declares as a plain scikit-learn script, which gives the same scores.

        Raises
        ------
        UserError
            If the run has a script of its own.
        """
        from runner.training.script import script_of

        record, root = self.record, self._workspace.layout.root
        inputs = record.prepare.inputs if record.prepare is not None else {}
        paths = {name: one.path if one.asset is None else str(root / one.location) for name, one in inputs.items()}
        ends = [name for name in self.metrics if name.startswith("cv_") and name.endswith("_std")]
        return script_of(self.id, record.config, paths, [name[3:-4] for name in ends])

    def rerun_command(self) -> list[str]:
        """Return the words of the command that repeats the run from its snapshot and lock."""
        from runner.workspaces import option_for

        root = self._workspace.root
        return ["vivero", "rerun", self.id, *(["--workspace", str(root)] if option_for(root) else [])]

    def tag(self, key: str, value: str | None) -> Run:
        """Set a tag, or remove it with None."""
        return self.set_tags({key: value})

    def set_tags(self, tags: Mapping[str, str | None]) -> Run:
        """Set tags in one go, and remove those that are None."""
        from runner.io.names import check_tag

        return self._edit(
            {"tags": {check_tag(key): None if value is None else str(value) for key, value in tags.items()}}
        )

    def set_note(self, text: str | None) -> Run:
        """Write a note about the run, or remove it with None."""
        return self._edit({"note": text or None})

    def rename(self, text: str) -> Run:
        """Give the run another display name. Its id stays.

        Raises
        ------
        UserError
            If the name is empty.
        """
        if not text.strip():
            raise UserError("A display name cannot be empty")
        return self._edit({"display_name": text})

    def archive(self, archived: bool = True) -> Run:
        """Leave the run out of lists, or with False show it again. Nothing of it is removed."""
        return self._edit({"archived": archived})

    def _edit(self, change: dict[str, Any]) -> Run:
        edit(self._workspace.layout, self.record, change)
        return self.refresh()

    def delete(self) -> None:
        """Remove the run with its outputs and logs. Registered models stay.

        Raises
        ------
        UserError
            If it has not ended.
        """
        self.check_delete()
        FileRunStore(self._workspace.layout).delete(self.id)

    def check_delete(self) -> None:
        """Refuse to delete a run that has not ended.

        Raises
        ------
        UserError
            If it has not.
        """
        if self.status not in TERMINAL:
            more = "" if self.followed else f", or finish it: vivero recover {self.id}"
            word = self.status if self.followed else f"{self.status}, not followed"
            raise UserError(f"Run {self.id} is {word}", f"Cancel it first: vivero cancel {self.id}{more}")

    def download(self, to: str | Path) -> int:
        """Copy outputs, logs and records into a new folder, and return the number of files.

        Raises
        ------
        UserError
            If the folder is not empty, or a file differs from its record.
        """
        from runner.api.run_files.download import download_run

        return download_run(self.folder, self.record, Path(to).absolute())

    def walk(self) -> Iterator[Run]:
        """Yield the run, its children and theirs."""
        yield self
        for child in self.children():
            yield from child.walk()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Run) and (self.id, self._workspace.root) == (other.id, other._workspace.root)

    def __hash__(self) -> int:
        return hash(self._id)

    def __repr__(self) -> str:
        return f"<Run {self.id}>"

    def _repr_html_(self) -> str:
        from runner.api.html import run_page

        return run_page(self)
