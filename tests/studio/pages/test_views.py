"""Parts of pages that need no browser."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from werkzeug.datastructures import MultiDict

from runner.studio.pages.endpoint.form import forms
from runner.studio.pages.models import view as models
from runner.studio.pages.runs import view as runs
from runner.studio.pages.runs.groups import group
from runner.studio.pages.runs.state import State


@pytest.mark.parametrize(
    ("by", "kept"), [("tags.stage", "tags.stage"), ("sweep", "sweep"), ("where", ""), ("tags.", "")]
)
def test_runs_are_grouped_only_by_what_they_have(by: str, kept: str) -> None:
    assert State.read(MultiDict({"group": by})).group == kept


def test_a_group_of_a_search_keeps_the_search() -> None:
    row = {"id": "a", "tags": {"stage": "trial"}, "experiment": "iris", "status": "completed", "created": "2026"}
    (only,) = group(cast(Any, None), [row], "tags.stage", "accuracy > 0.9 or loss < 1")
    assert only.chosen == {"where": "(accuracy > 0.9 or loss < 1) and tags['stage'] == 'trial'"}


def test_groups_of_a_sweep_have_only_its_runs() -> None:
    sweep = SimpleNamespace(record=SimpleNamespace(trials=[SimpleNamespace(run="a"), SimpleNamespace(run=None)]))
    workspace = cast(Any, SimpleNamespace(sweep=lambda _: sweep))
    assert runs._selection(workspace, State(sweep="s", group="experiment"))["ids"] == {"a"}
    assert "ids" not in runs._selection(workspace, State(group="experiment"))


def test_an_endpoint_with_two_versions_is_named_once() -> None:
    endpoint = SimpleNamespace(name="live", row={"models": [{"name": "iris"}, {"name": "iris"}]})
    assert models._served(cast(Any, SimpleNamespace(endpoints=[endpoint]))) == {"iris": ["live"]}


@pytest.mark.parametrize(
    "content",
    [[], True, {"schema": {"properties": {"data": True}}}, {"schema": {"properties": {"data": {"anyOf": 1}}}}],
)
def test_a_description_of_another_structure_has_no_fields(content: Any) -> None:
    post = {"requestBody": {"content": {"application/json": content}}, "parameters": 1}
    assert not any(form.fields for form in forms({"paths": {"/score": {"post": post}}}))
