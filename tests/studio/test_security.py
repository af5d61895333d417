"""Who gets an answer, and what may be changed."""

import hashlib
import http.client
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from runner.api import Workspace
from runner.studio.security import Guard, is_loopback
from tests.support.studio.workspaces import run_record, studio, write_run, write_runs

HOSTILE = "\"><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">{{ 7*7 }}"


def ask(site: str, path: str, method: str = "GET", body: Any = None, **headers: str) -> tuple[int, dict[str, str], str]:
    """Return status, headers and text of an answer."""
    where = urlsplit(site)
    connection = http.client.HTTPConnection(str(where.hostname), where.port, timeout=20)
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    if body is not None:
        given["Content-Type"] = "application/x-www-form-urlencoded"
    try:
        connection.request(method, path, urlencode(body, doseq=True) if body is not None else None, given)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()
    finally:
        connection.close()


def token_of(text: str) -> str:
    match = re.search(r'name="token" (?:content|value)="([0-9a-f]+)"', text)
    assert match
    return match[1]


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "[::1", "localhost.evil"]
)
@pytest.mark.parametrize("path", ["/w/1/runs", "/w/1/events", "/static/shell.js"])
def test_a_foreign_name_gets_nothing(site: str, host: str, path: str) -> None:
    assert ask(site, path, Host=host)[0] in (400, 421)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:1234", "[::1]:80"])
def test_names_of_this_machine_are_known(site: str, host: str) -> None:
    assert ask(site, "/w/1/runs", Host=host)[0] == 200


@pytest.mark.parametrize(
    ("host", "is_own"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("10.0.0.7", False), ("gpu1", False)],
)
def test_what_is_loopback(host: str, is_own: bool) -> None:
    assert is_loopback(host) is is_own


def test_no_script_is_inline_and_none_is_evaluated(site: str) -> None:
    _, headers, text = ask(site, "/w/1/runs")
    policy = headers["content-security-policy"]
    assert "script-src 'self';" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|<style", text)


def test_a_change_needs_the_token(site: str, workspace: Path) -> None:
    run = Workspace(workspace).runs(limit=1)[0]
    change = {"action": "note", "run": run.id, "value": "from elsewhere"}
    assert ask(site, "/w/1/runs/act", "POST", change)[0] == 403
    assert ask(site, "/w/1/runs/act", "POST", {**change, "token": "0" * 64})[0] == 403
    token = token_of(ask(site, "/w/1/runs")[2])
    assert ask(site, "/w/1/runs/act", "POST", change, X_Token=token, Sec_Fetch_Site="cross-site")[0] == 403
    assert Workspace(workspace).run(run.id).note is None
    assert ask(site, "/w/1/runs/act", "POST", change, X_Token=token)[0] == 200
    assert Workspace(workspace).run(run.id).note == "from elsewhere"


def test_a_read_only_studio_changes_nothing(tmp_path: Path) -> None:
    root = tmp_path / ".vivero"
    run = write_runs(root, 1)[0]
    with studio("--workspace", str(root), "--read-only") as site:
        text = ask(site, "/w/1/runs")[2]
        assert "read-only" in text and 'data-action="delete"' not in text
        for action in ("delete", "note", "cancel"):
            change = {"action": action, "run": run, "value": "x", "token": token_of(text)}
            status, _, said = ask(site, "/w/1/runs/act", "POST", change, Accept="application/json")
            assert status == 403 and "read-only" in said
    assert Workspace(root).run(run).note is None


@pytest.mark.parametrize(
    "path",
    [
        "/pages/runs/view.py",
        "/pages/..%2fapp/x.js",
        "/pages/runs/..%2f..%2fapp.py",
        "/static/../app.py",
        "/w/2/runs",
        "/w/0/events",
        "/w/9/events",
    ],
)
def test_paths_lead_to_pages_only(site: str, path: str) -> None:
    assert ask(site, path)[0] == 404


def start(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "runner.cli", "studio", "--no-browser", *words]
    variables = {**os.environ, "XDG_CONFIG_HOME": str(home)}
    return subprocess.run(command, capture_output=True, text=True, timeout=30, env=variables, check=False)


def test_other_machines_need_a_key(tmp_path: Path) -> None:
    write_runs(tmp_path / ".vivero", 1)
    done = start(tmp_path, "--workspace", str(tmp_path / ".vivero"), "--listen", "0.0.0.0")
    assert done.returncode == 1 and "needs a key. Make one: vivero studio --new-key" in done.stderr


