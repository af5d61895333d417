"""Loads registered models: only bytes with the registered hash, from a folder that others cannot write to.

Nothing else in the server unpickles.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from runner.access import ownership
from runner.errors import UserError
from runner.records import ModelRecord
from runner.store.registry import RECORD, FileRegistry
from runner.worker.models import flavours
from serving.dataplane.verified_imports import import_verified


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
            return _of_folder(registry, record, path, trusted)
        return _unpacked(path.name, registry.verified_bytes(record), trusted)
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"Model {where} cannot be loaded: {type(error).__name__}: {error}") from error


def _of_folder(registry: FileRegistry, record: ModelRecord, path: Path, trusted: Sequence[str]) -> Any:
    """Return the model in a folder written by MLflow."""
    files = [file.path for file in record.files]
    verified = partial(registry.verified_bytes, record)
    facts = flavours.read_flavours(verified("MLmodel").decode()) if "MLmodel" in files else {}
    try:
        library, name = flavours.model_file(files, facts)
        code = flavours.code_folder(str(path), facts)
    except flavours.NoModelError as error:
        raise UserError(f"Model {record.name}:{record.version} cannot be loaded: {error}") from None
    if code is not None or library == "mlflow":  # these read other files of the folder
        for file in files:
            verified(file)
    import_verified(path, verified)
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
