"""Requirements that name a wheel, a source archive, a local folder or a repository."""

from __future__ import annotations

import dataclasses

from runner.environments.requirements.kept_wheels import Kept, KeptWheels
from runner.environments.requirements.packages import normalised
from runner.environments.requirements.place_parser import Place, place_of
from runner.environments.requirements.project import from_elsewhere
from runner.environments.requirements.repositories import Repository, checked_out, repository_of
from runner.environments.requirements.spec import Spec
from runner.errors import UserError
from runner.ports import Say


def with_kept(spec: Spec, wheels: KeptWheels, say: Say) -> Spec:
    """Return a spec in which paths and repositories are replaced by stored wheels, with name, version and hash.

    So a lock contains no local paths, and a folder that has changed is another package.

    Raises
    ------
    UserError
        If a path does not exist, is not a package, cannot be built, or has another hash than given.
    """
    asked, kept = list(spec.lines), set[str]()
    seen: set[str] = set()
    while asked:
        line = asked.pop()
        if line in seen:
            continue
        seen.add(line)
        if place := place_of(line):
            kept.add(_kept(place, spec, wheels, say))
            asked += _beside(place)
        elif repository := repository_of(line):
            kept |= _of_repository(line, repository, spec, wheels, say)
        else:
            kept.add(line)
    return dataclasses.replace(spec, lines=tuple(sorted(kept)))


def _of_repository(line: str, repository: Repository, spec: Spec, wheels: KeptWheels, say: Say) -> set[str]:
    """Return the lines that replace a repository, including dependencies that do not come from an index."""
    known = wheels.lines_of(line)
    if known is not None:
        return set(known)
    with checked_out(repository, say) as (folder, commit):
        place = Place(folder, repository.name, repository.extras, repository.marker, ())
        own = _named(place, wheels.build_there(folder, spec.options, say))
        beside = with_kept(dataclasses.replace(spec, lines=tuple(_beside(place))), wheels, say)
        wheels.note_lines(line, [own, *beside.lines], f"git+{repository.shown}@{commit}")
    return {own, *beside.lines}


def _beside(place: Place) -> list[str]:
    """Return lines for a project's dependencies that do not come from an index."""
    return [_where(one, place.marker) for one in from_elsewhere(place.path)] if place.path.is_dir() else []


def _where(line: str, marker: str) -> str:
    """Return a line with an additional marker."""
    if not marker:
        return line
    return f"{line} and ({marker})" if ";" in line else f"{line} ; {marker}"


def _kept(place: Place, spec: Spec, wheels: KeptWheels, say: Say) -> str:
    if not place.path.exists():
        raise UserError(f"environment: {place.path} does not exist", "For a package from an index, give its name alone")
    if place.path.is_file() and place.path.suffix == ".whl":
        found = wheels.keep(place.path)
        _check_hash(place, found)
    else:
        found = wheels.build(place.path, spec.options, say)
    return _named(place, found)


def _named(place: Place, found: Kept) -> str:
    """Return the line for a stored wheel that replaces a path."""
    if place.name and normalised(place.name) != found.name:
        raise UserError(f"environment: {place.path} is {found.name}, not {place.name}", f"Write {place.path} alone")
    marker = f" ; {place.marker}" if place.marker else ""
    return f"{found.name}{place.extras}=={found.version}{marker} --hash=sha256:{found.sha256}"


def _check_hash(place: Place, found: Kept) -> None:
    if place.hashes and f"sha256:{found.sha256}" not in place.hashes:
        raise UserError(f"{place.path} does not have the given hash", f"Its hash is --hash=sha256:{found.sha256}")
