"""A page of the studio: a title, views below one address, and a folder with its template and script."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from flask import Blueprint, jsonify, render_template
from flask.typing import ResponseReturnValue

from runner.api import Workspace
from runner.studio.modules import modules_of
from runner.studio.shown_workspace import shown

View = Callable[..., ResponseReturnValue]
FOLDER = Path(__file__).parent / "pages"


class Page:
    """A page, whose views are at ``/w/NUMBER/NAME``.

    Parameters
    ----------
    name : str
        The name of its folder and the last part of its address.
    title : str
        Its heading, and its entry in the menu.
    menu : bool
        Whether the menu lists it. A page about one thing, such as a run, is reached by links.
    below : str, optional
        The menu entry that it belongs to.
    charts : bool
        Whether its script draws charts, which need inline styles; see `security.policy`.
    """

    def __init__(self, name: str, title: str, *, menu: bool = True, below: str = "", charts: bool = False) -> None:
        self.name, self.title, self.menu, self.charts = name, title, menu, charts
        self.below = below
        self.blueprint = Blueprint(name, __name__)

    def get(self, rule: str = "") -> Callable[[View], View]:
        """Register a view for GET requests. It is called with the workspace and the parts of its address."""
        return self._route(rule, "GET")

    def post(self, rule: str) -> Callable[[View], View]:
        """Register a view for POST requests. They need the form token, and a read-only studio rejects them."""
        return self._route(rule, "POST")

    def _route(self, rule: str, method: str) -> Callable[[View], View]:
        def register(view: View) -> View:
            @wraps(view)
            def call(**parts: Any) -> ResponseReturnValue:
                workspace: Workspace = shown().workspace
                return view(workspace, **parts)

            self.blueprint.add_url_rule(rule, view.__name__, call, methods=[method])
            return view

        return register

    def render(self, *, command: tuple[str, ...], title: str | None = None, **values: Any) -> str:
        """Render the page's template.

        Parameters
        ----------
        command : tuple of str
            The words after ``vivero`` that show the same in a terminal.
        title : str, optional
            The title in the browser's tab. Default: the page's.
        values
            Variables of the template. All text is escaped, except Markup.
        """
        script = f"/pages/{self.name}/page.js" if (FOLDER / self.name / "page.js").exists() else None
        return render_template(
            f"{self.name}/template.html",
            page=self,
            title=title or self.title,
            command=shown().command(*command),
            script=script,
            modules=modules_of(script) if script else (),
            **values,
        )


def answer(**values: Any) -> ResponseReturnValue:
    """Return values as JSON for the page's script."""
    return jsonify(values)
