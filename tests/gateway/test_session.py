"""The session: handshake and start, and each of ibapi's own defects that it must not have."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapewire.common.config.tws_address import IDENTIFY
from tapewire.gateway.broker import CLOSED, SessionLost
from tapewire.gateway.tws.framing import FramingError, frame
from tapewire.gateway.tws.market_data import MarketData
from tapewire.gateway.tws.messages import (
    IdentityAsked,
    ManagedAccounts,
    NextValidId,
    SessionStarted,
    TwsError,
    Undecodable,
)
from tapewire.gateway.tws.session import SessionError, TwsSession
from tapewire.simulator.protocol import messages
from tapewire.simulator.protocol.messages import frame as tws_frame
from tests.gateway.tws_bench import Bench
from tests.gateway.tws_messages import T0, managed_accounts

REPLY = tws_frame(["157", "20261120 10:00:00 UTC"])
START = tws_frame(messages.next_valid_id(5)) + tws_frame(managed_accounts("DU1", "DU2"))


def opened() -> TwsSession:
    session = TwsSession(7, MarketData())
    session.opened()
    return session


def started() -> TwsSession:
    session = opened()
    session.received(REPLY, T0)
    return session


def test_the_client_speaks_first_and_names_its_versions():
    assert TwsSession(7, MarketData()).opened() == b"API\0" + frame(b"v100..178")


def test_nothing_can_be_asked_before_the_handshake():
    with pytest.raises(SessionError, match="the session is HANDSHAKE, requests need it"):
        _ = opened().encode


@given(st.lists(st.integers(0, len(REPLY + START)), max_size=6))
def test_a_handshake_reply_in_any_number_of_segments_is_understood(cuts: list[int]):
    # ibapi's defect 2: split over two segments it hung for ever.
    session, stream = opened(), REPLY + START
    places = [0, *sorted(cuts), len(stream)]
    got = [m for a, b in pairwise(places) for m in session.received(stream[a:b], T0)]
    assert got == [SessionStarted(157), NextValidId(5), ManagedAccounts(("DU1", "DU2"))]
    assert (session.state, session.next_valid_id) == ("UP", 5)


def test_bytes_that_arrive_together_with_the_reply_are_not_dropped():
    # ibapi's defect 3.
    notice = tws_frame(messages.error(157, -1, 2104, "farm is OK"))
    got = opened().received(REPLY + notice, T0)
    assert got == [SessionStarted(157), TwsError(-1, 2104, "farm is OK")]


def test_a_session_is_up_only_with_both_the_id_and_the_accounts():
    session = started()
    assert session.state == "STARTING"
    session.received(tws_frame(managed_accounts("DU1")), T0)
    assert session.state == "STARTING"
    session.received(tws_frame(messages.next_valid_id(1)), T0)
    assert session.state == "UP"


@pytest.mark.parametrize(
    "garbage",
    [
        b"hello",
        b"",
        b"12x",
        b"\xff\xfe",
        b"-1",
        b"1_57",
        b" 157",
        b"+157",
        b"9" * 5000,
        "\u0661\u0665\u0667".encode(),
    ],
    ids=lambda one: repr(one[:10]),
)
def test_garbage_instead_of_a_version_is_an_error_that_says_what_came(garbage: bytes):
    with pytest.raises(SessionError, match="is this port TWS's API port"):
        opened().received(frame(garbage + b"\0time\0"), T0)


def test_a_version_without_its_end_is_garbage_too():
    with pytest.raises(SessionError, match="is this port TWS's API port"):
        opened().received(frame(b"157"), T0)


def test_another_protocol_on_the_port_is_an_error():
    with pytest.raises(FramingError):
        opened().received(b"HTTP/1.1 400 Bad Request\r\n", T0)


@pytest.mark.parametrize("version", [99, 179, 226, 0])
def test_a_version_beyond_what_was_offered_is_refused(version: int):
    with pytest.raises(SessionError, match=f"TWS chose version {version}, expected 100 to 178"):
        opened().received(tws_frame([str(version), "time"]), T0)


def test_a_tws_that_is_too_new_is_refused_in_words_that_help():
    with pytest.raises(SessionError, match="it is too new: use an older TWS or IB Gateway"):
        opened().received(tws_frame(["201", "time"]), T0)


def test_the_reason_of_a_tws_that_closes_in_the_handshake_reaches_the_operator():
    bench = Bench(connect=False)
    bench.open()
    (lost,) = bench.broker.take([CLOSED, b"TWS closed the connection"], bench.now)
    assert isinstance(lost, SessionLost)
    assert "before it chose a version from 100 to 178" in lost.reason


def test_a_close_in_place_of_a_version_says_what_can_be_the_matter():
    session = opened()
    assert session.cut_off("TWS closed") == (
        "TWS closed before it chose a version from 100 to 178; if it always does, it is too new, or"
        " it does not trust this address (see its API settings)"
    )
    session.received(REPLY, T0)
    assert session.cut_off("TWS closed") == "TWS closed"


def test_a_close_in_the_handshake_leads_back_to_the_beginning():
    # ibapi's defect 6: an AttributeError out of connect().
    session = opened()
    session.received(REPLY[:7], T0)
    session.closed()
    assert session.state == "DOWN"
    session.opened()
    assert session.received(REPLY, T0) == [SessionStarted(157)]


def test_a_fractional_size_is_a_tick_and_not_the_end():
    # ibapi's defect 4.
    session = started()
    line = session.market.open("AAPL")
    price = tws_frame(["1", "6", str(line), "1", "150.5", "10.5", "0"])
    size = tws_frame(["2", "6", str(line), "0", "11.25"])
    assert session.received(price + size, T0) == []
    ((_, ticks),) = session.market.take()
    assert [t.bid_size for t in ticks] == [10.5, 11.25]


@pytest.mark.parametrize(
    "fields",
    [
        ["1", "6"],
        ["1"],
        ["2", "6", "{line}", "0", "many"],
        ["11", "1", "2"],
        ["5", "1"],
        ["nonsense"],
        [""],
    ],
    ids=str,
)
def test_a_message_that_cannot_be_read_costs_itself_alone(fields: list[str]):
    # ibapi's defect 5: it ended run().
    session = started()
    line = session.market.open("AAPL")
    broken = tws_frame([f.format(line=line) for f in fields])
    got = session.received(broken + tws_frame(messages.next_valid_id(9)), T0)
    assert isinstance(got[0], Undecodable)
    assert got[1:] == [NextValidId(9)]


def test_a_message_of_an_unknown_kind_is_passed_over():
    assert started().received(tws_frame(["9999", "1"]), T0) == []


@given(st.lists(st.binary(max_size=60), max_size=5))
def test_no_payload_raises_once_the_handshake_is_done(payloads: list[bytes]):
    session = started()
    session.received(b"".join(frame(p) for p in payloads), T0)
    assert session.received(tws_frame(messages.next_valid_id(3)), T0) == [NextValidId(3)]


def test_a_line_of_an_earlier_session_is_forgotten():
    session = started()
    line = session.market.open("AAPL")
    session.opened()
    session.received(REPLY + tws_frame(["1", "6", str(line), "1", "1.0", "1", "0"]), T0)
    assert session.market.take() == []


def test_start_api_is_the_first_request_and_comes_after_the_reply():
    bench = Bench(connect=False)
    bench.open()
    bench.broker.want("AAPL")
    assert bench.flush() == []
    bench.raw(REPLY)
    assert bench.flush() == [["71", "2", "1", ""]]
    assert bench.flush() == []


# ---- the group's own simulator --------------------------------------------------------------

NONCE = tws_frame(messages.identity("secret"))


def asked() -> TwsSession:
    """A session whose peer has shaken hands and was asked for its nonce."""
    session = TwsSession(7, MarketData())
    session.opened("secret", "127.0.0.1:4242")
    assert session.received(REPLY, T0) == [IdentityAsked()]
    return session


@given(st.lists(st.integers(0, len(REPLY + NONCE + START)), max_size=6))
def test_a_simulator_that_knows_the_nonce_is_taken_for_it(cuts: list[int]):
    session, stream = TwsSession(7, MarketData()), REPLY + NONCE + START
    session.opened("secret", "127.0.0.1:4242")
    places = [0, *sorted(cuts), len(stream)]
    got = [m for a, b in pairwise(places) for m in session.received(stream[a:b], T0)]
    assert got[:2] == [IdentityAsked(), SessionStarted(157)]
    assert (session.state, session.unproven) == ("UP", False)


STRANGERS = {
    "another nonce": (messages.identity("other"), "another nonce"),
    "no nonce": (messages.identity(""), "another nonce"),
    "an echo": ([IDENTIFY], "another nonce"),
    "an error": (messages.error(157, -1, 321, "unknown message id"), "message '4'"),
    "accounts": (managed_accounts("DU1"), "message '15'"),
    "a tick": (["1", "6", "1", "1", "150.5", "10", "0"], "message '1'"),
    "nothing": ([""], "message ''"),
}


@pytest.mark.parametrize(("fields", "what"), STRANGERS.values(), ids=STRANGERS)
def test_any_other_answer_is_a_strangers(fields: list[str], what: str):
    session = asked()
    with pytest.raises(SessionError, match=f"asked for its nonce, it answered with {what}"):
        session.received(tws_frame(fields) + START, T0)
    assert (session.state, session.unproven) == ("IDENTIFYING", True)


def test_a_nonce_holds_for_one_connection_and_a_tws_needs_none():
    session = asked()
    session.closed()
    assert not session.unproven
    session.opened()
    assert session.received(REPLY, T0) == [SessionStarted(157)]
