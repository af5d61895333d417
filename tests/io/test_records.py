"""Records survive the way to JSON and back, whatever release wrote them."""

import dataclasses
import json
from typing import Any

import pytest

from runner.errors import UserError
from runner.io.files import encode_json
from runner.io.names import check_file_name, check_name
from runner.io.record import FORMAT, Encoder, Record, check_format, frozen_record
from runner.records import FileRecord, FinalizeRecord, RunRecord

RECORD = RunRecord(
    id="a", experiment="e", status="queued", created="2026-07-01T12:00:00.000000Z",
    finalize=FinalizeRecord(outputs=(FileRecord(path="p", bytes=1, sha256="s"),), metrics={"m": 1.5}),
)  # fmt: skip


@frozen_record
class Same(Record):
    """Fields of another record."""

    path: str
    bytes: int
    sha256: str


def test_round_trip() -> None:
    assert RunRecord.from_json(RECORD.to_json()) == RECORD


def test_unknown_fields_are_kept_at_every_depth() -> None:
    value = RECORD.to_json()
    value["colour"] = "red"
    value["finalize"]["outputs"][0]["owner"] = "ann"
    assert RunRecord.from_json(value).to_json() == value


def test_an_encoder_writes_what_changed_and_what_did_not() -> None:
    encoder = Encoder()
    config = {"text": "a\nb ü", "list": [1, {"x": None}], "empty": {}}
    first = dataclasses.replace(RECORD, config=config, unknown={"colour": ["red"]})
    for record in (first, dataclasses.replace(first, status="running"), dataclasses.replace(first, config={}), RECORD):
        assert encoder.encode(record) == encode_json(record.to_json())
    with pytest.raises(TypeError, match="JSON"):
        encoder.encode(dataclasses.replace(RECORD, config={"a": object()}))
    assert json.loads(encoder.encode(dataclasses.replace(RECORD, config={"a": float("nan")})))["config"] == {"a": "NaN"}
    assert encoder.encode(RECORD) == encode_json(RECORD.to_json())


@pytest.mark.parametrize("value", [[], {}, {"format": "1"}, {"format": FORMAT + 1}])
def test_what_cannot_be_read_is_refused(value: Any) -> None:
    with pytest.raises(UserError):
        check_format(value, "run.json")


@pytest.mark.parametrize(
    "name", ["..", "a..b", "a/b", "/a", "a\0", "%2e%2e", "x" * 129, "modèle", "", ".a", "-a", "a b", None, 3]
)
def test_names_that_could_be_more_than_a_name(name: Any) -> None:
    with pytest.raises(UserError) as caught:
        check_name(name, "model name")
    assert "\n" not in str(caught.value) and "model name" in str(caught.value)
    said = str(caught.value).partition(" cannot be ")[0]
    assert said == repr(name) or (len(said) == 60 and said.endswith("...") and repr(name).startswith(said[:-3]))


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/", "a\0", "a\n", "x" * 256, "\u00e4" * 128])
def test_what_is_not_the_name_of_a_file_in_a_folder(name: str) -> None:
    with pytest.raises(UserError, match="is not the name of a file in a folder"):
        check_file_name(name, "data.inputs.rows.filename")


@pytest.mark.parametrize("name", ["a", "...", ".hidden", "-x y", "größe.csv", "x" * 255])
def test_what_is_the_name_of_a_file_in_a_folder(name: str) -> None:
    assert check_file_name(name, "data.inputs.rows.filename") == name


@pytest.mark.parametrize("name", ["a", "sklearn-iris", "A.b_c-9", "x" * 128, "1.5"])
def test_names_that_are_fine(name: Any) -> None:
    assert check_name(name, "model name") == name


def test_records_compare_by_class_and_fields_and_cannot_change() -> None:
    other = dataclasses.replace(RECORD, id="b")
    assert dataclasses.replace(other, id="a") == RECORD != other
    assert dataclasses.replace(RECORD, unknown={"colour": "red"}) != RECORD
    assert FileRecord(path="p", bytes=1, sha256="s") != Same(path="p", bytes=1, sha256="s")
    assert repr(FileRecord(path="p", bytes=1, sha256="s")) == "FileRecord(path='p', bytes=1, sha256='s')"
    with pytest.raises(dataclasses.FrozenInstanceError):
        RECORD.id = "b"  # type: ignore[misc]
    with pytest.raises(TypeError, match="unhashable"):
        hash(RECORD)
