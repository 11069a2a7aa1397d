"""Questions about what there is, and about what this TWS has none of."""

import pytest

from tapewire.common.options import instrument_of
from tapewire.simulator.protocol.lookup_messages import symbol_samples
from tests import ib_async_codec
from tests.simulator.conftest import AAPL

CALL = instrument_of("AAPL  281215C00150000")


def test_symbols_match_by_their_beginning(make_tws):
    client = make_tws(instruments=[AAPL, CALL]).client()
    client.send(81, 4, "aa")
    client.send(81, 5, "zz")
    assert client.read(79) == [
        ["79", "4", "1", "1000", "AAPL", "STK", "SMART", "USD", "1", "OPT"],
        ["79", "5", "0"],
    ]


@pytest.mark.parametrize("version", [157, 175, 176, 178])
def test_ib_async_reads_symbols_at_every_version(version):
    sent = symbol_samples(version, 4, [(AAPL, ("OPT", "WAR"))])
    ((name, (req_id, (found,))),) = ib_async_codec.read(version, sent)
    assert (name, req_id, found.contract.symbol) == ("symbolSamples", 4, "AAPL")
    assert found.derivativeSecTypes == ["OPT", "WAR"]
    assert bool(found.contract.description) == (version >= 176)


def test_the_exchanges_behind_smart_are_named_by_the_code_of_a_line(make_tws):
    client = make_tws().client()
    client.subscribe()
    ((*_, code, _),) = client.read(81)
    client.send(83, 4, code)
    client.send(83, 5, "other")
    (found, error) = client.read()
    assert found[:3] == ["82", "4", "5"]
    assert error[2:4] == ["5", "321"]


def test_a_group_of_windows_shows_what_it_was_given(make_tws):
    client = make_tws().client()
    client.send(67, 1, 4)
    client.send(69, 1, 5, "1000@SMART")
    client.send(68, 1, 5, 2)
    client.send(69, 1, 5, "1000@SMART")
    client.send(70, 1, 5)
    client.send(69, 1, 5, "none")
    assert [one[:4] for one in client.read()] == [
        ["67", "1", "4", "1|2|3|4|5|6|7"], ["4", "2", "5", "321"], ["68", "1", "5", "none"],
        ["68", "1", "5", "1000@SMART"], ["4", "2", "5", "321"],
    ]  # fmt: skip


def test_corporate_events_need_their_metadata_first(make_tws):
    client = make_tws().client()
    client.send(102, 4, 1000)
    client.send(100, 5)
    client.send(102, 6, 1000)
    assert [one[:4] for one in client.read()] == [
        ["4", "2", "4", "10282"], ["104", "5", '{"meta_data":{"event_types":[]}}'],
        ["105", "6", "[]"],
    ]  # fmt: skip
