"""An option that README and docs speak of by itself is one of the command's that they mean."""

import importlib.util
import re
from functools import cache
from pathlib import Path

from tests.documented import CLI, ended, named_in, options_of, options_stated
from tests.markdown import DOCUMENTS, Span, blocks, sections_of, spans


def _candidates(path: Path, span: Span) -> set[str]:
    """The commands that an option may belong to: those that its section names, else the last."""
    sections, texts = sections_of(path), _texts(path)
    deep = len(span.section)
    here = [text for line, text in texts if sections[line - 1][:deep] == span.section]
    if found := named_in(here):
        return found
    before = sorted((line, text) for line, text in texts if line < span.line)
    return next((names for _, text in reversed(before) if (names := named_in([text]))), set())


@cache
def _texts(path: Path) -> list[tuple[int, str]]:
    """All that may name a command, each with its line: spans, blocks and headings."""
    texts = [(s.line, s.text) for s in spans(path) if not s.text.startswith("--")]
    texts += [(b.line, line) for b in blocks(path) for line in b.lines]
    lines = enumerate(path.read_text().splitlines(), 1)
    return texts + [(n, line.lstrip("# ")) for n, line in lines if re.match(r"#+ ", line)]


OPTIONS = [(path, span, option) for path in DOCUMENTS for span, option in options_stated(path)]


def test_every_option_that_is_spoken_of_is_one_of_the_command_s():
    assert len(OPTIONS) > 20
    assert [fault for path, span, o in OPTIONS if (fault := _unknown(path, span, o))] == []


def _unknown(path: Path, span: Span, option: str) -> str:
    candidates = _candidates(path, span)
    if not candidates:
        return f"{span.where}: no command is named before {option}"
    known = any(option in _options(name) for name in candidates)
    return "" if known else f"{span.where}: none of {sorted(candidates)} has {option}"


@cache
def _options(name: str) -> set[str]:
    if name in CLI:
        return options_of(name)
    if importlib.util.find_spec(name) is None:
        return set()
    return set(re.findall(r"--[a-z-]+", ended(name, "--help").stdout))
