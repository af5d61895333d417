"""Reads which modules a script imports, also through modules of its own folder."""

import ast
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator, List, Optional, Tuple

_MOST_FILES = 30  # read for one script; further modules are only not imported ahead


def imports_of(script: str, in_functions: bool = False) -> "List[str]":
    """Return the modules that a script imports, without those beside it.

    Parameters
    ----------
    script : str
        The path of a Python file. A module beside it is read in its turn.
    in_functions : bool
        Whether imports inside of functions count too.
    """
    return _follow(script, in_functions)[0]


def files_beside(script: str) -> "List[str]":
    """Return the files of the modules beside a script that it imports, as soon as it begins."""
    return _follow(script, in_functions=False)[1][1:]


def _follow(script: str, in_functions: bool) -> "Tuple[List[str], List[str]]":
    """Return the names of the modules from elsewhere, and the files that were read, the script first."""
    root, names, seen = os.path.dirname(os.path.abspath(script)), [], []  # type: str, List[str], List[str]
    waiting = [(script, "")]
    while waiting and len(seen) < _MOST_FILES:
        path, package = waiting.pop(0)
        if path in seen:
            continue
        seen.append(path)
        for name, is_module in _imported(path, package, in_functions):
            beside = _files(root, name)
            if beside:
                waiting += beside
            elif is_module and name not in names:
                names.append(name)
    return names, seen


def _imported(path: str, package: str, in_functions: bool) -> "Iterator[Tuple[str, bool]]":
    """Yield the absolute names that a file imports, and whether each is a module for certain: b of a may be either."""
    for node in _nodes(_tree(path), in_functions):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, True
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, package)
            if base:
                yield base, not node.level
            for alias in node.names:
                yield (base + "." + alias.name if base else alias.name), False


def _base(node: ast.ImportFrom, package: str) -> str:
    parts = package.split(".") if package else []
    above = parts[: len(parts) - node.level + 1] if node.level else []
    return ".".join([*above, *([node.module] if node.module else [])])


def _tree(path: str) -> "Optional[ast.AST]":
    try:
        with open(path, "rb") as file:
            return ast.parse(file.read())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):  # running it says what is wrong
        return None


def _nodes(tree: "Optional[ast.AST]", in_functions: bool) -> "Iterator[ast.AST]":
    for node in ast.iter_child_nodes(tree) if tree is not None else ():
        if in_functions or not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield node
            for inner in _nodes(node, in_functions):
                yield inner


def _files(root: str, name: str) -> "List[Tuple[str, str]]":
    """Return the files below a folder that importing a name reads, each with the package it is in."""
    found, place = [], root  # type: List[Tuple[str, str]], str
    parts = name.split(".")
    for depth, part in enumerate(parts):
        place = os.path.join(place, part)
        package = os.path.join(place, "__init__.py")
        if os.path.isfile(package):
            found.append((package, ".".join(parts[: depth + 1])))
        elif os.path.isfile(place + ".py"):
            return [*found, (place + ".py", ".".join(parts[:depth]))]
        elif not os.path.isdir(place):
            break
    return found
