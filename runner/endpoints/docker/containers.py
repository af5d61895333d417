"""The containers of one endpoint: a holder, which listens at its address, and a server for the current version.

The server has no network. It accepts from the socket that the holder passes to it. It can write only to a small /tmp
and to its own folder of states and logs.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.config.endpoint_settings import EndpointSettings
from runner.endpoints.docker.folders import EndpointFolders
from runner.endpoints.docker.image import reason
from runner.endpoints.image_contents import INSIDE, PORT, SOURCE, VARIABLES
from runner.endpoints.settings import published
from runner.environments.docker.containers import refusal
from runner.environments.docker.engine import ENDPOINT, KIND, WORKSPACE
from runner.errors import UserError
from runner.io.folders import remove_tree
from runner.layout import EndpointLayout, Layout
from runner.records import EndpointRecord, ModelRecord
from runner.worker import timeouts

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

ROLE, GENERATION = "vivero.role", "vivero.generation"
HOLDER, SERVER = "holder", "server"
_HOME, _HELD = f"{INSIDE}/home", f"{INSIDE}/{EndpointLayout.holder.parent}"
_HOLDER_MEMORY = "64m"
_PROCESSES = 512
_MOMENT = 10  # seconds until a stopped holder is killed


class Containers:
    """The containers of one endpoint, found by their labels.

    Parameters
    ----------
    client : DockerClient
        The engine.
    places : EndpointFolders
        The endpoint's folders.
    """

    def __init__(self, client: DockerClient, places: EndpointFolders) -> None:
        self._client, self.places = client, places

    def find(self, role: str | None = None) -> list[Container]:
        """Return all containers of the endpoint, or those of one role."""
        labels = [f"{WORKSPACE}={self.places.workspace}", f"{ENDPOINT}={self.places.name}"]
        filters: Any = {"label": [*labels, *([f"{ROLE}={role}"] if role else [])]}
        return list(self._client.containers.list(all=True, filters=filters, ignore_removed=True))

    def server(self, generation: int) -> Container | None:
        """Return the server of a generation, or None."""
        return next((container for container in self.find(SERVER) if _generation(container) == generation), None)

    def others(self, generation: int) -> list[Container]:
        """Return the servers of all other generations: an earlier one, or those of interrupted changes."""
        return [container for container in self.find(SERVER) if _generation(container) != generation]

    def start_holder(self, record: EndpointRecord) -> None:
        """Start the holder, which listens at the endpoint's address."""
        settings = EndpointSettings(**record.settings)
        self.places.make_home()
        address, port = published(settings), settings.port
        if settings.network == "host":
            listen, ports = [address, str(port)], {}
        else:
            listen, ports = ["0.0.0.0", str(PORT)], {f"{PORT}/tcp": (address, port)}  # noqa: S104 - inside the container; see ports
        socket = self.places.endpoint.holder
        self._start(
            record,
            HOLDER,
            [record.python, f"{SOURCE}/serving/process/holder.py", *listen, f"{_HELD}/{socket.name}"],
            mounts=[(socket.parent, _HELD, False)],
            network_mode=settings.network,
            ports=ports,
            mem_limit=_HOLDER_MEMORY,
            memswap_limit=_HOLDER_MEMORY,
            healthcheck={"test": ["NONE"]},
            restart_policy=_policy(settings.restart),
        )

    def serve(self, record: EndpointRecord, model: ModelRecord) -> Container:
        """Start the server of a record's generation. The engine does not restart it before `trust`."""
        settings = EndpointSettings(**record.settings)
        folder = self.places.lay_out(record, f"{_HOME}/{EndpointLayout.keys}")
        inside = Layout(Path(INSIDE)).endpoint(record.name)
        memory = settings.memory or _bytes(model.resources.get("memory_gb"))
        cpu = settings.cpu or model.resources.get("cpu")
        return self._start(
            record,
            SERVER,
            [record.python, "-m", "serving.server", str(inside.root), _HOME],
            mounts=[
                (self.places.endpoint.root, _HOME, True),
                (folder, str(inside.root), False),
                (self.places.endpoint.logs, str(inside.logs), False),
            ],
            network_mode="none",
            tmpfs={"/tmp": "size=64m,mode=1777"},  # noqa: S108 - private to the container
            mem_limit=memory,
            memswap_limit=memory,
            nano_cpus=int(cpu * 1e9) if cpu else None,
        )

    def trust(self, server: Container, record: EndpointRecord) -> None:
        """Let the engine restart a server according to the endpoint's settings."""
        server.update(restart_policy=_policy(EndpointSettings(**record.settings).restart))  # type: ignore[arg-type] # any word

    def end(self, container: Container, seconds: float = _MOMENT) -> None:
        """Stop a container after its last requests, save its output, and remove it."""
        container.stop(timeout=int(seconds))
        try:
            if container.labels.get(ROLE) == SERVER:
                self.places.keep_log(container.logs())
                remove_tree(self.places.folder(_generation(container)))
        finally:
            container.remove(force=True)

    def _start(
        self,
        record: EndpointRecord,
        role: str,
        command: list[str],
        *,
        mounts: list[tuple[Path, str, bool]],
        **more: Any,
    ) -> Container:
        import docker
        from docker.types import LogConfig, Mount

        workspace = hashlib.sha256(str(self.places.workspace).encode()).hexdigest()[:8]
        number = f"-{record.generation}" if role == SERVER else ""
        try:
            container = self._client.containers.create(
                str(record.image),
                command,
                name=f"vivero-{workspace}-{record.name}-{role}{number}",
                labels={
                    KIND: "endpoint", WORKSPACE: str(self.places.workspace), ENDPOINT: record.name, ROLE: role,
                    GENERATION: str(record.generation),
                },
                user=":".join(map(str, self.places.user)),
                environment={**VARIABLES, **timeouts.variables()},
                read_only=True,
                cap_drop=["ALL"],
                security_opt=["no-new-privileges:true"],
                pids_limit=_PROCESSES,
                mounts=[Mount(target, str(source), "bind", read_only=fixed) for source, target, fixed in mounts],
                log_config=LogConfig(type="json-file", config=_logs(record)),
                **{name: value for name, value in more.items() if value is not None},
            )  # fmt: skip
        except (docker.errors.DockerException, ValueError) as error:
            raise UserError(
                f"The {role} container of endpoint {record.name} cannot be created: {reason(error)}"
            ) from None
        try:
            container.start()
        except docker.errors.DockerException as error:
            container.remove(force=True)
            raise refusal(error) from None
        return container


def ended(container: Container) -> str:
    """Return why a container is not running, in one line."""
    state = container.attrs["State"]
    if state.get("OOMKilled"):
        memory = container.attrs["HostConfig"].get("Memory") or 0
        return f"out of memory: its limit is {memory / 2**20:g} MiB (endpoint.memory, or the model's resources)"
    lines = container.logs(tail=20).decode(errors="replace").strip().splitlines()
    problems = [line for line in lines if line.startswith("error: ")] or lines[-1:]
    return problems[-1].removeprefix("error: ") if problems else f"it ended with exit code {state.get('ExitCode')}"


def _logs(record: EndpointRecord) -> dict[str, str]:
    """Return the engine's limits for a container's output, which are those of a server without a container."""
    size = EndpointSettings(**record.settings).log_megabytes
    return {"max-size": str(int(size * 2**20)), "max-file": "2"}


def _generation(container: Container) -> int:
    return int(container.labels.get(GENERATION, 0))


def _bytes(gigabytes: float | None) -> int | None:
    return int(gigabytes * 2**30) if gigabytes else None


def _policy(restart: str) -> dict[str, Any]:
    return {"Name": restart, "MaximumRetryCount": 0}
