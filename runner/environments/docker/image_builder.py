"""Builds an environment in a container of a base image and commits it as an image.

Secrets (certificates, ``.netrc``, addresses of package indexes) are mounted, or given to single commands as variables.
The image's layers, settings and history do not contain them.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.environments.docker.build_secrets import files, variables
from runner.environments.docker.engine import KIND, WORKSPACE
from runner.environments.requirements.uv_command import uv
from runner.errors import UserError
from runner.ports.say import Say

if TYPE_CHECKING:
    from docker import DockerClient

AT = "/run/vivero"  # a tmpfs during the build; an empty folder in the image
WORK = f"{AT}/work"
UV = f"{AT}/uv"
WHEELS = f"{WORK}/wheels"
_CACHE = "vivero-uv-cache"
_NAMED = {"certificates": "SSL_CERT_FILE", "netrc": "NETRC"}  # the variables that uv reads
_NAME = "vivero-build-"  # followed by the pid of the building process
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_LAST = 4  # lines shown of a failed command


class ImageBuilder:
    """A build container. Use it in a ``with`` block, which removes it.

    Parameters
    ----------
    client : DockerClient
        The engine.
    image : Image
        The base image.
    python : str
        A Python in the image.
    folder : Path
        A folder of this machine, mounted at ``WORK``.
    workspace : str
        The workspace, for the label.
    say : Say
        Receives the output of commands.
    """

    def __init__(self, client: DockerClient, image: Any, python: str, folder: Path, workspace: str, say: Say) -> None:
        self._client, self._image, self._python = client, image, python
        self._folder, self._workspace, self._say = folder, workspace, say
        self._container: Any = None
        self._variables: dict[str, str] = {}

    def __enter__(self) -> ImageBuilder:
        import docker

        self._sweep()
        mounts, self._variables = self._supplies()
        try:
            self._container = self._client.containers.create(
                self._image.id,
                [self._python, "-c", "import signal; signal.pause()"],
                entrypoint=[], init=True, user="0:0", mounts=mounts,
                name=build_name(),
                labels={KIND: "build", WORKSPACE: self._workspace},
            )  # fmt: skip
            self._container.start()
        except docker.errors.APIError as error:
            self._remove()
            raise UserError(
                f"The container for the build could not be created: {' '.join(str(error).split())}"
            ) from None
        return self

    def __exit__(self, *_: object) -> None:
        self._remove()

    def run(self, command: Sequence[str], what: str, *, quiet: bool = False) -> bytes:
        """Run a command in the container and return its standard output.

        Raises
        ------
        UserError
            If the command fails. The message contains its last lines.
        """
        api = self._client.api
        made = api.exec_create(self._container.id, list(command), environment=self._variables, user="0:0")["Id"]
        output, rest, last = b"", b"", list[str]()
        for out, err in api.exec_start(made, stream=True, demux=True):
            output += out or b""
            *lines, rest = (rest + (err or b"") + (b"" if quiet else out or b"")).split(b"\n")
            for line in [line.decode(errors="replace").strip() for line in lines if line.strip()]:
                self._say(line)
                last = [*last, line][-_LAST:]
        code = api.exec_inspect(made)["ExitCode"]
        if code != 0:
            problem = " ".join([*last, rest.decode(errors="replace").strip()]).strip() or f"exit code {code}"
            if UV in problem and "no such file or directory" in problem:  # the file exists, but not its loader
                raise UserError(
                    f"{what}: this machine's uv does not run in the base image, which has another C library",
                    "Use a base image with glibc, such as python:3.11-slim, or environment.dockerfile=FILE",
                )
            raise UserError(f"{what}: {problem}", "The full log is logs/environment.log")
        return output

    def commit(self, repository: str, tag: str, labels: dict[str, str], path: str) -> Any:
        """Commit the container as an image; see `committed`."""
        return committed(self._container, self._image, f"{repository}:{tag}", labels, {"PATH": path})

    def _supplies(self) -> tuple[list[Any], dict[str, str]]:
        from docker.types import Mount

        given = {**variables(), "NO_COLOR": "1", "UV_PYTHON_DOWNLOADS": "never", "UV_CACHE_DIR": f"{AT}/cache"}
        given |= {"HOME": AT, "UV_LINK_MODE": "copy"}
        places = {uv(): UV, str(self._folder): WORK}
        for name, path in files().items():
            places[str(path)] = given[_NAMED[name]] = f"{AT}/{name}"
        mounts = [Mount(AT, None, type="tmpfs"), Mount(f"{AT}/cache", _CACHE, type="volume")]
        mounts += [Mount(target, here, type="bind", read_only=target != WORK) for here, target in places.items()]
        return mounts, given

    def _sweep(self) -> None:
        """Remove the build containers of this workspace whose process has ended."""
        ours: Any = {"label": [f"{KIND}=build", f"{WORKSPACE}={self._workspace}"]}
        for container in self._client.containers.list(all=True, filters=ours, ignore_removed=True):
            if not Path("/proc", str(container.name).removeprefix(_NAME).partition("-")[0]).exists():
                container.remove(force=True)

    def _remove(self) -> None:
        import docker

        if self._container is not None:
            with contextlib.suppress(docker.errors.APIError):  # it was already removed
                self._container.remove(force=True)


def build_name() -> str:
    """Return a name for a build container. The pid in it shows whether the build is still running."""
    return f"{_NAME}{os.getpid()}-{secrets.token_hex(4)}"


def committed(container: Any, image: Any, name: str, labels: dict[str, str], variables: dict[str, str]) -> Any:
    """Commit a container's files as an image with the settings of its base image.

    Parameters
    ----------
    container, image : Container, Image
        The container and its base image.
    name : str
        The new image's name and tag.
    labels : dict
        Labels to add, by name.
    variables : dict
        Variables to set, by name. ``PATH`` is prepended to the base image's.
    """
    base = image.attrs["Config"] or {}
    before = dict(variable.partition("=")[::2] for variable in base.get("Env") or [])
    path = f"{variables['PATH']}:{before.get('PATH', _PATH)}"
    settings = {
        "Env": [f"{name}={value}" for name, value in {**before, **variables, "PATH": path}.items()],
        "Cmd": base.get("Cmd") or ["python"],
        "Entrypoint": base.get("Entrypoint"),
        "User": base.get("User") or "0",
        "WorkingDir": base.get("WorkingDir") or "",
        "Labels": {**(base.get("Labels") or {}), **labels},
    }
    repository, _, tag = name.rpartition(":")
    return container.commit(repository, tag, message="packages from a lock with hashes", conf=settings)


@contextlib.contextmanager
def folder_with(place: Path, **files: str) -> Iterator[Path]:
    """Yield a temporary folder with text files, given as name and content."""
    from runner.environments.build import staging_path

    with staging_path(place) as folder:
        folder.mkdir()
        for name, text in files.items():
            (folder / name).write_text(text)
        yield folder
