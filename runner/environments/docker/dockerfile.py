"""An image from a Dockerfile and its context, cached by their content."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.environments.docker import buildkit
from runner.environments.docker.engine import KEY, KIND, WORKSPACE
from runner.errors import UserError
from runner.ports.say import Say

if TYPE_CHECKING:
    from docker import DockerClient

_ENGINES = ("--->", "Removing intermediate container")  # the engine's own progress messages
_LAST = 4  # lines shown of a failed step


class DockerfileImage:
    """A Dockerfile and its build context.

    Parameters
    ----------
    file, context : Path
        Absolute paths. The Dockerfile may be outside its context.

    Raises
    ------
    UserError
        If one of them does not exist.
    """

    def __init__(self, file: Path, context: Path) -> None:
        if not file.is_file():
            raise UserError(f"environment.dockerfile: {file} does not exist")
        if not context.is_dir():
            raise UserError(f"environment.context: the folder {context} does not exist")
        self.file, self.context = file, context

    def names(self) -> list[str]:
        """Return the files and folders of the context that ``.dockerignore`` does not exclude."""
        from docker.utils.build import exclude_paths

        ignore = self.context / ".dockerignore"
        lines = ignore.read_text().splitlines() if ignore.is_file() else []
        patterns = [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]
        return sorted(exclude_paths(str(self.context), patterns))

    def key(self) -> str:
        """Return the image's cache key: a hash of the Dockerfile and of the context without ignored files."""
        digest = hashlib.sha256(self.file.read_bytes())
        for name in self.names():
            path = self.context / name
            digest.update(f"\0{name}\0{path.lstat().st_mode:o}\0".encode("utf-8", "surrogateescape"))
            if path.is_symlink():
                digest.update(str(path.readlink()).encode("utf-8", "surrogateescape"))
            elif path.is_file():
                with path.open("rb") as content:
                    digest.update(hashlib.file_digest(content, "sha256").digest())
        return digest.hexdigest()[:32]

    def build(self, client: DockerClient, key: str, workspace: str, say: Say) -> Any:
        """Build the image. It is named only once it is complete.

        Raises
        ------
        UserError
            If a step fails. The message contains the step's last lines.
        """
        say(f"Building image {key[:12]} from {self.file}")
        labels = {KIND: "environment", KEY: key, WORKSPACE: workspace}
        if buildkit.is_needed(self.file.read_text(errors="replace")):
            return client.images.get(buildkit.build(self.file, self.context, labels, say))
        return client.images.get(self._build_with_api(client, labels, say))

    def _build_with_api(self, client: DockerClient, labels: dict[str, str], say: Say) -> str:
        """Build through the engine's API and return the image's id."""
        import docker

        last: list[str] = []
        step = made = ""
        try:
            for event in client.api.build(
                path=str(self.context), dockerfile=str(self.file), labels=labels, rm=True, forcerm=True, decode=True
            ):
                if "error" in event:
                    message = " ".join([*last[-_LAST:], str(event["error"]).strip()])
                    raise UserError(
                        f"The image could not be built: {step}: {message}", "The full log is logs/environment.log"
                    )
                made = (event.get("aux") or {}).get("ID") or made
                for line in str(event.get("stream") or "").splitlines():
                    if line.startswith("Step "):
                        step, last = line, []
                    elif line.strip() and not line.lstrip().startswith(_ENGINES):
                        last.append(line.strip())
                    if line.strip():
                        say(line)
        except (docker.errors.DockerException, OSError) as error:
            raise UserError(f"The image could not be built: {' '.join(str(error).split())}") from None
        return made
