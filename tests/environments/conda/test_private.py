"""A channel behind a password: nothing of it is kept or said."""

import base64
import functools
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.errors import UserError
from runner.layout import Layout
from runner.ports.host import Host

SECRET = "hunter2"


@pytest.fixture
def private(channel: Any) -> Iterator[Any]:
    """The channel's address on a server that asks for a password."""
    wanted = "Basic " + base64.b64encode(f"me:{SECRET}".encode()).decode()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def send_head(self) -> Any:
            if self.headers.get("Authorization") == wanted:
                return super().send_head()
            self.send_response(401)
            self.end_headers()
            return None

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=channel)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture
def password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of the user with the channel's password."""
    file = tmp_path / "auth.json"
    file.write_text(json.dumps({"127.0.0.1": {"BasicHTTP": {"username": "me", "password": SECRET}}}))
    monkeypatch.setenv("RATTLER_AUTH_FILE", str(file))


def test_the_password_comes_from_the_users_own_file(
    make: Any, host: Host, layout: Layout, private: Any, password: Any
) -> None:
    lines: list[str] = []
    handle = make(packages=["banner"], channels=[private]).prepare(host, lines.append)
    assert private in handle.lock_text()
    kept = [path for path in layout.root.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    assert kept == [] and SECRET not in "".join(lines) + handle.lock_text() + str(handle.record.to_json())


def test_without_it_the_answer_is_said(make: Any, host: Host, private: Any) -> None:
    with pytest.raises(UserError, match=r"cannot be resolved: .*401"):
        make(packages=["banner"], channels=[private]).prepare(host, str)


def test_a_download_with_another_hash_is_refused(
    make: Any, host: Host, layout: Layout, private: Any, password: Any
) -> None:
    environment = make(packages=["banner"], channels=[private])
    lock = environment.lock(host, str)
    digest = next(line for line in lock.splitlines() if "/banner-" in line).partition("#sha256:")[2]
    record = make().prepare(host, str).record
    with pytest.raises(UserError, match=r"banner.*hash mismatch"):
        environment.restore(record, lock.replace(digest, "0" * 64), host, str)
    assert not list(layout.environments.glob(".building-*"))


def test_a_failed_download_leaves_no_other_package_under_its_hash(
    make: Any, host: Host, private: Any, other_channel: Any, channel: Any, password: Any
) -> None:
    """The package cache has a package of the same name, version and build: it must not be taken for this one."""
    make(packages=["banner=1.0"], channels=[str(other_channel), str(channel)]).prepare(host, str)
    environment = make(packages=["banner"], channels=[private])
    environment.lock(host, str)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("RATTLER_AUTH_FILE")
        with pytest.raises(UserError, match=r"banner.*401"):
            environment.prepare(host, str)
    prefix = environment.prepare(host, str).variables()["CONDA_PREFIX"]
    assert Path(prefix, "bin", "banner").read_text().endswith(f"of {prefix}\n")
