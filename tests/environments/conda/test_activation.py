"""What packages set on activation holds for the script."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from runner.environments.conda.activation import activated
from runner.errors import UserError
from runner.ports.host import Host
from tests.contracts.environment_contract import said


def write(path: Any, text: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_a_packages_script_is_run_and_its_output_is_no_variable(make: Any, host: Host) -> None:
    variables = make().prepare(host, said).variables()
    prefix = variables["CONDA_PREFIX"]
    assert variables["BANNER"] == f"{prefix} of {prefix}"
    assert variables["PATH"].split(os.pathsep)[0] == f"{prefix}/bin"
    assert not [name for name in variables if name in ("PWD", "SHLVL", "_") or "set" in name]


def test_the_order_is_condas_and_values_are_no_code(tmp_path: Path) -> None:
    hostile = "a 'b' $(touch pwned) `touch pwned`\nx=y"
    write(tmp_path / "etc/conda/env_vars.d/p.json", json.dumps({"FIRST": "file", "SECOND": "file"}))
    write(tmp_path / "conda-meta/state", json.dumps({"env_vars": {"SECOND": "state", "HOSTILE": hostile}}))
    write(tmp_path / "etc/conda/activate.d/a; touch pwned.sh", 'export THIRD="$SECOND+script"\n')
    write(tmp_path / "etc/conda/activate.d/b.fish", "this is no bash (")
    variables = activated(tmp_path, {"PATH": os.environ["PATH"]})
    assert (variables["FIRST"], variables["SECOND"], variables["THIRD"]) == ("file", "state", "state+script")
    assert variables["HOSTILE"] == hostile and variables["CONDA_PREFIX"] == str(tmp_path)
    assert not list(tmp_path.rglob("pwned")) and not Path("pwned").exists()


def test_a_script_that_ends_is_said_in_one_line(tmp_path: Path) -> None:
    write(tmp_path / "etc/conda/activate.d/a.sh", "echo no licence >&2; exit 3\n")
    with pytest.raises(UserError, match="cannot be activated: no licence"):
        activated(tmp_path, {"PATH": os.environ["PATH"]})


def test_without_bash_it_says_so(tmp_path: Path) -> None:
    write(tmp_path / "etc/conda/activate.d/a.sh", "true\n")
    with pytest.raises(UserError, match="need bash"):
        activated(tmp_path, {"PATH": str(tmp_path)})
