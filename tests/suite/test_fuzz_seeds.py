"""What the fuzzer begins with is what the parsers take, or it would go no further than their first refusal."""

import json

import pytest

from runner import records
from runner.io import json_records
from runner.io.record import Record
from tests.fuzz.seeds import example, seeds

KINDS = [
    kind
    for kind in vars(records).values()
    if isinstance(kind, type) and issubclass(kind, Record) and kind is not Record
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_record_of_each_kind_is_taken(kind: type[Record]) -> None:
    assert json_records.as_record(example(kind), kind, "record").to_json() == example(kind)


@pytest.mark.parametrize("parser", ["records", "lines", "yaml", "rows", "requests", "orders"])
def test_each_parser_has_some(parser: str) -> None:
    contents = list(seeds(parser))
    assert contents and all(contents)
    if parser == "records":
        assert len(contents) == len(KINDS) and all(map(json.loads, contents))
