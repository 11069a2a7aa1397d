"""Whatever the network does to a stream, its follower has every event once and in order."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapewire.common.bus import wire
from tapewire.common.bus.streams import (
    CATCH_UP_EVENTS_MAX,
    CATCH_UP_RETRY_NS,
    TickPublisher,
    TickReader,
)
from tapewire.common.events import (
    CatchUp,
    CatchUpReply,
    Quote,
    Trade,
)
from tapewire.common.runtime.memory_journal import MemoryJournal
from tests.common.following import Pair, at, numbered, numbers


def test_live_events_go_through_as_they_come() -> None:
    pair = Pair()
    pair.hear(pair.publish(2))
    pair.hear(pair.publish(1))
    pair.hear(pair.beat())
    assert pair.has_all()
    assert pair.follower.caught_up
    assert pair.follower.gaps == 0
    assert pair.ask() is None


def test_a_gap_is_asked_for_and_every_event_comes_once_in_order() -> None:
    pair = Pair()
    pair.hear(pair.publish())
    pair.hear(pair.beat())
    pair.publish(2)  # lost
    pair.hear(pair.publish())
    assert numbers(pair.got) == [1]
    assert pair.follower.gaps == 1
    assert not pair.follower.caught_up
    reply = pair.ask()
    assert reply is not None
    pair.hear_reply(reply)
    assert pair.has_all()
    assert pair.follower.caught_up


def test_a_late_joiner_has_the_past_first() -> None:
    pair = Pair()
    pair.publish(3)
    pair.hear(pair.publish())
    assert pair.got == []
    pair.settle(0)
    assert pair.has_all()


def test_a_loss_without_a_later_event_is_seen_by_the_heartbeat() -> None:
    pair = Pair()
    pair.hear(pair.beat())
    assert pair.follower.caught_up
    pair.publish()  # lost
    pair.hear(pair.beat())
    assert not pair.follower.caught_up
    pair.settle(0)
    assert pair.has_all()


def test_a_long_past_comes_in_pieces() -> None:
    pair = Pair()
    pair.publish(2 * CATCH_UP_EVENTS_MAX + 1)
    pair.hear(pair.beat())
    replies = 0
    while (reply := pair.ask()) is not None:
        replies += 1
        pair.hear_reply(reply)
    assert replies == 3
    assert pair.has_all()
    assert pair.follower.caught_up


def test_a_lost_question_is_asked_again_after_a_while_and_not_before() -> None:
    pair = Pair()
    pair.publish()
    pair.hear(pair.beat())
    first = pair.follower.request(at(0))
    assert first == CatchUp(1, 1)
    assert pair.follower.request(at(CATCH_UP_RETRY_NS - 1)) is None
    assert pair.follower.request(at(CATCH_UP_RETRY_NS)) == CatchUp(2, 1)


def test_an_unusable_event_is_passed_over_without_a_gap() -> None:
    pair = Pair()
    batch = wire.Batch(1, "risk", "e1", 1, [numbered(1), None, numbered(3)])
    assert numbers(list(pair.follower.on_batch(batch))) == [1, 3]
    assert pair.follower.next_seq == 4


def test_a_restarted_source_goes_on_where_it_was() -> None:
    pair = Pair()
    pair.hear(pair.publish(2))
    pair.epoch = "e2"
    pair.hear(pair.publish(2))
    pair.settle(0)
    assert pair.has_all()
    assert pair.follower.fault == ""


def test_a_source_that_comes_back_with_a_lower_head_is_a_fault() -> None:
    pair = Pair(MemoryJournal(durable=False))
    pair.hear(pair.publish(3))
    pair.journal.crash()
    pair.epoch = "e2"
    pair.hear(pair.beat())
    assert pair.follower.fault == (
        "risk's journal ends at record 0, but 3 were seen: it was cut, deleted, or replaced by an"
        " older copy"
    )


def test_a_lower_head_is_a_fault_even_if_new_events_come_before_the_heartbeat() -> None:
    pair = Pair(MemoryJournal(durable=False))
    pair.hear(pair.publish(3))
    pair.journal.crash()
    pair.epoch = "e2"
    pair.hear(pair.publish(3))
    pair.hear(pair.beat())
    assert "ends at record 0, but 3 were seen" in pair.follower.fault


@pytest.mark.parametrize("epoch_after", ["e1", "e2"])
def test_a_heartbeat_that_comes_late_is_no_fault(epoch_after: str) -> None:
    pair = Pair()
    late = pair.beat()
    pair.publish(2)
    pair.hear(pair.beat())
    pair.epoch = epoch_after
    pair.settle(0)
    pair.hear(late)
    assert pair.follower.fault == ""
    assert pair.follower.caught_up


def test_a_late_heartbeat_does_not_call_a_gap_closed() -> None:
    pair = Pair()
    late = pair.beat()
    pair.publish(2)
    pair.hear(pair.beat())
    pair.hear(late)
    assert not pair.follower.caught_up


STEPS = st.lists(
    st.tuples(st.sampled_from(["publish", "beat", "ask", "restart"]), st.integers(0, 5))
)


@settings(max_examples=300)
@given(steps=STEPS, data=st.data())
def test_loss_repetition_and_reordering_never_lose_or_double_an_event(
    steps: list[tuple[str, int]], data: st.DataObject
) -> None:
    pair, under_way, now_ns = Pair(), [], 0
    for turn, (step, amount) in enumerate(steps):
        now_ns += CATCH_UP_RETRY_NS // 2
        if step == "publish":
            under_way.append(pair.publish(amount + 1))
        elif step == "beat":
            under_way.append(pair.beat())
        elif step == "restart":
            pair.epoch = f"e2.{turn:06}"
        elif (reply := pair.ask(now_ns)) is not None:
            under_way.append(reply)
        for message in data.draw(st.permutations(under_way)):
            fate = data.draw(st.sampled_from(["arrives", "waits", "lost", "twice"]))
            if fate != "waits":
                under_way.remove(message)
            for _ in range({"arrives": 1, "twice": 2}.get(fate, 0)):
                pair.hear_reply(message) if isinstance(message, CatchUpReply) else pair.hear(
                    message
                )
        assert numbers(pair.got) == list(range(1, len(pair.got) + 1))
    pair.settle(now_ns + CATCH_UP_RETRY_NS)
    assert pair.has_all()
    assert pair.follower.caught_up
    assert pair.follower.fault == ""


def quote(bid: float) -> Quote:
    return Quote("ES", 1, bid, 1.0, bid + 1, 1.0)


def sent(publisher: TickPublisher, *ticks: Quote | Trade) -> wire.Batch:
    return wire.decode_ticks(publisher.publish("ES", list(ticks))[1])


def test_a_reader_counts_the_messages_that_it_missed() -> None:
    publisher, reader = TickPublisher("gateway", "e1"), TickReader("ES")
    assert reader.on_batch(sent(publisher, quote(1))) == [quote(1)]
    sent(publisher, quote(2))
    sent(publisher, quote(3))
    assert reader.on_batch(sent(publisher, quote(4))) == [quote(4)]
    assert reader.missed == 2


def test_a_message_that_comes_twice_or_late_is_dropped() -> None:
    publisher, reader = TickPublisher("gateway", "e1"), TickReader("ES")
    first, second = sent(publisher, quote(1)), sent(publisher, quote(2))
    assert reader.on_batch(second) == [quote(2)]
    assert reader.on_batch(second) == []
    assert reader.on_batch(first) == []
    assert reader.missed == 0


def test_a_new_epoch_starts_the_count_anew() -> None:
    reader = TickReader("ES")
    before = TickPublisher("gateway", "e1")
    for bid in (1, 2, 3):
        reader.on_batch(sent(before, quote(bid)))
    assert reader.on_batch(sent(TickPublisher("gateway", "e2"), quote(9))) == [quote(9)]
    assert (reader.epoch, reader.missed) == ("e2", 0)


def test_a_joiner_gets_the_last_quote_and_trade_and_then_each_message() -> None:
    publisher, reader = TickPublisher("gateway", "e1"), TickReader("ES")
    trade = Trade("ES", 1, 7.0, 1.0)
    sent(publisher, quote(1), trade, quote(2))
    frames = publisher.last_values("ES")
    assert frames[0] == wire.topic("last.ES")
    last = wire.decode_ticks(frames[1])
    assert reader.on_last(last) == [quote(2), trade]
    assert reader.on_last(last) == []
    assert reader.on_batch(sent(publisher, quote(3))) == [quote(3)]
    assert reader.missed == 0


def test_a_joiner_whom_a_tick_reaches_first_gets_the_last_value_of_the_other_kind() -> None:
    publisher, reader = TickPublisher("gateway", "e1"), TickReader("ES")
    trade = Trade("ES", 1, 7.0, 1.0)
    sent(publisher, quote(1), trade)
    assert reader.on_batch(sent(publisher, quote(2))) == [quote(2)]
    last = wire.decode_ticks(publisher.last_values("ES")[1])
    assert reader.on_last(last) == [trade], "the newest quote is known"
    assert reader.on_last(last) == []
    assert reader.on_batch(sent(publisher, quote(3))) == [quote(3)]
    assert reader.missed == 0


def test_last_values_never_repeat_what_came_as_a_tick() -> None:
    publisher, reader = TickPublisher("gateway", "e1"), TickReader("ES")
    trade = Trade("ES", 1, 7.0, 1.0)
    reader.on_batch(sent(publisher, quote(1)))
    reader.on_batch(sent(publisher, trade))
    assert reader.on_last(wire.decode_ticks(publisher.last_values("ES")[1])) == []


def test_each_symbol_has_a_count_of_its_own() -> None:
    publisher = TickPublisher("gateway", "e1")
    publisher.publish("ES", [quote(1)])
    publisher.publish("NQ", [quote(1)])
    publisher.publish("ES", [quote(1)])
    assert publisher.seqs() == {"ES": 2, "NQ": 1}
