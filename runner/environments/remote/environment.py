"""Environments that must be built where they are used: container images and conda environments."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from runner.environments.remote.bootstrap import install_program
from runner.environments.remote.handle import RemoteHandle
from runner.environments.remote.upload import Upload, sent_of
from runner.environments.requirements.indexes import index_variables
from runner.environments.requirements.wheel_store import WheelStore
from runner.errors import UserError
from runner.layout import Layout
from runner.ports.host import Host
from runner.ports.say import Say
from runner.records import EnvironmentRecord

if TYPE_CHECKING:
    from runner.hosts.remote.host import RemoteHost

_LAST = 3  # lines shown of a failed program's output


class RemoteEnvironment:
    """An environment that a node builds for itself, from the same settings and lock.

    Parameters
    ----------
    layout : Layout
        The workspace, which stores the locks of the uploads.
    settings : DockerEnvironmentConfig or CondaEnvironmentConfig
        The settings.
    base : Path
        The folder that relative paths refer to.
    """

    def __init__(self, layout: Layout, settings: Any, base: Path) -> None:
        self._layout, self._settings, self._base = layout, settings, base

    def prepare(self, host: Host, say: Say) -> RemoteHandle:
        """Build it on the node if necessary.

        Raises
        ------
        UserError
            If the build fails on the node. The message contains the reason.
        """
        return self._build(host, None, "", say)

    def restore(self, record: EnvironmentRecord, lock_text: str, host: Host, say: Say) -> RemoteHandle:
        """Restore the environment of an earlier run, or of another machine, from its lock.

        Raises
        ------
        UserError
            If it cannot be restored.
        """
        return self._build(host, record, lock_text, say)

    def _build(self, machine: Host, record: EnvironmentRecord | None, lock: str, say: Say) -> RemoteHandle:
        host = cast("RemoteHost", machine)  # chosen for clusters only
        python, package = install_program(host, self._settings.kind, self._layout, say)
        wheels = WheelStore(self._layout, upgrade=self._settings.upgrade and not lock)
        upload = sent_of(self._settings, self._base, wheels, lock, say)
        folder = host.root / "asked" / f"{secrets.token_hex(8)}"
        try:
            answer = _ask(host, [python, "-s", str(package / "environments/remote/build_on_node.py")], folder, upload, {
                "root": str(host.root), "record": record.to_json() if record is not None else None, "lock": lock,
            }, say)  # fmt: skip
        finally:
            host.remove(folder)
        made = RemoteHandle.of(
            answer, host.name, lambda target, tell: self._build(target, made.record, answer["lock"], tell)
        )
        return made


def _ask(
    host: RemoteHost, program: list[str], folder: Path, sent: Upload, facts: Mapping[str, Any], say: Say
) -> dict[str, Any]:
    files = {f"files/{name}": content for name, content in sent.files.items()}
    request = json.dumps({**facts, "settings": sent.settings}).encode()
    host.put_files({"asked.json": request, **files}, folder)
    done = host.run([*program, str(folder)], variables=index_variables(), say=say)
    try:
        answer: dict[str, Any] = json.loads(host.read(folder / "answer.json"))
    except FileNotFoundError:
        last = " ".join(done.output.decode(errors="replace").split("\n")[-_LAST:])
        raise UserError(f"The environment could not be built on {host.name}: {last}") from None
    if "mistake" in answer:
        message, hint = answer["mistake"]
        raise UserError(f"{host.name}: {message}", hint)
    return answer
