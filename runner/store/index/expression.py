"""``--where``: a comparison of a run's fields and metrics, parsed as a Python expression and never executed."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from runner.errors import UserError, nearest
from runner.io.clock import read_typed, write_time

Row = Mapping[str, Any]
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}
OWNERS = ("metrics", "params", "tags")  # prefixes of named values, such as params.kernel
_ASSIGNED = r"""("[^"]*"|'[^']*')|(?<![=<>!])=(?!=)"""  # a single = outside of quotes
_TRUTH = {"true": True, "false": False}  # as tables show them
_TIMES = ("created", "ended")
_FLAGS = ("archived",)
_FIELDS = ("id", "experiment", "status", *_TIMES, "duration", "model", "display_name", "error", "user", "note", *_FLAGS)
_ABOUT_TIMES = rf"\b({'|'.join(_TIMES)})\b"
_A_TIME = "Write a time as tables show it, or a date alone: created >= '2026-07-01 12:00:00'"
_A_DURATION = "Write seconds: duration > 60"
_A_COMPARISON = "For example: 'accuracy > 0.95'"


_LONGEST_TEXT = 60  # characters of a deeply nested text in a message
_LONGEST_DATE = len("2026-07-01")
_TO_THE_SECOND = len("2026-07-01T12:00:00")


class Moment:
    """A time that was typed. Recorded times are compared with it at its own precision.

    Raises
    ------
    ValueError
        If the text is not a time.
    """

    def __init__(self, text: str) -> None:
        moment = read_typed(text)
        self.is_date = len(text.strip()) <= _LONGEST_DATE
        self.text = write_time(moment) if moment.microsecond else write_time(moment)[:_TO_THE_SECOND]

    def _truncate(self, recorded: object) -> str:
        if not isinstance(recorded, str):
            raise TypeError
        return recorded[: len(self.text)]

    def __eq__(self, recorded: object) -> bool:
        """Return whether the times are equal; other types never are."""
        return isinstance(recorded, str) and self._truncate(recorded) == self.text

    def __lt__(self, recorded: object) -> bool:
        """Return whether it is before a recorded time."""
        return self.text < self._truncate(recorded)

    def __le__(self, recorded: object) -> bool:
        """Return whether it is not after a recorded time."""
        return self.text <= self._truncate(recorded)

    def __gt__(self, recorded: object) -> bool:
        """Return whether it is after a recorded time."""
        return self.text > self._truncate(recorded)

    def __ge__(self, recorded: object) -> bool:
        """Return whether it is not before a recorded time."""
        return self.text >= self._truncate(recorded)

    __hash__ = None  # type: ignore[assignment]  # equal to many texts


