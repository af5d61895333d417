"""Repeats a recorded run."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.access import ownership, permissions
from runner.config.computes import COMPUTES
from runner.config.schema import ENVIRONMENTS, RunSpec, is_pipeline
from runner.console.format import clean
from runner.errors import UserError
from runner.execution.context import RestoredRun
from runner.execution.secret_values import mask_secrets, read_given, restore_secrets
from runner.io.json_records import read_text
from runner.layout import Layout
from runner.records import RunRecord
from runner.statuses import COMPLETED
from runner.store.runs import FileRunStore, read_record

if TYPE_CHECKING:
    from runner.execution.plan import Plan


def spec_of(record: RunRecord) -> RunSpec:
    """Return the composition of a recorded run with secrets masked, for the stages after its script.

    Raises
    ------
    UserError
        If the recorded configuration is damaged.
    """
    return _spec(mask_secrets(record.config), record.id)


def compute_settings_of(record: RunRecord) -> Any:
    """Return the settings of the compute of a recorded run. The rest of its configuration may be damaged.

    Raises
    ------
    UserError
        If these settings are damaged.
    """
    from omegaconf import OmegaConf

    with _damage_reported(record.id):
        settings = mask_secrets({"compute": record.config["compute"]})["compute"]
        return OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(COMPUTES[settings["kind"]]), settings))


def _spec(recorded: dict[str, Any], run_id: str) -> RunSpec:
    from omegaconf import OmegaConf

    config: dict[str, Any] = {key: value for key, value in recorded.items() if key != "base"}
    with _damage_reported(run_id):
        base = OmegaConf.structured(RunSpec)
        base.environment = OmegaConf.structured(ENVIRONMENTS[config["environment"]["kind"]])
        base.compute = OmegaConf.structured(COMPUTES[config["compute"]["kind"]])
        spec = OmegaConf.to_object(OmegaConf.merge(base, config))
    assert isinstance(spec, RunSpec)  # noqa: S101 - the merge starts from one
    return spec


@contextlib.contextmanager
def _damage_reported(run_id: str) -> Iterator[None]:
    """Raise a `UserError` if a recorded configuration does not fit the schema."""
    from omegaconf.errors import OmegaConfBaseException

    from runner.execution.planning import register_resolvers

    register_resolvers()
    try:
        yield
    except (KeyError, TypeError, ValueError, OmegaConfBaseException) as error:
        raise UserError(f"The configuration of run {run_id} is damaged: {type(error).__name__} {error}") from None


def plan_of_pipeline(layout: Layout, record: RunRecord, config: dict[str, Any]) -> Plan:
    """Return the plan of a recorded pipeline, with the run's own id.

    Parameters
    ----------
    config : dict
        The recorded configuration, with secrets found again or passed over.

    Raises
    ------
    UserError
        If the recorded configuration is damaged, or something that it names is gone.
    """
    from runner.config.composition import Composition, dump_yaml
    from runner.execution.planning import make_plan

    spec, base = _spec(config, record.id), Path(str(record.config.get("base", layout.root)))
    spec.experiment_name = record.experiment
    plain = {key: value for key, value in config.items() if key != "base"}
    plan = make_plan(Composition(spec, plain, dump_yaml(plain)), base, None, record.overrides, layout=layout)
    return dataclasses.replace(plan, run_id=record.id)


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
    from runner.run_plan import run_plan

    record = checked(layout, FileRunStore(layout).find(run_id))
    if is_pipeline(spec_of(record)):
        plan = plan_of_pipeline(layout, record, restore_secrets(record.config, record.id, read_given(given)))
        return run_plan(dataclasses.replace(plan, run_id=new_run_id(record.experiment)), rerun_of=record.id)
    if record.prepare is None:
        raise UserError(f"Run {record.id} ended before it was prepared, so it cannot be repeated")
    spec = _spec(restore_secrets(record.config, record.id, read_given(given)), record.id)
    if allow_drift and spec.environment.kind == "current":
        spec.environment = dataclasses.replace(spec.environment, allow_drift=True)
    spec.detach = False
    for name, settings in spec.data.inputs.items():
        if settings.step is not None:  # the run is a step, whose input is what another one left
            settings.path, settings.step = record.prepare.inputs[name].path, None
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
        input_hashes={name: input_record.hash for name, input_record in record.prepare.inputs.items()},
    )
    code = run_plan(plan, restored)
    _compare_outputs(record, FileRunStore(layout).read(plan.run_id))
    return code


def resume_pipeline(layout: Layout, run_id: str, *, given: Sequence[str] = ()) -> int:
    """Continue a pipeline whose controller has ended or that has failed: completed steps are kept.

    Parameters
    ----------
    given : sequence of str
        Secrets that were not recorded.

    Returns
    -------
    int
        The exit code.

    Raises
    ------
    UserError
        If the run is no pipeline, is being run or has completed, or others could write its files.
    """
    from runner.run_plan import resume_plan

    record = checked(layout, FileRunStore(layout).find(run_id))
    if not record.part("pipeline").get("steps"):
        raise UserError(f"Run {record.id} is not a pipeline", f"To repeat it: vivero rerun {record.id}")
    if record.status == COMPLETED:
        raise UserError(f"The pipeline {record.id} has completed", f"To repeat it: vivero rerun {record.id}")
    plan = plan_of_pipeline(layout, record, restore_secrets(record.config, record.id, read_given(given)))
    return resume_plan(plan)


def _compare_outputs(old: RunRecord, new: RunRecord) -> None:
    before = {output.path: output.sha256 for output in old.finalize.outputs} if old.finalize else {}
    after = {output.path: output.sha256 for output in new.finalize.outputs} if new.finalize else {}
    for path in sorted(before.keys() | after.keys()):
        if path not in after:
            print(f"{'missing':<9}  {clean(path)}")
        elif path not in before:
            print(f"{'new':<9}  {clean(path)}")
        else:
            print(f"{'same' if before[path] == after[path] else 'differs':<9}  {clean(path)}")
