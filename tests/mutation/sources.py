"""A source file with its tree: where a node stands, and which of its nodes are of interest."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

_SKIPPED_FIELDS: Final = {
    ast.AnnAssign: {"annotation", "target"},
    ast.Assert: {"msg"},
    ast.ClassDef: {"bases", "decorator_list", "keywords"},
    ast.FunctionDef: {"decorator_list", "returns"},
    ast.AsyncFunctionDef: {"decorator_list", "returns"},
}
"""What decides nothing that a test could see: types, decorations, an assertion's words."""
_SKIPPED_NODES: Final = (ast.arg, ast.JoinedStr)
"""Annotations; and f-strings, in which Python 3.11 does not know where a node stands."""


@dataclass(frozen=True, slots=True)
class Place:
    """The statement that a node belongs to: its lines, and when they run."""

    first: int
    last: int
    at_import: bool
    """Outside of every function: it has run before a test begins."""
    names: tuple[str, ...] = ()
    """What a statement outside of functions gives a name to."""


class Source:
    """One file."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.data = text.encode()
        self.lines = text.split("\n")
        self.tree = ast.parse(text)
        self._starts = [0]
        for line in self.lines:
            self._starts.append(self._starts[-1] + len(line.encode()) + 1)

    def start(self, node: ast.expr) -> int:
        """The offset at which a node begins."""
        return self._starts[node.lineno - 1] + node.col_offset

    def end(self, node: ast.expr) -> int:
        """The offset behind a node."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._starts[node.end_lineno - 1] + node.end_col_offset

    def offset(self, line: int, column: int) -> int:
        """The offset of a place."""
        return self._starts[line - 1] + column

    def line_at(self, offset: int) -> int:
        """The number of the line that an offset is on."""
        return self.data.count(b"\n", 0, offset) + 1

    def find(self, words: str, first: int, last: int) -> tuple[int, int] | None:
        """Where an operator stands between two offsets, if it stands there once."""
        between = re.sub(rb"#[^\n]*", lambda found: b" " * len(found[0]), self.data[first:last])
        found = list(re.finditer(words.replace(" ", r"\s+").encode(), between))
        if len(found) != 1:
            return None
        return first + found[0].start(), first + found[0].end()


class Located(NamedTuple):
    """A node and the statement that it belongs to."""

    node: ast.AST
    place: Place


def nodes(source: Source) -> Iterator[Located]:
    """Every node that says what the program does."""
    for statement in source.tree.body:
        yield from _below(statement, Place(0, 0, at_import=True))


def _below(node: ast.AST, place: Place) -> Iterator[Located]:
    if isinstance(node, _SKIPPED_NODES) or _says_nothing(node):
        return
    place = _place_of(node, place)
    yield Located(node, place)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        inner = replace(place, at_import=False, names=())
    else:
        inner = place
    skipped = _SKIPPED_FIELDS.get(type(node), set())
    for name, value in ast.iter_fields(node):
        if name not in skipped:
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from _below(child, inner)


def _says_nothing(node: ast.AST) -> bool:
    match node:
        case ast.Expr(value=ast.Constant(value=str())):
            return True  # a docstring
        case ast.AnnAssign(annotation=ast.Name(id="TypeAlias")):
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case _:
            return False


def _place_of(node: ast.AST, place: Place) -> Place:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return Place(node.lineno, node.end_lineno or node.lineno, at_import=False)
        case ast.match_case(guard=ast.expr() as guard):
            return replace(place, first=node.pattern.lineno, last=guard.end_lineno or guard.lineno)
        case ast.stmt():
            body: list[ast.stmt] = getattr(node, "body", []) or getattr(node, "cases", [])
            last = node.end_lineno or node.lineno
            if isinstance(node, ast.Match):
                last = node.subject.end_lineno or node.lineno
            elif body:
                last = max(node.lineno, body[0].lineno - 1)
            names = _names(node) if place.at_import else ()
            return replace(place, first=node.lineno, last=last, names=names)
        case _:
            return place


def _names(node: ast.stmt) -> tuple[str, ...]:
    match node:
        case ast.Assign(targets=targets):
            return tuple(target.id for target in targets if isinstance(target, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name)):
            return (name,)
        case _:
            return ()
