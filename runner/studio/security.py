"""Who gets an answer, and what a browser may do with it.

On loopback no key is needed, so the ``Host`` header must name this machine: a foreign web page could otherwise reach
the studio by a name of its own (DNS rebinding). Anywhere else a browser logs in with the key, and its cookie is bound
to the name that it used. Each change needs a token that only a page of the studio can read.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import secrets
from http.cookies import CookieError, SimpleCookie

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_OPEN = ("/login", "/static/")  # what a browser without the cookie gets
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]+)(?::[0-9]+)?")  # a name and perhaps a port
_SESSION = 12 * 3600  # seconds that a login lasts


def is_loopback(host: str) -> bool:
    """Return whether an address can only be reached from this machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def policy(*, charts: bool = False) -> str:
    """Return the Content-Security-Policy of a page: no inline script, and no text is evaluated as one.

    Charts alone get inline styles, because plotly lays them out by style elements and attributes.
    """
    styles = "style-src 'self' 'unsafe-inline'" if charts else "style-src 'self'"
    return "; ".join((
        "default-src 'none'", "script-src 'self'", styles, "img-src 'self' data: blob:", "font-src 'self'",
        "connect-src 'self'", "frame-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
    ))  # fmt: skip


class Guard:
    """Decides about requests.

    Parameters
    ----------
    host : str
        The address that the studio listens on.
    port : int
        Its port. Cookies are shared by all ports of a machine, so the cookie's name has it.
    key : bytes or None
        The SHA-256 of the key that browsers log in with. Without one there is no login.
    read_only : bool
        Refuse every change.
    """

    def __init__(self, host: str, port: int, key: bytes | None = None, *, read_only: bool = False) -> None:
        self.host, self.read_only = host, read_only
        self.cookie = f"vivero-studio-{port}"
        self.lasts = _SESSION
        self._key, self._secret = key, secrets.token_bytes(32)
        self._sessions: set[str] = set()

    @property
    def needs_key(self) -> bool:
        """Return whether browsers have to log in."""
        return self._key is not None

    def is_host(self, header: str) -> bool:
        """Return whether a ``Host`` header may be answered."""
        if self.needs_key:
            return True
        found = _HOST.fullmatch(header)
        return found is not None and (is_loopback(found[1]) or found[1] == self.host)

    def log_in(self, key: str) -> str | None:
        """Return the cookie's value for the right key, None for a wrong one."""
        given = hashlib.sha256(key.strip().encode("utf-8", "surrogateescape")).digest()
        if self._key is None or not hmac.compare_digest(given, self._key):
            return None
        session = secrets.token_urlsafe(32)
        self._sessions.add(session)
        return session

    def log_out(self, session: str) -> None:
        """End a session."""
        self._sessions.discard(session)

    def admits(self, path: str, session: str) -> bool:
        """Return whether an address is shown to who has a session, or none."""
        return not self.needs_key or path.startswith(_OPEN) or session in self._sessions

    def token(self, session: str) -> str:
        """Return the token that a session's forms carry."""
        return hmac.new(self._secret, session.encode(), hashlib.sha256).hexdigest()

    def is_form(self, session: str, token: str, site: str) -> bool:
        """Return whether a page of the studio asked for a change; `site` is the ``Sec-Fetch-Site`` header or empty."""
        return site in ("", "same-origin") and hmac.compare_digest(self.token(session).encode(), token.encode())

    def session_of(self, cookies: str) -> str:
        """Return the session in a ``Cookie`` header, or an empty text."""
        try:
            found = SimpleCookie(cookies).get(self.cookie)
        except CookieError:
            return ""
        return found.value if found else ""
