"""Where the workspace is: the given one, or the one that a folder belongs to."""

from __future__ import annotations

import os
from pathlib import Path

from runner.access import ownership, permissions
from runner.errors import UserError
from runner.layout import Layout

FOLDER = ".vivero"
VARIABLE = "VIVERO_WORKSPACE"
CEILINGS = "VIVERO_CEILING_DIRECTORIES"  # as GIT_CEILING_DIRECTORIES: no search for a workspace goes up into these


def default_root(start: Path) -> Path:
    """Return the workspace that ``VIVERO_WORKSPACE`` names, else the one a folder belongs to.

    Raises
    ------
    UserError
        If that one was found above, and others could have written it.
    """
    if named := os.environ.get(VARIABLE):
        return Path(os.path.abspath(Path(named).expanduser()))
    root = _search(start)
    if root.is_dir():
        ownership.check_workspace(root, discovered=True)
    return root


def _search(start: Path) -> Path:
    """Return ``.vivero`` of the nearest folder above that has one or is a repository, else of the folder itself.

    Like git's, the search stays on one file system, and does not go above the home folder or into a folder that
    ``VIVERO_CEILING_DIRECTORIES`` lists, separated by colons. Whoever can write there could decide what is executed.
    """
    ceilings = {Path(path) for path in os.environ.get(CEILINGS, "").split(os.pathsep) if path}
    home, device = os.path.expanduser("~"), start.stat().st_dev  # noqa: PTH111 - "~" if the user has no home
    homes = {Path(home), Path(os.path.realpath(home))}
    for folder in (start, *start.parents):
        if folder != start and (folder in ceilings or folder.stat().st_dev != device):
            break
        if (folder / FOLDER).is_dir() or (folder / ".git").exists():
            return folder / FOLDER
        if folder in homes:
            break
    return start / FOLDER


def find_workspace(given: str | None) -> Layout:
    """Return the workspace to read: the given one, or the default.

    Raises
    ------
    UserError
        If there is none, or one was found that others could have written.
    """
    root = Path(os.path.abspath(given)) if given else default_root(Path.cwd())
    if not root.is_dir():
        raise UserError(f"No workspace at {root}", "Start a run first, or add --workspace PATH")
    if not os.access(root, os.R_OK | os.X_OK):
        raise UserError(f"You cannot read the workspace {root}", "Its owner can share it: workspace.shared=GROUP")
    permissions.enter(root)
    return Layout(root)


def trusted_workspace(given: str | None) -> Layout:
    """Return the workspace to execute something in: the given one, or the default.

    Raises
    ------
    UserError
        If there is none, or others could have written it.
    """
    layout = find_workspace(given)
    ownership.check_workspace(layout.root)
    return layout


def option_for(root: Path) -> str:
    """Return the option with which a command finds a workspace from here. Empty for the default workspace."""
    try:
        usual = find_workspace(None).root
    except UserError:  # there is none
        usual = None
    if usual == root:
        return ""
    import shlex

    return f" --workspace {shlex.quote(str(root))}"
