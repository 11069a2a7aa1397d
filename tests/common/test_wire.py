"""What goes over the wire comes back, and what should not is refused with its place."""

import contextlib
from decimal import Decimal

import msgpack
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapewire.common.bus import wire
from tapewire.common.events import (
    EVERYTHING,
    CancelOrder,
    Event,
    Fill,
    Heartbeat,
    OrderCancelled,
    OrderIntended,
    OrderTerms,
    Quote,
    RiskHalted,
    Signal,
    SubmitOrder,
    Trade,
    name_of,
    types_by_name,
)

QUOTE = Quote("ES", 5, 100.25, 3.0, None, None)
TERMS = OrderTerms("BUY", Decimal(2), "LMT", Decimal("100.25"))
ORDER = SubmitOrder("i-1", 7, "DU1", "s", "ES", TERMS, 99)
FILL = Fill(9, "DU1", "e.1.01", "77", "ES", "BUY", Decimal("0.5"), Decimal("100.25"), "i-1", "s")
SIGNAL = Signal("s-e-1", 6, "DU1", "s", "ES", OrderTerms("SELL", Decimal(1)), 99, confidence=0.5)
HALTED = RiskHalted(10, EVERYTHING, "daily loss")
ALL = ["", "", ""]  # a scope


def packed(*parts: object) -> bytes:
    return msgpack.packb(list(parts))


def batch_of(*events: object) -> bytes:
    return packed(wire.WIRE_VERSION, "gateway", "e1", 4, list(events))


@pytest.mark.parametrize(
    "event",
    [QUOTE, ORDER, FILL, SIGNAL, HALTED, OrderIntended(8, "3", ORDER), Trade("ES", 5, 1.5, None)],
    ids=name_of,
)
def test_an_event_comes_back_as_it_went(event: Event) -> None:
    assert wire.decode_event(wire.encode(event)) == event


def test_a_batch_comes_back_as_it_went() -> None:
    batch, dead = wire.decode_batch(wire.encode_batch("gateway", "e1", 4, [FILL, HALTED]))
    assert (batch.source, batch.epoch, batch.seq) == ("gateway", "e1", 4)
    assert batch.events == [FILL, HALTED]
    assert dead == []


def test_records_of_a_journal_make_the_same_batch() -> None:
    events = [FILL, HALTED]
    records = [wire.encode(e) for e in events]
    assert wire.encode_records("g", "e", 4, records) == wire.encode_batch("g", "e", 4, events)


def test_a_tick_batch_comes_back_as_it_went() -> None:
    batch = wire.decode_ticks(wire.encode_batch("gateway", "e1", 4, [QUOTE, QUOTE]))
    assert batch.events == [QUOTE, QUOTE]


@given(st.decimals(allow_nan=False, allow_infinity=False, places=9, min_value=-(10**18)))
def test_decimals_keep_each_digit(price: Decimal) -> None:
    fill = msgspec.structs.replace(FILL, price=price)
    assert str(wire.decode(wire.encode(fill), Fill).price) == str(price)


def test_an_unknown_event_becomes_a_dead_letter_and_the_others_go_on() -> None:
    body = batch_of(
        ["risk.halted", 1, ALL, "a"], ["order.teleported", 2], ["risk.halted", 3, ALL, "b"]
    )
    batch, dead = wire.decode_batch(body)
    assert batch.events == [RiskHalted(1, EVERYTHING, "a"), None, RiskHalted(3, EVERYTHING, "b")]
    assert [letter.origin for letter in dead] == ["gateway"]
    assert "order.teleported" in dead[0].reason
    assert msgpack.unpackb(dead[0].body) == ["order.teleported", 2]


@pytest.mark.parametrize(
    "broken",
    [
        ["fill"],
        ["risk.halted", "soon", ALL, "a"],
        ["risk.halted", -1, ALL, "a"],
        [],
        3,
        None,
        {"a": 1},
    ],
    ids=str,
)
def test_a_broken_event_costs_itself_alone(broken: object) -> None:
    batch, dead = wire.decode_batch(batch_of(broken, ["risk.halted", 3, ALL, "b"]))
    assert batch.events == [None, RiskHalted(3, EVERYTHING, "b")]
    assert len(dead) == 1


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_floats_that_are_no_numbers_are_refused_with_their_path(value: float) -> None:
    quote = ["quote", "ES", 5, value, 1.0, 2.0, 1.0]
    with pytest.raises(wire.WireError, match=r"\$\[3\]"):
        wire.decode_event(packed(*quote))
    with pytest.raises(wire.WireError, match=r"\$\[4\]\[0\]\[3\]"):
        wire.decode_ticks(batch_of(quote))


