"""The files in an endpoint's folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from runner.io.field_types import BadValueError, Name, Sha256, Time, checked_fields
from runner.io.record import FORMAT, Record, frozen_record


@frozen_record
class Deployment(Record):
    """One version behind an endpoint.

    `reference` is the reference as typed. With an ``@alias``, the version follows the alias.
    """

    reference: str
    name: Name
    version: int
    weight: float = 1.0
    mirror: bool = False


@frozen_record
class EndpointRecord(Record):
    """``endpoint.json``: what an endpoint serves and how.

    `generation` counts changes, `history` holds the last 20 deployments before. `python` is the interpreter of an
    environment that fits its models. For a container it is a path in `image`, and `environment` is the key of the base
    image.
    """

    format: int = FORMAT
    name: Name
    created: Time
    generation: int = 1
    deployments: tuple[Deployment, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    python: str = ""
    image: str | None = None
    environment: str | None = None
    history: tuple[tuple[Deployment, ...], ...] = ()

    @classmethod
    def from_json(cls, value: Any) -> EndpointRecord:
        """Return the record that plain data describes, after checking its settings."""
        from runner.config.endpoint_settings import EndpointSettings

        record = super().from_json(value)
        try:
            checked_fields(EndpointSettings, record.settings)
        except BadValueError as error:
            raise error.below("settings") from None
        return record


@frozen_record
class ServerProcessRecord(Record):
    """``process.json`` of an endpoint: its server, and the folder that it imports its own modules from."""

    pid: int
    source: str | None = None


@frozen_record
class ServerState(Record):
    """The state that a server process writes to the folder of its endpoint."""

    pid: int
    served: tuple[ServedModel, ...] = ()
    problem: str | None = None


@frozen_record
class ServedModel(Record):
    """A version that a server process serves."""

    name: str
    version: int


@frozen_record
class KeyRecord(Record):
    """A key of an endpoint. Only its hash is stored."""

    sha256: Sha256
    created: Time


@frozen_record
class KeysRecord(Record):
    """``keys.json`` of an endpoint, by the names of its keys."""

    format: int = FORMAT
    keys: Mapping[str, KeyRecord] = field(default_factory=dict)
