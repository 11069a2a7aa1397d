"""Layouts: a table of names and what is at each place."""

import pytest

from tapewire.simulator.protocol.layout import Field, Layout, constants, unused
from tapewire.simulator.protocol.order_attributes import HONOURED, VACUOUS
from tapewire.simulator.protocol.order_messages import COMPLETED_ORDER, OPEN_ORDER
from tapewire.simulator.protocol.place_order import PLACE_ORDER
from tapewire.simulator.protocol.requests import Fields

VERSIONS = (152, 157, 163, 170, 177, 178)


def names(layout, version):
    return [one.name for one in layout.at(version)]


def test_a_field_is_there_from_its_first_version_to_before_its_last():
    layout = Layout(Field("a", "1"), Field("b", "2", since=158), Field("c", "3", until=160))
    assert names(layout, 157) == ["a", "c"]
    assert names(layout, 158) == ["a", "b", "c"]
    assert names(layout, 160) == ["a", "b"]


def test_a_message_is_written_from_constants_and_functions():
    layout = Layout(Field("a", lambda about: about.upper()), *constants("0", "b c"))
    assert layout.write("x", 157) == ["X", "0", "0"]


def test_a_request_is_read_by_name():
    layout = Layout(Field("id", Fields.identity), *unused("x y"), Field("price", Fields.number))
    found = layout.read(Fields(["3", "7", "", "", "1.5"]), 157)
    assert (found["id"], str(found["price"])) == (7, "1.5")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("layout", [PLACE_ORDER, OPEN_ORDER, COMPLETED_ORDER])
def test_no_name_is_there_twice(layout, version):
    found = names(layout, version)
    assert len(set(found)) == len(found)


def test_every_attribute_that_is_accepted_is_in_the_layout():
    assert set(names(PLACE_ORDER, 157)) >= HONOURED | set(VACUOUS)
