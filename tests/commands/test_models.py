"""``vivero models``."""

import json
from dataclasses import asdict
from typing import Any

import pytest

from runner.config.endpoint_settings import EndpointSettings
from runner.endpoints.store import EndpointStore
from runner.io.files import write_json
from runner.io.locks import locked
from runner.records import Deployment, EndpointRecord
from tests.support.history import History


def test_the_bare_word_lists(history: History, inspection: Any) -> None:
    history.model("b", run="run_1", framework_version="1.9.1")
    history.model("a")
    history.model("a")
    history.models.set_alias("a", "champion", 1)
    first, second = history.json("models")
    assert (first["name"], first["version"], first["versions"], first["aliases"]) == ("a", 2, 2, {"champion": 1})
    assert (second["name"], second["version"], second["run"]) == ("b", 1, "run_1")
    header, *rows = history.vivero("models").stdout.splitlines()
    assert header.split() == ["MODEL", "LATEST", "VERSIONS", "ALIASES", "FRAMEWORK", "CREATED", "RUN"]
    assert rows[0].split()[:4] == ["a", "2", "2", "champion=1"]


def test_nothing_registered(history: History) -> None:
    assert history.json("models") == []
    assert "No models yet" in history.vivero("models").stderr


def test_a_record_from_the_future_does_not_hide_the_others(history: History) -> None:
    record = history.model("a")
    history.model("b")
    path = history.models.artefact(record).parent / "model.json"
    write_json(path, {**json.loads(path.read_text()), "format": 99})
    first, second = history.json("models")
    assert "format 99" in first["error"] and second["error"] is None
    assert "format 99" in history.error("models", "show", "a")
    assert history.vivero("models", "verify").returncode == 2


@pytest.mark.parametrize(
    ("reference", "version"), [("iris", 2), ("iris:1", 1), ("iris:latest", 2), ("iris@champion", 1)]
)
def test_show(reference: str, version: int, history: History, inspection: Any) -> None:
    for _ in range(2):
        history.model(inspection=inspection, metrics={"accuracy": 0.9}, data={"rows": "abc"}, git_commit="c0ffee")
    history.models.set_alias("iris", "champion", 1)
    shown = history.json("models", "show", reference)
    assert (shown["name"], shown["version"], shown["versions"]) == ("iris", version, [1, 2])
    assert shown["aliases"] == (["champion"] if version == 1 else [])
    text = history.vivero("models", "show", reference).stdout
    for word in (f"iris:{version}", "svc: sklearn.svm.SVC", "predict", "accuracy", "rows", "c0ffee", shown["sha256"]):
        assert word in text


@pytest.mark.parametrize("reference", ["iris:9", "iris:x", "iris@nobody", "irs", "iris:-1", "iris:../1"])
def test_what_is_not_there(reference: str, history: History) -> None:
    history.model()
    history.error("models", "show", reference)


def test_alias_moves_and_remembers(history: History) -> None:
    history.model()
    history.model()
    assert history.vivero("models", "alias", "iris", "champion", "1").returncode == 0
    assert history.json("models", "alias", "iris", "champion", "2")["version"] == 2
    assert history.vivero("models", "alias", "iris", "champion", "--delete").returncode == 0
    changes = history.json("models", "alias", "iris")
    assert [(change["alias"], change["version"]) for change in changes] == [
        ("champion", 1),
        ("champion", 2),
        ("champion", None),
    ]
    assert "dropped" in history.vivero("models", "alias", "iris", "champion").stdout


@pytest.mark.parametrize(
    ("at", "version"),
    [("2026-02-28", None), ("2026-03-01", 1), ("2026-03-01T08:59:59", None), ("2026-03-02T10:00:00+00:00", 2)],
)
def test_who_was_champion_then(at: str, version: int | None, history: History) -> None:
    history.model()
    history.model()
    lines = [("2026-03-01T09:00:00.000000Z", 1), ("2026-03-02T09:00:00.000000Z", 2)]
    (history.layout.model("iris") / "aliases.jsonl").write_text(
        "".join(json.dumps({"time": time, "alias": "champion", "version": number}) + "\n" for time, number in lines)
    )
    aliases = history.json("models", "alias", "iris", "--at", at, variables={"TZ": "UTC"})
    assert aliases == ({} if version is None else {"champion": version})


@pytest.mark.parametrize(
    "words",
    [
        ("iris", "champion", "7"),
        ("iris", "champion", "../1"),
        ("iris", "cham/pion", "1"),
        ("iris", "latest", "1"),
        ("iris", "champion", "--delete"),
        ("iris", "--delete"),
        ("iris", "champion", "1", "--delete"),
        ("iris", "--at", "yesterday"),
        ("iris", "champion", "1", "--at", "2026-07-01"),
        ("irs",),
    ],
)
def test_alias_mistakes_change_nothing(words: Any, history: History) -> None:
    history.model()
    history.error("models", "alias", *words)
    assert history.json("models", "alias", "iris") == []


@pytest.mark.parametrize("group", ["models", "data"])
@pytest.mark.parametrize(("name", "version"), [("iris:1", "1"), ("iris@champion", "champion"), ("iris:", "VERSION")])
def test_an_alias_of_a_version_says_where_the_version_belongs(
    group: str, name: str, version: str, history: History
) -> None:
    history.model()
    error = history.error(group, "alias", name, "golden")
    assert f"To move an alias: vivero {group} alias iris ALIAS {version}" in error


