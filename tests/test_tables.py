"""Tables of any content fit terminals of any width, and no id is broken."""

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from runner.shown import clean, short_ids
from runner.tables import Column, print_table

IDS = [f"iris-20260101-120000-{number:08x}" for number in (1, 0xABCDEF01, 0xFFFFFFFF)]
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=60)
WIDTHS = [60, 80, 100, 140]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(scope="module")
def patch() -> Any:
    with pytest.MonkeyPatch.context() as context:
        yield context


def printed(patch: Any, width: int, columns: Any, rows: Any, **options: Any) -> tuple[str, list[str]]:
    terminal = Terminal()
    with patch.context() as inner:
        inner.setattr("sys.stdout", terminal)
        inner.setenv("COLUMNS", str(width))
        inner.setenv("NO_COLOR", "1")
        inner.setenv("TERM", "dumb")
        missing = print_table(columns, rows, **options)
    return terminal.getvalue(), missing


@given(
    width=st.sampled_from(WIDTHS),
    rows=st.lists(st.tuples(st.sampled_from(IDS), *[TEXTS] * 5), min_size=1, max_size=5),
    repeated=st.booleans(),
)
def test_any_content_fits_and_ids_are_whole(patch: Any, width: int, rows: list[Any], repeated: bool) -> None:
    last = "CUT" if repeated else "CUT TOO"  # a metric may have the name of a parameter
    columns: list[Column | str] = [
        "RUN",
        Column("OPTIONAL", optional=2),
        Column("FIRST TO GO", optional=1, right=True),
        Column("CUT", cut=True),
        Column(last, cut=True),
        Column("FOLDED", fold=True),
    ]
    lines = printed(patch, width, columns, [list(row) for row in rows], ids=IDS)[0].splitlines()
    assert all(cell_len(line) <= width for line in lines)
    text = "\n".join(lines)
    for row in rows:
        assert row[0][-8:] in text


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("many", [1, 5, 40])
def test_columns_that_do_not_fit_even_cut_are_named(
    width: int, many: int, patch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns: list[Column | str] = ["TRIAL", "RUN", *(Column(f"parameter_{n}", cut=True) for n in range(many))]
    rows = [["0", IDS[1], *(f"a value of {n}" for n in range(many))]]
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setenv("COLUMNS", str(width))
    missing = print_table(columns, rows, ids=IDS)
    assert max(map(len, terminal.getvalue().splitlines())) <= width and IDS[1][-8:] in terminal.getvalue()
    assert missing == [f"parameter_{n}" for n in range(many - len(missing), many)]
    assert bool(missing) == (many == 40 or (many == 5 and width == 60))


@given(
    width=st.sampled_from(WIDTHS),
    names=st.lists(TEXTS.filter(str.strip), min_size=8, max_size=8),
    cells=st.lists(st.from_regex(r"[a-z0-9:/.]{0,24}", fullmatch=True), min_size=6, max_size=6),
    metric=TEXTS,
)
def test_what_is_not_cut_is_whole_or_left_out_by_name(
    patch: Any, width: int, names: list[str], cells: list[str], metric: str
) -> None:
    columns: list[Column | str] = [*names[:7], Column(names[7], cut=True)]
    rows = [[IDS[1], *cells, f"{metric}=0.5"], [IDS[2], *cells, ""]]
    text, missing = printed(patch, width, columns, rows, ids=IDS)
    lines = text.splitlines()
    assert len(lines) == 6  # an empty line, a header, a rule, one line a row, an empty line
    assert all(cell_len(line) <= width for line in lines)
    there = 7 - len([name for name in missing if name != names[7]]) if len(set(names)) == 8 else 1
    for cell in cells[: max(0, there - 1)]:
        assert cell in text
    assert set(missing) <= {clean(name) for name in names[1:]}
    if set(map(clean, names[1:7])) & set(missing):
        assert names[7] == "" or clean(names[7]) in missing  # what can be cut goes first


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("many", [1, 3, 60])
def test_a_long_list_is_folded_into_a_few_lines(patch: Any, width: int, many: int) -> None:
    models = " ".join(f"model-{number:02d}:1" for number in range(many))
    columns: list[Column | str] = ["ENDPOINT", "STATUS", "ADDRESS", Column("MODELS", fold=True)]
    text, missing = printed(patch, width, columns, [["e", "running", "http://127.0.0.1:5001", models]])
    assert missing == [] and "http://127.0.0.1:5001" in text and len(text.splitlines()) <= 8
    named = text.count("model-")
    assert (f"… and {many - named} more" in text) == (named < many)


def test_a_word_is_not_broken_where_it_fits(patch: Any) -> None:
    columns: list[Column | str] = ["A", Column("MODELS", fold=True)]
    text, _ = printed(patch, 60, columns, [["x" * 40, "first:1 second:1 a-much-longer-name-than-fits:1"]])
    assert "first:1" in text and "second:1" in text and max(map(len, text.splitlines())) <= 60


@pytest.mark.parametrize("long", [20, 80, 150])
def test_a_long_text_leaves_room_for_its_neighbours(patch: Any, long: int) -> None:
    columns: list[Column | str] = ["RUN", "STATUS", Column("PARAMS", cut=True), Column("METRICS", cut=True)]
    text, missing = printed(patch, 60, columns, [[IDS[1], "completed", "kernel=linear", "m" * long + "=0.5"]], ids=IDS)
    assert missing == [] and "abcdef01" in text and " completed " in text and "kernel=linear" in text


def test_a_pipe_gets_all_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    columns: list[Column | str] = ["RUN", Column("CUT", cut=True), Column("GOES", optional=1)]
    assert print_table(columns, [[IDS[0], "x" * 300, "here"]], ids=IDS) == []
    assert capsys.readouterr().out.splitlines()[1].split() == [IDS[0], "x" * 300, "here"]


def test_an_id_is_short_only_where_that_tells_it_apart() -> None:
    other = IDS[0].replace("iris", "churn")
    assert short_ids([*IDS, other]) == {one: one[-8:] for one in IDS[1:]}
    assert short_ids(["iris", "my-20260101"]) == {}
