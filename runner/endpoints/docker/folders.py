"""The folders of an endpoint that are mounted in its containers, and their owner."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

from runner.config.endpoint_settings import EndpointSettings
from runner.endpoints.image_contents import NOBODY, PORT
from runner.endpoints.servers import read_log
from runner.errors import UserError
from runner.io.files import open_log, write_json
from runner.io.folders import remove_tree
from runner.io.json_records import read_record
from runner.layout import EndpointLayout, Layout
from runner.records import EndpointRecord, ServerState

_KEPT = 64 << 20  # bytes of earlier servers' output, beyond which the log is moved


class EndpointFolders:
    """The folders of one endpoint.

    The containers run as the workspace's owner. If that is root, they run as a user id without an account, which then
    owns these folders. Files that containers write are not trusted: links are not followed, and contents are checked.
    """

    def __init__(self, layout: Layout, name: str) -> None:
        self.name, self.workspace = name, layout.root.resolve()
        self.endpoint = Layout(self.workspace).endpoint(name)
        owner = self.workspace.stat()
        self.user = (owner.st_uid, owner.st_gid) if owner.st_uid else (NOBODY, NOBODY)

    def make_home(self) -> None:
        """Create the folders that the holder and all servers share."""
        for folder in (self.endpoint.root, self.endpoint.holder.parent, self.endpoint.logs, self.endpoint.servers):
            self._own_folder(folder)
        for path in (self.endpoint.record, self.endpoint.keys):
            if path.exists():
                self._own(path)

    def folder(self, generation: int) -> Path:
        """Return the endpoint folder of a generation's server."""
        return Path(self.endpoint.servers / str(generation))

    def lay_out(self, record: EndpointRecord, keys: str) -> Path:
        """Write a server's folder and return it. It has the server's record and settings, and a link to `keys`."""
        folder, settings = self.folder(record.generation), EndpointSettings(**record.settings)
        remove_tree(folder)
        self.make_home()
        layout = EndpointLayout(folder)
        for path in (folder, layout.logs):
            self._own_folder(path)
        auth = "key" if settings.needs_keys else "none"
        hosts = ["*"] if settings.known_hosts is None else settings.hosts
        inner = dataclasses.replace(settings, kind="local", host="127.0.0.1", port=PORT, auth=auth, hosts=hosts)
        inner_record = dataclasses.replace(record, settings=dataclasses.asdict(inner), history=())
        write_json(layout.record, inner_record.to_json())
        self._own(layout.record)
        layout.keys.symlink_to(keys)
        return folder

    def states(self, generation: int) -> list[dict[str, Any]]:
        """Return the states that the server processes of a container have written."""
        states = []
        for path in sorted(EndpointLayout(self.folder(generation)).states.glob("[0-9]*.json")):
            try:
                states.append(read_record(path, ServerState).to_json())
            except (UserError, FileNotFoundError):  # its process has ended, or it is not a state
                continue
        return states

    def keep_log(self, content: bytes) -> None:
        """Append the output of a removed server to the log, within a limit."""
        log, earlier = self.endpoint.log, self.endpoint.earlier_log
        if log.is_file() and not log.is_symlink() and log.stat().st_size > _KEPT:
            remove_tree(earlier)
            log.replace(earlier)
        with open_log(log) as file:
            file.write(content)

    def log(self) -> bytes:
        """Return the saved output."""
        return read_log(self.endpoint)

    def _own_folder(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._own(folder)

    def _own(self, path: Path) -> None:
        if os.geteuid() == 0 and path.stat().st_uid != self.user[0]:
            os.chown(path, *self.user)
