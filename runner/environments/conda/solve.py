"""Solves specs to conda packages with hashes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from runner.environments.conda.client import check_installed, client, reason, result_of
from runner.environments.conda.lock import Package, this_platform
from runner.environments.conda.spec import CondaSpec
from runner.errors import UserError

if TYPE_CHECKING:
    from rattler import Channel, Gateway, MatchSpec, RepoDataRecord
    from rattler.platform import Subdir

_WHAT = "The environment cannot be resolved"


def solve(wanted: CondaSpec) -> tuple[Package, ...]:
    """Return the packages that satisfy a request, sorted by name.

    ``CONDA_OVERRIDE_*`` describes the target machine where it differs from this one.

    Raises
    ------
    UserError
        If there is no solution or a channel cannot be read. The message names missing packages or gives the reason.
    """
    check_installed()
    import rattler
    from rattler import exceptions

    specs = [_spec(spec) for spec in wanted.specs]
    channels = [_channel(channel) for channel in wanted.channels]
    gateway = rattler.Gateway(client=client())
    work = rattler.solve(
        channels,
        specs,
        gateway=gateway,
        platforms=_subdirs(),
        virtual_packages=rattler.VirtualPackage.detect(rattler.VirtualPackageOverrides.from_env()),
        channel_priority=rattler.ChannelPriority[wanted.priority.capitalize()],
        channel_relations="disabled",  # only the requested channels
    )
    try:
        records = result_of(work, _WHAT)
    except exceptions.SolverError as error:
        absent = _absent(gateway, channels, specs)
        if absent:
            places = ", ".join(wanted.channels)
            message = f"{_WHAT}: {' and '.join(absent)} not found in {places}"
            raise UserError(
                message, "Correct the name or version, or add a channel: environment.channels=[NAME]"
            ) from None
        raise UserError(f"{_WHAT}: {reason(error)}", "Correct environment.packages or the file") from None
    return tuple(sorted((_package(record) for record in records), key=lambda package: package.name))


def _spec(text: str) -> MatchSpec:
    from rattler import MatchSpec, exceptions

    try:
        return MatchSpec(text)
    except exceptions.InvalidMatchSpecError as error:
        raise UserError(f"environment: {text!r} is not a conda package specification: {reason(error)}") from None


def _channel(name: str) -> Channel:
    from rattler import Channel, exceptions

    try:
        return Channel(name)
    except exceptions.InvalidChannelError as error:
        raise UserError(f"environment.channels: {name!r} is not a channel: {reason(error)}") from None


def _subdirs() -> list[Subdir]:
    from rattler.platform import Subdir

    return [Subdir(this_platform()), Subdir("noarch")]


def _absent(gateway: Gateway, channels: Sequence[Channel], specs: Sequence[MatchSpec]) -> list[str]:
    """Return the specs that no package in any channel satisfies."""
    query = gateway.query(channels, _subdirs(), specs, recursive=False)
    available = [record for records in result_of(query, _WHAT) for record in records]
    return [str(spec) for spec in specs if not any(record.matches(spec) for record in available)]


def _package(record: RepoDataRecord) -> Package:
    if record.sha256 is None:
        raise UserError(f"{record.url} has no SHA-256 in its channel and cannot be locked", "Index the channel again")
    return Package(
        record.name.normalized,
        str(record.version),
        str(record.build),
        record.subdir,
        record.url,
        record.sha256.hex(),
        tuple(" ".join(dependency.split()) for dependency in record.depends),
        record.python_site_packages_path,
    )
