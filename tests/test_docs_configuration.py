"""docs/configuration.md has every setting there is, as common/config.py has it, and no other."""

import json
import re
import shlex
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from tapewire.common.config import settings as configuration
from tapewire.common.config.settings import Config
from tests.documented import CLI
from tests.markdown import blocks
from tests.places import ROOT

DOCUMENT = ROOT / "docs" / "configuration.md"
HEADING = re.compile(r"#+ (Top level|\[+[\w.]+\]+)$")
KEY_ROW = re.compile(r"\| `(\w+)` \| (.+?) \| (.+?) \| (.+) \|$")
BOUNDS = {"ge": "{} or more", "gt": "above {}"}


def sections(model: type[BaseModel], name: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    """Each table with its heading: `[tws]`, or `[[instruments]]` where it may stand repeatedly."""
    for key, field in model.model_fields.items():
        held, is_list = _table_in(field.annotation)
        if held is not None:
            path = f"{name}.{key}".lstrip(".")
            yield (f"[[{path}]]" if is_list else f"[{path}]"), held
            yield from sections(held, path)


def _table_in(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    for inner in get_args(annotation):
        held, is_list = _table_in(inner)
        if held is not None:
            return held, is_list or get_origin(annotation) is tuple
    return None, False


SECTIONS = {"Top level": Config, **dict(sections(Config))}


def settings(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The keys of a table as the file has them; the sections themselves are not keys."""
    return {
        field.alias or key: field
        for key, field in model.model_fields.items()
        if model is not Config or _table_in(field.annotation)[0] is None
    }


def documented() -> dict[str, dict[str, tuple[str, str]]]:
    """By heading and key what the document says that it takes, and its default."""
    found: dict[str, dict[str, tuple[str, str]]] = {}
    rows: dict[str, tuple[str, str]] = {}
    for line in DOCUMENT.read_text().splitlines():
        if heading := HEADING.match(line):
            rows = found[heading[1]] = {}
        elif row := KEY_ROW.match(line):
            rows[row[1]] = (row[2], row[3])
    return found


TOLD = documented()
KEYS = [(name, key, field) for name, m in SECTIONS.items() for key, field in settings(m).items()]


def test_every_section_has_a_heading_and_every_key_a_row_in_its_order():
    told = [(name, list(rows)) for name, rows in TOLD.items()]
    assert told == [(name, list(settings(model))) for name, model in SECTIONS.items()]


def test_every_key_s_default_and_bounds_are_those_of_the_model():
    assert [fault for key in KEYS for fault in _faults(*key)] == []


def _faults(name: str, key: str, field: FieldInfo) -> Iterator[str]:
    takes, default = TOLD.get(name, {}).get(key, ("no row", "no row"))
    if default != _default(field):
        yield f"{name} {key}: {default}, expected {_default(field)}"
    for bound in _bounds(field):
        if bound not in takes:
            yield f"{name} {key}: {takes}, expected {bound}"


def _default(field: FieldInfo) -> str:
    """As the file would have it."""
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "required"
    if value is None:
        return "none"
    is_number = isinstance(value, Decimal | float)
    return f"`{value:g}`" if is_number else f"`{json.dumps(value, default=_plain)}`"


def _plain(value: object) -> object:
    """A path as text, a table as the keys that are not their defaults."""
    return value.model_dump(exclude_defaults=True) if isinstance(value, BaseModel) else str(value)


def _bounds(field: FieldInfo) -> Iterator[str]:
    """Each bound, and each of the values that are allowed, in the words of the document."""
    limits = {k: v for m in field.metadata for k, v in _limits(m)}
    if "le" in limits:
        yield f"{limits['ge']} to {limits['le']}"
    else:
        yield from (BOUNDS[kind].format(limit) for kind, limit in limits.items())
    if field.annotation is bool:
        yield "`true` or `false`"
    yield from (f"`{json.dumps(v)}`" for v in get_args(field.annotation) if isinstance(v, str))


def _limits(constraint: object) -> Iterator[tuple[str, int]]:
    for kind in ("ge", "gt", "le"):
        if hasattr(constraint, kind):
            yield kind, getattr(constraint, kind)


def test_every_section_has_an_example():
    lines = [line for block in blocks(DOCUMENT, "toml") for line in block.lines]
    wanted = {"run_dir" if heading == "Top level" else heading for heading in SECTIONS}
    assert {one for one in wanted if not any(line.startswith(one) for line in lines)} == set()


(SHELL,) = blocks(DOCUMENT, "sh")


def test_the_variables_of_the_examples_are_taken(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert SHELL.lines
    for line in SHELL.lines:
        with monkeypatch.context() as variables:
            _takes(line, variables, tmp_path)


def _takes(line: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "paper.toml").write_text("[tws]\nport = 4002\n")
    words = shlex.split(line)
    given = [word.split("=", 1) for word in words if word.startswith(configuration.PREFIX)]
    assert given
    assert words[len(given)] == "tapewire"
    assert words[len(given) + 1] in CLI
    for name, value in given:
        before = configuration.load()
        monkeypatch.setenv(name, value)
        assert configuration.load() != before
