"""Copies of the server's source in a workspace: which are removed, and which stay."""

from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from runner.api.environments.servers import prune_sources
from runner.config.endpoint_settings import EndpointSettings
from runner.endpoints import server_source
from runner.endpoints.store import EndpointStore
from runner.io.clock import now
from runner.io.files import write_json
from runner.io.locks import locked
from runner.layout import Layout
from runner.records import EndpointRecord


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    """A workspace of a vivero that is installed, with a copy of its own and two of earlier versions."""
    monkeypatch.setattr(server_source, "IS_CLONE", False)
    layout = Layout(tmp_path)
    server_source.importable(layout)
    for name in ("a" * 32, "b" * 32):
        (layout.servers / name / "serving").mkdir(parents=True)
    return layout


def served(layout: Layout, name: str, source: Path | None) -> Path:
    """Record an endpoint whose server imports a copy, and return its lock."""
    settings = asdict(EndpointSettings(name=name))
    EndpointStore(layout).write(EndpointRecord(name=name, created=now(), settings=settings))
    more = {} if source is None else {"source": str(source)}
    write_json(layout.endpoint(name).process, {"pid": 1, "port": 0, "started": now(), **more})
    return layout.endpoint(name).lock


def there(layout: Layout) -> set[Any]:
    return {path.name for path in layout.servers.iterdir() if not path.name.startswith(".")}


def test_old_copies_go_and_what_a_running_endpoint_imports_stays(layout: Layout) -> None:
    own = there(layout) - {"a" * 32, "b" * 32}
    with locked(served(layout, "old", layout.servers / ("a" * 32))):
        assert prune_sources(layout, dry_run=True) == ["b" * 32] and len(there(layout)) == 3
        assert prune_sources(layout, dry_run=False) == ["b" * 32]
        assert there(layout) == own | {"a" * 32}
    assert prune_sources(layout, dry_run=False) == ["a" * 32]  # it is stopped
    assert there(layout) == own and Path(server_source.importable(layout)).name in own


def test_nothing_goes_while_it_is_unknown_what_is_used(layout: Layout, capsys: Any) -> None:
    with ExitStack() as held:
        held.enter_context(locked(served(layout, "known", layout.servers / ("a" * 32))))
        held.enter_context(locked(served(layout, "older", None)))
        assert prune_sources(layout, dry_run=False) == [] and len(there(layout)) == 3
    assert "Endpoint older does not record which server source it uses" in capsys.readouterr().err