def test_a_browser_logs_in_with_the_key(tmp_path: Path, tab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    key = start(tmp_path, "--new-key").stdout.split()[-1]
    kept = tmp_path / "vivero" / "studio-key.json"
    assert key not in kept.read_text() and kept.parent.stat().st_mode & 0o777 == 0o700
    write_runs(tmp_path / ".vivero", 2)
    with studio("--workspace", str(tmp_path / ".vivero"), "--listen", "0.0.0.0") as address:
        site = address.replace("0.0.0.0", "127.0.0.1")
        assert ask(site, "/w/1/events")[0] == 401
        assert ask(site, "/w/1/runs/act", "POST", {})[0] == 401
        assert (
            ask(site, "/w/1/runs?where=duration%20%3E%200")[1]["location"]
            == "/login?next=/w/1/runs%3Fwhere%3Dduration%2520%253E%25200"
        )
        page = tab(f"{site}/w/1/runs?sort=duration")
        page.get_by_label("Key").fill("wrong")
        page.get_by_role("button", name="Log in").click()
        assert page.get_by_role("alert").inner_text() == "This is not the key."
        page.get_by_label("Key").fill(key)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url("**/w/1/runs?sort=duration")
        assert page.locator("tbody tr").count() == 2
        page.locator("#live.on").wait_for()
        page.get_by_role("button", name="Log out").click()
        page.wait_for_url("**/login")
        page.close()
        tab.said.clear()  # the wrong key's 401


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/w/\\..//evil",
        "/w/1/runs\r\nX: y",
        "javascript:alert(1)",
    ],
)
def test_a_login_leads_to_no_other_site(target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import hashlib

    from runner.studio.app import create_app
    from runner.studio.shown_workspace import Shown

    write_runs(tmp_path / ".vivero", 1)
    guard = Guard("0.0.0.0", 1, hashlib.sha256(b"key").digest())
    client = create_app([Shown(1, Workspace(tmp_path / ".vivero"))], guard).test_client()
    answer = client.post("/login", data={"key": "key", "next": target, "token": guard.token("")})
    assert answer.status_code == 302 and answer.location == "/"


def test_hostile_records_are_shown_as_text(tmp_path: Path, tab: Any) -> None:
    root = tmp_path / ".vivero"
    write_runs(root, 3)
    hostile = run_record(
        7, display_name=HOSTILE, note=HOSTILE, error=HOSTILE, user=HOSTILE, tags={HOSTILE: HOSTILE}, status="failed"
    )
    hostile["config"] = {"job": {"arguments": {HOSTILE: HOSTILE, "n" * 1_000_000: 1}}}
    hostile["finalize"] = {"metrics": {HOSTILE: 1.0, **{f"m{n}": n for n in range(20_000)}, "m" * 1_000_000: 2}}
    folder = write_run(root, hostile)
    (folder.parent / "broken").mkdir()
    (folder.parent / "broken" / "run.json").write_text('{"format": 1, "id": "<script>"')
    with studio("--workspace", str(root)) as site:
        wide = urlencode(
            {"column": [f"params.{HOSTILE}", f"metrics.{HOSTILE}", f"spark.{HOSTILE}", "note", "error"], "pin": "note"},
            doseq=True,
        )
        for query in (
            "",
            f"?{wide}",
            f"?{urlencode({'where': HOSTILE})}",
            f"?{urlencode({'group': f'tags.{HOSTILE}'})}",
        ):
            page = tab(f"{site}/w/1/runs{query}")
            page.locator("h1").wait_for()
            assert page.title() == "Runs · " + tmp_path.name + " · vivero"
            assert page.locator("#content img, #content script").count() == 0
            assert len(page.content()) < 500_000
        page = tab(f"{site}/w/1/runs")
        page.get_by_role("button", name="Columns").click()
        page.locator("#add-column").fill("onerror")
        page.locator("#offered button").first.wait_for()
        assert page.title().startswith("Runs")
        assert "1 record cannot be read" in page.content()
        page.close()


def test_cookies_of_other_programs_do_not_hide_a_session() -> None:
    guard = Guard("10.0.0.1", 5100, hashlib.sha256(b"key").digest())
    session = guard.log_in("key")
    assert session is not None
    header = f'theme={{"dark":1}}; flag; {guard.cookie}={session}; other=1'
    assert guard.session_of(header) == session and guard.session_of("flag; a=b") == ""


def test_a_session_ends_at_the_server_too(monkeypatch: pytest.MonkeyPatch) -> None:
    guard = Guard("10.0.0.1", 5100, hashlib.sha256(b"key").digest())
    session = guard.log_in("key")
    assert session is not None and guard.admits("/w/1/runs", session)
    later = time.monotonic() + guard.lasts + 1
    monkeypatch.setattr("runner.studio.security.time.monotonic", lambda: later)
    assert not guard.admits("/w/1/runs", session)
    assert guard.admits("/w/1/runs", guard.log_in("key") or "")
