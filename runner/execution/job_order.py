"""Creates the job order of a run, which tells the worker what to do."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from runner.config.arguments import argv_of, fill_places, script_argv
from runner.config.data_settings import OutputConfig
from runner.execution.context import RunContext
from runner.execution.control import callback
from runner.io.files import write_json
from runner.layout import RunLayout
from runner.ports.environment import EnvironmentHandle
from runner.records import RunRecord
from runner.worker import job_order, timeouts
from runner.worker.job_order import JobOrder


def write_order(run: RunLayout, order: JobOrder) -> bool:
    """Write an order and, to a separate file, its secrets. Return whether process lists will show a secret."""
    public, secret = order.parts()
    job_order.keep(str(run.root), secret)
    write_json(run.order, public, durable=False)
    return order.shown_argv is not None and not order.hides_argv


def make_order(context: RunContext, record: RunRecord, handle: EnvironmentHandle) -> JobOrder:
    """Return the job order. Values that differ from the run's record are secret."""
    assert record.prepare is not None  # noqa: S101 - the previous stage sets it
    spec, root = context.spec, context.layout.root
    inputs = {name: str(root / input_record.location) for name, input_record in record.prepare.inputs.items()}
    outputs = {
        name: str(output_place(context.run.work_outputs, name, output)) for name, output in spec.data.outputs.items()
    }
    fill = partial(fill_places, inputs=inputs, outputs=outputs)
    variables = {name: None if value is None else fill(value) for name, value in spec.job.environment_variables.items()}
    argv = [fill(word) for word in script_argv(spec)]
    recorded = record.config["job"]
    shown = [fill(word) for word in argv_of(spec.job.script, recorded["command"], recorded["arguments"])]
    known = recorded["environment_variables"] or {}
    share = context.compute.share(context.at_a_time) if context.at_a_time is not None else {}
    registers = spec.model.name is not None and spec.model.register != "none" and "register" in spec.stages
    return JobOrder(
        run_id=record.id,
        experiment=record.experiment,
        number=record.number,
        display_name=record.display_name,
        snapshot=record.prepare.snapshot.hash,
        argv=handle.inside(argv),
        shown_argv=handle.inside(shown) if shown != argv else None,
        hides_argv=_can_hide_arguments(argv, handle),
        variables={**share, **handle.variables(), **variables},
        secret=[name for name, value in spec.job.environment_variables.items() if known.get(name) != value],
        script=spec.job.script,
        timeout=spec.job.timeout,
        grace=timeouts.seconds("grace"),
        metrics=dict(spec.job.metrics),
        tags=dict(spec.job.tags),
        inputs=inputs,
        assets={
            name: input_record.asset
            for name, input_record in record.prepare.inputs.items()
            if input_record.asset is not None
        },
        outputs=outputs,
        model={"path": spec.model.path, "framework": spec.model.framework} if registers else None,
        inspector=handle.inside(["python"]),
        python=handle.argv(["python"]),
        finish=callback("finish"),
        answer=callback("answer"),
        attended=handle.attended,
        detach=spec.detach,
        at_a_time=context.at_a_time,
        batch=context.batch,
        shared_environment=handle.record.kind != "current",  # packages that the script installs must not change it
    )


def _can_hide_arguments(argv: list[str], handle: EnvironmentHandle) -> bool:
    """Return whether a command can get its arguments another way, as Python 3.8 and later can through ``site``."""
    version = tuple(int(part) for part in handle.record.python_version.split(".")[:2])
    return argv[0] == "python" and version >= (3, 8) and (not argv[1].startswith("-") or argv[1] == "-m")


def output_place(folder: Path, name: str, output: OutputConfig) -> Path:
    """Return the folder or file of a data output below an ``outputs`` folder."""
    return folder / name / output.filename if output.filename else folder / name
