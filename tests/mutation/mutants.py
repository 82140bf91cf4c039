"""All one-token mutants of a file: a comparison, a sum, a constant, a branch is another one."""

import ast
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

from typing_extensions import override

from tests.mutation.sources import Place, Source, nodes

COMPARISONS: Final[dict[type[ast.cmpop], tuple[str, tuple[str, ...]]]] = {
    ast.Lt: ("<", ("<=", ">=")),
    ast.LtE: ("<=", ("<", ">")),
    ast.Gt: (">", (">=", "<=")),
    ast.GtE: (">=", (">", "<")),
    ast.Eq: ("==", ("!=",)),
    ast.NotEq: ("!=", ("==",)),
    ast.Is: ("is", ("is not",)),
    ast.IsNot: ("is not", ("is",)),
    ast.In: ("in", ("not in",)),
    ast.NotIn: ("not in", ("in",)),
}
"""The bound moves by one, and the answer is the opposite."""
OPERATORS: Final[dict[type[ast.operator], tuple[str, str]]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "*"),
    ast.Mod: ("%", "//"),
    ast.Pow: ("**", "*"),
    ast.LShift: ("<<", ">>"),
    ast.RShift: (">>", "<<"),
    ast.BitAnd: ("&", "|"),
    ast.BitOr: ("|", "&"),
    ast.BitXor: ("^", "&"),
}
CALLS: Final = {"min": "max", "max": "min", "any": "all", "all": "any"}
PART: Final = 0.1
"""By how much of itself a constant with a fraction moves; a whole number moves by one."""


class Edit(NamedTuple):
    """Put `new` where the bytes from `start` to `end` are."""

    start: int
    end: int
    new: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """One file with one edit."""

    path: str
    line: int
    edit: Edit
    before: str
    """The line as it is, and as the mutant has it; both without indentation."""
    after: str
    place: Place
    rank: str
    """Where it stands in a sample: by its content, so that a change elsewhere moves it not."""

    @override
    def __str__(self) -> str:
        return f"{self.path}:{self.line}: `{self.before}` -> `{self.after}`"

    def apply(self, data: bytes) -> bytes:
        """The mutated file."""
        return data[: self.edit.start] + self.edit.new.encode() + data[self.edit.end :]


def mutants_of(path: str, text: str, seed: int = 0) -> list[Mutant]:
    """Every mutant of a file, in order of place."""
    source = Source(path, text)
    edits = {edit: each.place for each in nodes(source) for edit in _edits(each.node, source)}
    found: list[Mutant] = []
    alike: Counter[tuple[str, str]] = Counter()
    for edit in sorted(edits):
        before, after = _lines(source, edit)
        alike[before, after] += 1
        content = f"{seed} {path} {before} {after} {alike[before, after]}"
        rank = hashlib.sha256(content.encode()).hexdigest()
        line = source.line_at(edit.start)
        found.append(Mutant(path, line, edit, before, after, edits[edit], rank))
    return found


def sample(mutants: Iterable[Mutant], count: int) -> list[Mutant]:
    """So many of them, by rank; in order of place."""
    chosen = sorted(mutants, key=lambda mutant: mutant.rank)[:count]
    return sorted(chosen, key=lambda mutant: (mutant.path, mutant.edit))


def _lines(source: Source, edit: Edit) -> tuple[str, str]:
    data = source.data
    first = data.rfind(b"\n", 0, edit.start) + 1
    last = data.find(b"\n", edit.end) % (len(data) + 1)
    after = data[first : edit.start] + edit.new.encode() + data[edit.end : last]
    return _spaced(data[first:last]), _spaced(after)


def _spaced(line: bytes) -> str:
    return " ".join(line.decode().split())


def _edits(node: ast.AST, source: Source) -> Iterator[Edit]:
    match node:
        case ast.Compare():
            yield from _comparisons(node, source)
        case ast.BinOp():
            yield from _swap(source, node.op, source.end(node.left), source.start(node.right))
        case ast.AugAssign():
            yield from _swap(source, node.op, source.end(node.target), source.start(node.value))
        case ast.BoolOp():
            yield from _conjunctions(node, source)
        case ast.UnaryOp(op=ast.Not() | ast.USub() as operator):
            start = source.start(node)
            yield Edit(start, start + (3 if isinstance(operator, ast.Not) else 1), "")
        case ast.Constant():
            yield from _constants(node, source)
        case ast.Call(func=ast.Name(id=name) as func) if name in CALLS:
            yield Edit(source.start(func), source.end(func), CALLS[name])
        case _:
            yield from _branches(node, source)


def _comparisons(node: ast.Compare, source: Source) -> Iterator[Edit]:
    operands = [node.left, *node.comparators]
    for operator, left, right in zip(node.ops, operands, node.comparators, strict=False):
        words, others = COMPARISONS[type(operator)]
        found = source.find(words, source.end(left), source.start(right))
        if found is not None:
            yield from (Edit(*found, other) for other in others)


def _swap(source: Source, operator: ast.operator, first: int, last: int) -> Iterator[Edit]:
    words, other = OPERATORS[type(operator)]
    found = source.find(re.escape(words), first, last)
    if found is not None:
        yield Edit(*found, other)


def _conjunctions(node: ast.BoolOp, source: Source) -> Iterator[Edit]:
    words, other = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
    for left, right in pairwise(node.values):
        found = source.find(words, source.end(left), source.start(right))
        if found is not None:
            yield Edit(*found, other)


def _constants(node: ast.Constant, source: Source) -> Iterator[Edit]:
    others: tuple[object, ...] = ()
    match node.value:
        case bool() as flag:
            others = (not flag,)
        case int() as whole:
            others = (whole + 1, whole - 1)
        case float(0.0):
            others = (1.0, -1.0)
        case float() as value:
            others = tuple(float(f"{value * part:.12g}") for part in (1 + PART, 1 - PART))
        case _:
            pass
    yield from (Edit(source.start(node), source.end(node), repr(other)) for other in others)


def _branches(node: ast.AST, source: Source) -> Iterator[Edit]:
    """A branch that is never taken, and one that is taken where the other should be."""
    match node:
        case ast.If(test=test) | ast.IfExp(test=test) | ast.match_case(guard=ast.expr() as test):
            conditions = [test]
        case ast.comprehension(ifs=conditions):
            pass
        case ast.Break() | ast.Continue():
            start = source.offset(node.lineno, node.col_offset)
            old, new = (
                ("break", "continue") if isinstance(node, ast.Break) else ("continue", "break")
            )
            conditions = []
            yield Edit(start, start + len(old), new)
        case _:
            conditions = []
    for condition in conditions:
        start, end = source.start(condition), source.end(condition)
        yield Edit(start, end, "False")
        if not isinstance(condition, ast.Compare | ast.UnaryOp):  # those are turned round already
            yield Edit(start, end, f"not ({source.data[start:end].decode()})")