@pytest.mark.parametrize("value", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_decimals_that_are_no_numbers_are_refused_by_name(value: str) -> None:
    body = packed("execution.reported", 9, "DU1", "e.1.01", "77", "ES", "BUY", "1", value)
    with pytest.raises(wire.WireError, match=r"fill\.price is .*; it must be a finite number"):
        wire.decode_event(body)


@pytest.mark.parametrize("value", ["1E+999999", "1E-999999", "-1E+31"])
def test_decimals_of_absurd_size_are_refused(value: str) -> None:
    body = packed("execution.reported", 9, "DU1", "e.1.01", "77", "ES", "BUY", value, "1")
    with pytest.raises(
        wire.WireError, match=r"fill\.quantity is .*; it may have at most 30 digits"
    ):
        wire.decode_event(body)


def test_a_decimal_inside_another_event_is_refused_with_its_path() -> None:
    order = ["order.submit", "i", 1, "DU1", "s", "ES", ["BUY", "NaN", "MKT"], 9]
    with pytest.raises(wire.WireError, match=r"terms\.quantity is NaN.*\$\[3\]\[6\]"):
        wire.decode_event(packed("order.intended", 1, "1", order))


def test_the_kind_that_was_expected_is_named() -> None:
    with pytest.raises(wire.WireError, match="found RiskHalted, expected Fill"):
        wire.decode(wire.encode(HALTED), Fill)


HOSTILE = {
    "empty": b"",
    "foreign": b"GET / HTTP/1.1\r\n\r\n",
    "reserved opcode": b"\xc1",
    "truncated": wire.encode_batch("g", "e", 1, [QUOTE])[:-3],
    "trailing": wire.encode_batch("g", "e", 1, [QUOTE]) + b"\x01",
    "deep": b"\x95\x01\xa1g\xa1e\x01" + b"\x91" * 100_000 + b"\x01",
    "deep from the start": b"\x91" * 100_000,
    "a count that is not there": b"\x95\x01\xa1g\xa1e\x01\xdd\xff\xff\xff\xff",
    "text that is not UTF-8": b"\x95\x01\xa2\xff\xfe\xa1e\x01\x90",
    "another version": packed(1, "g", "e", 1, []),
    "a version that is not a number": packed("2", "g", "e", 1, []),
    "too large": packed(wire.WIRE_VERSION, "g", "e", 1, [b"x" * wire.BODY_MAX_BYTES]),
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("decode", [wire.decode_batch, wire.decode_ticks, wire.decode_event])
def test_hostile_bytes_are_a_wire_error_and_nothing_else(decode, body) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(wire.WireError):
        decode(body)


@pytest.mark.parametrize("decode", [wire.decode_batch, wire.decode_ticks])
def test_more_events_than_the_bound_are_refused(decode) -> None:  # type: ignore[no-untyped-def]
    body = wire.encode_batch("g", "e", 1, [Trade("E", 1, 1.0, None)] * (wire.EVENTS_MAX + 1))
    with pytest.raises(wire.WireError, match="batch of 65537 events, expected at most 65536"):
        decode(body)


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_a_wire_error(body: bytes) -> None:
    for decode in (wire.decode_batch, wire.decode_ticks, wire.decode_event):
        with contextlib.suppress(wire.WireError):
            decode(body)


def test_a_batch_is_read_by_msgpack_without_a_schema() -> None:
    body = wire.encode_batch("gateway", "e1", 4, [QUOTE, FILL, OrderIntended(8, "3", ORDER)])
    version, source, epoch, seq, events = msgpack.unpackb(body)
    assert (version, source, epoch, seq) == (wire.WIRE_VERSION, "gateway", "e1", 4)
    assert events[0] == ["quote", "ES", 5, 100.25, 3.0, None, None, False, None]
    assert events[1][:9] == [
        "execution.reported", 9, "DU1", "e.1.01", "77", "ES", "BUY", "0.5", "100.25"
    ]  # fmt: skip
    assert events[2][3][0] == "order.submit"


def test_fields_that_a_newer_writer_appended_are_passed_over() -> None:
    newer = ["risk.halted", 1, ALL, "a", "", 0, "", "appended", {"more": 1}]
    batch, dead = wire.decode_batch(packed(wire.WIRE_VERSION, "g", "e", 4, [newer], "appended"))
    assert batch.events == [RiskHalted(1, EVERYTHING, "a")]
    assert dead == []
    quote = ["quote", "ES", 5, 1.0, 1.0, 2.0, 1.0, False, None, "appended"]
    assert wire.decode_ticks(batch_of(quote)).events == [Quote("ES", 5, 1.0, 1.0, 2.0, 1.0)]


def test_fields_that_an_older_writer_lacks_have_their_defaults() -> None:
    assert wire.decode_event(packed("order.cancelled", 1, "DU1", "i")) == OrderCancelled(
        1, "DU1", "i", ""
    )
    older = packed("process.heartbeat", 1, "READY", "", 4, "c")
    assert wire.decode(older, Heartbeat).trading is None


def test_a_topic_is_no_prefix_of_another() -> None:
    assert not wire.topic("tick.ESZ6").startswith(wire.topic("tick.ES"))
    assert wire.topic_name(wire.topic("tick.ES")) == "tick.ES"


def test_every_event_has_a_dotted_name_of_its_own() -> None:
    names = types_by_name()
    assert len(names) == len(Event.__subclasses__())
    assert all(name == name.lower() and " " not in name for name in names)
    assert names["order.cancel"] is CancelOrder
