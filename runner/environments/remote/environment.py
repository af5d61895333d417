"""Environments of a kind that is made where it is used: containers' images, and what conda's packages link."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runner.environments.remote.bootstrap import program_on
from runner.environments.remote.handle import AwayHandle
from runner.environments.remote.upload import Sent, sent_of
from runner.environments.requirements.indexes import index_variables
from runner.environments.requirements.kept_wheels import KeptWheels
from runner.errors import UserError
from runner.hosts.remote.host import RemoteHost
from runner.layout import Layout
from runner.ports import Host, Say
from runner.records import EnvironmentRecord

_LAST = 3  # lines that are told of a program that broke


class AwayEnvironment:
    """An environment that a node makes for itself, from the same settings and the same lock.

    Parameters
    ----------
    layout : Layout
        The workspace, which keeps the locks of what is brought there.
    settings : DockerEnvironmentConfig or CondaEnvironmentConfig
        What is asked for.
    base : Path
        Where relative paths start.
    """

    def __init__(self, layout: Layout, settings: Any, base: Path) -> None:
        self._layout, self._settings, self._base = layout, settings, base

    def prepare(self, host: Host, say: Say) -> AwayHandle:
        """Have it made, unless it is there.

        Raises
        ------
        UserError
            If it cannot be made there, with the machine's reason.
        """
        return self._made(host, None, "", say)

    def restore(self, record: EnvironmentRecord, lock_text: str, host: Host, say: Say) -> AwayHandle:
        """Return the very environment of an earlier run, or of another machine, from its lock.

        Raises
        ------
        UserError
            If it cannot be had again.
        """
        return self._made(host, record, lock_text, say)

    def _made(self, host: Host, record: EnvironmentRecord | None, lock: str, say: Say) -> AwayHandle:
        assert isinstance(host, RemoteHost) and host.root is not None  # noqa: S101 - chosen for clusters only
        python, package = program_on(host, self._settings.kind, self._layout, say)
        wheels = KeptWheels(self._layout, upgrade=self._settings.upgrade and not lock)
        asked = sent_of(self._settings, self._base, wheels, lock, say)
        folder = host.root / "asked" / f"{secrets.token_hex(8)}"
        try:
            answer = _ask(host, [python, "-s", str(package / "environments/remote/build_on_node.py")], folder, asked, {
                "root": str(host.root), "record": record.to_json() if record is not None else None, "lock": lock,
            }, say)  # fmt: skip
        finally:
            host.remove(folder)
        made = AwayHandle.of(
            answer, host.name, lambda other, tell: self._made(other, made.record, answer["lock"], tell)
        )
        return made


def _ask(
    host: RemoteHost, program: list[str], folder: Path, sent: Sent, facts: Mapping[str, Any], say: Say
) -> dict[str, Any]:
    files = {f"files/{name}": one for name, one in sent.files.items()}
    asked = json.dumps({**facts, "settings": sent.settings}).encode()
    host.put_files({"asked.json": asked, **files}, folder)
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
