"""The environments of a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from runner.errors import NotFoundError
from runner.layout import Layout


class Environment:
    """An environment that was built in a workspace."""

    def __init__(self, layout: Layout, key: str, row: dict[str, Any] | None = None) -> None:
        self._layout, self._key, self._row = layout, key, row

    @property
    def key(self) -> str:
        """The key: a hash of the environment's specification."""
        return self._key

    @property
    def row(self) -> dict[str, Any]:
        """The environment as ``vivero environments --json`` prints it. Measuring its size takes a moment."""
        if self._row is None:
            row = next((row for row in rows(self._layout) if row["key"] == self._key), None)
            if row is None:
                raise NotFoundError(f"Environment {self._key} does not exist any more")
            self._row = row
        return self._row

    @property
    def kind(self) -> str | None:
        """The kind: venv, conda or docker. None if the record cannot be read."""
        kind: str | None = self.row["kind"]
        return kind

    @property
    def folder(self) -> Path:
        """The folder."""
        return self._layout.environment(self.key)

    @property
    def needed_by(self) -> list[str]:
        """The runs, models and endpoints that need it."""
        return list(self.row["needed_by"])

    @property
    def packages(self) -> dict[str, str]:
        """The packages with their versions."""
        from runner.environments.catalogue import stored_environments

        record = next(
            (environment.record for environment in stored_environments(self._layout) if environment.key == self.key),
            None,
        )
        return dict(record.packages) if record is not None else {}

    @property
    def lock(self) -> str:
        """The lock it was built from.

        Raises
        ------
        UserError
            If it cannot be read.
        """
        from runner.environments.catalogue import find_environment, stored_environments

        return find_environment(stored_environments(self._layout), self.key).lock()

    def __repr__(self) -> str:
        return f"<Environment {self.key}>"


def rows(layout: Layout) -> list[dict[str, Any]]:
    """Return a row for each environment, newest last."""
    from datetime import UTC, datetime

    from runner.api.environments.images import image_sizes
    from runner.api.environments.needs import last_used, needs
    from runner.environments.catalogue import stored_environments
    from runner.io.clock import write_time

    needed, used, environments = needs(layout), last_used(layout), stored_environments(layout)
    sizes = image_sizes(
        [
            environment.record.image_id
            for environment in environments
            if environment.record and environment.record.image_id
        ]
    )
    listed = []
    for environment in environments:
        record, created = environment.record, write_time(datetime.fromtimestamp(environment.created, UTC))
        began = used.get(environment.key)
        listed.append(
            {
                "key": environment.key,
                "kind": record.kind if record else None,
                "python": record.python_version if record else None,
                "packages": len(record.packages) if record else None,
                "image": record.image if record else None,
                "bytes": sizes.get(record.image_id) if record and record.image_id else environment.size(),
                "created": created,
                "last_used": began and max(began, created),  # the run that built it started earlier
                "needed_by": needed.of(environment.key),
                "problem": environment.problem,
            }
        )
    return listed
