"""Graphs as SVG."""

from typing import Any
from xml.etree import ElementTree as Tree

from hypothesis import given
from hypothesis import strategies as st

from runner.charts.graph import MOST, Box, drawing
from runner.charts.steps import step_boxes
from runner.pipelines.records import StepRecord

SVG = "{http://www.w3.org/2000/svg}"


def parsed(text: str) -> Tree.Element:
    return Tree.fromstring(text.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))  # noqa: S314 - ours


@given(st.text(), st.text(), st.text())
def test_whatever_things_are_called_the_drawing_has_its_own_elements_only(name: str, kind: str, label: str) -> None:
    boxes = {"one": Box(name, kind, note=kind, link="/run/1", detail=name), "two": Box(kind, name, ["one"], since=name)}
    tags = {element.tag.removeprefix(SVG) for element in parsed(drawing(boxes, label)).iter()}
    assert tags <= {"svg", "defs", "marker", "path", "a", "g", "title", "rect", "text"}


def test_of_very_many_boxes_the_first_ones_are_drawn() -> None:
    boxes = {str(number): Box(str(number), "", [str(number - 1)]) for number in range(MOST + 50)}
    assert len(parsed(drawing(boxes, "many")).findall(f"{SVG}g")) == MOST


def test_the_keyboard_goes_from_left_to_right() -> None:
    boxes = {"last": Box("last", "", ["first"], link="/2"), "first": Box("first", "", link="/1")}
    links = [element.attrib["href"] for element in parsed(drawing(boxes, "steps")).findall(f"{SVG}a")]
    assert links == ["/1", "/2"]


def test_a_state_is_a_sign_and_a_word_beside_its_colour() -> None:
    states = ("completed", "failed", "running", "canceled", "skipped", "waiting")
    boxes = step_boxes([StepRecord(name=state, status=state) for state in states])
    kinds = [box.kind for box in boxes.values()]
    assert len({kind[0] for kind in kinds}) == len(states)
    assert all(kind.endswith(state) for kind, state in zip(kinds, states, strict=True))


def test_a_reused_step_is_marked_and_has_no_time() -> None:
    times: dict[str, Any] = {"started": "2026-07-01T12:00:00.000000Z", "ended": "2026-07-01T12:00:02.500000Z"}
    boxes = step_boxes([
        StepRecord(name="new", status="completed", **times),
        StepRecord(name="old", status="completed", reused=True, **times),
    ])  # fmt: skip
    assert (boxes["new"].note, boxes["old"].note) == ("2.50 s", "")
    assert boxes["old"].kind == "↺ reused" and "again" in boxes["old"].style
