"""What does not exist is answered with 404, and with what is wrong: in a page, or as JSON to a script."""

import json
import urllib.error
import urllib.request

import pytest

KINDS = ("run", "sweep", "model", "endpoint")
BELOW = {
    "run": ("curves", "logged", "log", "file/outputs/a.txt"),
    "sweep": ("data", "importance"),
    "model": ("1", "1/diagram"),
    "endpoint": ("measures", "forms", "log?log=server.log", "drift"),
}
ADDRESSES = [(kind, f"{kind}/nothing{rest}") for kind in KINDS for rest in ("", *(f"/{page}" for page in BELOW[kind]))]


def ask(address: str, accept: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(urllib.request.Request(address, headers={"Accept": accept})) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.mark.parametrize(("kind", "path"), ADDRESSES)
def test_a_page_says_what_does_not_exist(site: str, kind: str, path: str) -> None:
    code, text = ask(f"{site}/w/1/{path}", "text/html")
    assert code == 404 and "<h1>Not found</h1>" in text
    assert "nothing" in text or f"This workspace has no {kind}s" in text


@pytest.mark.parametrize(("kind", "path"), ADDRESSES)
def test_a_script_gets_the_same_as_json(site: str, kind: str, path: str) -> None:
    code, text = ask(f"{site}/w/1/{path}", "application/json")
    error = json.loads(text)["error"]
    assert code == 404 and ("nothing" in error or f"This workspace has no {kind}s" in error)


def test_a_file_that_a_run_does_not_have(site: str) -> None:
    for path in ("file/outputs/nothing.txt", "log?name=nothing.log"):
        assert ask(f"{site}/w/1/run/latest/{path}", "application/json")[0] == 404


def test_what_cannot_be_read_is_no_missing_thing(site: str) -> None:
    assert ask(f"{site}/w/1/run/latest/file/nowhere/a.txt", "application/json")[0] == 400
    assert ask(f"{site}/w/1/run/iris-2", "application/json")[0] == 400  # it means several
