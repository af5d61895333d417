"""The text of a conda lock: an explicit list of packages with hashes, then the pip packages, also with hashes.

::

    # platform: linux-64
    @EXPLICIT
    # numpy==1.26.4
    #   needs libblas >=3.9.0,<4.0a0; python >=3.11,<3.12.0a0
    https://conda.anaconda.org/conda-forge/linux-64/numpy-1.26.4-py311h64a7726_0.conda#sha256:3f46...
    # pip
    tabulate==0.9.0 --hash=sha256:024c...

conda, mamba and pixi read the first part as an explicit specification.
"""

from __future__ import annotations

import hashlib
import platform
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from runner.environments.requirements.lock import pins
from runner.errors import UserError

_ADDRESS = re.compile(
    r"(?P<url>[a-z][a-z0-9+.-]*://(?P<channel>\S*)/(?P<subdir>[a-z0-9-]+)/"
    r"(?P<name>[^/\s#]+)-(?P<version>[^/\s#-]+)-(?P<build>[^/\s#-]+)\.(?:conda|tar\.bz2))#sha256:(?P<sha256>[0-9a-f]{64})"
)
_NEEDS, _SITE_PACKAGES = "#   needs ", "#   site-packages "
_PLATFORM, _EXPLICIT, _PIP = "# platform: ", "@EXPLICIT", "# pip"


@dataclass(frozen=True)
class Package:
    """One conda package. `needs` gives the order of linking, `site_packages` Python's folder if it is unusual."""

    name: str
    version: str
    build: str
    subdir: str
    url: str
    sha256: str
    needs: tuple[str, ...] = ()
    site_packages: str | None = None


@dataclass(frozen=True)
class CondaLock:
    """A parsed lock: the platform, the conda packages, and the requirement lines of the pip part."""

    platform: str
    packages: tuple[Package, ...]
    pip: str = ""

    def text(self) -> str:
        """Return the lock's text."""
        lines = [f"{_PLATFORM}{self.platform}", _EXPLICIT]
        for package in self.packages:
            lines.append(f"# {package.name}=={package.version}")
            lines += [_NEEDS + "; ".join(package.needs)] if package.needs else []
            lines += [_SITE_PACKAGES + package.site_packages] if package.site_packages else []
            lines.append(f"{package.url}#sha256:{package.sha256}")
        return "\n".join([*lines, _PIP, self.pip])

    def python(self) -> str:
        """Return the version of Python."""
        return next(package.version for package in self.packages if package.name == "python")

    def versions(self) -> dict[str, str]:
        """Return the version of each package by name, including the pip part."""
        return dict(sorted({**{package.name: package.version for package in self.packages}, **pins(self.pip)}.items()))


def read_lock(text: str) -> CondaLock:
    """Parse the text of a lock.

    Raises
    ------
    UserError
        If it is not a conda lock.
    """
    explicit, _, pip = text.partition(f"\n{_PIP}\n")
    heading, *lines = explicit.splitlines() or [""]
    packages: list[Package] = []
    needs: tuple[str, ...] = ()
    site_packages = None
    for line in lines:
        if line.startswith(_NEEDS):
            needs = tuple(line.removeprefix(_NEEDS).split("; "))
        elif line.startswith(_SITE_PACKAGES):
            site_packages = line.removeprefix(_SITE_PACKAGES)
        elif line and not line.startswith(("#", _EXPLICIT)):
            packages.append(_package(line, needs, site_packages))
            needs, site_packages = (), None
    if _EXPLICIT not in lines or not any(package.name == "python" for package in packages):
        raise UserError(
            "The lock does not belong to a conda environment: it does not name a Python",
            "Prepare the environment again",
        )
    return CondaLock(heading.removeprefix(_PLATFORM), tuple(packages), pip)


def _package(line: str, needs: tuple[str, ...], site_packages: str | None) -> Package:
    match = _ADDRESS.fullmatch(line)
    if match is None:
        raise UserError(f"A line of the conda lock is not a package with a hash: {line}")
    return Package(
        unquote(match["name"]),
        unquote(match["version"]),
        match["build"],
        match["subdir"],
        match["url"],
        match["sha256"],
        needs,
        site_packages,
    )


def key_of(text: str, place: Path) -> str:
    """Return the cache key of a lock, without comments, for a folder. Installed files contain the folder's path."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return hashlib.sha256("\n".join([*lines, str(place)]).encode()).hexdigest()[:32]


def this_platform() -> str:
    """Return conda's name for this machine's platform."""
    return "linux-64" if platform.machine() == "x86_64" else f"linux-{platform.machine()}"
