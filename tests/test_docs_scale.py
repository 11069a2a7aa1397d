"""What docs/scale.md computes; that its tables are those of the program, test_docs_generated.py
sees to."""

import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from tests.places import ROOT


@pytest.fixture
def scale(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(ROOT / "docs")
    import scale_tables

    yield scale_tables
    del sys.modules["scale_tables"]


def test_home_alone_needs_no_door_and_each_further_host_that_reads_all_is_one_more_reader(scale):
    assert scale.Needs(1, whole=False).passed_per_s == 0
    assert scale.Needs(10, whole=True).passed_per_s == 9 * 100_000
    assert scale.Needs(100, whole=True).passed_per_s == 99 * 100_000


def test_shares_of_the_symbols_add_up_to_all_of_them_however_many_hosts_there_are(scale):
    for hosts in scale.HOSTS:
        assert hosts * scale.Needs(hosts, whole=False).read_per_s == 100_000


def test_what_is_more_than_there_is_stands_in_bold(scale, monkeypatch):
    slow = scale.MEASURED["mirror_per_s"]._replace(figure=0.5)
    monkeypatch.setitem(scale.MEASURED, "mirror_per_s", slow)
    line = next(one for one in scale.needs().splitlines() if one.startswith("| the mirror"))
    assert all(cell.strip().startswith("**") for cell in line.split("|")[2:-1])


def test_every_figure_is_a_number_that_a_command_or_a_page_has(scale):
    for one in scale.MEASURED.values():
        assert one.figure > 0
        page = one.source.rpartition("(")[2].rstrip(")")
        assert one.source.startswith("`") or (ROOT / "docs" / page).is_file()
