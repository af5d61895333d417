"""The context of one run: its settings, paths and adapters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from runner.layout import Layout, RunLayout
from runner.ports.compute import Compute, Job
from runner.ports.environment import Environment, EnvironmentHandle
from runner.ports.say import Say
from runner.ports.snapshots import SnapshotStore
from runner.records import EnvironmentRecord, GitState, RunRecord
from runner.store.registry import FileRegistry
from runner.store.runs import FileRunStore

if TYPE_CHECKING:
    from runner.config.endpoint_settings import EndpointSettings
    from runner.config.schema import RunSpec
    from runner.endpoints.deploy import Deployed
    from runner.execution.plan import Step
    from runner.store.inputs import InputStore


@dataclass
class RunContext:
    """The adapters and paths of one run.

    `handle` is set by the prepare stage, or reopened from its record; `job` is set by the run stage.
    `preflight` refuses, before anything runs, an endpoint to which the model could not be deployed.
    `at_a_time` is the number of concurrent runs that share the cores, None for a single run.
    `expected_inputs` maps each input that another step wrote to the hash it had when that step ended.
    `batch` says how to call the functions of a script that gets a piece of an input.
    `steps` are the steps of a pipeline, and `stages` the stages that replace those of a script's run, by name.
    `look_at_git` returns the state of the source folder's repository and writes uncommitted changes to a file.
    `closing` closes the computes that were made for this run and its steps, not those that it shares with other runs.
    """

    spec: RunSpec
    layout: Layout
    run: RunLayout
    base: Path
    runs: FileRunStore
    registry: FileRegistry
    snapshots: SnapshotStore
    inputs: InputStore
    environment: Environment
    compute: Compute
    say: Say
    deploy: Callable[[str, EndpointSettings], Deployed]
    preflight: Callable[[EndpointSettings, str, str], None]
    look_at_git: Callable[[Path, Path], GitState | None]
    at_a_time: int | None = None
    show_output: bool = True
    restored_from: RestoredRun | None = None
    expected_inputs: Mapping[str, str] = field(default_factory=dict)
    batch: Mapping[str, Any] | None = None
    steps: tuple[Step, ...] = ()
    stages: Mapping[str, Stage] | None = None
    handle: EnvironmentHandle | None = field(default=None)
    job: Job | None = field(default=None)
    closing: ExitStack = field(default_factory=ExitStack)


@dataclass(frozen=True)
class RestoredRun:
    """The earlier run that a rerun repeats: the hashes of its snapshot and inputs, its environment and its lock."""

    run_id: str
    snapshot_hash: str
    environment: EnvironmentRecord
    lock_text: str
    input_hashes: dict[str, str]


class Stage(NamedTuple):
    """One stage.

    Parameters
    ----------
    name : str
        The stage's name, which is also the field of the run's record that gets its result.
    status : str
        The run's status during the stage.
    word : str
        The word shown to the user.
    function : callable
        Carries the stage out and returns its result.
    recorded : bool
        Whether the run's record is written before the stage starts. False for an instant stage that can be repeated:
        the result of the previous stage is then written together with this one's.
    """

    name: str
    status: str
    word: str
    function: Callable[[RunContext, RunRecord], Any]
    recorded: bool = True
