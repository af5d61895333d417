"""``--where``: a comparison over a run's facts, read as a Python expression and never executed."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from runner.errors import UserError, nearest

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
OWNERS = ("metrics", "params", "tags")  # what a run has by name, such as params.kernel
_ASSIGNED = re.compile(r"(?<![=<>!])=(?!=)")
_TRUTH = {"true": True, "false": False}  # as tables show them
_FIELDS = ("id", "experiment", "status", "created", "duration", "model", "display_name", "error")


def compile_where(text: str) -> Callable[[Row], bool]:
    """Return a test for rows of the index.

    Bare names are fields of the run or else metrics; ``metrics.x``, ``params.x`` and ``tags.x`` name them for certain,
    and ``metrics["a b"]`` those that are no Python names. What a run does not have compares as false.

    Raises
    ------
    UserError
        If the text is no such expression.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        compared = _ASSIGNED.sub("==", text)
        hint = f"Compare with ==: '{compared}'" if compared != text else "For example: --where 'accuracy > 0.95'"
        raise UserError(f"--where '{text}' cannot be read: {reason}", hint) from None
    _check(tree, text)
    return lambda row: bool(_value(tree, row))


def check_known(text: str, rows: Sequence[Row]) -> None:
    """Refuse a bare name that is neither a field nor a metric of any row.

    Raises
    ------
    UserError
        With the nearest right name; nothing is refused where there are no rows.
    """
    metrics = {name for row in rows for name in row["metrics"]}
    tree = ast.parse(text.strip(), mode="eval")
    compared = [one for node in ast.walk(tree) if isinstance(node, ast.Compare) for one in node.comparators]
    compared_with = {id(node) for one in compared for node in ast.walk(one)}
    for node in ast.walk(tree):
        if rows and isinstance(node, ast.Name) and node.id not in {*_FIELDS, *OWNERS, *metrics, *_TRUTH}:
            close = nearest(node.id, [*metrics, *_FIELDS])
            raise UserError(
                f"--where '{text}': no run has a metric or field {node.id}",
                f'A text is written in quotes: "{node.id}"' if id(node) in compared_with else close,
            )


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
                f"--where '{text}': {what} is not understood",
                "Compare fields, metrics, params.NAME and tags.NAME with and, or, not, in",
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
