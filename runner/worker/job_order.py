"""The job order, which tells a run's worker what to do. The controller writes it and the worker reads it.

``order.json`` has only what records may contain. ``secrets.json``, which only its owner can read, has the values of
variables and the words of the command that it lacks. The worker deletes that file after reading it.
"""

import json
import os
import re

from .layout import ORDER, SECRETS
from .typed_fields import TypedFields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple


TRAINING = "VIVERO_TRAINING"  # a variable: what is declared, which only the training program reads
MASK = "***"
FORMAT = 1
_PART = "." + SECRETS + ".tmp"
_LEAST = 6  # characters of a value that is distinctive enough to mask


class UnreadableError(Exception):
    """Why an order cannot be executed, in one line."""


class JobOrder(TypedFields):
    """The fields of ``order.json``, and with `secret` and `shown_argv` what ``secrets.json`` adds.

    Parameters
    ----------
    argv, variables
        The script's command and its own environment variables; None unsets one.
    metrics, tags
        Patterns of metrics in the log, and tags of the run, by name.
    inputs, outputs
        The paths of its data inputs, and of the folders or files of its data outputs, by name.
    assets
        The versions of data assets that inputs are, as ``NAME:VERSION``, by the input's name.
    number
        The run's number in its experiment.
    snapshot, tree
        The hash of the source and, on a node, the key of the folder that the run starts from.
    python, inspector
        The commands that start the environment's Python, for the worker and for inspecting the model.
    script
        The path of the script in the source, if the command runs a script.
    timeout, grace
        Seconds that the script may take, and those it has left after it was asked to end.
    model
        ``path`` and ``framework`` of the model to be inspected.
    finish, answer
        The controller's commands that finish the record and answer the script's requests.
    detach
        Whether the run continues without the controller.
    attended
        Whether the worker is in a container. A process outside it then finishes the record and answers requests.
    apart
        Whether the run is on a node. The controller then answers requests.
    at_a_time
        How many runs of a sweep share the cores.
    batch
        Which input is a piece, and how the script's ``run`` gets it. None if the script is started as it is.
    shared_environment
        Whether other runs use the same environment, so that packages are installed beside the run.
    shown_argv, hides_argv
        The command without its secrets, and whether process lists can show it instead of the real one.
    secret
        The names of the variables that are secret.
    """

    run_id: str
    experiment: str
    argv: "Sequence[str]"
    variables: "Mapping[str, Optional[str]]"
    metrics: "Mapping[str, str]"
    tags: "Mapping[str, str]"
    inputs: "Mapping[str, str]"
    format: int = FORMAT
    outputs: "Optional[Mapping[str, str]]" = None
    assets: "Optional[Mapping[str, str]]" = None
    number: int = 0
    display_name: "Optional[str]" = None
    snapshot: str = ""
    tree: str = ""
    python: "Sequence[str]" = ()
    inspector: "Optional[Sequence[str]]" = None
    script: "Optional[str]" = None
    timeout: "Optional[float]" = None
    grace: float = 10
    model: "Optional[Mapping[str, Optional[str]]]" = None
    finish: "Optional[Sequence[str]]" = None
    answer: "Optional[Sequence[str]]" = None
    detach: bool = False
    attended: bool = False
    apart: bool = False
    at_a_time: "Optional[int]" = None
    batch: "Optional[Mapping[str, Any]]" = None
    shared_environment: bool = False
    shown_argv: "Optional[Sequence[str]]" = None
    hides_argv: bool = False
    secret: "Sequence[str]" = ()

    @staticmethod
    def from_json(value: "Any") -> "JobOrder":
        """Return the order for plain data. Unknown fields are kept.

        Raises
        ------
        UnreadableError
            If it has a later format or lacks a field.
        """
        if value.get("format", FORMAT) > FORMAT:
            text = "{} has format {}, this release reads up to {}: upgrade vivero"
            raise UnreadableError(text.format(ORDER, value["format"], FORMAT))
        absent = [name for name in JobOrder.__annotations__ if name not in value and not hasattr(JobOrder, name)]
        if absent:
            raise UnreadableError("{} has no {}".format(ORDER, " and no ".join(absent)))
        return JobOrder(**value)

    def parts(self) -> "Tuple[Dict[str, Any], Dict[str, Any]]":
        """Return the contents of ``order.json`` and ``secrets.json``."""
        public = self.to_json()
        shown, names = public.pop("shown_argv"), public.pop("secret")
        public["variables"] = {name: MASK if name in names else value for name, value in self.variables.items()}
        if shown is not None:
            public["argv"] = shown
        secrets = {name: self.variables[name] for name in names}
        return public, {"variables": secrets, "argv": None if shown is None else self.argv}

    def with_secrets(self, secrets: "Dict[str, Any]") -> "JobOrder":
        """Return the order with the content of ``secrets.json``."""
        variables, argv = dict(self.variables, **secrets["variables"]), secrets["argv"]
        shown = {} if argv is None else {"argv": argv, "shown_argv": self.argv}
        return self.replace(variables=variables, secret=sorted(secrets["variables"]), **shown)

    def without_secrets(self, text: str) -> str:
        """Return a text with each secret masked that is long enough to be distinctive."""
        shown = set(self.argv if self.shown_argv is None else self.shown_argv)
        words = [word for word in self.argv if word not in shown]
        values = [self.variables[name] for name in self.secret]
        for value in sorted(
            (value for value in [*words, *values] if value and len(value) >= _LEAST), key=len, reverse=True
        ):
            text = text.replace(value, MASK)
        return text

    def hidden_argv(self) -> "Optional[List[str]]":
        """Return the command to show in process lists, with secrets masked, or None if it needs no change."""
        shown = self.shown_argv
        if not shown or not self.hides_argv:
            return None
        return list(shown) if len(shown) == len(self.argv) else [word if word in shown else MASK for word in self.argv]


def data_variable(kind: str, name: str) -> str:
    """Return the environment variable with the path of a data input or output: ``VIVERO_INPUT_TRAIN``."""
    return "VIVERO_{}_{}".format(kind.upper(), re.sub("[^A-Za-z0-9]", "_", name).upper())


def read(run_dir: str) -> JobOrder:
    """Return the order in a run's folder, with its secrets if they still exist.

    Raises
    ------
    UnreadableError
        If it is of a later format, or lacks a field.
    """
    order = read_public(run_dir)
    try:
        with open(os.path.join(run_dir, SECRETS), encoding="utf-8") as file:
            return order.with_secrets(json.load(file))
    except FileNotFoundError:
        return order


def read_public(run_dir: str) -> JobOrder:
    """Return the order in a run's folder without its secrets. Raises like `read`."""
    with open(os.path.join(run_dir, ORDER), encoding="utf-8") as file:
        return JobOrder.from_json(json.load(file))


def keep(run_dir: str, secrets: "Dict[str, Any]") -> None:
    """Write an order's secrets, if there are any."""
    if not secrets["variables"] and secrets["argv"] is None:
        return
    part = os.path.join(run_dir, _PART)
    _remove(part)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(secrets, file)
    os.rename(part, os.path.join(run_dir, SECRETS))


def forget(run_dir: str) -> None:
    """Remove an order's secrets."""
    for name in (SECRETS, _PART):
        _remove(os.path.join(run_dir, name))


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
