"""From a composed configuration to a checked plan of one run. Nothing is written here."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from runner.access.secrets import confidential, masked_word
from runner.config.composition import Composition, dump_yaml
from runner.config.schema import RunSpec
from runner.config.shipped import SHIPPED
from runner.config.validation import check_spec, source_folder
from runner.io.names import check_key, name_from
from runner.layout import Layout, RunLayout, default_root


@dataclass(frozen=True)
class Plan:
    """One run, named and checked, not yet started.

    Parameters
    ----------
    spec : RunSpec
        The composition as objects.
    config : Mapping
        The same as plain data for records, with interpolations resolved except in secrets.
    yaml : str
        The same as YAML, with interpolations as written and secrets masked.
    base : Path
        The folder the command was typed in, to which relative paths refer.
    """

    spec: RunSpec
    config: Mapping[str, Any]
    yaml: str
    experiment: str
    run_id: str
    layout: Layout
    base: Path
    overrides: tuple[str, ...] = ()

    @property
    def run(self) -> RunLayout:
        """Return the layout of the run's folder."""
        return self.layout.run(self.experiment, self.run_id)


def register_resolvers() -> None:
    """Register ``${project_root:}`` and ``${input:NAME}``, and limit what OmegaConf resolves."""
    from runner.config.limits.references import limit_interpolations

    limit_interpolations()
    root = str(SHIPPED)
    OmegaConf.register_new_resolver("project_root", lambda: root, replace=True)
    # Unchanged, because the path of an input is only known once the run is prepared.
    OmegaConf.register_new_resolver("input", lambda name: f"${{input:{name}}}", replace=True)


def make_plan(
    composed: Composition,
    base: Path,
    chosen_experiment: str | None,
    overrides: tuple[str, ...] = (),
    *,
    layout: Layout | None = None,
) -> Plan:
    """Check a composition and give the run its name.

    Parameters
    ----------
    layout : Layout or None
        The workspace, if already known.

    Raises
    ------
    UserError
        If any setting is invalid.
    """
    spec = composed.spec
    check_spec(spec, base)
    if spec.experiment_name is not None:
        experiment = check_key("experiment_name", spec.experiment_name)
    else:
        experiment = name_from(chosen_experiment or source_folder(spec, base).name, "source")
    hidden = confidential(composed.plain, composed.yaml)
    return Plan(
        spec=spec,
        config=hidden.plain if hidden else composed.plain,
        yaml=dump_yaml(hidden.written) if hidden else composed.yaml,
        experiment=experiment,
        run_id=new_run_id(experiment),
        layout=layout or layout_of(spec.workspace.root, base),
        base=base,
        overrides=tuple(map(hidden.override if hidden else masked_word, overrides)),
    )


def layout_of(root: str | None, base: Path) -> Layout:
    """Return the workspace that a composition names, or the one a folder belongs to."""
    named = Path(root).expanduser() if root else default_root(base)
    return Layout(Path(os.path.abspath(base / named)))


def new_run_id(experiment: str) -> str:
    """Return a unique id that sorts by time. The experiment's name in it is cut to fit."""
    return f"{experiment[:96]}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"
