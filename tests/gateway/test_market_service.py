"""The gateway's shell and market data: who reads what, last values, marks, refusals."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tapewire.common.bus import derived, wire
from tapewire.common.bus.sequenced import OF_SYMBOLS
from tapewire.common.clock import Now
from tapewire.common.events import Event, FeedRefused
from tapewire.gateway.feeds import extras
from tapewire.gateway.market_door import READ
from tapewire.gateway.marks import LAST_EVERY_NS
from tapewire.simulator.protocol import messages
from tests.gateway.test_service import Shell
from tests.gateway.tws_messages import AAPL, ACCOUNT, MSFT, SECOND, T0, position_message


@pytest.fixture
def shell() -> Shell:
    return Shell().ready()


def test_ticks_are_published_and_a_joiner_opens_the_line_and_gets_last_values(shell: Shell):
    shell.wires.put("market", b"\x01" + wire.topic("last.AAPL"))
    shell.turn()
    (request,) = shell.written()
    assert request[:3] == ["1", "11", request[2]]
    shell.tws(["1", "6", request[2], "1", "1.5", "100", "0"])
    published = [wire.topic_name(f[0]) for f in shell.wires.on("market")]
    assert published == ["last.AAPL", "tick.AAPL", "last.AAPL"]
    shell.wires.sent.clear()
    shell.wires.put("market", b"\x01" + wire.topic("last.AAPL"))
    shell.turn()
    ((topic, body),) = shell.wires.on("market")
    assert wire.topic_name(topic) == "last.AAPL"
    assert wire.decode_ticks(body).events[0].bid == 1.5
    assert shell.written() == []


def test_ticks_leave_before_the_timed_work_of_their_turn(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
):
    shell.wires.put("market", b"\x01" + wire.topic("tick.AAPL"))
    shell.turn()
    line, tick = shell.written()[0][2], shell.service.gateway.tick
    published: list[str] = []

    def timed_work(now: Now) -> list[Event]:
        published.extend(wire.topic_name(frames[0]) for frames in shell.wires.on("market"))
        return tick(now)

    monkeypatch.setattr(shell.service.gateway, "tick", timed_work)
    shell.tws(["1", "6", line, "1", "1.5", "100", "0"])
    assert "tick.AAPL" in published


def test_the_age_of_the_newest_tick_is_shown_while_somebody_reads_the_symbol(shell: Shell):
    ages = shell.service.metrics.families["tick_age_seconds"].read
    shell.wires.put("market", b"\x01" + wire.topic("last.AAPL"))
    shell.turn()
    line = shell.written()[0][2]
    assert ages() == {}
    shell.tws(["1", "6", line, "1", "1.5", "100", "0"])
    shell.clock.advance_to(shell.clock.mono_ns() + 7 * SECOND)
    assert ages() == {("AAPL",): 7.0}
    shell.tws(["1", "6", line, "4", "1.6", "100", "0"])
    assert ages() == {("AAPL",): 0.0}
    shell.service.market.ticks.forget("AAPL")
    assert ages() == {}


def test_the_line_closes_a_while_after_its_last_reader_has_left(shell: Shell):
    for topic in ("last.AAPL", "tick.AAPL"):
        shell.wires.put("market", b"\x01" + wire.topic(topic))
    shell.turn()
    line = shell.written()[0][2]
    shell.tws(["1", "6", line, "1", "1.5", "100", "0"])
    for topic in ("last.AAPL", "tick.AAPL"):
        shell.wires.put("market", b"\x00" + wire.topic(topic))
        shell.turn()
    shell.wires.sent.clear()
    shell.clock.advance_to(T0 + 11 * SECOND)
    shell.turn()
    shell.tws(messages.current_time(T0))
    assert ["2", "2", line] in shell.written()
    assert shell.service.market.ticks.newest("AAPL") is None


def test_what_is_held_is_read_by_nobody_else_and_stays_open(shell: Shell):
    shell.tws(position_message(5, "AAPL"))
    assert [m[0] for m in shell.written()] == ["1"]
    shell.clock.advance_to(T0 + 60 * SECOND)
    shell.turn()
    assert shell.service.status()["feeds"]["AAPL"]["readers"] == 0


def test_a_refused_line_is_in_the_journal_and_in_the_status(shell: Shell):
    shell.wires.put("market", b"\x01" + wire.topic("last.AAPL"))
    shell.turn()
    shell.tws(messages.error(157, int(shell.written()[0][2]), 10197, "competing live session"))
    (refused,) = [e for e in shell.wires.events("gateway") if isinstance(e, FeedRefused)]
    assert refused.symbol == "AAPL"
    assert "competing live session" in shell.service.status()["feeds"]["AAPL"]["problem"]


def test_last_values_of_what_ticked_are_told_twice_a_second_at_most(shell: Shell):
    shell.wires.put("market", b"\x01" + wire.topic("last.AAPL"))
    shell.turn()
    line = shell.written()[0][2]
    shell.wires.sent.clear()
    for step in range(5):
        shell.clock.advance_to(T0 + step * LAST_EVERY_NS // 4)
        shell.tws(["1", "6", line, "1", f"1.{step}", "100", "0"])
    marks = [f for f in shell.wires.on("market") if wire.topic_name(f[0]) == "last.AAPL"]
    assert len(marks) == 2


def test_the_marks_of_what_is_held_are_told_with_its_first_tick(shell: Shell):
    for symbol in ("AAPL", "MSFT"):
        shell.wires.put("market", b"\x01" + wire.topic(f"last.{symbol}"))
    shell.turn()
    lines = [message[2] for message in shell.written()]
    shell.service.gateway.holdings.filled[ACCOUNT, "AAPL"] = Decimal(1)
    for line in lines:
        shell.tws(["1", "6", line, "1", "1.5", "100", "0"])
    marked = [wire.topic_name(f[0]) for f in shell.wires.on("market")]
    assert [name for name in marked if name.startswith("mark.")] == ["mark.AAPL"]


def test_a_topic_of_no_configured_symbol_is_a_dead_letter_and_the_bare_prefix_is_not(shell: Shell):
    shell.wires.put("market", b"\x01" + wire.topic("last.TSLA"))
    shell.wires.put("market", b"\x01last.")
    shell.wires.put("market", b"\x00" + wire.topic("last.AAPL"))
    shell.turn()
    assert len(shell.service.dead_letters) == 1
    assert shell.written() == []


def test_a_filter_keeps_its_line_open_and_gets_its_own_topic(shell: Shell):
    for topic in ("tick.AAPL@10/s", "first.AAPL@10/s"):
        shell.wires.put("market", b"\x01" + wire.topic(topic))
    shell.turn()
    (request,) = shell.written()
    shell.wires.sent.clear()
    shell.tws(["1", "6", request[2], "1", "1.5", "100", "0"])
    published = {wire.topic_name(f[0]) for f in shell.wires.on("market")}
    assert {"tick.AAPL", "tick.AAPL@10/s"} <= published
    for topic in ("tick.AAPL@10/s", "first.AAPL@10/s"):
        shell.wires.put("market", b"\x00" + wire.topic(topic))
    shell.turn()
    assert not shell.service.market.derived


def test_what_comes_beside_ticks_has_topics_while_they_are_read():
    shell = Shell(instruments=[replace(AAPL, ticks=("all_last", "mid_point"))]).ready()
    for topic in ("midpoint.AAPL", "irregular.AAPL"):
        shell.wires.put("market", b"\x01" + wire.topic(topic))
    shell.turn()
    (trades,) = [message[1] for message in shell.written() if message[0] == "97"]
    shell.clock.advance_to(T0 + 15 * SECOND)
    shell.turn()
    shell.tws(messages.current_time(T0))
    midpoints = [message[1] for message in shell.written() if message[0] == "97"][-1]
    shell.wires.sent.clear()
    shell.tws(
        ["99", trades, "2", "1700000000", "1.05", "7", "2", "NYSE", "I"],
        ["99", midpoints, "4", "1700000000", "1.055"],
    )
    published = {wire.topic_name(topic): body for topic, body in shell.wires.on("market")}
    assert published.keys() == {"midpoint.AAPL", "irregular.AAPL"}
    assert wire.decode_batch(published["irregular.AAPL"])[0].events[0].unreported
    shell.wires.sent.clear()
    for topic in ("midpoint.AAPL", "irregular.AAPL"):
        shell.wires.put("market", b"\x01" + wire.topic(topic))
    shell.turn()
    ((topic, body),) = shell.wires.on("market")
    assert (wire.topic_name(topic), wire.decode_batch(body)[0].seq) == ("midpoint.AAPL", 1)
    for _ in range(2):
        shell.wires.put("market", b"\x00" + wire.topic("irregular.AAPL"))
        shell.turn()
    shell.wires.sent.clear()
    shell.tws(["99", trades, "2", "1700000000", "1.05", "7", "2", "NYSE", "I"])
    assert shell.wires.on("market") == []


def test_a_book_and_generic_ticks_have_topics_too():
    shell = Shell(instruments=[replace(AAPL, generic_ticks=(236,)), MSFT]).ready()
    for topic in ("depth.AAPL", "bar5.AAPL", "generic.AAPL"):
        shell.wires.put("market", b"\x01" + wire.topic(topic))
    shell.turn()
    asked = {message[0]: message[2] for message in shell.written()}
    shell.wires.sent.clear()
    shell.tws(
        ["12", "1", asked["10"], "0", "0", "1", "1.5", "100"],
        ["45", "6", asked["1"], "46", "3.0"],
        ["50", "3", asked["50"], "1700000000", "1", "2", "1", "2", "10", "1.5", "3"],
    )
    published = {wire.topic_name(topic): body for topic, body in shell.wires.on("market")}
    assert published.keys() == {"depth.AAPL", "bar5.AAPL", "generic.AAPL"}
    (book,) = wire.decode_batch(published["depth.AAPL"])[0].events
    assert [(one.price, one.size) for one in book.bids] == [(1.5, 100.0)]
    shell.wires.sent.clear()
    for topic in ("depth.AAPL", "bar5.AAPL", "generic.AAPL"):
        shell.wires.put("market", b"\x01" + wire.topic(topic))
    shell.turn()
    again = [wire.topic_name(topic) for topic, _ in shell.wires.on("market")]
    assert again == ["depth.AAPL", "generic.AAPL"]
    assert not shell.service.dead_letters


def test_what_there_is_none_of_is_a_dead_letter(shell: Shell):
    for topic in ("depth.TSLA", "generic.AAPL"):
        shell.wires.put("market", b"\x01" + wire.topic(topic))
    shell.turn()
    assert [one.reason for one in shell.service.dead_letters] == [
        "depth.TSLA is subscribed; its symbol is not configured, or has none here",
        "generic.AAPL is subscribed, and AAPL has no generic_ticks in [[instruments]]",
    ]


def test_a_broken_book_is_asked_for_again_and_said_to_be(shell: Shell):
    shell.wires.put("market", b"\x01" + wire.topic("depth.AAPL"))
    shell.turn()
    book = shell.written()[-1][2]
    shell.tws(["12", "1", book, "7", "2", "1", "1.5", "100"])
    assert "the book of AAPL is asked for again" in shell.service.dead_letters[-1].reason
    shell.clock.advance_to(T0 + 2 * SECOND)
    shell.turn()
    shell.tws(messages.current_time(T0))
    asked = [message[0] for message in shell.written() if message[0] in ("10", "11")]
    assert asked == ["10", "11", "10"]


def test_bars_that_are_not_offered_are_a_dead_letter_and_open_nothing(shell: Shell):
    shell.wires.put("market", b"\x01" + wire.topic("bar.AAPL.1m"))
    shell.turn()
    assert [one.reason for one in shell.service.dead_letters] == [
        "bar.AAPL.1m is subscribed, and gateway.bars has none; add '1m' to it"
    ]
    assert shell.written() == []
    shell.wires.put("market", b"\x00" + wire.topic("bar.AAPL.1m"))
    shell.turn()
    assert len(shell.service.dead_letters) == 1


def test_a_scan_is_open_at_tws_while_its_topic_is_read_and_goes_out_on_it(shell: Shell):
    topic = wire.topic("scan.MOST_ACTIVE@STK.US.MAJOR:STK?rows=5")
    shell.wires.put("market", b"\x01" + topic)
    shell.turn()
    (request,) = shell.written()
    assert (request[0], request[2:6]) == ("22", ["5", "STK", "STK.US.MAJOR", "MOST_ACTIVE"])
    row = ["0", "7", "XYZ", "STK", "", "0", "", "SMART", "USD", "XYZ", "NMS", "NMS", *[""] * 4]
    shell.tws(["20", "3", request[1], "1", *row])
    ((sent, body),) = shell.wires.on("market")
    assert sent == topic
    batch, dead = wire.decode_batch(body)
    assert (batch.seq, batch.events[0].rows[0].symbol, dead) == (1, "XYZ", [])
    shell.wires.put("market", b"\x00" + topic)
    shell.wires.put("market", b"\x01" + wire.topic("scan.MOST"))
    shell.turn()
    assert shell.written() == [request, ["23", "1", request[1]]]
    assert ["scan.MOST is not a scan" in one.reason for one in shell.service.dead_letters] == [True]


def test_every_topic_of_a_symbol_is_among_those_that_count_their_messages():
    repeated = {"last", "mark", derived.JOINED}
    assert {*OF_SYMBOLS} == {*READ, *extras.KINDS} - repeated
