"""The one place where a registered model is unpickled: only bytes whose hash was checked, from a safe folder."""

from __future__ import annotations

import hashlib
import io
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from runner.errors import UserError
from runner.records import ModelRecord
from runner.store.registry import FileRegistry

_INNER = ("model.pkl", "model.joblib", "model.skops")  # MLflow's folder, and ours


def load(registry: FileRegistry, record: ModelRecord, trusted: Sequence[str] = ()) -> Any:
    """Return a version's estimator.

    Parameters
    ----------
    trusted : sequence of str
        Types that a skops file may hold beside those skops itself trusts; from the server's settings only.

    Raises
    ------
    UserError
        If the files are not those that were registered, lie where others can write, or hold no model.
    """
    where = f"{record.name}:{record.version}"
    if record.framework == "Custom":
        raise UserError(f"Model {where} has the framework Custom", "Only ScikitLearn models are served")
    path = registry.artefact(record)
    check_owner(path.parent)
    name, content = _content(registry, record, path)
    try:
        return _unpacked(name, content, trusted)
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"Model {where} cannot be loaded: {type(error).__name__}: {error}") from error


def check_owner(folder: Path) -> None:
    """Refuse a folder that anybody but its owner can write, or that belongs to somebody else.

    Raises
    ------
    UserError
        With the command that mends it.
    """
    for one in (folder, folder.parent):
        state = one.stat()
        if state.st_uid not in (os.geteuid(), 0):
            raise UserError(f"{one} belongs to another user, so its models are not loaded")
        if state.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise UserError(f"Others can write to {one}, so its models are not loaded", f"chmod go-w {one}")


def _content(registry: FileRegistry, record: ModelRecord, path: Path) -> tuple[str, bytes]:
    if not path.is_dir():
        return path.name, registry.verified_bytes(record)
    known = {one.path: one.sha256 for one in record.files}
    for name in _INNER:
        if name in known:
            content = (path / name).read_bytes()
            if hashlib.sha256(content).hexdigest() != known[name]:
                raise UserError(f"{name} of model {record.name}:{record.version} is not what was registered")
            return name, content
    raise UserError(f"Model {record.name}:{record.version} is a folder without {' or '.join(_INNER)}")


def _unpacked(name: str, content: bytes, trusted: Sequence[str]) -> Any:
    if name.endswith(".skops"):
        import skops.io

        unknown = sorted(set(skops.io.get_untrusted_types(data=content)) - set(trusted))
        if unknown:
            raise UserError(f"{name} holds types that are not trusted: {', '.join(unknown)}", "See the setting trusted")
        return skops.io.loads(content, trusted=list(trusted))
    import joblib

    return joblib.load(io.BytesIO(content))
