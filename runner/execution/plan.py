"""From a composed configuration to a checked plan of one run. Nothing is written here."""

from __future__ import annotations

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
    """One run, named and checked, not yet begun.

    Parameters
    ----------
    spec : RunSpec
        The composition as objects.
    config : Mapping
        The same as plain data, interpolations resolved but for those of secrets, as records have it.
    yaml : str
        The same as composed, interpolations as written, what is secret masked.
    base : Path
        The folder the command was typed in; relative paths start there.
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
        """Return where the run's files go."""
        return self.layout.run(self.experiment, self.run_id)


def register_resolvers() -> None:
    """Teach OmegaConf ``${project_root:}`` and ``${input:NAME}``, and to count what it resolves."""
    from runner.config.limits.references import limit_interpolations

    limit_interpolations()
    root = str(SHIPPED)
    OmegaConf.register_new_resolver("project_root", lambda: root, replace=True)
    # Stays as it is: where an input is found is known only when the run has been prepared.
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
        The workspace, if it is known already.

    Raises
    ------
    UserError
        If anything in it cannot be.
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
    return Layout(((base / root) if root else default_root(base)).expanduser().absolute())


def new_run_id(experiment: str) -> str:
    """Return an id that sorts by time and does not collide; the experiment's part is cut to fit a name."""
    return f"{experiment[:96]}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"
