"""Defines a protocol: its addresses, how requests are read and answers written, and how both are described.

The views, the shortcut, the description of the API and the tests use only `Protocol`, never a particular one. To add a
protocol, write a module beside this one and add it to `registry`.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from serving.data.rows import Rows
from serving.dataplane.model import ServedModel
from serving.dataplane.outputs import dumps
from serving.dataplane.plane import Answer, DataPlane
from serving.errors import AS_OBJECT, ErrorForm, bad_input, listed, quoted
from serving.protocols.schemas import JSON_TYPE, Body, Schema

Reader = Callable[[bytes, Callable[[str], str | None]], Any]
"""Takes a body and a function that returns a header of the request. Returns the argument of `Protocol.parse`."""


class ParsedRequest(NamedTuple):
    """A parsed request.

    Parameters
    ----------
    rows : Rows
        The rows to score.
    methods : tuple of (str or None)
        The methods to call. None means the default method.
    form
        The protocol's own data for writing the answer.
    """

    rows: Rows
    methods: tuple[str | None, ...] = (None,)
    form: Any = None

    def with_method(self, method: str) -> ParsedRequest:
        """Return the same request for the method that the address names.

        Raises
        ------
        ServingError
            400 if the body names another method.
        """
        if any(one not in (None, method) for one in self.methods):
            named = (
                f"{quoted(method)} in its address and {listed(quoted(one) for one in self.methods if one)} in its body"
            )
            raise bad_input("two_methods", f"The request names two methods: {named}")
        return self._replace(methods=(method,))


class BinaryContent(NamedTuple):
    """The content of an answer that is not JSON alone, its type, and the headers that belong to it."""

    content: bytes
    kind: str
    headers: dict[str, str]


class Reply(NamedTuple):
    """An answer as a protocol writes it.

    Parameters
    ----------
    form
        The answer as JSON.
    pack : callable or None
        Returns the content to send instead.
    """

    form: Any
    pack: Callable[[], BinaryContent] | None = None

    def packed(self) -> BinaryContent:
        """Return the content to send."""
        return self.pack() if self.pack is not None else BinaryContent(dumps(self.form), JSON_TYPE, {})


class Repository(typing.Protocol):
    """Loads and unloads the models of an endpoint."""

    def load(self, name: str) -> None:
        """Serve a model again."""

    def unload(self, name: str) -> None:
        """Stop serving a model."""

    def names(self) -> list[str]:
        """Return the names of all models, including unloaded ones."""


class Server(typing.Protocol):
    """The server, as questions see it."""

    plane: DataPlane
    repository: Repository | None
    has_keys: bool

    @property
    def ready(self) -> bool:
        """Whether requests will be answered."""


class ModelRequest(NamedTuple):
    """The model and version in a question's path, and the JSON sent with it; each may be None."""

    name: str | None = None
    version: str | None = None
    body: Any = None


@dataclass(frozen=True)
class Question:
    """A request that does not score rows, such as whether the server is ready or which models it has.

    Parameters
    ----------
    name : str
        The name of the route in logs and metrics, and of the operation in the OpenAPI description.
    summary : str
        The summary in the OpenAPI description.
    answer : callable
        Returns status and content for the server and a `ModelRequest`: JSON, or text if `kind` is ``text/plain``.
    schema : dict
        The JSON schema of a 200.
    method : str
        GET or POST.
    kind : str
        The content type of the answer.
    body : Body or None
        The body of the request, if it is read.
    refusals : tuple of int
        The error statuses in addition to those that any request may get.
    not_ready : dict or None
        The schema of a 503 that is an answer and not an error.
    """

    name: str
    summary: str
    answer: Callable[[Server, ModelRequest], tuple[int, Any]]
    schema: Schema
    method: str = "GET"
    kind: str = JSON_TYPE
    body: Body | None = None
    refusals: tuple[int, ...] = ()
    not_ready: Schema | None = None


@dataclass(frozen=True)
class Protocol:
    """A protocol.

    Parameters
    ----------
    route : str
        Its name in logs and metrics.
    addresses : tuple of str
        The paths for POST, in Flask's syntax. ``<name>`` is a model and ``<version>`` one of its versions. A path
        without either is for the only model, or for the model in the query: ``?model=NAME``.
    parse : callable
        Takes a request's JSON and the model. Returns the parsed request.
    render : callable
        Takes the answers, one for each method, and the parsed request. Returns the reply.
    body : callable
        Takes a model. Returns the description of request bodies.
    answer : callable
        Takes a model. Returns the JSON schema of an answer.
    readers : mapping of str to callable
        Readers of bodies by content type. JSON without a reader is parsed as JSON.
    questions : mapping of str to Question
        Questions by their address. ``<plain:name>`` has no colon: ``<name>:predict`` is another address.
    root : str or None
        All addresses below it, even those that do not exist, use the protocol's form of errors.
    errors : ErrorForm
        That form.
    """

    route: str
    addresses: tuple[str, ...]
    parse: Callable[[Any, ServedModel], ParsedRequest]
    render: Callable[[Sequence[Answer], ParsedRequest], Reply]
    body: Callable[[ServedModel], Body]
    answer: Callable[[ServedModel], Schema]
    readers: Mapping[str, Reader] = field(default_factory=dict)
    questions: Mapping[str, Question] = field(default_factory=dict)
    root: str | None = None
    errors: ErrorForm = AS_OBJECT

    def score(
        self, plane: DataPlane, body: Any, name: str | None, version: int | None = None, method: str | None = None
    ) -> Scored:
        """Return a model's answers to a request, the reply, and the parsed request.

        Parameters
        ----------
        plane : DataPlane
            The models.
        body
            The request, as its reader returned it.
        name, version
            The model and its version. None means the only model, and a version chosen by weight.
        method : str or None
            The method in the address, for a request whose body names none.

        Raises
        ------
        ServingError
            If the request cannot be answered; see its status.
        """
        route = plane.route(name)
        served = route.pick(version)  # only once, so that the same version parses and answers the rows
        wanted = self.parse(body, served)
        if method is not None:
            wanted = wanted.with_method(method)
        answers = plane.answers(route, served, wanted.rows, wanted.methods, mirrored=version is None)
        return answers, self.render(answers, wanted), wanted


Scored = tuple[list[Answer], Reply, ParsedRequest]
