"""The settings of an endpoint, in ``conf/endpoint``, after ``python -m serving`` and in its record."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_OF_ALL = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not bound
ACCELERATORS = ("onnx",)
KINDS = ("local", "docker")
RESTARTS = ("no", "on-failure", "always", "unless-stopped")


@dataclass
class EndpointSettings:
    """How a model is served.

    Parameters
    ----------
    kind : str
        ``local``: processes on this machine; ``docker``: containers.
    name : str or None
        The endpoint's name; null: the first model's.
    host, port
        Where it listens; port 0 takes a free one.
    workers : int
        Server processes, which share the memory of the models loaded at the start.
    threads : int
        Requests that one process handles at the same time.
    auth : str or None
        ``key`` or ``none``; null: none on loopback, key anywhere else.
    hosts : list of str
        Names it may be reached by, besides localhost and addresses. Others are refused. ``*``: any. Empty: any too,
        except on loopback without keys, where a foreign web page could reach it by its own name (DNS rebinding).
    method : str or None
        The method for requests that do not name one; null: the model's first.
    max_megabytes, max_rows
        Limits of one request.
    max_megabytes_at_once : float
        Limit of all request bodies in one process. Beyond it, clients are told to retry later.
    large_rows : int
        Requests of at least this many rows are answered one at a time.
    queue : int
        Requests in progress or waiting. Beyond it, clients are told to retry later.
    timeout : float
        Seconds until a request that waits or is in progress is answered with 504.
    stop_timeout : float
        Seconds that requests in progress get when the server stops.
    accelerate : str or None
        ``onnx``: use onnxruntime for methods whose answers are close; null: only exact shortcuts.
    dates : list of str
        Columns that contain times, such as ``2026-03-01T12:00:00``, for models fitted with such columns.
    allow_version_mismatch : bool
        Serve a model with a different scikit-learn version than its own. Every answer then says so.
    trusted : list of str
        Types that a skops file may contain besides those that skops trusts.
    log_payloads : float
        Share of requests whose rows and answers are logged to a file.
    log_megabytes : float
        Size at which a log is rotated to ``NAME.1``, which replaces an earlier one.
    cors : list of str
        Origins of pages that may send requests.
    poll : float
        Seconds between checks of the registry for moved aliases.
    base_image : str or None
        Base image of a container; null: ``python:X.Y-slim`` of the model's Python.
    restart : str
        When the engine restarts a container: ``no``, ``on-failure``, ``always`` or ``unless-stopped``.
    cpu : float or None
        Cores that a container may use; null: those of the model's `resources`, else all.
    memory : str or None
        Memory that a container may use, such as ``512m`` or ``2g``; null: that of the
        model's `resources`, else all.
    network : str
        The engine's network that publishes the address; ``host``: the host's own network.
    """

    kind: str = "local"
    name: Optional[str] = None  # noqa: UP045 - OmegaConf knows no other form
    host: str = "127.0.0.1"
    port: int = 5001
    workers: int = 1
    threads: int = 16
    auth: Optional[str] = None  # noqa: UP045
    method: Optional[str] = None  # noqa: UP045
    hosts: list[str] = field(default_factory=list)
    max_megabytes: float = 16
    max_megabytes_at_once: float = 256
    max_rows: int = 100_000
    large_rows: int = 2_000
    queue: int = 256
    timeout: float = 30
    stop_timeout: float = 20
    accelerate: Optional[str] = None  # noqa: UP045
    dates: list[str] = field(default_factory=list)
    allow_version_mismatch: bool = False
    trusted: list[str] = field(default_factory=list)
    log_payloads: float = 0.0
    log_megabytes: float = 64
    cors: list[str] = field(default_factory=list)
    poll: float = 0.5
    base_image: Optional[str] = None  # noqa: UP045
    restart: str = "unless-stopped"
    cpu: Optional[float] = None  # noqa: UP045
    memory: Optional[str] = None  # noqa: UP045
    network: str = "bridge"

    def __post_init__(self) -> None:
        """Accept an IPv6 address in brackets, as in URLs."""
        if isinstance(self.host, str):
            self.host = self.host.strip("[]")

    @property
    def known_hosts(self) -> Optional[tuple[str, ...]]:  # noqa: UP045
        """Names it may be reached by besides localhost and addresses; None: any."""
        if "*" in self.hosts or not (self.hosts or (self.host in _LOOPBACK and not self.needs_keys)):
            return None
        return tuple(host.lower() for host in (self.host, *self.hosts))

    @property
    def address(self) -> str:
        """The URL for clients."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    @property
    def client_host(self) -> str:
        """The host at which this machine reaches it."""
        return _OF_ALL.get(self.host, self.host)

    @property
    def needs_keys(self) -> bool:
        """Whether requests need a key. Default: everywhere except on loopback."""
        return self.auth == "key" or (self.auth is None and self.host not in _LOOPBACK)
