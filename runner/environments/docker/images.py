"""Finds and pulls images, and probes the Python of each image once."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from runner.environments.docker.engine import KIND, WORKSPACE
from runner.errors import UserError
from runner.io.files import write_json
from runner.layout import Layout
from runner.ports.say import Say

if TYPE_CHECKING:
    from docker import DockerClient

_PROBE = """
import json, platform, re, sys, sysconfig
try:
    from importlib.metadata import distributions
    found = {d.metadata["Name"]: d.version for d in distributions() if d.metadata["Name"]}
except ImportError:
    import pkg_resources
    found = {d.project_name: d.version for d in pkg_resources.working_set}
found = {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found.items()}
print(json.dumps({"python": sys.executable, "python_version": platform.python_version(), "prefix": sys.prefix,
                  "platform": sysconfig.get_platform(), "packages": found}))
"""
_PYTHONS = ("python", "python3")


@dataclass(frozen=True)
class ImagePython:
    """The Python of an image. `python` and `prefix` are paths in the image."""

    python: str
    python_version: str
    prefix: str
    platform: str
    packages: dict[str, str]


def default_base(python: str) -> str:
    """Return the base image for a Python version."""
    return f"python:{'.'.join(python.split('.')[:2])}-slim"


def find(client: DockerClient, name: str, say: Say) -> Any:
    """Return an image by name, digest or id, pulling it if necessary.

    Raises
    ------
    UserError
        If it does not exist or cannot be pulled.
    """
    import docker

    try:
        return client.images.get(name)
    except docker.errors.ImageNotFound:
        pass
    except docker.errors.APIError as error:
        raise UserError(f"{name!r} is not a valid image name: {_explanation(error)}") from None
    say(f"Pulling {name}")
    try:
        return _pull(client, name, say)
    except docker.errors.APIError as error:
        raise UserError(f"Image {name} cannot be pulled: {_explanation(error)}", _advice(error)) from None


def by_id(client: DockerClient, image: str | None) -> Any:
    """Return the image with an id, or None."""
    import docker

    try:
        return client.images.get(image) if image else None
    except docker.errors.ImageNotFound:
        return None


def _pull(client: DockerClient, name: str, say: Say) -> Any:
    import docker
    from docker.utils import parse_repository_tag

    repository, tag = parse_repository_tag(name)
    last = ""
    for event in client.api.pull(repository, tag=tag or "latest", stream=True, decode=True):
        if "error" in event:
            raise docker.errors.APIError(event["error"])
        line = f"{event['id']}: {event['status']}" if "id" in event else str(event.get("status", ""))
        if line and line != last and not event.get("progressDetail"):
            say(line)
        last = line
    return client.images.get(name)


def _explanation(error: Any) -> str:
    return " ".join(str(getattr(error, "explanation", None) or error).split())


def _advice(error: Any) -> str:
    said = _explanation(error).lower()
    if "unauthorized" in said or "authentication" in said or "denied" in said or "basic auth" in said:
        return "If it is private, log in first: docker login REGISTRY"
    if "refused" in said or "timeout" in said or "no such host" in said or "dial tcp" in said:
        return "Its registry does not answer"
    return ""


def probe(client: DockerClient, image: Any, layout: Layout) -> ImagePython:
    """Return the image's Python and packages, cached by the image's id.

    Raises
    ------
    UserError
        If it has no working Python.
    """
    known = layout.environments / "images" / f"{image.id.removeprefix('sha256:')}.json"
    if known.exists():
        return ImagePython(**json.loads(known.read_bytes()))
    problem = ""
    for python in _PYTHONS:
        code, said, problem = _ask(client, image.id, [python, "-c", _PROBE], layout)
        if code == 0:
            image_python = ImagePython(**json.loads(said))
            known.parent.mkdir(parents=True, exist_ok=True)
            write_json(known, asdict(image_python))
            return image_python
    name = (image.tags or [image.id])[0]
    raise UserError(f"Image {name} has no working Python: {problem}", "Put one on its PATH, or use another image")


def _ask(client: DockerClient, image: str, command: list[str], layout: Layout) -> tuple[int, bytes, str]:
    import docker

    container = client.containers.create(
        image, command, entrypoint=[], network="none", name=f"vivero-look-{secrets.token_hex(4)}",
        labels={KIND: "look", WORKSPACE: str(layout.root)},
    )  # fmt: skip
    try:
        container.start()
        code = int(container.wait()["StatusCode"])
        errors = container.logs(stdout=False, stderr=True).decode(errors="replace").strip().splitlines()
        return code, container.logs(stdout=True, stderr=False), errors[-1] if errors else f"exit code {code}"
    except docker.errors.APIError as error:
        return 1, b"", _explanation(error)
    finally:
        container.remove(force=True)
