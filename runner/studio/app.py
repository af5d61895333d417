"""The Flask application: pages, shared files, login and error pages."""

from __future__ import annotations

import functools
import gzip
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flask import (
    Flask,
    Response,
    abort,
    g,
    jsonify,
    redirect,
    render_template,
    request,
    send_file,
    send_from_directory,
    url_for,
)
from flask.typing import ResponseReturnValue
from jinja2 import FileSystemLoader
from werkzeug.exceptions import HTTPException

from runner import __version__, charts
from runner.errors import NotFoundError, UserError
from runner.studio import filters
from runner.studio.page import FOLDER
from runner.studio.pages import PAGES, load_pages
from runner.studio.security import HEADERS, Guard, policy
from runner.studio.shown_workspace import Shown

_HERE = Path(__file__).parent
_SCRIPTS = (".js", ".css")
_A_DAY = 86400  # seconds
_LONGEST_FORM = 1 << 20


def create_app(workspaces: Sequence[Shown], guard: Guard) -> Flask:
    """Return the application that shows the workspaces."""
    app = Flask(__name__, static_folder="static", template_folder="templates")
    app.config["MAX_CONTENT_LENGTH"] = _LONGEST_FORM
    app.jinja_loader = FileSystemLoader([_HERE / "templates", FOLDER])
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    filters.register(app)
    pages = load_pages()
    for page in pages:
        app.register_blueprint(page.blueprint, url_prefix=f"/w/<int:number>/{page.name}")
    _number_addresses(app, workspaces)
    _add_shared_addresses(app, pages[0].name)
    _add_headers(app, {page.name for page in pages if page.charts})
    _guard_forms(app, guard)
    _add_login(app, guard)
    _explain_mistakes(app)

    @app.context_processor
    def values() -> dict[str, Any]:
        return {
            "pages": [page for page in pages if page.menu], "read_only": guard.read_only, "workspaces": workspaces,
            "shown": g.get("shown"), "token": guard.token(_session(guard)), "version": __version__,
            "logged_in": guard.needs_key,
        }  # fmt: skip

    return app


def _number_addresses(app: Flask, workspaces: Sequence[Shown]) -> None:
    """Look up the workspace by the number in an address, and add the number to the addresses that a page links to."""

    @app.url_value_preprocessor
    def find(_endpoint: str | None, parts: dict[str, Any] | None) -> None:
        if parts is not None and "number" in parts:
            number = parts.pop("number")
            if not 1 <= number <= len(workspaces):
                abort(404)
            g.shown = workspaces[number - 1]

    @app.before_request
    def check() -> None:
        if "shown" in g:
            g.shown.check()

    @app.url_defaults
    def add(endpoint: str, parts: dict[str, Any]) -> None:
        if app.url_map.is_endpoint_expecting(endpoint, "number"):
            parts.setdefault("number", g.shown.number if "shown" in g else 1)


def _add_shared_addresses(app: Flask, first: str) -> None:
    @app.get("/")
    def home() -> ResponseReturnValue:
        return redirect(url_for(f"{first}.index"))

    @app.get("/w/<int:number>/")
    def workspace() -> ResponseReturnValue:
        return redirect(url_for(f"{first}.index"))

    @app.get("/pages/<name>/<file>")
    def script(name: str, file: str) -> ResponseReturnValue:
        if name not in PAGES or not file.endswith(_SCRIPTS):
            abort(404)
        return send_from_directory(FOLDER / name, file)

    @app.get("/charts/<file>")
    def chart(file: str) -> ResponseReturnValue:
        if not file.endswith(_SCRIPTS):
            abort(404)
        return send_from_directory(Path(charts.__path__[0]), file)

    @app.get("/static/plotly.js")
    def plotly() -> ResponseReturnValue:
        import importlib.util

        spec = importlib.util.find_spec("plotly")  # does not import it, which would take half a second
        places = spec.submodule_search_locations if spec else None
        if not places:
            raise UserError("Charts need plotly", "Install it: pip install 'vivero[studio]'")
        path = Path(places[0], "package_data", "plotly.min.js")
        return (
            _compressed_file(path) if request.accept_encodings.quality("gzip") > 0 else send_file(path, max_age=_A_DAY)
        )


