"""Repeats a recorded run."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from runner.access import ownership, permissions
from runner.config.computes import COMPUTES
from runner.config.schema import ENVIRONMENTS, RunSpec
from runner.console.format import clean
from runner.errors import UserError
from runner.execution.context import RestoredRun
from runner.execution.secret_values import found_again, passed_over, read_given
from runner.io.json_records import read_text
from runner.layout import Layout
from runner.records import RunRecord
from runner.store.runs import FileRunStore, read_record


def spec_of(record: RunRecord) -> RunSpec:
    """Return the composition of a recorded run with secrets masked, for the stages after its script.

    Raises
    ------
    UserError
        If the recorded configuration is damaged.
    """
    return _spec(passed_over(record.config), record.id)


def _spec(recorded: dict[str, Any], run_id: str) -> RunSpec:
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    from runner.execution.plan import register_resolvers

    register_resolvers()
    config: dict[str, Any] = {key: value for key, value in recorded.items() if key != "base"}
    base = OmegaConf.structured(RunSpec)
    try:
        base.environment = OmegaConf.structured(ENVIRONMENTS[config["environment"]["kind"]])
        base.compute = OmegaConf.structured(COMPUTES[config["compute"]["kind"]])
        spec = OmegaConf.to_object(OmegaConf.merge(base, config))
    except (KeyError, TypeError, ValueError, OmegaConfBaseException) as error:
        raise UserError(f"The configuration of run {run_id} is damaged: {type(error).__name__} {error}") from None
    assert isinstance(spec, RunSpec)  # noqa: S101 - the merge starts from one
    return spec


def checked(layout: Layout, record: RunRecord) -> RunRecord:
    """Return a run's record after checking that nobody else could have written it, because it says what to execute.

    Raises
    ------
    UserError
        If the run does not exist, or naming the first file or folder that others could have written.
    """
    run = layout.run(record.experiment, record.id)
    ownership.check_workspace(layout.root)
    permissions.enter(layout.root)
    ownership.check(layout.root, run.root, run.record, run.order, run.secrets, run.job, run.lock_file)
    return read_record(run.root)


def rerun(layout: Layout, run_id: str, *, given: Sequence[str] = (), allow_drift: bool = False) -> int:
    """Repeat a recorded run from its snapshot, lock and configuration, and print which outputs differ.

    Parameters
    ----------
    given : sequence of str
        Secrets that were not recorded: ``job.environment_variables.TOKEN=abc``.

    Returns
    -------
    int
        The exit code of the new run.

    Raises
    ------
    UserError
                If the run was never prepared, its environment or data is gone, or others could write its files.
    """
    from omegaconf import OmegaConf

    from runner.config.composition import as_plain, dump_yaml
    from runner.execution.plan import Plan, new_run_id
    from runner.wiring import run_plan

    record = checked(layout, FileRunStore(layout).find(run_id))
    if record.prepare is None:
        raise UserError(f"Run {record.id} ended before it was prepared, so it cannot be repeated")
    spec = _spec(found_again(record.config, record.id, read_given(given)), record.id)
    if allow_drift and spec.environment.kind == "current":
        spec.environment = dataclasses.replace(spec.environment, allow_drift=True)
    spec.detach = False
    plan = Plan(
        spec=spec,
        config={key: value for key, value in record.config.items() if key != "base"},
        yaml=dump_yaml({**as_plain(OmegaConf.structured(spec)), "job": record.config["job"]}),
        experiment=record.experiment,
        run_id=new_run_id(record.experiment),
        layout=layout,
        base=Path(str(record.config.get("base", layout.root))),
        overrides=record.overrides,
    )
    lock = layout.run(record.experiment, record.id).lock_file
    restored = RestoredRun(
        run_id=record.id,
        snapshot_hash=record.prepare.snapshot.hash,
        environment=record.prepare.environment,
        lock_text=read_text(lock) if lock.exists() else "",
        input_hashes={name: one.hash for name, one in record.prepare.inputs.items()},
    )
    code = run_plan(plan, restored)
    _compare_outputs(record, FileRunStore(layout).read(plan.run_id))
    return code


def _compare_outputs(old: RunRecord, new: RunRecord) -> None:
    before = {one.path: one.sha256 for one in old.finalize.outputs} if old.finalize else {}
    after = {one.path: one.sha256 for one in new.finalize.outputs} if new.finalize else {}
    for path in sorted(before.keys() | after.keys()):
        if path not in after:
            print(f"{'missing':<9}  {clean(path)}")
        elif path not in before:
            print(f"{'new':<9}  {clean(path)}")
        else:
            print(f"{'same' if before[path] == after[path] else 'differs':<9}  {clean(path)}")
