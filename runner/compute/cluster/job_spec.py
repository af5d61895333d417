"""The job spec that a node receives: the job order, with paths on the node."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.io.folders import followed_files
from runner.io.hashes import hash_tree
from runner.io.json_records import read_record
from runner.layout import RunLayout
from runner.ports.environment import EnvironmentHandle
from runner.records import RunRecord
from runner.store.snapshots import damaged_error, read_manifest
from runner.worker import snapshot
from runner.worker.job_order import JobOrder

Content = Callable[[], Mapping[str, Path | bytes]]


@dataclass(frozen=True)
class Tree:
    """The source that a run's folder starts with: a stored snapshot.

    Parameters
    ----------
    root : Path
        The folder.
    manifest : mapping
        Size, hash and execute bit of each file by its name.
    key : str
        The snapshot's hash.
    """

    root: Path
    manifest: Mapping[str, Mapping[str, Any]]
    key: str

    @classmethod
    def stored(cls, folder: Path) -> Tree:
        """Return the tree of a stored snapshot.

        Raises
        ------
        UserError
            If it no longer exists, or cannot be read.
        """
        try:
            return cls(folder / "files", read_manifest(folder), folder.name)
        except snapshot.DamagedError as damaged:
            raise damaged_error(folder, damaged) from None

    def content(self) -> Mapping[str, Path | bytes]:
        """Return the files to send. A node checks them again before each run that uses them.

        Raises
        ------
        UserError
            If it has changed since it was stored.
        """
        try:
            snapshot.check(str(self.root), dict(self.manifest), self.key)
        except snapshot.DamagedError as damaged:
            raise damaged_error(self.root.parent, damaged) from None
        files: dict[str, Path | bytes] = {f"files/{name}": self.root / name for name in self.manifest}
        return {**files, "manifest.json": json.dumps(self.manifest).encode()}


def inputs_of(run: RunLayout) -> Iterator[tuple[str, str, str, Content]]:
    """Yield each data input: its path in the run's folder, its key, its name below the key, and the files to send."""
    if not run.inputs.is_dir():
        return
    known = _known_hashes(run)
    for link in sorted(run.inputs.glob("*/*")):
        real = link.resolve()
        files = followed_files(real) if real.is_dir() else None

        def content(link: Path = link, real: Path = real, files: list[str] | None = files) -> dict[str, Path | bytes]:
            if files is None:
                return {link.name: real}
            return {f"{link.name}/{name}": (real / name).resolve() for name in files}

        named = f"{link.name}\0{known.get(link.parent.name) or hash_tree(real, files)}"
        key = hashlib.sha256(named.encode("utf-8", "surrogateescape")).hexdigest()[:32]
        yield link.relative_to(run.inputs).as_posix(), key, link.name, content


def _known_hashes(run: RunLayout) -> dict[str, str]:
    """Return the hash of each input whose content is stored read-only, so that large data is not read for each run."""
    prepared = read_record(run.record, RunRecord).prepare
    inputs = prepared.inputs if prepared is not None else {}
    return {
        name: input_record.hash
        for name, input_record in inputs.items()
        if input_record.asset is not None or input_record.mode == "copy"
    }


def order_for(
    order: JobOrder,
    tree: str,
    folders: tuple[Path, Path],
    handles: tuple[EnvironmentHandle, EnvironmentHandle],
) -> JobOrder:
    """Return a run's order as a node receives it.

    Parameters
    ----------
    order : JobOrder
        The order as the controller wrote it.
    tree : str
        The key of the run's snapshot.
    folders : tuple of Path
        The run's folder on this machine and on the node.
    handles : tuple of EnvironmentHandle
        The environment that the order refers to, and the same environment on the node.
    """
    here, remote = handles
    prefixes = tuple(str(Path(handle.argv(["python"])[0]).parent.parent) for handle in handles)
    moves = [(str(folders[0]), str(folders[1])), prefixes]
    mine, theirs = here.variables(), remote.variables()
    variables = {
        name: theirs.get(name, value) if value == mine.get(name) else _moved(value, moves)
        for name, value in order.variables.items()
    }
    return order.replace(
        argv=_moved(order.argv, moves),
        shown_argv=_moved(order.shown_argv, moves),
        variables=variables,
        inputs=_moved(order.inputs, moves),
        outputs=_moved(order.outputs, moves),
        inspector=remote.inside(["python"]),
        python=remote.argv(["python"]),
        finish=None,
        answer=None,
        attended=remote.attended,
        apart=True,
        detach=False,
        tree=tree,
    )


def _moved(value: Any, moves: list[tuple[str, ...]]) -> Any:
    """Return a string, or nested data with strings, in which each old path is replaced by the new one."""
    if isinstance(value, str):
        for old, new in moves:
            value = value.replace(old, new)
        return value
    if isinstance(value, list):
        return [_moved(item, moves) for item in value]
    if isinstance(value, dict):
        return {name: _moved(item, moves) for name, item in value.items()}
    return value
