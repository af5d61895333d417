"""The settings of an endpoint: its file in ``conf/endpoint``, the words behind ``python -m serving``, its record."""

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
        ``local``: processes of this machine; ``docker``: containers.
    name : str or None
        The endpoint's name; null: the first model's.
    host, port
        Where it listens; port 0 takes a free one.
    workers : int
        Server processes; they share the memory of the models they start with.
    threads : int
        Requests at work at the same time in one process.
    auth : str or None
        ``key`` or ``none``; null: none on loopback, key anywhere else.
    hosts : list of str
        Names that it is asked by, beside localhost and addresses: all others are refused. ``*``: any. None: any too,
        except on loopback without keys, where a page of somebody else could ask by a name of its own.
    method : str or None
        The method of requests that name none; null: the model's first.
    max_megabytes, max_rows
        What one request may have.
    max_megabytes_at_once : float
        Of the bodies of all requests that one process receives or answers, before others are told to come again.
    large_rows : int
        From this many rows on, requests of a model are taken one at a time.
    queue : int
        Requests at work or waiting before others are told to come again.
    timeout : float
        Seconds after which a request that waits or is at work is told 504.
    stop_timeout : float
        Seconds that requests at work have to end when the server is stopped.
    accelerate : str or None
        ``onnx``: answers by onnxruntime, for methods whose answers are close; null: only ways that give the same bits.
    dates : list of str
        Columns whose texts are points in time, such as ``2026-03-01T12:00:00``, for models fitted with such columns.
    allow_version_mismatch : bool
        Serve a model although scikit-learn is another one than its own; every answer then says so.
    trusted : list of str
        Types that a skops file may hold beside those skops trusts.
    log_payloads : float
        Share of the requests whose rows and answers are kept in a file.
    log_megabytes : float
        Size at which a log of requests, or of what the server prints, is put aside, as ``NAME.1`` in the place of an
        earlier one.
    cors : list of str
        Origins whose pages may ask.
    poll : float
        Seconds between looks at the registry for a moved alias.
    base_image : str or None
        What a container's image begins with; null: ``python:X.Y-slim`` of the model's Python.
    restart : str
        When the engine starts a container again: ``no``, ``on-failure``, ``always`` or ``unless-stopped``.
    cpu : float or None
        Cores that a container may use; null: those of the model's `resources`, else all.
    memory : str or None
        Memory that a container may use, such as ``512m`` or ``2g``; null: that of the
        model's `resources`, else all.
    network : str
        The engine's network that the address is published from; ``host`` listens without it.
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
        """Take an IPv6 address also as an address of the web has it."""
        if isinstance(self.host, str):
            self.host = self.host.strip("[]")

    @property
    def known_hosts(self) -> Optional[tuple[str, ...]]:  # noqa: UP045
        """Names that it is asked by beside localhost and addresses; None: any."""
        if "*" in self.hosts or not (self.hosts or (self.host in _LOOPBACK and not self.needs_keys)):
            return None
        return tuple(one.lower() for one in (self.host, *self.hosts))

    @property
    def address(self) -> str:
        """Where it answers, as clients have it."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    @property
    def reached_at(self) -> str:
        """The host that this machine reaches it at."""
        return _OF_ALL.get(self.host, self.host)

    @property
    def needs_keys(self) -> bool:
        """Whether requests need a key: as set, else anywhere but on loopback."""
        return self.auth == "key" or (self.auth is None and self.host not in _LOOPBACK)
