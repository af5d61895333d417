"""A reference that names no version is refused in one line, wherever a model or data asset is named."""

from typing import Any

import pytest

from runner.cli import main
from runner.config.endpoint_settings import EndpointSettings
from runner.endpoints.deploy import new_endpoint
from runner.errors import UserError
from runner.store.data.store import DataStore
from runner.store.registry import FileRegistry
from tests.support.history import History
from tests.support.references import NO_REFERENCES

COMMANDS = [
    ("models", "show", "REFERENCE"),
    ("models", "verify", "REFERENCE"),
    ("models", "download", "REFERENCE", "--to", "copy"),
    ("models", "tag", "REFERENCE", "a=b"),
    ("models", "delete", "--yes", "REFERENCE"),
    ("deploy", "REFERENCE"),
    ("package", "REFERENCE"),
    ("score", "REFERENCE", "--input", "a.csv", "--output", "b.csv"),
    ("data", "show", "REFERENCE"),
    ("data", "preview", "REFERENCE"),
    ("data", "verify", "REFERENCE"),
    ("data", "download", "REFERENCE", "copy"),
    ("data", "tag", "REFERENCE", "a=b"),
    ("data", "delete", "--yes", "REFERENCE"),
    ("data", "diff", "REFERENCE", "iris:1"),
    ("data", "diff", "iris:1", "REFERENCE"),
]


@pytest.fixture
def iris(history: History) -> History:
    """A model and a data asset, each with a version 1 that has the alias golden."""
    history.model("iris")
    source = history.folder / "iris.csv"
    source.write_text("a,b\n1,2\n")
    DataStore(history.layout).add("iris", [source])
    for store in (history.models, DataStore(history.layout)):
        store.set_alias("iris", "golden", 1)
    return history


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_command_takes_it_for_another_version(
    command: tuple[str, ...], iris: History, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(iris.folder)
    for reference in NO_REFERENCES:
        words = [reference if word == "REFERENCE" else word for word in command]
        assert main([*words, "--workspace", str(iris.layout.root)]) == 1, reference
        said = capsys.readouterr()
        assert said.out == "" and said.err.startswith("error: ") and said.err.count("\n") == 1, (reference, said)
        assert len(said.err) < 500, reference
    assert iris.models.versions("iris") == [1] and DataStore(iris.layout).versions("iris") == [1]
    assert not iris.models.read("iris", 1).tags and not DataStore(iris.layout).read("iris", 1).tags


@pytest.mark.parametrize("group", ["models", "data"])
@pytest.mark.parametrize("version", ["", "0", "-1", " 1", "01", "1:2", "x", "9", "1@golden"])
def test_an_alias_is_not_moved_to_it(group: str, version: str, iris: History, capsys: Any) -> None:
    words = [group, "alias", "iris", "other", "--workspace", str(iris.layout.root), "--", version]
    assert main(words) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert iris.models.aliases("iris") == DataStore(iris.layout).aliases("iris") == {"golden": 1}


def test_nothing_is_served_for_it(iris: History) -> None:
    for reference in NO_REFERENCES:
        with pytest.raises(UserError):
            new_endpoint(
                iris.layout,
                [reference],
                EndpointSettings(),
                registry=FileRegistry(iris.layout),
                servers=None,  # type: ignore[arg-type]
            )
    assert not iris.layout.endpoints.exists() or not list(iris.layout.endpoints.iterdir())
