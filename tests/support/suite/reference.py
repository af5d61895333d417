"""Generates ``conf/REFERENCE.md``: every setting with type and default, from the schema and the comments in conf.

``python -m tests.support.suite.reference`` writes it. A test fails if the file differs from what would be written.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from omegaconf import MISSING

from runner.config.computes import COMPUTES
from runner.config.data_settings import EACH
from runner.config.schema import CONF, ENVIRONMENTS, SCHEMAS
from runner.config.schema import RunSpec as Run

PAGE = Path(CONF, "REFERENCE.md")
_HEAD = """# Reference: every setting

Generated from the schema (`runner/config/schema.py`, and `runner/compute/` for computes) and from the comments in the
files that each section names. Change it there, then run `nox -s reference`. A default of `required` means that there is
none. A group's settings are typed with its name in front: `job.timeout=600`.
"""
# The files that explain the settings of a group. The first comment on a setting is quoted.
_SECTIONS: dict[str, tuple[type, tuple[str, ...]]] = {
    "workspace": (SCHEMAS["schema"]["workspace"], ("workspace/default.yaml", "workspace/shared.yaml")),
    "job": (SCHEMAS["schema"]["job"], ("job/example.yaml",)),
    "data": (SCHEMAS["schema"]["data"], ("data/example.yaml",)),
    "train": (SCHEMAS["schema"]["train"], ("train/example.yaml",)),
    "model": (SCHEMAS["schema"]["model"], ("model/example.yaml",)),
    "sweep": (SCHEMAS["schema"]["sweep"], ("sweep/example.yaml",)),
    "endpoint": (SCHEMAS["schema"]["endpoint"], ("endpoint/example.yaml", "endpoint/docker.yaml")),
    "pipeline": (SCHEMAS["schema"]["pipeline"], ("pipeline/example.yaml",)),
    **{f"environment={kind}": (config, (f"environment/{kind}.yaml",)) for kind, config in ENVIRONMENTS.items()},
    **{f"compute={kind}": (config, (f"compute/{kind}.yaml",)) for kind, config in COMPUTES.items()},
}
NAME = "NAME"  # stands for a user's own key
_LINE = re.compile(
    r"(?P<indent> *)(?P<key>[\w.]+):(?P<value>(?:[^#'\"]|'[^']*'|\"[^\"]*\")*?)(?:#\s*(?P<comment>.*))?$"
)
_UNUSED = re.compile(r"(?P<indent> *)# (?P<key>[a-z_]+): .*?# (?P<comment>.*)$")  # a setting that is commented out
_MORE = re.compile(r" *# (?P<comment>.*)$")


def page() -> str:
    """Return the page's text."""
    described = comments(Path(CONF, "config.yaml").read_text())
    parts = [_HEAD, "## Beside the groups", *_table(_own_of_run(), described)]
    for title, (cls, files) in _SECTIONS.items():
        links = ", ".join(f"[{name}]({name})" for name in files)
        said: dict[str, str] = {}
        for name in reversed(files):
            said |= comments(Path(CONF, name).read_text())
        parts += ["", f"## {title}", f"{cls.__doc__.splitlines()[0] if cls.__doc__ else ''} {links}", ""]
        parts += _table(_fields(cls), said)
    return "\n".join(parts) + "\n"


def comments(text: str) -> dict[str, str]:
    """Return the comments of a YAML file by the key on whose line they begin. Nested keys are written ``a.b``."""
    result: dict[str, str] = {}
    path: list[tuple[int, str]] = []
    last = ""
    for line in text.splitlines():
        unused, more = _UNUSED.match(line), _MORE.match(line)
        if unused is None and more is not None and last:
            result[last] += " " + more["comment"]
            continue
        match, last = unused or _LINE.match(line), ""
        if match is None:
            continue
        path = [level for level in path if level[0] < len(match["indent"])] + [(len(match["indent"]), match["key"])]
        if match["comment"]:
            last = ".".join(key for _, key in path)
            result[last] = match["comment"]
    return result


def _own_of_run() -> list[tuple[str, str, str]]:
    return [
        field
        for field in _fields(Run)
        if "." not in field[0]
        and field[0] not in {"environment", "compute", "estimator", "preprocessing", "endpoint", "pipeline"}
    ]


def _fields(cls: type, above: str = "") -> list[tuple[str, str, str]]:
    """Return key, type and default of each setting of a schema class, including nested ones."""
    return list(_walk(cls, above))


def _walk(cls: type, above: str) -> Iterator[tuple[str, str, str]]:
    hints = get_type_hints(cls)
    for field in dataclasses.fields(cls):
        name, hint = f"{above}{field.name}", hints[field.name]
        nested = next((kind for kind in get_args(hint) if dataclasses.is_dataclass(kind)), None)
        if dataclasses.is_dataclass(hint):
            if cls is not Run:
                yield from _walk(hint, f"{name}.")  # type: ignore[arg-type] # it is a class
        elif EACH in field.metadata:
            yield from _walk(field.metadata[EACH], f"{name}.{NAME}.")
        elif nested is not None and cls is not Run:
            yield from _walk(nested, f"{name}.{NAME}." if get_origin(hint) is dict else f"{name}[].")  # type: ignore[arg-type] # as above
        elif field.name != "kind" or above:
            yield name, _type(hint), _default(field)


def _type(hint: Any) -> str:
    text = re.sub(r"\b(?:typing|runner\.config\.\w+)\.", "", hint.__name__ if isinstance(hint, type) else str(hint))
    text = re.sub(r"Optional\[(.*)\]", r"\1 or null", text).replace(" | None", " or null").replace("NoneType", "null")
    if isinstance(hint, type) and getattr(hint, "__args__", None):
        text = re.sub(r"\b(?:typing|runner\.config\.\w+)\.", "", str(hint))
    words = {"str": "text", "int": "whole number", "float": "number", "bool": "true or false", "Any": "any"}
    words |= {"list": "list of", "dict": "mapping of"}
    text = re.sub(r"\b(str|int|float|bool|Any|list|dict)\b", lambda match: words[match[1]], text)
    return text.replace("[", " ").replace("]", "").replace("mapping of text, ", "mapping of names to ")


def _default(field: dataclasses.Field[Any]) -> str:
    factory: Any = field.default_factory
    value = field.default if factory is dataclasses.MISSING else factory()
    if value == MISSING:
        return "required"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return f"[{', '.join(value)}]" if isinstance(value, list) else str(value)


def _table(fields: list[tuple[str, str, str]], said: dict[str, str]) -> list[str]:
    rows = [f"| `{name}` | {kind} | `{default}` | {_cell(_said(name, said))} |" for name, kind, default in fields]
    return ["| setting | type | default | |", "|---|---|---|---|", *rows]


def _said(name: str, said: dict[str, str]) -> str:
    whole = name.partition("[]")[0]  # a list's comment also explains its entries
    fits = re.compile(re.escape(whole).replace(NAME, r"[^.]+"))
    return next((text for key, text in said.items() if fits.fullmatch(key)), "")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page())
