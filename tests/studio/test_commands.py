"""The commands that pages show: each is one that there is, for the workspace that is shown."""

import html
import re
import shlex
import urllib.request
from pathlib import Path

import click
import pytest

from runner.api import Workspace
from runner.cli import cli
from runner.studio.pages import load_pages
from tests.support.studio.models import register, write_endpoint
from tests.support.studio.workspaces import studio

MENU = [page.name for page in load_pages() if page.menu]
FILTERED = [
    "runs?experiment=iris&status=failed&sort=duration&reverse=1&column=status",
    "sweeps?state=running&experiment=iris",
    "pipelines?state=failed&experiment=iris",
    "data?type=table&find=x",
    "model/flowers",
    "endpoint/shop",
    "endpoint/shop/drift",
    "environments/table",
    "asset/table",
]
SHOWN = re.compile(r"<code[^>]*>((?:vivero|python -m) [^<]+)<|<pre[^>]*>((?:vivero|python -m) [^<]+)<")


def commands(address: str) -> list[list[str]]:
    with urllib.request.urlopen(address) as answer:
        found = SHOWN.findall(answer.read().decode())
    return [shlex.split(html.unescape(one or other)) for one, other in found]


def known(words: list[str]) -> bool:
    """Return whether there is a command with these options."""
    command: click.Command = cli
    options = list(words)
    while isinstance(command, click.Group) and (below := command.get_command(click.Context(command), options[0])):
        command = below
        options.pop(0)
    names = {name for param in command.params for name in (*param.opts, *param.secondary_opts)}
    return command is not cli and all(option in names for option in options if option.startswith("-"))


@pytest.mark.parametrize("filled", [True, False])
def test_every_command_is_known_and_names_the_workspace(tmp_path: Path, filled: bool) -> None:
    root = tmp_path / "a team" / ".vivero"
    data = Workspace(root, create=True).data
    if filled:
        (tmp_path / "table.csv").write_text("a,b\n1,2\n")
        data.add("table", tmp_path / "table.csv")
        register(root, "flowers")
        write_endpoint(root, "shop", "flowers:1")
    with studio("--workspace", str(root)) as site:
        for page in [*MENU, *(FILTERED if filled else FILTERED[:3])]:
            for program, *words in commands(f"{site}/w/1/{page}"):
                if program == "vivero":
                    assert words[-2:] == ["--workspace", str(root)], (page, words)
                    assert known(words), (page, words)
                else:
                    assert words[0] == "-m" and words[-1] == f"workspace.root={root}", (page, words)
