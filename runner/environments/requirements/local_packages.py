"""Requirements that name a wheel, a source archive, a local folder or a repository."""

from __future__ import annotations

import dataclasses

from runner.environments.requirements.packages import normalised
from runner.environments.requirements.path_requirements import PathRequirement, path_requirement
from runner.environments.requirements.project import unindexed_dependencies
from runner.environments.requirements.repositories import Repository, checked_out, repository_of
from runner.environments.requirements.spec import Spec
from runner.environments.requirements.wheel_store import StoredWheel, WheelStore
from runner.errors import UserError
from runner.ports.say import Say


def with_stored_wheels(spec: Spec, wheels: WheelStore, say: Say) -> Spec:
    """Replace paths and repositories in a spec by stored wheels with name, version and hash.

    A lock then contains no local paths, and a changed folder counts as a different package.

    Raises
    ------
    UserError
        If a path does not exist, is not a package, cannot be built, or has another hash than given.
    """
    pending, lines = list(spec.lines), set[str]()
    seen: set[str] = set()
    while pending:
        line = pending.pop()
        if line in seen:
            continue
        seen.add(line)
        if requirement := path_requirement(line):
            lines.add(_stored_line(requirement, spec, wheels, say))
            pending += _path_dependencies(requirement)
        elif repository := repository_of(line):
            lines |= _of_repository(line, repository, spec, wheels, say)
        else:
            lines.add(line)
    return dataclasses.replace(spec, lines=tuple(sorted(lines)))


def _of_repository(line: str, repository: Repository, spec: Spec, wheels: WheelStore, say: Say) -> set[str]:
    """Return the lines that replace a repository, including dependencies that do not come from an index."""
    known = wheels.lines_of(line)
    if known is not None:
        return set(known)
    with checked_out(repository, say) as (folder, commit):
        requirement = PathRequirement(folder, repository.name, repository.extras, repository.marker, ())
        own_line = _named(requirement, wheels.build_in_place(folder, spec.options, say))
        beside = with_stored_wheels(
            dataclasses.replace(spec, lines=tuple(_path_dependencies(requirement))), wheels, say
        )
        wheels.note_lines(line, [own_line, *beside.lines], f"git+{repository.shown}@{commit}")
    return {own_line, *beside.lines}


def _path_dependencies(requirement: PathRequirement) -> list[str]:
    """Return lines for a project's dependencies that do not come from an index."""
    return (
        [_where(dependency, requirement.marker) for dependency in unindexed_dependencies(requirement.path)]
        if requirement.path.is_dir()
        else []
    )


def _where(line: str, marker: str) -> str:
    """Return a requirement line with an additional marker."""
    if not marker:
        return line
    return f"{line} and ({marker})" if ";" in line else f"{line} ; {marker}"


def _stored_line(requirement: PathRequirement, spec: Spec, wheels: WheelStore, say: Say) -> str:
    if not requirement.path.exists():
        raise UserError(
            f"environment: {requirement.path} does not exist", "For a package from an index, give its name alone"
        )
    if requirement.path.is_file() and requirement.path.suffix == ".whl":
        wheel = wheels.keep(requirement.path)
        _check_hash(requirement, wheel)
    else:
        wheel = wheels.build(requirement.path, spec.options, say)
    return _named(requirement, wheel)


def _named(requirement: PathRequirement, wheel: StoredWheel) -> str:
    """Return the requirement line of the stored wheel that replaces a path."""
    if requirement.name and normalised(requirement.name) != wheel.name:
        raise UserError(
            f"environment: {requirement.path} is {wheel.name}, not {requirement.name}",
            f"Write {requirement.path} alone",
        )
    marker = f" ; {requirement.marker}" if requirement.marker else ""
    return f"{wheel.name}{requirement.extras}=={wheel.version}{marker} --hash=sha256:{wheel.sha256}"


def _check_hash(requirement: PathRequirement, wheel: StoredWheel) -> None:
    if requirement.hashes and f"sha256:{wheel.sha256}" not in requirement.hashes:
        raise UserError(f"{requirement.path} does not have the given hash", f"Its hash is --hash=sha256:{wheel.sha256}")
