"""The typed shape of a composition. Hydra checks every key and value against it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Optional

from omegaconf import MISSING

from runner.config.computes import COMPUTES
from runner.config.data_settings import DataConfig, InputConfig
from runner.config.endpoint_settings import EndpointSettings
from runner.config.pipeline_settings import PipelineConfig
from runner.config.shipped import SHIPPED
from runner.config.training_settings import TrainConfig

# OmegaConf reads these annotations at run time and knows `Optional[X]`, not `X | None`, in nested positions.

CONF = str(SHIPPED / "conf")
HYDRA_VERSION = "1.3"
GROUPS = (
    "workspace", "environment", "compute", "job", "data", "estimator", "preprocessing", "train", "model", "endpoint",
    "pipeline", "experiment",
)  # fmt: skip
STAGE_NAMES = ("prepare", "scale", "run", "finalize", "register", "deploy")


@dataclass
class WorkspaceConfig:
    """Where everything is kept."""

    root: Optional[str] = None  # noqa: UP045
    shared: Optional[str] = None  # noqa: UP045


@dataclass
class SnapshotConfig:
    """Limits on what is copied."""

    max_megabytes: float = 300
    max_files: int = 2000
    allow_secrets: list[str] = field(default_factory=list)


@dataclass
class JobConfig:
    """What runs."""

    source: str = MISSING
    script: Optional[str] = None  # noqa: UP045
    command: Optional[list[str]] = None  # noqa: UP045
    arguments: Any = None
    environment_variables: dict[str, Optional[str]] = field(default_factory=dict)  # noqa: UP045
    timeout: Optional[float] = None  # noqa: UP045
    metrics: dict[str, str] = field(default_factory=dict)
    metrics_files: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    description: Optional[str] = None  # noqa: UP045
    display_name: Optional[str] = None  # noqa: UP045
    snapshot: SnapshotConfig = field(default_factory=SnapshotConfig)


@dataclass
class ResourcesConfig:
    """What one served copy of the model needs. `memory_gb` in GB."""

    cpu: float = 1
    memory_gb: float = 0.5


@dataclass
class ModelConfig:
    """What is registered."""

    name: Optional[str] = None  # noqa: UP045
    path: Optional[str] = None  # noqa: UP045
    framework: str = "ScikitLearn"
    framework_version: Optional[str] = None  # noqa: UP045
    description: Optional[str] = None  # noqa: UP045
    tags: dict[str, str] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)
    resources: ResourcesConfig = field(default_factory=ResourcesConfig)
    register: str = "best"
    promote_if: Optional[str] = None  # noqa: UP045


SEARCHES = ("grid", "random", "sobol", "bayesian")
REGISTERED = ("best", "all", "none")


@dataclass
class CurrentEnvironmentConfig:
    """The interpreter the command is typed with."""

    kind: str = "current"
    allow_drift: bool = False


@dataclass
class VenvEnvironmentConfig:
    """A virtual environment, locked and built with uv."""

    kind: str = "venv"
    packages: list[str] = field(default_factory=list)
    requirements: Optional[str] = None  # noqa: UP045
    conda_file: Optional[str] = None  # noqa: UP045
    python: Optional[str] = None  # noqa: UP045
    python_match: str = "patch"
    upgrade: bool = False


@dataclass
class CondaEnvironmentConfig:
    """A conda environment, solved to an explicit lock and installed without a conda installation."""

    kind: str = "conda"
    file: Optional[str] = None  # noqa: UP045
    packages: list[str] = field(default_factory=list)
    pip: list[str] = field(default_factory=list)
    python: Optional[str] = None  # noqa: UP045
    channels: list[str] = field(default_factory=list)
    channel_priority: str = "strict"
    upgrade: bool = False


@dataclass
class ImageSpecConfig:
    """What is installed on a base image. `kind` is venv or conda, `file` a requirements file or a conda YAML."""

    kind: str = "venv"
    packages: list[str] = field(default_factory=list)
    file: Optional[str] = None  # noqa: UP045
    python: Optional[str] = None  # noqa: UP045
    channels: list[str] = field(default_factory=list)


@dataclass
class ContainerResourcesConfig:
    """What a container may use. `memory` and `shm_size` with a unit, such as ``512m`` or ``2g``."""

    cpu: Optional[float] = None  # noqa: UP045
    memory: Optional[str] = None  # noqa: UP045
    shm_size: Optional[str] = None  # noqa: UP045


@dataclass
class MountConfig:
    """A folder or file of this machine that is mounted in a container."""

    source: str = MISSING
    target: str = MISSING
    readonly: bool = True


@dataclass
class DockerEnvironmentConfig:
    """A container image: one that is there, one built from a Dockerfile, or a base image and a spec."""

    kind: str = "docker"
    image: Optional[str] = None  # noqa: UP045
    dockerfile: Optional[str] = None  # noqa: UP045
    context: Optional[str] = None  # noqa: UP045
    base_image: Optional[str] = None  # noqa: UP045
    spec: ImageSpecConfig = field(default_factory=ImageSpecConfig)
    upgrade: bool = False
    push: Optional[str] = None  # noqa: UP045
    network: str = "bridge"
    resources: ContainerResourcesConfig = field(default_factory=ContainerResourcesConfig)
    mounts: list[MountConfig] = field(default_factory=list)
    gpus: Optional[str] = None  # noqa: UP045


@dataclass
class SweepConfig:
    """What a multirun tries. Times in seconds."""

    sweeper: Optional[str] = None  # noqa: UP045
    space: dict[str, Any] = field(default_factory=dict)
    objective: Any = None
    max_trials: Optional[int] = None  # noqa: UP045
    max_concurrent: Optional[int] = None  # noqa: UP045
    timeout: Optional[float] = None  # noqa: UP045
    trial_timeout: Optional[float] = None  # noqa: UP045
    max_failures: Optional[int] = None  # noqa: UP045
    seed: int = 0
    early_termination: dict[str, Any] = field(default_factory=dict)
    warm_start: list[str] = field(default_factory=list)
    resume: Optional[str] = None  # noqa: UP045


@dataclass
class RunSpec:
    """A whole composition."""

    experiment_name: Optional[str] = None  # noqa: UP045
    stages: list[str] = field(default_factory=lambda: list(STAGE_NAMES))
    detach: bool = False
    workspace: WorkspaceConfig = field(default_factory=WorkspaceConfig)
    environment: Any = MISSING
    compute: Any = MISSING
    job: JobConfig = field(default_factory=JobConfig)
    data: DataConfig = field(default_factory=DataConfig)
    estimator: Any = None
    preprocessing: Any = None
    train: TrainConfig = field(default_factory=TrainConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    sweep: SweepConfig = field(default_factory=SweepConfig)
    endpoint: Optional[EndpointSettings] = None  # noqa: UP045
    pipeline: Optional[PipelineConfig] = None  # noqa: UP045


def is_declared(spec: RunSpec) -> bool:
    """Return whether a composition says what is fitted, instead of naming a script that does it."""
    return bool(spec.estimator)


def is_pipeline(spec: RunSpec) -> bool:
    """Return whether a composition has steps instead of a script of its own."""
    return spec.pipeline is not None and bool(spec.pipeline.steps)


ENVIRONMENTS = {
    "current": CurrentEnvironmentConfig,
    "venv": VenvEnvironmentConfig,
    "conda": CondaEnvironmentConfig,
    "docker": DockerEnvironmentConfig,
}
SCHEMAS: dict[str, Mapping[str, type]] = {
    "schema": {
        "run": RunSpec,
        "workspace": WorkspaceConfig,
        "job": JobConfig,
        "data": DataConfig,
        "train": TrainConfig,
        "model": ModelConfig,
        "sweep": SweepConfig,
        "endpoint": EndpointSettings,
        "pipeline": PipelineConfig,
    },
    "schema/environment": ENVIRONMENTS,
    "schema/compute": COMPUTES,
}


def register_schemas() -> None:
    """Register the schemas as ``/schema/...``, from which option files inherit.

    Also makes Hydra read files within limits.
    """
    from runner.config.lazy_schemas import store
    from runner.config.source import register_source

    register_source()
    for group, nodes in SCHEMAS.items():
        for name in nodes:
            store(group, name, partial(nodes.__getitem__, name))
    plugin = "hydra_plugins.vivero"
    store("hydra/launcher", "vivero", lambda: {"_target_": f"{plugin}.ViveroLauncher"})
    for name in ("vivero", *SEARCHES):
        search = name if name in SEARCHES else None
        store("hydra/sweeper", name, partial(dict, _target_=f"{plugin}.ViveroSweeper", search=search, params={}))


def fields_of(class_name: str) -> list[str]:
    """Return the keys of a schema class, by the class's name, for messages."""
    kinds = [
        RunSpec,
        PipelineConfig,
        InputConfig,
        MountConfig,
        EndpointSettings,
        *ENVIRONMENTS.values(),
        *COMPUTES.values(),
    ]
    for cls in (section for kind in kinds for section in _sections(kind)):
        if cls.__name__ == class_name:
            return [field_.name for field_ in dataclasses.fields(cls)]
    return []


def _sections(cls: Any) -> Iterator[Any]:
    """Yield a schema class and those of its sections."""
    yield cls
    for field_ in dataclasses.fields(cls):
        section: Any = field_.default_factory
        if dataclasses.is_dataclass(section):
            yield from _sections(section)
