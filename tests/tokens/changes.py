"""What can be changed in a source: each place by itself, so that it is still Python.

A comparison becomes its neighbour or its opposite, a number one more, a boolean its opposite; `and`
and `or`, `+` and `-`, `min` and `max`, `any` and `all`, `break` and `continue` become each other,
`not` goes away. A statement that does something, or an `if` without an `else`, is left out; not an
attribute that `__init__` sets, since whatever reads it would raise.

Only what functions do is changed: not annotations, texts, defaults, asserts or a `__repr__`.
"""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

OTHERS: Final = {
    "<": ("<=", ">="), "<=": ("<", ">"), ">": (">=", "<="), ">=": (">", "<"),
    "==": ("!=",), "!=": ("==",), "is": ("is not",), "is not": ("is",),
    "in": ("not in",), "not in": ("in",), "and": ("or",), "or": ("and",),
    "+": ("-",), "-": ("+",), "+=": ("-=",), "-=": ("+=",), "not": ("",),
    "min": ("max",), "max": ("min",), "any": ("all",), "all": ("any",),
    "break": ("continue",), "continue": ("break",), "True": ("False",), "False": ("True",),
}  # fmt: skip
COMPARISON: Final = re.compile(rb"<=|>=|==|!=|<|>|is\s+not\b|not\s+in\b|is\b|in\b")
BOOLEAN: Final = re.compile(rb"\b(?:and|or)\b")
SUM: Final = re.compile(rb"[+-]")
ASSIGNED: Final = re.compile(rb"[+-]=")
LEFT_OUT: Final = "pass"
UNTOUCHED: Final = (ast.JoinedStr, ast.Assert, ast.Raise, ast.ClassDef, ast.arguments)
SWAPPED: Final = frozenset({"min", "max", "any", "all"})


class Change(NamedTuple):
    """Bytes `start` to `stop` of the file at `path` become `new`; `old` is what they are."""

    path: Path
    start: int
    stop: int
    old: str
    new: str

    def applied(self) -> bytes:
        """The whole source with the change."""
        source = self.path.read_bytes()
        return source[: self.start] + self.new.encode() + source[self.stop :]

    @property
    def line(self) -> int:
        """Its number, from 1 on."""
        return self.path.read_bytes().count(b"\n", 0, self.start) + 1


def changes_of(path: Path) -> list[Change]:
    """Every change of a source, in the order of their places."""
    source = path.read_bytes()
    found = {
        Change(path, start, stop, old, new)
        for start, stop, old in _places(source)
        for new in _others(old)
    }
    return sorted(found)


def _others(old: str) -> tuple[str, ...]:
    if old.isdecimal():
        return (str(int(old) + 1),)
    return OTHERS.get(" ".join(old.split()), (LEFT_OUT,))


class _Source:
    """Bytes, with where each node of their tree is."""

    def __init__(self, source: bytes) -> None:
        self.bytes = source
        self._lines = [0, *(match.end() for match in re.finditer(rb"\n", source))]

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """From where to where a node goes."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start = self._lines[node.lineno - 1] + node.col_offset
        return start, self._lines[node.end_lineno - 1] + node.end_col_offset

    def place(self, start: int, stop: int) -> tuple[int, int, str]:
        return start, stop, self.bytes[start:stop].decode()

    def between(
        self, left: ast.expr, right: ast.expr, what: re.Pattern[bytes]
    ) -> Iterator[tuple[int, int, str]]:
        """The operator between two operands."""
        found = what.search(self.bytes, self.span(left)[1], self.span(right)[0])
        if found is not None:
            yield self.place(*found.span())


def _places(source: bytes) -> Iterator[tuple[int, int, str]]:
    """Where functions can be changed, and what is there."""
    of, tree = _Source(source), ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name != "__repr__":
            for inner in (one for statement in node.body for one in _walked(statement)):
                if not (node.name == "__init__" and isinstance(inner, ast.Assign)):
                    yield from _of_statement(inner, of)
                yield from _of_expression(inner, of)


def _walked(node: ast.AST) -> Iterator[ast.AST]:
    """A node and what is in it, but for what stays as it is, and functions, which come by
    themselves."""
    if isinstance(node, (*UNTOUCHED, ast.FunctionDef)):
        return
    yield node
    for name, value in ast.iter_fields(node):
        if name not in ("annotation", "returns"):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from _walked(child)


def _of_statement(node: ast.AST, of: _Source) -> Iterator[tuple[int, int, str]]:
    match node:
        case ast.Expr(value=ast.Constant()):  # a docstring
            return
        case ast.Expr() | ast.Delete() | ast.If(orelse=[]):
            yield of.place(*of.span(node))
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript(), *_]):
            yield of.place(*of.span(node))
        case ast.AugAssign():
            yield of.place(*of.span(node))
            yield from of.between(node.target, node.value, ASSIGNED)
        case ast.Break() | ast.Continue():
            yield of.place(*of.span(node))


def _of_expression(node: ast.AST, of: _Source) -> Iterator[tuple[int, int, str]]:
    match node:
        case ast.Compare():
            for left, right in pairwise([node.left, *node.comparators]):
                yield from of.between(left, right, COMPARISON)
        case ast.BoolOp():
            for left, right in pairwise(node.values):
                yield from of.between(left, right, BOOLEAN)
        case ast.BinOp(op=ast.Add() | ast.Sub()):
            yield from of.between(node.left, node.right, SUM)
        case ast.UnaryOp(op=ast.Not()):
            start, _ = of.span(node)
            yield of.place(start, start + len("not"))
        case ast.Constant(value=bool() | int()):
            yield of.place(*of.span(node))
        case ast.Call(func=ast.Name(id=name) as called) if name in SWAPPED:
            yield of.place(*of.span(called))
