"""An image of a base image and a spec. The spec is locked with hashes and then installed."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.environments.docker.engine import KEY, KIND, WORKSPACE
from runner.environments.docker.image_builder import UV, WHEELS, WORK, ImageBuilder, folder_with
from runner.environments.docker.images import ImagePython
from runner.environments.requirements.lock import cached_lock, checked, hash_options, requirements_of
from runner.environments.requirements.spec import Spec, gather
from runner.environments.requirements.wheel_store import WheelStore
from runner.layout import Layout
from runner.ports.say import Say

if TYPE_CHECKING:
    from docker import DockerClient

PREFIX = "/opt/vivero"
PRESET = ["scikit-learn", "joblib"]
_FORMAT = "1"  # version of the build steps


def read_spec(settings: Any, base: Path, say: Say) -> Spec:
    """Return the requirements of an image.

    Raises
    ------
    UserError
        If a file cannot be read.
    """
    conda = settings.file is not None and Path(settings.file).suffix in (".yml", ".yaml")
    return gather(
        list(settings.packages) or ([] if settings.file else PRESET),
        None if conda else settings.file,
        settings.file if conda else None,
        settings.python,
        base=base,
        say=say,
    )


class SpecImage:
    """A base image with packages.

    Parameters
    ----------
    client : DockerClient
        The engine.
    layout : Layout
        The workspace.
    base : Image
        The base image.
    python : ImagePython
        Its Python.
    say : Say
        Receives lines of progress.
    """

    def __init__(self, client: DockerClient, layout: Layout, base: Any, python: ImagePython, say: Say) -> None:
        self._client, self._layout, self._base, self._python, self._say = client, layout, base, python, say
        self._wheels = WheelStore(layout)

    def lock(self, spec: Spec, *, upgrade: bool) -> str:
        """Return the lock for a spec on this base, cached unless `upgrade`.

        Raises
        ------
        UserError
            If there is no solution, with the resolver's reason.
        """
        lines = [*spec.options, *spec.lines]
        requirements = "\n".join([*lines, "", *spec.constraints, "", self._base.id])

        def make(_path: Path) -> str:
            self._say(f"Resolving {len(spec.lines)} requirements for Python {self._python.python_version}")
            files = {
                "asked.txt": self._wheels.placed(_text(lines), WHEELS),
                "limits.txt": _text(list(spec.constraints)),
            }
            with folder_with(self._layout.environments, **files) as folder, self._builder(folder) as builder:
                self._wheels.copy(requirements, folder / "wheels")
                command = [UV, "pip", "compile", "--generate-hashes", "--no-header", "--no-annotate", "--quiet"]
                command += ["--no-emit-index-url", "--no-emit-find-links", "--python", self._python.python]
                command += [f"{WORK}/asked.txt", "--constraint", f"{WORK}/limits.txt"]
                output = builder.run(command, "The environment cannot be resolved", quiet=True)
            return _text(list(spec.options)) + checked(self._wheels.named(output.decode()), spec.lines)

        return cached_lock(self._layout, requirements, make, upgrade=upgrade)

    def key(self, lock: str) -> str:
        """Return the image's cache key, made of everything that determines its content."""
        lines = [line for line in lock.splitlines() if not line.lstrip().startswith("#")]
        return hashlib.sha256("\n".join([_FORMAT, self._base.id, *lines]).encode()).hexdigest()[:32]

    def build(self, lock: str, key: str, repository: str) -> Any:
        """Build the image.

        Raises
        ------
        UserError
            If a step fails. The message contains its last lines.
        """
        count = len(requirements_of(lock))
        self._say(f"Building image {key[:12]} with Python {self._python.python_version}, {count} packages")
        python, wrong = f"{PREFIX}/bin/python", "The image could not be built"
        files = {"lock.txt": self._wheels.placed(lock, WHEELS)}
        with folder_with(self._layout.environments, **files) as folder, self._builder(folder) as builder:
            self._wheels.copy(lock, folder / "wheels")
            builder.run(
                [UV, "venv", "--clear", "--no-project", "--quiet", "--python", self._python.python, PREFIX], wrong
            )
            if requirements_of(lock):
                install = [UV, "pip", "install", *hash_options(lock), "--compile-bytecode", "--python", python]
                builder.run([*install, "-r", f"{WORK}/lock.txt"], wrong)
            builder.run([UV, "pip", "check", "--quiet", "--python", python], wrong)
            labels = {KIND: "environment", KEY: key, WORKSPACE: str(self._layout.root)}
            return builder.commit(repository, key, labels, f"{PREFIX}/bin")

    def dockerfile(self, name: str, lock: str) -> str:
        """Return a Dockerfile that builds the same image elsewhere from ``environment.lock`` and ``wheels``."""
        copies = "COPY wheels /tmp/wheels\n" if self._wheels.files(lock) else ""
        digest = next(iter(self._base.attrs.get("RepoDigests") or []), name)
        return (
            f"FROM {digest}\n"
            f"COPY environment.lock /tmp/environment.lock\n{copies}"
            f"RUN {self._python.python} -m venv {PREFIX} \\\n"
            f" && {PREFIX}/bin/pip install --no-cache-dir --require-hashes -r /tmp/environment.lock \\\n"
            " && rm /tmp/environment.lock\n"
            f"ENV PATH={PREFIX}/bin:$PATH\n"
        )

    def _builder(self, folder: Path) -> ImageBuilder:
        root = str(self._layout.root)
        return ImageBuilder(self._client, self._base, self._python.python, folder, root, self._say)


def _text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
