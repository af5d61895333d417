"""Turns a composed configuration into a checked plan of one run. Nothing is written to disk."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from runner.access.secrets import confidential, masked_word
from runner.config.composition import Composition, dump_yaml
from runner.config.schema import is_declared, is_pipeline
from runner.config.shipped import SHIPPED
from runner.config.validation.composition import check_spec, source_folder
from runner.execution.assets import AssetVersions, with_step_versions, with_versions
from runner.execution.plan import Plan, Step, layout_of, new_run_id
from runner.io.names import check_key, name_from
from runner.layout import Layout


def register_resolvers() -> None:
    """Register our resolvers, such as ``${project_root:}`` and ``${input:NAME}``, and limit what OmegaConf resolves."""
    from runner.config.limits.references import limit_interpolations

    limit_interpolations()
    root = str(SHIPPED)
    OmegaConf.register_new_resolver("project_root", lambda: root, replace=True)
    for kind in ("input", "output", "step"):  # unchanged, because their paths are only known once the run is prepared
        OmegaConf.register_new_resolver(kind, partial(_as_written, kind), replace=True)


def _as_written(kind: str, *words: str) -> str:
    return f"${{{kind}:{','.join(words)}}}"


def make_plan(
    composed: Composition,
    base: Path,
    chosen_experiment: str | None,
    overrides: tuple[str, ...] = (),
    *,
    layout: Layout | None = None,
    versions: AssetVersions | None = None,
) -> Plan:
    """Check a composition and give the run its name.

    Parameters
    ----------
    base : Path
        The folder the command was typed in, to which relative paths refer.
    chosen_experiment : str or None
        The chosen option of the ``experiment`` group, which names the experiment if ``experiment_name`` is not set.
    overrides : tuple of str
        The words of the command line, for the record.
    layout : Layout or None
        The workspace, if already known.
    versions : AssetVersions or None
        The versions of data assets that other runs of the same command have.

    Raises
    ------
    UserError
        If any setting is invalid.
    """
    composed, written, chosen_experiment = _settled(composed, base, chosen_experiment)
    spec = composed.spec
    check_spec(spec, base)
    if spec.experiment_name is not None:
        experiment = check_key("experiment_name", spec.experiment_name)
    else:
        experiment = name_from(chosen_experiment or source_folder(spec, base).name, "source")
    layout, versions = layout or layout_of(spec.workspace.root, base), versions or AssetVersions()
    composed = with_versions(composed, layout, base, versions)
    spec, plain = composed.spec, composed.plain
    steps: tuple[Step, ...] = ()
    if written is not None:
        steps = _steps(composed, written, base, experiment, layout, versions)
        plain = with_step_versions(plain, steps)
    hidden = confidential(plain, composed.yaml)
    return Plan(
        spec=spec,
        config=hidden.plain if hidden else plain,
        yaml=dump_yaml(hidden.written) if hidden else composed.yaml,
        experiment=experiment,
        run_id=new_run_id(experiment),
        layout=layout,
        base=base,
        overrides=tuple(map(hidden.override if hidden else masked_word, overrides)),
        steps=steps,
    )


def checked_plan(plan: Plan) -> Plan:
    """Return the plan of a new run after a look into its environment, which for a repeated run is another one.

    Raises
    ------
    UserError
        If a declared estimator does not have a parameter there.
    """
    if is_declared(plan.spec):
        from runner.training.known_parameters import check_parameters  # few runs declare one

        check_parameters(plan)
    return plan


def _settled(
    composed: Composition, base: Path, chosen_experiment: str | None
) -> tuple[Composition, Mapping[str, Any] | None, str | None]:
    """Return a pipeline or declared training with what follows from its settings.

    Returns
    -------
    tuple of Composition, Mapping or None, and str or None
        The composition, a pipeline's steps as they are written, and the name of the experiment.
    """
    spec = composed.spec
    written: Mapping[str, Any] | None = None
    if is_pipeline(spec):
        from runner.pipelines.planning.settled import settled  # few runs are pipelines

        composed, written = settled(composed)
        spec = composed.spec
    if is_declared(spec):
        from runner.training.declared import experiment_of, with_training  # few runs declare one

        return with_training(composed, base), written, chosen_experiment or experiment_of(spec)
    if spec.preprocessing or spec.train.data is not None or spec.train.target is not None:
        from runner.training.declared import check_undeclared

        check_undeclared(spec)
    return composed, written, chosen_experiment


def _steps(
    composed: Composition,
    written: Mapping[str, Any],
    base: Path,
    experiment: str,
    layout: Layout,
    versions: AssetVersions,
) -> tuple[Step, ...]:
    from runner.pipelines.planning.graph import taken
    from runner.pipelines.planning.plan import plan_steps
    from runner.pipelines.store import earlier_step

    def plan_step(step: Composition) -> Plan:
        step.spec.experiment_name = experiment
        return make_plan(step, base, None, layout=layout, versions=versions)

    steps = plan_steps(composed, written, plan_step)
    names = [step.name for step in steps]
    for name in taken(steps):
        earlier_step(layout, experiment, name, names)  # refused before anything starts
    return steps
