"""What the documents repeat of the code is what the code says."""

import importlib.util
from collections.abc import Iterator
from types import ModuleType

import pytest

from tapewire.common.events import types_by_name
from tests.places import ROOT


@pytest.fixture(scope="module")
def generate() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "docs")  # as for a script, which finds what lies beside it
        yield _loaded()


def _loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_no_document_is_out_of_date(generate):
    assert [path.name for path in generate.outdated()] == [], "run `make docs`"


def test_every_event_that_is_sent_stands_in_a_table(generate):
    listed = {name for names in generate.FAMILIES.values() for name in names}
    unsent = {name for name in types_by_name() if name.startswith("checkpoint.")}
    assert types_by_name().keys() - listed == unsent


def test_every_section_is_used(generate):
    used = {
        found["name"]
        for path in (ROOT / "docs").glob("*.md")
        for found in generate.SECTION.finditer(path.read_text())
    }
    assert used == generate.SECTIONS.keys()