def compile_where(text: str, rows: Collection[Row]) -> Callable[[Row], bool]:
    """Return a test for rows of the index.

    Bare names are fields of the run, or else metrics; ``metrics.x``, ``params.x`` and ``tags.x`` are unambiguous,
    and ``metrics["a b"]`` is for names that are not Python names. A missing value compares as false. Times are in the
    local time zone, as in tables, unless they have a zone.

    Raises
    ------
    UserError
        If the text is not a valid expression, or uses a name that no row has. Without rows, every name is accepted.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else str(error) or "it is nested too deeply"
        raise UserError(f"The condition '{text}' cannot be read: {reason}", _advice(text, rows)) from None
    _check(tree, text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            _check_kinds(node, text)
    _check_known(tree, text, rows)
    try:
        test = _compiled(tree)
    except RecursionError:
        raise UserError(f"The condition '{text[:_LONGEST_TEXT]}...' is nested too deeply", _A_COMPARISON) from None
    return lambda row: bool(test(row))


def names_field(text: str, name: str) -> bool:
    """Return whether a valid expression uses a field."""
    return any(
        isinstance(node, ast.Name) and node.id == name for node in ast.walk(ast.parse(text.strip(), mode="eval"))
    )


def _advice(text: str, rows: Collection[Row]) -> str:
    """Return what to write instead of a text that cannot be parsed."""
    compared = re.sub(_ASSIGNED, lambda match: match[1] or "==", text).strip()
    if compared != text.strip():
        compared = _quote_texts(compared, {name for row in rows for name in row["metrics"]})
        try:
            compile_where(compared, rows)
        except UserError:
            return _A_COMPARISON
        return f"Compare with ==: {compared}"
    return _A_TIME if re.search(_ABOUT_TIMES, text) else _A_COMPARISON


def _quote_texts(text: str, metrics: Collection[str]) -> str:
    """Return an expression with quotes around compared words that are not names of a run."""
    try:
        tree = ast.parse(text, mode="eval")
    except (SyntaxError, ValueError):
        return text
    line = text.encode()  # the tree counts bytes
    names = [name for name in _compared_with(tree) if name.id not in {*_FIELDS, *metrics, *_TRUTH}]
    for name in sorted(names, key=lambda name: name.col_offset, reverse=True):
        if name.lineno == 1 and name.id not in OWNERS:
            end = name.col_offset + len(name.id.encode())
            line = line[: name.col_offset] + b'"' + line[name.col_offset : end] + b'"' + line[end:]
    return line.decode()


def _compared_with(tree: ast.AST) -> list[ast.Name]:
    """Return the names on the right of comparisons."""
    right = [comparator for node in ast.walk(tree) if isinstance(node, ast.Compare) for comparator in node.comparators]
    return [node for comparator in right for node in ast.walk(comparator) if isinstance(node, ast.Name)]


def _check_known(tree: ast.expr, text: str, rows: Collection[Row]) -> None:
    known, compared_with = {*_FIELDS, *OWNERS, *_TRUTH}, _compared_with(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Name) or node.id in known or not rows:
            continue
        if not any(node.id in row["metrics"] for row in rows):
            close = nearest(node.id, [*{name for row in rows for name in row["metrics"]}, *_FIELDS])
            raise UserError(
                f"The condition '{text}': no run has a metric or field named {node.id}",
                f'Text needs quotes: "{node.id}"' if node in compared_with else close,
            )


def _check_kinds(node: ast.Compare, text: str) -> None:
    """Refuse values that a field can never equal, and parse times.

    Otherwise such a comparison would be false for every run, which looks like a result.
    """
    operands = [node.left, *node.comparators]
    fields = [operand.id for operand in operands if isinstance(operand, ast.Name) and operand.id in _FIELDS]
    if not fields:
        return
    if flags := [field for field in fields if field in _FLAGS]:
        if any(isinstance(operand, ast.Constant) and not isinstance(operand.value, bool) for operand in operands):
            raise UserError(f"The condition '{text}': {flags[0]} is true or false", f"For example: {flags[0]} == true")
        return
    fields.sort(key=lambda field: field not in _TIMES)
    is_time, is_number = fields[0] in _TIMES, fields[0] == "duration"
    if is_time and any(
        isinstance(kind, ast.In | ast.NotIn) and isinstance(right, ast.Name)
        for kind, right in zip(node.ops, node.comparators, strict=True)
    ):
        raise UserError(f"The condition '{text}': {fields[0]} is a time and cannot be used with in", _A_TIME)
    same = any(isinstance(kind, ast.Eq | ast.NotEq | ast.In | ast.NotIn) for kind in node.ops)
    for part in (inner for operand in operands for inner in ast.walk(operand)):
        if is_time and isinstance(part, ast.Name) and part.id not in _TIMES:
            raise UserError(f"The condition '{text}': {part.id} is not a time, but {fields[0]} is", _A_TIME)
        if not isinstance(part, ast.Constant) or part.value is None:
            continue
        if is_time:
            part.value = _read_moment(part.value, fields[0], text, same=same)
        elif isinstance(part.value, str) == is_number:  # text for a number, or vice versa
            what = "a number of seconds" if is_number else "a text"
            hint = _A_DURATION if is_number else f'Write it in quotes: "{part.value!s}"'
            raise UserError(f"The condition '{text}': {fields[0]} is {what}, but {part.value!r} is not", hint)


def _read_moment(value: object, field: str, text: str, *, same: bool) -> Any:
    try:
        moment = Moment(value if isinstance(value, str) else "")
    except (ValueError, OverflowError):
        raise UserError(f"The condition '{text}': {value!r} is not a time, but {field} is", _A_TIME) from None
    if same and moment.is_date:
        raise UserError(
            f"The condition '{text}': a date alone means its first second, which matches hardly any run",
            f"Give a range: {field} >= '2026-07-01' and {field} < '2026-07-02'",
        )
    return moment


def _check(tree: ast.expr, text: str) -> None:
    allowed = (
        ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.Compare, ast.Name, ast.Load, ast.Attribute,
        ast.Subscript, ast.Constant, ast.List, ast.Tuple, *_COMPARE,
    )  # fmt: skip
    for node in ast.walk(tree):
        wrong_owner = isinstance(node, ast.Attribute | ast.Subscript) and not (
            isinstance(node.value, ast.Name) and node.value.id in OWNERS
        )
        if not isinstance(node, allowed) or wrong_owner:
            what = ast.unparse(node) if isinstance(node, ast.expr) else "an operator"
            raise UserError(
                f"The condition '{text}': {what} is not supported",
                _A_TIME
                if re.search(_ABOUT_TIMES, text)
                else "Compare fields, metrics, params.NAME and tags.NAME with and, or, not, in",
            )


def _compiled(node: ast.expr) -> Callable[[Row], Any]:
    """Return a function that computes the value of a node. The tree is walked once, not for each of 100,000 rows."""
    match node:
        case ast.BoolOp(op=op, values=values):
            parts = [_compiled(value) for value in values]
            if isinstance(op, ast.And):
                return lambda row: all(part(row) for part in parts)
            return lambda row: any(part(row) for part in parts)
        case ast.UnaryOp(op=op, operand=inner):
            of = _compiled(inner)
            return (lambda row: not of(row)) if isinstance(op, ast.Not) else (lambda row: _negated(of(row)))
        case ast.Compare():
            return _comparison(node)
        case ast.Name(id=name):
            return _named(name)
        case ast.Attribute(value=ast.Name(id=owner), attr=name):
            return lambda row: row[owner].get(name)
        case ast.Subscript(value=ast.Name(id=owner), slice=key):
            name_of = _compiled(key)
            return lambda row: _item(row[owner], name_of(row))
        case ast.List(elts=items) | ast.Tuple(elts=items):
            elements = [_compiled(item) for item in items]
            return lambda row: [element(row) for element in elements]
        case ast.Constant(value=constant):
            return lambda _row: constant
    return lambda _row: None


def _negated(value: Any) -> Any:
    """Return minus a number. Other values, and missing ones, give None."""
    return -value if isinstance(value, int | float) else None


def _item(values: Mapping[str, Any], name: Any) -> Any:
    return values.get(name) if isinstance(name, str) else None


def _named(name: str) -> Callable[[Row], Any]:
    if name in _FIELDS:
        return lambda row: row.get(name)
    if name in _TRUTH:
        return lambda row: row["metrics"].get(name) if name in row["metrics"] else _TRUTH[name]
    return lambda row: row["metrics"].get(name)


def _comparison(node: ast.Compare) -> Callable[[Row], bool]:
    first = _compiled(node.left)
    steps = [
        (_COMPARE[type(kind)], isinstance(kind, ast.Eq | ast.NotEq), _compiled(right))
        for kind, right in zip(node.ops, node.comparators, strict=True)
    ]

    def test(row: Row) -> bool:
        left = first(row)
        for compare, takes_missing, value in steps:
            right = value(row)
            try:
                if ((left is None or right is None) and not takes_missing) or not compare(left, right):
                    return False
            except TypeError:
                return False
            left = right
        return True

    return test
