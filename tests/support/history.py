"""A workspace with a history, built through the stores."""

import json
import pickle
from typing import Any

from runner.layout import Layout
from runner.records import FileRecord, FinalizeRecord, ModelRecord, RunRecord
from runner.store.registry import FileRegistry
from runner.store.runs import FileRunStore
from tests.support.command_line import CommandLine


class History:
    """Records runs and models in the workspace of a command line."""

    def __init__(self, command_line: CommandLine) -> None:
        self.vivero = command_line.vivero
        self.command_line = command_line
        self.folder = command_line.folder
        self.layout = Layout(command_line.workspace)
        self.layout.create()
        self.runs = FileRunStore(self.layout)
        self.models = FileRegistry(self.layout)
        self.count = 0

    def run(
        self,
        experiment: str = "iris",
        status: str = "completed",
        metrics: Any = None,
        outputs: Any = None,
        **fields: Any,
    ) -> Any:
        """Record a run, one second after the one before."""
        from runner.io.hashes import hash_file

        self.count += 1
        second = f"{self.count:02d}"
        run_id = f"{experiment}-20260701-1200{second}-{self.count:08x}"
        folder = self.layout.run(experiment, run_id)
        for path in (folder.logs, folder.outputs):
            path.mkdir(parents=True)
        for name, text in (outputs or {}).items():
            path = folder.outputs / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        files = tuple(
            FileRecord(path=name, bytes=len(text), sha256=hash_file(folder.outputs / name))
            for name, text in (outputs or {}).items()
        )
        record = RunRecord(
            **{
                "id": run_id,
                "experiment": experiment,
                "status": status,
                "created": f"2026-07-01T12:00:{second}.000000Z",
                "ended": f"2026-07-01T12:01:{second}.500000Z",
                "finalize": FinalizeRecord(metrics=metrics or {}, outputs=files),
                **fields,
            }
        )
        self.runs.create(record)
        return record

    def folder_of(self, record: Any) -> Any:
        return self.layout.run(record.experiment, record.id)

    def model(self, name: str = "iris", content: bytes = b"model", **fields: Any) -> Any:
        """Register a version."""
        path = self.folder / "model.joblib"
        path.write_bytes(pickle.dumps(content))
        record = ModelRecord(
            name=name,
            version=0,
            created="2026-07-01T12:00:00.000000Z",
            artefact=path.name,
            sha256="",
            bytes=0,
            **fields,
        )
        return self.models.register(path, record)

    def json(self, *words: str, **options: Any) -> Any:
        """Run a command with --json and return the one document it must print."""
        done = self.vivero(*words, "--json", **options)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def error(self, *words: str, **options: Any) -> Any:
        """Run a command that must fail as a user's mistake does and return its one line."""
        done = self.vivero(*words, **options)
        assert done.returncode == 1, done.stderr + done.stdout
        assert done.stdout == "" and done.stderr.count("\n") == 1, done.stderr + done.stdout
        return done.stderr
