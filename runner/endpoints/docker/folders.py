"""The folders of an endpoint that its containers see, and who they belong to."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

from runner.config.endpoint_settings import EndpointSettings
from runner.endpoints.image_contents import NOBODY, PORT
from runner.endpoints.servers import read_log
from runner.errors import UserError
from runner.io.files import open_log, remove_tree, write_json
from runner.io.json_records import read_record
from runner.layout import EndpointLayout, Layout
from runner.records import EndpointRecord, ServerState

_KEPT = 64 << 20  # bytes of what servers have printed that are gone; then it is put aside


class Places:
    """The folders of one endpoint.

    Its containers run as who the workspace belongs to; where that is root, as a number that nobody has, and these
    folders are given to it. What they write is not trusted: it is not followed, nor taken for more than it says.
    """

    def __init__(self, layout: Layout, name: str) -> None:
        self.name, self.workspace = name, layout.root.resolve()
        self.endpoint = Layout(self.workspace).endpoint(name)
        owner = self.workspace.stat()
        self.user = (owner.st_uid, owner.st_gid) if owner.st_uid else (NOBODY, NOBODY)

    def make_home(self) -> None:
        """Make what the holder and all servers see."""
        for one in (self.endpoint.root, self.endpoint.holder.parent, self.endpoint.logs, self.endpoint.servers):
            self._own_folder(one)
        for one in (self.endpoint.record, self.endpoint.keys):
            if one.exists():
                self._own(one)

    def folder(self, generation: int) -> Path:
        """Return what the server of a generation has as its endpoint's folder."""
        return Path(self.endpoint.servers / str(generation))

    def lay_out(self, record: EndpointRecord, keys: str) -> Path:
        """Write what a server reads, and return the folder: its own version, its own address, a link to the keys."""
        folder, settings = self.folder(record.generation), EndpointSettings(**record.settings)
        remove_tree(folder)
        self.make_home()
        for one in (folder, folder / "logs"):
            self._own_folder(one)
        auth = "key" if settings.needs_keys else "none"
        hosts = ["*"] if settings.known_hosts is None else settings.hosts
        inner = dataclasses.replace(settings, kind="local", host="127.0.0.1", port=PORT, auth=auth, hosts=hosts)
        own = dataclasses.replace(record, settings=dataclasses.asdict(inner), history=())
        write_json(folder / "endpoint.json", own.to_json())
        self._own(folder / "endpoint.json")
        (folder / "keys.json").symlink_to(keys)
        return folder

    def states(self, generation: int) -> list[dict[str, Any]]:
        """Return what the server processes of a container say of themselves."""
        found = []
        for path in sorted(EndpointLayout(self.folder(generation)).states.glob("[0-9]*.json")):
            try:
                found.append(read_record(path, ServerState).to_json())
            except (UserError, FileNotFoundError):  # its process has ended meanwhile, or it is none of ours
                continue
        return found

    def keep_log(self, content: bytes) -> None:
        """Keep what a server printed whose container goes; of those before it not without bounds."""
        log, earlier = self.endpoint.log, self.endpoint.earlier_log
        if log.is_file() and not log.is_symlink() and log.stat().st_size > _KEPT:
            remove_tree(earlier)
            log.replace(earlier)
        with open_log(log) as file:
            file.write(content)

    def log(self) -> bytes:
        """Return what was kept."""
        return read_log(self.endpoint)

    def _own_folder(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._own(folder)

    def _own(self, path: Path) -> None:
        if os.geteuid() == 0 and path.stat().st_uid != self.user[0]:
            os.chown(path, *self.user)
