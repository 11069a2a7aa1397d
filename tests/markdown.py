"""What README and docs say, piece by piece: their blocks, and the code spans in their prose."""

import re
import textwrap
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.places import ROOT

DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`]+)`")
_HEADING = re.compile(r"^(#+) ", re.MULTILINE)

Section = tuple[int, ...]  # the numbers of the headings that it is under, from the title's on


class Block(NamedTuple):
    """A fenced block: its language, and its text without the list's indentation."""

    path: Path
    line: int
    language: str
    text: str

    @property
    def where(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}"

    @property
    def lines(self) -> list[str]:
        return [line for line in self.text.splitlines() if line.strip()]


class Span(NamedTuple):
    """A code span in prose or a table, and the heading that it stands under."""

    path: Path
    line: int
    section: Section
    text: str

    @property
    def where(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}"


def blocks(path: Path, language: str | None = None) -> list[Block]:
    """The fenced blocks of a document, or those of one language, in their order."""
    return [b for b in _blocks(path) if language in (None, b.language)]


@cache  # tests ask for the same documents again and again
def _blocks(path: Path) -> tuple[Block, ...]:
    text = path.read_text()
    return tuple(
        Block(path, _line(text, m.start()), m[2], textwrap.dedent(m[3]))
        for m in _FENCE.finditer(text)
    )


@cache
def spans(path: Path) -> tuple[Span, ...]:
    """The code spans of a document, outside its blocks; a span over two lines is one text."""
    text = _FENCE.sub(lambda m: "\n" * m[0].count("\n"), path.read_text())
    sections = sections_of(path)
    return tuple(
        Span(path, line, sections[line - 1], " ".join(m[1].split()))
        for m in _SPAN.finditer(text)
        for line in [_line(text, m.start())]
    )


@cache
def sections_of(path: Path) -> tuple[Section, ...]:
    """The section that each line is in; a heading is in its own."""
    text = _FENCE.sub(lambda m: "\n" * m[0].count("\n"), path.read_text())
    section: Section = ()
    found: list[Section] = []
    for number, line in enumerate(text.splitlines(), 1):
        if heading := _HEADING.match(line):
            section = (*section[: len(heading[1]) - 1], number)
        found.append(section)
    return tuple(found)


def indented_commands(path: Path) -> list[str]:
    """Lines of blocks without a fence that look like commands: nobody would run them."""
    text = _FENCE.sub("", path.read_text())
    return re.findall(r"^ {4}(?:\.venv/bin/|\$ |tapewire |python |make ).*$", text, re.MULTILINE)


def _line(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1