def _compressed_file(path: Path) -> Response:
    response = Response(_compress(path, path.stat().st_mtime_ns), mimetype="text/javascript")
    response.headers.update({"Content-Encoding": "gzip", "Vary": "Accept-Encoding"})
    response.cache_control.max_age = _A_DAY
    return response


@functools.cache
def _compress(path: Path, _changed: int) -> bytes:
    """Return a file's content, compressed: 1.5 MB instead of 4.8 MB, which matters over SSH."""
    return gzip.compress(path.read_bytes(), 1)


def _add_headers(app: Flask, with_charts: set[str]) -> None:
    @app.after_request
    def headers(response: Response) -> Response:
        # A view sets a stricter policy for content that a model or a run made.
        response.headers.setdefault("Content-Security-Policy", policy(charts=request.blueprint in with_charts))
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store"
        return response


def _guard_forms(app: Flask, guard: Guard) -> None:
    @app.before_request
    def check() -> ResponseReturnValue | None:
        if request.method in ("GET", "HEAD", "OPTIONS"):
            return None
        token = request.headers.get("X-Token") or request.form.get("token", "")
        if not guard.is_form(_session(guard), token, request.headers.get("Sec-Fetch-Site", "")):
            return _mistake("This page is older than the studio. Reload it and try again.", 403)
        if guard.read_only and request.endpoint not in ("log_in", "log_out"):
            return _mistake("This studio is read-only. Start it without --read-only to change something.", 403)
        return None


def _add_login(app: Flask, guard: Guard) -> None:
    @app.get("/login")
    def login() -> ResponseReturnValue:
        return render_template("login.html", next=_inside(request.args.get("next", "")))

    @app.post("/login")
    def log_in() -> ResponseReturnValue:
        session, target = guard.log_in(request.form.get("key", "")), _inside(request.form.get("next", ""))
        if session is None:
            return render_template("login.html", next=target, problem="This is not the key."), 401
        response = redirect(target)
        response.set_cookie(guard.cookie, session, max_age=guard.lasts, httponly=True, samesite="Strict")
        return response

    @app.post("/logout")
    def log_out() -> ResponseReturnValue:
        guard.log_out(_session(guard))
        response = redirect("/login")
        response.delete_cookie(guard.cookie, httponly=True, samesite="Strict")
        return response


def _session(guard: Guard) -> str:
    return guard.session_of(request.headers.get("Cookie", ""))


def _inside(target: str) -> str:
    """Return the target of a login if it is an address of the studio, otherwise the first page."""
    return target if target.startswith("/w/") and "\\" not in target and target.isprintable() else "/"


def _explain_mistakes(app: Flask) -> None:
    @app.errorhandler(UserError)
    def mistake(error: UserError) -> ResponseReturnValue:
        return _mistake(str(error), 404 if isinstance(error, NotFoundError) else 400)

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> ResponseReturnValue:
        text = "There is no such page." if error.code == 404 else str(error.description)
        return _mistake(text, error.code or 500)

    @app.errorhandler(Exception)
    def bug(error: Exception) -> ResponseReturnValue:
        traceback.print_exception(error, file=sys.stderr)
        return _mistake("This is a bug in vivero. The terminal that runs the studio has the traceback.", 500)


def _mistake(text: str, code: int) -> ResponseReturnValue:
    """Return an error in one line: as JSON for a script, as a page for a browser."""
    if request.accept_mimetypes.best == "application/json":
        return jsonify({"error": text}), code
    return render_template("mistake.html", text=text, title="Not found" if code == 404 else "Not shown"), code
