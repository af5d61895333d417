"""A model that does not come to be loaded is given up, and it is said what is waited for."""

import pickle
import sys
from pathlib import Path
from typing import Any

import pytest

from runner.execution.inspectors import LocalInspector
from tests.support.timeouts import short


class _Waits:
    def __reduce__(self) -> Any:
        import time

        return time.sleep, (600,)


def test_a_model_that_hangs_while_it_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIVERO_TIMEOUTS", short(model_load=2))
    path, said = tmp_path / "model.pkl", list[str]()
    path.write_bytes(pickle.dumps(_Waits()))
    inspection = LocalInspector([sys.executable], said.append).inspect(path)
    assert inspection.error is not None and inspection.error.startswith("loading it took over 2 s")
    assert said and all("limit 2 s" in line and "model.pkl" in line for line in said)
