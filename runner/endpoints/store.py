"""Endpoints as folders with an ``endpoint.json`` and the hashes of two keys."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import secrets
from pathlib import Path
from typing import Any

from runner.access.sharing import sharing_of
from runner.errors import NotFoundError, UserError, nearest
from runner.io.clock import now
from runner.io.files import write_json
from runner.io.json_records import read_record, warn_once
from runner.io.locks import is_locked, locked
from runner.io.names import is_name
from runner.io.removal import remove
from runner.layout import Layout
from runner.records import Deployment, EndpointRecord, KeysRecord, ServerState
from runner.store.finding import entries

KEY_NAMES = ("primary", "secondary")
_HISTORY = 20


class EndpointStore:
    """The endpoints of one workspace."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    def names(self) -> list[str]:
        """Return the names of all endpoints, sorted."""
        return [name for name in self._folders() if self._has_record(name)]

    def listed(self) -> list[str]:
        """Return the sorted names of all endpoints, including running ones whose record is gone."""
        return [name for name in self._folders() if self._has_record(name) or self.alive(name)]

    def _folders(self) -> list[str]:
        return sorted(entry.name for entry in entries(self.layout.endpoints) if is_name(entry.name))

    def _has_record(self, name: str) -> bool:
        return os.path.lexists(self.layout.endpoint(name).record)

    def uses_of(self, model: str, version: int | None) -> list[str]:
        """Return a sentence for each endpoint that needs a version of a model. With None, any version counts.

        A stopped endpoint starts with the versions in its record.
        """
        uses = []
        for name in self.listed():
            try:
                deployments = [deployment for deployment in self.read(name).deployments if deployment.name == model]
            except UserError:
                uses.append(f"endpoint {name} may serve it: its record cannot be read")
                continue
            versions = sorted(
                {deployment.version for deployment in deployments if version in (None, deployment.version)}
            )
            if versions:
                what = ", ".join(f"{model}:{number}" for number in versions)
                uses.append(f"endpoint {name} {'serves' if self.alive(name) else 'starts with'} {what}")
        return uses

    def serving(self, model: str, version: int) -> list[str]:
        """Return the names of endpoints whose record has a version of a model. Unreadable records are skipped."""
        names = []
        for name in self.names():
            try:
                deployments = self.read(name).deployments
            except UserError:  # lists of endpoints report it
                continue
            if any((deployment.name, deployment.version) == (model, version) for deployment in deployments):
                names.append(name)
        return names

    def read(self, name: str) -> EndpointRecord:
        """Return an endpoint's record.

        Raises
        ------
        UserError
            If it does not exist or cannot be read.
        """
        path = self.layout.endpoint(name).record
        try:
            record = read_record(path, EndpointRecord)
        except FileNotFoundError:
            raise NotFoundError(f"There is no endpoint '{name}'", nearest(name, self.names())) from None
        return dataclasses.replace(record, name=name)  # the folder decides the name

    def write(self, record: EndpointRecord) -> None:
        """Replace an endpoint's record."""
        endpoint = self.layout.endpoint(record.name)
        endpoint.root.mkdir(parents=True, exist_ok=True)
        write_json(endpoint.record, record.to_json())
        _chown(endpoint.record)

    def alive(self, name: str) -> bool:
        """Return whether a server holds the endpoint."""
        return is_locked(self.layout.endpoint(name).lock)

    def states(self, name: str) -> list[dict[str, object]]:
        """Return the state files of the running server processes as plain data; see `ServerState`."""
        states = []
        for path in sorted(self.layout.endpoint(name).states.glob("[0-9]*.json")):
            if Path(f"/proc/{path.stem}").exists() or not Path("/proc/self").exists():
                try:
                    states.append(read_record(path, ServerState).to_json())
                except FileNotFoundError:  # its process has just ended
                    continue
                except UserError as error:
                    warn_once(path, str(error))
        return states

    def delete(self, name: str) -> None:
        """Remove a stopped endpoint.

        Raises
        ------
        UserError
            If it does not exist or is running.
        """
        self.read(name)
        if self.alive(name):
            raise UserError(f"Endpoint {name} is running", f"Stop it first: vivero stop {name}")
        remove(self.layout.root, self.layout.endpoint(name).root)

    def discard(self, name: str) -> None:
        """Remove an endpoint whose first start failed, with its keys, which were never shown. Its log stays."""
        endpoint = self.layout.endpoint(name)
        for path in (endpoint.record, endpoint.keys, endpoint.problem):
            path.unlink(missing_ok=True)

    def has_keys(self, name: str) -> bool:
        """Return whether the endpoint has keys."""
        return self.layout.endpoint(name).keys.exists()

    def keys(self, name: str) -> dict[str, Any]:
        """Return the creation time and hash of each key, by the key's name.

        Raises
        ------
        UserError
            If their file cannot be read.
        """
        try:
            return dict(read_record(self.layout.endpoint(name).keys, KeysRecord).to_json()["keys"])
        except FileNotFoundError:
            return {}

    def make_key(self, name: str, which: str) -> str:
        """Replace one of the two keys and return the new one. Only its hash is stored.

        Raises
        ------
        UserError
            If there is no such key.
        """
        if which not in KEY_NAMES:
            raise UserError(f"There is no key '{which}'", nearest(which, KEY_NAMES))
        path = self.layout.endpoint(name).keys
        path.parent.mkdir(parents=True, exist_ok=True)
        key = secrets.token_urlsafe(32)
        with locked(path.parent / ".keys.lock"):
            keys = self.keys(name)
            keys[which] = {"sha256": hashlib.sha256(key.encode()).hexdigest(), "created": now()}
            old = os.umask(0o007 if sharing_of(self.layout.root) else 0o077)
            try:
                write_json(path, {"format": 1, "keys": keys})
            finally:
                os.umask(old)
            _chown(path)
        return key


def deployed(record: EndpointRecord, deployments: tuple[Deployment, ...]) -> EndpointRecord:
    """Return an endpoint's record with other deployments. The current ones are added to its history."""
    history = history_before(record, deployments)
    return dataclasses.replace(record, deployments=deployments, history=history, generation=record.generation + 1)


def history_before(record: EndpointRecord, deployments: tuple[Deployment, ...]) -> tuple[tuple[Deployment, ...], ...]:
    """Return an endpoint's history before new deployments, oldest first, limited to the last 20.

    It ends with the record's current deployments, unless these are the new ones.
    """
    history = record.history if record.deployments == deployments else (*record.history, record.deployments)
    return history[-_HISTORY:]


def rolled_back(record: EndpointRecord) -> EndpointRecord:
    """Return an endpoint's record with its previous deployments.

    Raises
    ------
    UserError
        If there are none.
    """
    if not record.history:
        raise UserError(f"Endpoint {record.name} has no earlier version to roll back to")
    *history, last = record.history
    return dataclasses.replace(record, deployments=last, history=tuple(history), generation=record.generation + 1)


def _chown(path: Path) -> None:
    """Give a file that root wrote to its folder's owner: the user, or the user id of a container."""
    folder = path.parent.stat()
    if os.geteuid() == 0 and folder.st_uid:
        os.chown(path, folder.st_uid, folder.st_gid)
