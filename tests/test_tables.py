"""Tables of any content fit terminals of any width, and no id is broken."""

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from runner.shown import short_ids
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


def shown(patch: Any, width: int, columns: list[Column | str], rows: list[list[str]], **options: Any) -> str:
    terminal = Terminal()
    with patch.context() as inner:
        inner.setattr("sys.stdout", terminal)
        inner.setenv("COLUMNS", str(width))
        inner.setenv("NO_COLOR", "1")
        inner.setenv("TERM", "dumb")
        print_table(columns, rows, **options)
    return terminal.getvalue()


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
    lines = shown(patch, width, columns, [list(row) for row in rows], ids=IDS).splitlines()
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


def test_a_pipe_gets_all_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    columns: list[Column | str] = ["RUN", Column("CUT", cut=True), Column("GOES", optional=1)]
    assert print_table(columns, [[IDS[0], "x" * 300, "here"]], ids=IDS) == []
    assert capsys.readouterr().out.splitlines()[1].split() == [IDS[0], "x" * 300, "here"]


def test_an_id_is_short_only_where_that_tells_it_apart() -> None:
    other = IDS[0].replace("iris", "churn")
    assert short_ids([*IDS, other]) == {one: one[-8:] for one in IDS[1:]}
    assert short_ids(["iris", "my-20260101"]) == {}
