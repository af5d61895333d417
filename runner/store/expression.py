"""``--where``: a comparison of a run's fields and metrics, parsed as a Python expression and never executed."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Collection, Mapping, Sequence
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
_FIELDS = ("id", "experiment", "status", *_TIMES, "duration", "model", "display_name", "error", "user")
_ABOUT_TIMES = rf"\b({'|'.join(_TIMES)})\b"
_A_TIME = "Write a time as tables show it, or a date alone: created >= '2026-07-01 12:00:00'"
_A_DURATION = "Write seconds: duration > 60"
_A_COMPARISON = "For example: --where 'accuracy > 0.95'"


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

    def _cut(self, recorded: object) -> str:
        if not isinstance(recorded, str):
            raise TypeError
        return recorded[: len(self.text)]

    def __eq__(self, recorded: object) -> bool:
        """Return whether the times are equal; other types never are."""
        return isinstance(recorded, str) and self._cut(recorded) == self.text

    def __lt__(self, recorded: object) -> bool:
        """Return whether it is before a recorded time."""
        return self.text < self._cut(recorded)

    def __le__(self, recorded: object) -> bool:
        """Return whether it is not after a recorded time."""
        return self.text <= self._cut(recorded)

    def __gt__(self, recorded: object) -> bool:
        """Return whether it is after a recorded time."""
        return self.text > self._cut(recorded)

    def __ge__(self, recorded: object) -> bool:
        """Return whether it is not before a recorded time."""
        return self.text >= self._cut(recorded)

    __hash__ = None  # type: ignore[assignment]  # equal to many texts


def compile_where(text: str, rows: Sequence[Row]) -> Callable[[Row], bool]:
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
    except (SyntaxError, ValueError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        raise UserError(f"--where '{text}' cannot be read: {reason}", _advice(text, rows)) from None
    _check(tree, text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            _check_kinds(node, text)
    _check_known(tree, text, rows)
    return lambda row: bool(_value(tree, row))


def _advice(text: str, rows: Sequence[Row]) -> str:
    """Return what to write instead of a text that cannot be parsed."""
    compared = re.sub(_ASSIGNED, lambda found: found[1] or "==", text).strip()
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
    names = [one for one in _compared_with(tree) if one.id not in {*_FIELDS, *metrics, *_TRUTH}]
    for one in sorted(names, key=lambda one: one.col_offset, reverse=True):
        if one.lineno == 1 and one.id not in OWNERS:
            end = one.col_offset + len(one.id.encode())
            line = line[: one.col_offset] + b'"' + line[one.col_offset : end] + b'"' + line[end:]
    return line.decode()


def _compared_with(tree: ast.AST) -> list[ast.Name]:
    """Return the names on the right of comparisons."""
    right = [one for node in ast.walk(tree) if isinstance(node, ast.Compare) for one in node.comparators]
    return [node for one in right for node in ast.walk(one) if isinstance(node, ast.Name)]


def _check_known(tree: ast.expr, text: str, rows: Sequence[Row]) -> None:
    known, compared_with = {*_FIELDS, *OWNERS, *_TRUTH}, _compared_with(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Name) or node.id in known or not rows:
            continue
        if not any(node.id in row["metrics"] for row in rows):
            close = nearest(node.id, [*{name for row in rows for name in row["metrics"]}, *_FIELDS])
            raise UserError(
                f"--where '{text}': no run has a metric or field named {node.id}",
                f'Text needs quotes: "{node.id}"' if node in compared_with else close,
            )


def _check_kinds(node: ast.Compare, text: str) -> None:
    """Refuse values that a field can never equal, and parse times.

    Otherwise such a comparison would be false for every run, which looks like a result.
    """
    operands = [node.left, *node.comparators]
    fields = [one.id for one in operands if isinstance(one, ast.Name) and one.id in _FIELDS]
    if not fields:
        return
    fields.sort(key=lambda one: one not in _TIMES)
    is_time, is_number = fields[0] in _TIMES, fields[0] == "duration"
    if is_time and any(
        isinstance(kind, ast.In | ast.NotIn) and isinstance(right, ast.Name)
        for kind, right in zip(node.ops, node.comparators, strict=True)
    ):
        raise UserError(f"--where '{text}': {fields[0]} is a time and cannot be used with in", _A_TIME)
    same = any(isinstance(kind, ast.Eq | ast.NotEq | ast.In | ast.NotIn) for kind in node.ops)
    for one in (inner for operand in operands for inner in ast.walk(operand)):
        if is_time and isinstance(one, ast.Name) and one.id not in _TIMES:
            raise UserError(f"--where '{text}': {one.id} is not a time, but {fields[0]} is", _A_TIME)
        if not isinstance(one, ast.Constant) or one.value is None:
            continue
        if is_time:
            one.value = _read_moment(one.value, fields[0], text, same=same)
        elif isinstance(one.value, str) == is_number:  # text for a number, or vice versa
            what = "a number of seconds" if is_number else "a text"
            hint = _A_DURATION if is_number else f'Write it in quotes: "{one.value!s}"'
            raise UserError(f"--where '{text}': {fields[0]} is {what}, but {one.value!r} is not", hint)


def _read_moment(value: object, field: str, text: str, *, same: bool) -> Any:
    try:
        moment = Moment(value if isinstance(value, str) else "")
    except (ValueError, OverflowError):
        raise UserError(f"--where '{text}': {value!r} is not a time, but {field} is", _A_TIME) from None
    if same and moment.is_date:
        raise UserError(
            f"--where '{text}': a date alone means its first second, which matches hardly any run",
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
                f"--where '{text}': {what} is not supported",
                _A_TIME
                if re.search(_ABOUT_TIMES, text)
                else "Compare fields, metrics, params.NAME and tags.NAME with and, or, not, in",
            )


def _value(node: ast.expr, row: Row) -> Any:
    match node:
        case ast.BoolOp(op=ast.And()):
            return all(_value(one, row) for one in node.values)
        case ast.BoolOp():
            return any(_value(one, row) for one in node.values)
        case ast.UnaryOp(op=ast.Not()):
            return not _value(node.operand, row)
        case ast.UnaryOp():
            return -_value(node.operand, row)
        case ast.Compare():
            return _compare(node, row)
        case ast.Name():
            if node.id in _TRUTH and node.id not in row["metrics"]:
                return _TRUTH[node.id]
            return row.get(node.id) if node.id in _FIELDS else row["metrics"].get(node.id)
        case ast.Attribute(value=ast.Name(id=owner)):
            return row[owner].get(node.attr)
        case ast.Subscript(value=ast.Name(id=owner)):
            return row[owner].get(_value(node.slice, row))
        case ast.List() | ast.Tuple():
            return [_value(one, row) for one in node.elts]
        case ast.Constant():
            return node.value
    return None


def _compare(node: ast.Compare, row: Row) -> bool:
    left = _value(node.left, row)
    for kind, item in zip(node.ops, node.comparators, strict=True):
        right = _value(item, row)
        try:
            missing = (left is None or right is None) and not isinstance(kind, ast.Eq | ast.NotEq)
            if missing or not _COMPARE[type(kind)](left, right):
                return False
        except TypeError:
            return False
        left = right
    return True
