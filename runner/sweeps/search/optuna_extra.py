"""Imports Optuna on demand, because it is an extra and takes half a second."""

from __future__ import annotations

import warnings
from typing import Any

from runner.errors import UserError


def optuna(setting: str) -> Any:
    """Return the module, with its logging silenced.

    Raises
    ------
    UserError
        If it is not installed. The message names the `setting` that needs it.
    """
    try:
        import optuna as module
    except ImportError:
        raise UserError(f"{setting} needs optuna", "Install it: pip install 'vivero[sweeps]'") from None
    module.logging.set_verbosity(module.logging.ERROR)
    warnings.filterwarnings("ignore", category=module.exceptions.ExperimentalWarning)
    return module
