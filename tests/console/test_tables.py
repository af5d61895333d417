"""Tables of any content fit terminals of any width, and no id is broken."""

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from runner.console.format import clean, short_ids
from runner.console.tables import Column, print_table, side_by_side

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
    shown = 7 - len([name for name in missing if name != names[7]]) if len(set(names)) == 8 else 1
    for cell in cells[: max(0, shown - 1)]:
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


def titles(text: str) -> list[str]:
    return text.splitlines()[1].split()


def test_a_column_without_a_text_is_shown_only_if_it_always_is(patch: Any) -> None:
    columns: list[Column | str] = [
        "RUN", Column("CUT", cut=True), Column("FOLDED", fold=True), Column("OPTIONAL", optional=1), "PLAIN"
    ]  # fmt: skip
    text, missing = printed(patch, 80, columns, [["a", "", "", "", ""]])
    assert titles(text) == ["RUN", "PLAIN"] and missing == []
    assert titles(printed(patch, 80, columns, [["a"] * 5])[0]) == ["RUN", "CUT", "FOLDED", "OPTIONAL", "PLAIN"]


def least_width(patch: Any, columns: Any, row: list[str], title: str) -> int:
    """Return the narrowest terminal on which a column is shown, and check that wider ones show it, too."""
    widths = [width for width in range(20, 160) if title in titles(printed(patch, width, columns, [row])[0])]
    assert widths == list(range(widths[0], 160))
    return widths[0]


def test_optional_columns_go_before_others_get_narrow_in_their_order(patch: Any) -> None:
    columns: list[Column | str] = ["RUN", Column("2ND", optional=2), Column("1ST", optional=1), Column("CUT", cut=True)]
    row = ["r" * 10, "s" * 10, "f" * 10, "c" * 100]
    first, second = (least_width(patch, columns, row, title) for title in ("1ST", "2ND"))
    assert first == second + 13  # its own ten characters, and three between them
    comfortable = [width for width in (second, first) if printed(patch, width, columns, [row])[0].count("c") >= 40]
    assert comfortable == [second, first]
    assert printed(patch, second - 1, columns, [row])[1] == []  # they go without a word


def test_columns_that_are_cut_go_from_the_last_on_then_the_others_and_never_the_first(patch: Any) -> None:
    columns: list[Column | str] = ["RUN", Column("ABOUT", cut=True), Column("CUT", cut=True), "LAST"]
    row = ["r" * 20, "a" * 100, "c" * 100, "l" * 20]
    missing = [printed(patch, width, columns, [row])[1] for width in range(10, 161)]
    assert [name for at, name in enumerate(missing) if at == 0 or name != missing[at - 1]] == [
        ["ABOUT", "CUT", "LAST"], ["CUT", "LAST"], ["CUT"], []
    ]  # fmt: skip


@pytest.mark.parametrize(("many", "short", "expected"), [(20, True, (20, 24)), (40, False, (22, 22))])
def test_the_widest_is_cut_first_and_all_of_the_width_is_used(
    patch: Any, many: int, short: bool, expected: tuple[int, int]
) -> None:
    columns: list[Column | str] = ["RUN", Column("A", cut=True), Column("B", cut=True)]
    text, missing = printed(patch, 60, columns, [["r" * 8, "a" * many, "b" * 100]])
    assert missing == [] and max(map(cell_len, text.splitlines())) == 60
    _, first, second = text.splitlines()[3].split()
    assert (len(first), len(second)) == expected
    assert first.endswith("…") != short and second.endswith("…")


def test_what_is_folded_fills_its_lines_and_gets_what_is_left(patch: Any) -> None:
    columns: list[Column | str] = ["RUN", Column("WORDS", fold=True), Column("CUT", cut=True)]
    counts = {}
    for width in (60, 70, 140):
        text, _ = printed(patch, width, columns, [["r" * 8, " ".join(["word"] * 20), "c" * 20]])
        counts[width] = [line.count("word") for line in text.splitlines()[3:-1]]
        assert ("… and 5 more" in text) == (width == 60)
    assert counts == {60: [5, 5, 5, 0], 70: [7, 7, 6], 140: [20]}


def test_numbers_are_on_the_right_of_their_column(patch: Any, capsys: pytest.CaptureFixture[str]) -> None:
    columns: list[Column | str] = ["RUN", Column("N", right=True), "TEXT"]
    rows = [["a", "1", "x"], ["bbbb", "10", "yy"]]
    assert print_table(columns, rows) == []
    assert capsys.readouterr().out.splitlines() == ["RUN    N  TEXT", "a      1  x", "bbbb  10  yy"]
    lines = printed(patch, 60, columns, rows)[0].splitlines()
    (header, _, first, second) = lines[1:5]
    assert header.rindex("N") == first.index("1") == second.index("10") + 1 and first.index("a") == second.index("bbbb")
    assert first.index("x") == second.index("yy") == header.index("TEXT")


@given(many=st.integers(1, 30), first=st.integers(1, 40), narrowest=st.integers(2, 40), width=st.sampled_from(WIDTHS))
def test_columns_beside_each_other_are_as_many_as_fit(
    patch: Any, many: int, first: int, narrowest: int, width: int
) -> None:
    with patch.context() as inner:
        inner.setenv("COLUMNS", str(width))
        inner.setattr("sys.stdout", Terminal())
        groups = side_by_side(many, first, narrowest)
        inner.setattr("sys.stdout", io.StringIO())
        assert side_by_side(many, first, narrowest) == [range(many)]
    assert [at for group in groups for at in group] == list(range(many))
    assert all(len(group) == len(groups[0]) for group in groups[:-1])

    def fits(columns: int) -> bool:
        names = ["f" * first, *(f"{at}".rjust(narrowest, "c") for at in range(columns))]
        return printed(patch, width, names, [names])[1] == []

    assert fits(len(groups[0])) or len(groups[0]) == 1
    assert len(groups) == 1 or not fits(len(groups[0]) + 1)


def test_a_pipe_gets_all_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    columns: list[Column | str] = ["RUN", Column("CUT", cut=True), Column("GOES", optional=1)]
    assert print_table(columns, [[IDS[0], "x" * 300, "here"]], ids=IDS) == []
    assert capsys.readouterr().out.splitlines()[1].split() == [IDS[0], "x" * 300, "here"]


def test_an_id_is_short_only_where_that_tells_it_apart() -> None:
    other = IDS[0].replace("iris", "churn")
    assert short_ids([*IDS, other]) == {run_id: run_id[-8:] for run_id in IDS[1:]}
    assert short_ids(["iris", "my-20260101"]) == {}
