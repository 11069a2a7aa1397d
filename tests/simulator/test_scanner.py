"""Scans: the simulator's own symbols, ranked."""

import xml.etree.ElementTree as ET

import pytest

from tapewire.common.instruments import Instrument
from tapewire.simulator.answers.scanner import SCANS

SYMBOLS = [Instrument(symbol="UP"), Instrument(symbol="DOWN"), Instrument(symbol="FLAT"),
           Instrument(symbol="ES", sec_type="FUT", exchange="CME")]  # fmt: skip
MIDNIGHT_S = 1_700_006_400 - 1_700_000_000
"""Seconds from the start of tests to midnight."""


def scan(client, code, req_id=3, rows=10, above="", below="", volume="", kind="STK"):
    client.send(22, req_id, rows, kind, f"{kind}.US", code, above, below, volume, *[""] * 16)


def ranked(message):
    return message[6::16]


@pytest.fixture
def tws(make_tws, make_trade):
    before = [make_trade(1, "10", "5", one.symbol) for one in SYMBOLS]
    traded = {"UP": ("12", "50"), "DOWN": ("8", "90"), "FLAT": ("10", "70"), "ES": ("10", "1")}
    after = [make_trade(MIDNIGHT_S + 10, *traded[one.symbol], one.symbol) for one in SYMBOLS]
    tws = make_tws([*before, *after], SYMBOLS)
    client = tws.client(9)
    client.subscribe(symbol="UP")
    tws.pass_s(0)
    tws.pass_s(MIDNIGHT_S + 20)
    return tws


@pytest.mark.parametrize(
    ("code", "order"),
    [
        ("TOP_PERC_GAIN", ["UP", "FLAT", "DOWN"]),
        ("TOP_PERC_LOSE", ["DOWN", "FLAT", "UP"]),
        ("MOST_ACTIVE", ["DOWN", "FLAT", "UP"]),
    ],
)
def test_symbols_are_ranked_by_what_they_did_since_midnight(tws, code, order):
    client = tws.client()
    scan(client, code)
    (found,) = client.read(20)
    assert ranked(found) == order


def test_a_scan_leaves_out_what_does_not_pass_and_has_so_many_rows(tws):
    client = tws.client()
    scan(client, "TOP_PERC_GAIN", above="9", volume="60")
    scan(client, "MOST_ACTIVE", req_id=4, rows=1)
    scan(client, "MOST_ACTIVE", req_id=5, kind="FUT")
    assert [ranked(one) for one in client.read(20)] == [["FLAT"], ["DOWN"], ["ES"]]


def test_an_empty_scan_says_so(tws):
    client = tws.client()
    scan(client, "MOST_ACTIVE", above="1000")
    assert [one[2:4] for one in client.read(20, 4)] == [["3", "0"], ["3", "165"]]


def test_a_scan_is_sent_again_until_it_is_cancelled(tws):
    client = tws.client()
    scan(client, "MOST_ACTIVE")
    tws.pass_s(30)
    tws.pass_s(30)
    assert len(client.read(20)) == 3
    client.send(23, 1, 3)
    tws.pass_s(60)
    assert client.read() == []
    client.send(23, 1, 3)
    assert client.errors() == [(3, 300)]


def test_an_unknown_scan_and_an_eleventh_are_errors(tws):
    client = tws.client()
    scan(client, "LUCKY", req_id=1)
    for req_id in range(2, 13):
        scan(client, "MOST_ACTIVE", req_id)
    assert client.errors() == [(1, 162), (12, 162)]


def test_the_parameters_name_every_scan(make_tws):
    client = make_tws().client()
    client.send(24, 1)
    ((_, _, xml),) = client.read(19)
    codes = [one.text for one in ET.fromstring(xml).iter("scanCode")]
    assert codes == list(SCANS)
