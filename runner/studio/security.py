"""Decides which requests are answered, and what a browser may do with the answer.

On loopback no key is needed, so the ``Host`` header must name this machine. Otherwise a foreign web page could reach
the studio under a name of its own (DNS rebinding). On any other address a browser logs in with the key, and sends its
cookie only to the name that it logged in to. Each change needs a token that only a page of the studio can read.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import secrets
import time

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_OPEN = ("/login", "/static/")  # addresses that need no login
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]+)(?::[0-9]+)?")  # a name and perhaps a port
_SESSION = 12 * 3600  # seconds for which a login is valid


def is_loopback(host: str) -> bool:
    """Return whether an address can only be reached from this machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def policy(*, charts: bool = False) -> str:
    """Return the Content-Security-Policy of a page: no inline script, and no ``eval``.

    Only pages with charts may have inline styles, because plotly needs style elements and attributes.
    """
    styles = "style-src 'self' 'unsafe-inline'" if charts else "style-src 'self'"
    return "; ".join((
        "default-src 'none'", "script-src 'self'", styles, "img-src 'self' data: blob:", "font-src 'self'",
        "connect-src 'self'", "frame-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
    ))  # fmt: skip


class Guard:
    """Checks requests.

    Parameters
    ----------
    host : str
        The address that the studio listens on.
    port : int
        Its port. All ports of a machine share cookies, so the name of the cookie contains it.
    key : bytes or None
        The SHA-256 of the key that browsers log in with. Without a key there is no login.
    read_only : bool
        Refuse every change.
    """

    def __init__(self, host: str, port: int, key: bytes | None = None, *, read_only: bool = False) -> None:
        self.host, self.read_only = host, read_only
        self.cookie = f"vivero-studio-{port}"
        self.lasts = _SESSION
        self._key, self._secret = key, secrets.token_bytes(32)
        self._sessions: dict[str, float] = {}  # when each ends

    @property
    def needs_key(self) -> bool:
        """Return whether browsers have to log in."""
        return self._key is not None

    def is_host(self, header: str) -> bool:
        """Return whether a request with this ``Host`` header is answered."""
        if self.needs_key:
            return True
        name = _HOST.fullmatch(header)
        return name is not None and (is_loopback(name[1]) or name[1] == self.host)

    def log_in(self, key: str) -> str | None:
        """Return the value of the session cookie, or None if the key is wrong."""
        digest = hashlib.sha256(key.strip().encode("utf-8", "surrogateescape")).digest()
        if self._key is None or not hmac.compare_digest(digest, self._key):
            return None
        now = time.monotonic()
        # A copy, because requests in other threads add and remove sessions.
        for session, end in list(self._sessions.items()):
            if end <= now:
                self._sessions.pop(session, None)
        session = secrets.token_urlsafe(32)
        self._sessions[session] = now + self.lasts
        return session

    def log_out(self, session: str) -> None:
        """End a session."""
        self._sessions.pop(session, None)

    def admits(self, path: str, session: str) -> bool:
        """Return whether an address may be shown in a session, which is empty for a browser that is not logged in."""
        return not self.needs_key or path.startswith(_OPEN) or time.monotonic() < self._sessions.get(session, 0.0)

    def token(self, session: str) -> str:
        """Return the token that a session's forms carry."""
        return hmac.new(self._secret, session.encode(), hashlib.sha256).hexdigest()

    def is_form(self, session: str, token: str, site: str) -> bool:
        """Return whether a page of the studio sent a change. `site` is the ``Sec-Fetch-Site`` header, or empty."""
        return site in ("", "same-origin") and hmac.compare_digest(self.token(session).encode(), token.encode())

    def session_of(self, cookies: str) -> str:
        """Return the session in a ``Cookie`` header, or an empty text.

        Other programs on this machine set cookies that `http.cookies` cannot parse. They are ignored.
        """
        for cookie in cookies.split(";"):
            name, _, value = cookie.strip().partition("=")
            if name == self.cookie:
                return value
        return ""
