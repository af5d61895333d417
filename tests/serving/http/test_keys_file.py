"""Whatever takes the place of ``keys.json``, the keys stay as they were, and the log says it once."""

import json
from pathlib import Path
from typing import Any

import pytest

from runner.endpoints.store import EndpointStore
from runner.layout import Layout
from serving.http.keys import Keys
from tests.support.attacks.damage import PLACES, remove

CONTENTS = {
    "cut off": b'{"format": 1, "keys": {"primary": {"sha256"',
    "a list": b"[]",
    "deep": b"[" * 100_000,
    "a later format": b'{"format": 99, "keys": {}}',
    "no mapping of keys": b'{"format": 1, "keys": [1]}',
    "no digits": json.dumps({"format": 1, "keys": {"a": {"sha256": "xy", "created": "2026-07-01T00:00:00Z"}}}).encode(),
    "a short hash": json.dumps(
        {"format": 1, "keys": {"a": {"sha256": "", "created": "2026-07-01T00:00:00Z"}}}
    ).encode(),
    "no text": json.dumps({"format": 1, "keys": {"a": {"sha256": 7, "created": "2026-07-01T00:00:00Z"}}}).encode(),
}
WAYS = [*PLACES, *CONTENTS]


def put(how: str, path: Path) -> None:
    """Put something in the place of a file."""
    remove(path)
    if how in PLACES:
        PLACES[how](path)
    else:
        path.write_bytes(CONTENTS[how])


@pytest.mark.parametrize("how", WAYS)
def test_the_keys_stay_and_it_is_said_once(how: str, layout: Layout, capfd: pytest.CaptureFixture[str]) -> None:
    store, path = EndpointStore(layout), layout.endpoint("e").keys
    key = store.make_key("e", "primary")
    keys = Keys(path)
    put(how, path)
    for _ in range(3):
        keys.refresh()
        assert keys.admit(f"Bearer {key}") and not keys.admit("Bearer other")
    assert len(capfd.readouterr().out.splitlines()) == 1
    remove(path)
    other = store.make_key("e", "primary")
    keys.refresh()
    assert keys.admit(f"Bearer {other}") and not keys.admit(f"Bearer {key}")
    assert capfd.readouterr().out == ""


def test_a_look_that_failed_for_a_moment_is_made_again(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    store, path = EndpointStore(layout), layout.endpoint("e").keys
    keys = Keys(path)
    key = store.make_key("e", "primary")

    def no_descriptors(*_: Any) -> Any:
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patched:
        patched.setattr("serving.http.keys.read_record", no_descriptors)
        keys.refresh()
        assert not keys.admit(f"Bearer {key}") and "Too many open files" in capfd.readouterr().out
    keys.refresh()
    assert keys.admit(f"Bearer {key}")
