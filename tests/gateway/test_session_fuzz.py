"""Any bytes, split anywhere, at any version: messages and ticks, or one clear error."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapewire.common.bus import wire
from tapewire.gateway.broker import BrokerError
from tapewire.gateway.tws.framing import FRAME_MAX_BYTES, FramingError, frame
from tapewire.gateway.tws.market_data import MarketData
from tapewire.gateway.tws.messages import NextValidId, SessionStarted, TwsMessage, Undecodable
from tapewire.gateway.tws.session import TwsSession
from tapewire.simulator.protocol import messages
from tapewire.simulator.protocol.messages import frame as tws_frame
from tests.gateway.test_versions import long_messages
from tests.gateway.tws_bench import Bench
from tests.gateway.tws_messages import AAPL, ACCOUNT, T0, managed_accounts

VERSIONS = st.sampled_from([100, 152, 157, 158, 163, 164, 166, 170, 176, 177, 178])
FIELDS = st.one_of(
    st.sampled_from(["", "0", "1", "-1", "6", "5", "1000000000", "nan", "1e999", "9" * 40]),
    st.text(max_size=12),
)
TICKS = st.sampled_from(["1", "2", "21", "99"])
ANY_MESSAGE = st.builds(
    lambda kind, fields: tws_frame([kind, *fields]),
    st.one_of(TICKS, st.integers(0, 110).map(str)),
    st.lists(FIELDS, max_size=12),
)
GOOD = [
    tws_frame(["1", "6", "1000000000", "1", "150.5", "10", "0"]),
    tws_frame(["2", "6", "1000000000", "0", "11.25"]),
    *(tws_frame(fields) for version in (157, 178) for fields in long_messages(version)),
]
STREAM = st.lists(
    st.one_of(ANY_MESSAGE, st.sampled_from(GOOD), st.binary(max_size=40).map(frame)), max_size=12
).map(b"".join)
CUTS = st.lists(st.integers(0, 4_000), max_size=8)


def session_at(version: int) -> TwsSession:
    session = TwsSession(7, MarketData())
    session.opened()
    assert session.received(tws_frame([str(version), "time"]), T0) == [SessionStarted(version)]
    session.market.open(AAPL)
    return session


def fed(session: TwsSession, stream: bytes, cuts: list[int]) -> tuple[list[TwsMessage], Any]:
    """What a session makes of a stream that comes in pieces; an error ends it."""
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    got: list[TwsMessage] = []
    for begin, end in pairwise(places):
        got += session.received(stream[begin:end], T0)
    return got, session.market.take()


def fault(session: TwsSession, stream: bytes, cuts: list[int]) -> str | None:
    """The error that a stream ends in, if it does."""
    try:
        got, _ticks = fed(session, stream, cuts)
    except BrokerError as error:
        return str(error)
    assert all(isinstance(one, TwsMessage) for one in got)
    return None


@given(VERSIONS, STREAM, CUTS)
def test_what_a_stream_means_does_not_depend_on_where_it_is_split(
    version: int, stream: bytes, cuts: list[int]
):
    whole, ticks = fed(session_at(version), stream, [])
    assert fed(session_at(version), stream, cuts) == (whole, ticks)


@given(VERSIONS, STREAM)
def test_whatever_came_the_next_message_is_read(version: int, stream: bytes):
    session = session_at(version)
    fed(session, stream, [])
    assert session.received(tws_frame(messages.next_valid_id(3)), T0) == [NextValidId(3)]


@given(st.binary(max_size=400), CUTS)
def test_any_bytes_in_place_of_the_handshake_are_waited_for_or_one_error(
    stream: bytes, cuts: list[int]
):
    session = TwsSession(7, MarketData())
    session.opened()
    assert fault(session, stream, cuts) is None or session.state == "HANDSHAKE"


@given(VERSIONS, st.binary(max_size=400), CUTS)
def test_any_bytes_behind_the_handshake_are_messages_or_one_error(
    version: int, stream: bytes, cuts: list[int]
):
    found = fault(session_at(version), stream, cuts)
    assert found is None or "expected at most 16777215" in found


def test_no_more_is_kept_than_one_frame_and_what_came_last():
    session, piece = session_at(178), b"x" * 65_536
    session.received(FRAME_MAX_BYTES.to_bytes(4, "big"), T0)
    got: list[TwsMessage] = []
    for _ in range(FRAME_MAX_BYTES // len(piece) + 2):
        try:
            got += session.received(piece, T0)
        except FramingError:
            break
        assert session._frames.waiting <= FRAME_MAX_BYTES + 4
    assert [type(one) for one in got] == [Undecodable]


def test_a_frame_that_is_too_long_is_refused_before_it_is_read():
    session = session_at(178)
    with pytest.raises(FramingError, match="frame of 16777216 bytes, expected at most 16777215"):
        session.received((FRAME_MAX_BYTES + 1).to_bytes(4, "big"), T0)


# ---- the whole core ----------------------------------------------------------------------------


def damaged(fields: list[str], places: list[int], texts: list[str]) -> list[str]:
    """A message with other texts in some of its fields, but for its id."""
    changed = fields.copy()
    for place, text in zip(places, texts, strict=False):
        changed[1 + place % (len(fields) - 1)] = text
    return changed


DAMAGE = st.tuples(
    st.integers(0, 5), st.lists(st.integers(0, 140), max_size=3), st.lists(FIELDS, max_size=3)
)


@given(st.sampled_from([157, 164, 178]), st.lists(DAMAGE, max_size=6))
def test_no_message_with_damaged_fields_stops_the_gateway(version: int, damage: list[Any]):
    bench = Bench(connect=False)
    bench.open()
    bench.receive([str(version), "20261120 10:00:00 UTC"])
    bench.receive(messages.next_valid_id(1), managed_accounts(ACCOUNT))
    known = long_messages(version)
    for which, places, texts in damage:
        bench.receive(damaged(known[which], places, texts))
        bench.tick()
    assert bench.broker.session.state == "UP"
    assert all(wire.decode_event(wire.encode(event)) == event for event in bench.journal)