def test_tags_are_set_and_dropped(history: History) -> None:
    history.model(tags={"old": "1"})
    tagged = history.json("models", "tag", "iris:1", "stage=test", "note=a=b", "old-")
    assert tagged == {"name": "iris", "version": 1, "tags": {"stage": "test", "note": "a=b"}}
    assert history.json("models", "show", "iris")["tags"] == {"stage": "test", "note": "a=b"}


@pytest.mark.parametrize("words", [("iris", "a=b"), ("iris:1", "word"), ("iris:1", "=b"), ("iris:1", "-")])
def test_tag_mistakes(words: Any, history: History) -> None:
    history.model()
    history.error("models", "tag", *words)
    assert history.json("models", "show", "iris")["tags"] == {}


def test_delete_a_version_and_its_number_is_not_used_again(history: History) -> None:
    history.model()
    history.model()
    assert "--yes" in history.error("models", "delete", "iris:2")
    assert history.json("models", "delete", "iris:2", "--yes")["version"] == 2
    assert history.json("models", "show", "iris")["versions"] == [1]
    assert history.model().version == 3


def test_a_version_with_a_damaged_record_is_reported_and_removed(history: History) -> None:
    history.model()
    history.model()
    (history.layout.model("iris") / "2" / "model.json").write_text("{")
    assert history.vivero("models", "verify", "iris:latest").returncode == 2
    assert history.json("models", "delete", "iris:2", "--yes")["version"] == 2
    assert "has no version" in history.error("models", "verify", f"iris:{'9' * 5000}")


def test_delete_a_model(history: History) -> None:
    history.model()
    history.model()
    history.model("other")
    done = history.vivero("models", "delete", "iris", "--yes")
    assert "all 2 versions" in done.stdout
    assert [row["name"] for row in history.json("models")] == ["other"]
    history.error("models", "delete", "iris", "--yes")


def _endpoint(history: History, name: str, version: int) -> EndpointStore:
    deployment = Deployment(reference="iris", name="iris", version=version, weight=1.0, mirror=False)
    store = EndpointStore(history.layout)
    store.write(
        EndpointRecord(
            name=name,
            created="2026-07-01T12:00:00.000000Z",
            generation=1,
            deployments=(deployment,),
            settings=asdict(EndpointSettings()),
        )
    )
    return store


def test_a_version_that_an_endpoint_serves_is_not_deleted_unasked(history: History) -> None:
    for _ in range(2):
        history.model()
    store = _endpoint(history, "shop", 1)
    assert "endpoint shop starts with iris:1" in history.error("models", "delete", "iris:1", "--yes")
    with locked(store.layout.endpoint("shop").lock):
        for reference in ("iris:1", "iris"):
            assert "endpoint shop serves iris:1" in history.error("models", "delete", reference, "--yes")
    assert history.json("models", "show", "iris")["versions"] == [1, 2]
    assert history.vivero("models", "delete", "iris:2", "--yes").returncode == 0
    done = history.vivero("models", "delete", "iris:1", "--yes", "--force")
    assert done.returncode == 0 and "endpoint shop starts with iris:1, which will not" in done.stderr


@pytest.mark.parametrize("record", ["{", "null", "[]", '{"format": 1}', '{"format": 99}', None])
def test_an_endpoint_whose_record_is_damaged_is_listed_and_its_model_kept(record: Any, history: History) -> None:
    history.model()
    store = _endpoint(history, "shop", 1)
    endpoint = store.layout.endpoint("shop")
    endpoint.record.unlink()
    if record is not None:
        endpoint.record.write_text(record)
    with locked(endpoint.lock):
        (row,) = history.json("endpoints")
        assert (row["name"], row["status"]) == ("shop", "damaged") and row["problem"]
        shown = history.vivero("endpoints")
        assert shown.returncode == 0 and "shop" in shown.stdout and "No endpoints yet" not in shown.stderr
        assert "endpoint shop" in history.error("models", "delete", "iris:1", "--yes")


def test_verify_finds_one_flipped_byte(history: History) -> None:
    history.model()
    record = history.model()
    history.model("other")
    assert "3 versions checked, none damaged" in history.vivero("models", "verify").stdout
    path = history.models.artefact(record)
    content = bytearray(path.read_bytes())
    content[3] ^= 1
    path.write_bytes(content)
    done = history.vivero("models", "verify", "--json")
    assert done.returncode == 2
    assert [(result["name"], result["version"], result["ok"]) for result in json.loads(done.stdout)] == [
        ("iris", 1, True),
        ("iris", 2, False),
        ("other", 1, True),
    ]
    assert history.vivero("models", "verify", "iris:1").returncode == 0
    assert history.vivero("models", "verify", "iris:latest").returncode == 2
    assert "model.joblib" in history.vivero("models", "verify", "iris").stdout


@pytest.mark.parametrize("reference", ["nothing", "iris:9", "iris:x", "../x"])
def test_verify_what_is_not_there(reference: str, history: History) -> None:
    history.model()
    history.error("models", "verify", reference)
