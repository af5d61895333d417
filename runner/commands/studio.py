"""``vivero studio``."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

from runner.commands.output import note, say
from runner.errors import UserError

if TYPE_CHECKING:
    import socket

    from runner.studio.shown_workspace import Shown

_NEEDED = ("a2wsgi", "plotly", "watchfiles")


@click.command()
@click.option(
    "--host", metavar="HOST", help="Show a workspace on this machine, through SSH. vivero must be installed there."
)
@click.option(
    "--there", metavar="PROGRAM", default="vivero", show_default=True, help="With --host: the vivero command there."
)
@click.option("--listen", "address", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="The port. 0 takes a free one."
)
@click.option("--workspace", "paths", metavar="PATH", multiple=True, help="A workspace to show. May be repeated.")
@click.option("--read-only", is_flag=True, help="Show everything, and change nothing.")
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@click.option("--new-key", is_flag=True, help="Make the key that browsers on other machines log in with, and exit.")
@click.option("--until-eof", is_flag=True, hidden=True)  # ends with its standard input, as a studio behind SSH has to
def studio(
    *, host: str | None, there: str, address: str, port: int, paths: tuple[str, ...], read_only: bool, no_browser: bool,
    new_key: bool, until_eof: bool,
) -> None:  # fmt: skip
    """Show runs, sweeps, models and endpoints in a browser, live."""
    from runner.access import studio_key

    if new_key:
        say(f"Key (shown once): {studio_key.make_key()}")
        return
    if missing := [name for name in _NEEDED if find_spec(name) is None]:
        raise UserError(f"The studio needs {', '.join(missing)}", "Install them: pip install 'vivero[studio]'")
    from runner.studio.security import Guard, is_loopback
    from runner.studio.server import listen, serve

    if host is not None and not is_loopback(address):
        raise UserError("--host and --listen cannot be combined", "Listen on loopback, or start the studio there")
    key = None if is_loopback(address) else studio_key.read_key()
    if key is None and not is_loopback(address):
        raise UserError(f"Listening on {address} needs a key", "Make one: vivero studio --new-key")
    shown = [] if host is not None else _open(paths)
    with listen(address, port) as listening:
        url = f"http://{f'[{address}]' if ':' in address else address}:{listening.getsockname()[1]}"
        if host is not None:
            _serve_on(host, [there, "studio", *_words(paths, read_only)], listening, url, browse=not no_browser)
            return
        _announce(url, browse=not no_browser)
        if key is not None:
            note("Nothing is encrypted. Outside a network you trust, use an SSH tunnel or a proxy with TLS.")
        if until_eof:
            _end_with_input()
        serve(listening, shown, Guard(address, listening.getsockname()[1], key, read_only=read_only))


def _announce(url: str, *, browse: bool) -> None:
    say(f"Studio at {url}  (Ctrl-C to stop)")
    sys.stdout.flush()
    if browse:
        _show(url)


def _words(paths: tuple[str, ...], read_only: bool) -> list[str]:
    """Return the options of a studio on another machine."""
    places = [word for path in paths for word in ("--workspace", path)]
    return ["--no-browser", "--port", "0", "--until-eof", *places, *(["--read-only"] if read_only else [])]


def _serve_on(host: str, words: list[str], listening: socket.socket, url: str, *, browse: bool) -> None:
    """Start a studio on another machine, and tunnel connections to it until it ends."""
    import re

    from runner.hosts.ssh.server import RemoteServer

    with RemoteServer(host, words, re.compile(r"Studio at http://127\.0\.0\.1:(\d+)")) as server:
        server.tunnel(listening)
        _announce(url, browse=browse)
        server.wait()


def _end_with_input() -> None:
    """End this process once its standard input is closed."""
    import signal
    import threading

    def watch() -> None:
        while os.read(0, 4096):
            continue
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def _open(paths: tuple[str, ...]) -> list[Shown]:
    from runner.api import Workspace
    from runner.commands.common import given_workspace
    from runner.studio.shown_workspace import Shown

    given = paths or tuple(filter(None, [given_workspace()]))
    if not given:
        return [Shown(1, Workspace())]
    workspaces = dict.fromkeys(Workspace(path) for path in given)
    return [Shown(at, workspace, ("--workspace", str(workspace.root))) for at, workspace in enumerate(workspaces, 1)]


def _show(address: str) -> None:
    """Open a browser if there is a graphical display. A text browser would take over this command's terminal."""
    if sys.stdout.isatty() and (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        import threading
        import webbrowser

        threading.Thread(target=webbrowser.open, args=[address], daemon=True).start()
