"""docs/wire.md names every event with every field, in their order on the wire."""

import re

import msgspec
import pytest

from tapewire.common.events import types_by_name
from tests.places import ROOT

ROWS = dict(
    re.findall(r"^\| `([a-z_.]+)` \| (.*) \|$", (ROOT / "docs/wire.md").read_text(), re.MULTILINE)
)


@pytest.mark.parametrize("name", sorted(types_by_name()))
def test_every_event_stands_in_the_table_with_its_fields_in_order(name):
    assert name in ROWS, f"docs/wire.md has no row for {name}"
    fields = [f.name for f in msgspec.structs.fields(types_by_name()[name])]
    written = [part.strip().split("`")[1] for part in re.split(r", (?=`[a-z_]+` )", ROWS[name])]
    assert written == fields
