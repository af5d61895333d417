"""Unpickles registered models, and nothing else does: bytes with the registered hash, from a safe folder."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from runner.access import ownership
from runner.errors import UserError
from runner.records import ModelRecord
from runner.store.registry import RECORD, FileRegistry
from runner.worker.models import flavours


def load(registry: FileRegistry, record: ModelRecord, trusted: Sequence[str] = ()) -> Any:
    """Return the estimator of a version.

    Parameters
    ----------
    registry : FileRegistry
        The registry.
    record : ModelRecord
        The version.
    trusted : sequence of str
        Types that a skops file may contain in addition to skops' own list. They come only from the server's settings.

    Raises
    ------
    UserError
        If the files differ from the registered ones, others can write to their folder, or they contain no model.
    """
    where = f"{record.name}:{record.version}"
    if record.framework == "Custom":
        raise UserError(f"Model {where} has the framework Custom", "Only ScikitLearn models are served")
    path = registry.artefact(record)
    version, models = path.parent, registry.layout.models
    ownership.check(registry.layout.root, models, version.parent, version, version / RECORD, path)
    try:
        if path.is_dir():
            return _of_folder(record, path, trusted)
        return _unpacked(path.name, registry.verified_bytes(record), trusted)
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"Model {where} cannot be loaded: {type(error).__name__}: {error}") from error


def _of_folder(record: ModelRecord, path: Path, trusted: Sequence[str]) -> Any:
    """Return the model in a folder written by MLflow."""
    where = f"{record.name}:{record.version}"
    known = {one.path: one.sha256 for one in record.files}

    def verified(name: str) -> bytes:
        content = (path / name).read_bytes()
        if hashlib.sha256(content).hexdigest() != known.get(name):
            raise UserError(f"{name} of model {where} has changed since it was registered")
        return content

    facts = flavours.read_flavours(verified("MLmodel").decode()) if "MLmodel" in known else {}
    try:
        library, name = flavours.model_file(known, facts)
    except flavours.NoModelError as error:
        raise UserError(f"Model {where} cannot be loaded: {error}") from None
    code = flavours.code_folder(str(path), facts)
    if code is not None or library == "mlflow":  # these read other files of the folder
        for one in known:
            verified(one)
    flavours.make_importable(code)
    content = verified(name)
    return flavours.load(library, facts, content, str(path)) if library else _unpacked(name, content, trusted)


def _unpacked(name: str, content: bytes, trusted: Sequence[str]) -> Any:
    if name.endswith(".skops"):
        import skops.io

        unknown = sorted(set(skops.io.get_untrusted_types(data=content)) - set(trusted))
        if unknown:
            raise UserError(
                f"{name} holds types that are not trusted: {', '.join(unknown)}",
                f"To trust them: trusted=[{','.join(unknown)}]",
            )
        return skops.io.loads(content, trusted=list(trusted))
    import joblib

    return joblib.load(io.BytesIO(content))
