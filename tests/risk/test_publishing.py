"""What risk publishes beside its journal: at most so often, the last value always, repeated."""

from decimal import Decimal

from tapewire.common.bus import wire
from tapewire.common.events import (
    AccountUpdated,
    Event,
    PositionClosed,
    PositionOpened,
    PositionUpdated,
    Quote,
    Trade,
)
from tests.gateway.wires import LoggedJournal
from tests.risk.orders import NOW, T0, fill, held, order
from tests.risk.test_service import RunningRisk


class Listener:
    """A running risk, and what a reader of one topic has received of it since it last looked."""

    def __init__(self, journal: LoggedJournal | None = None) -> None:
        self.risk = RunningRisk(journal).beats()
        self.seq = 0
        self.risk.wires.sent.clear()

    def broker(self, *events: Event) -> "Listener":
        self.risk.wires.publish("gateway", self.seq + 1, *events)
        self.seq += len(events)
        return self

    def mark(self, price: float, seconds: float = 0) -> "Listener":
        tick = Trade("AAPL", self.risk.clock.now_ns(), price, 1.0)
        self.risk.wires.put("marks", b"last.AAPL\0", wire.encode_batch("gateway", "1", 1, [tick]))
        return self.turn(seconds)

    def turn(self, seconds: float = 0) -> "Listener":
        self.risk.turn(seconds)
        return self

    def messages(self, topic: str) -> list[wire.Batch]:
        frames = [f for f in self.risk.wires.on("events") if f[0] == wire.topic(topic)]
        self.risk.wires.sent.clear()
        return [wire.decode_batch(f[1])[0] for f in frames]

    def positions(self) -> list[PositionUpdated]:
        return [event for batch in self.messages("positions") for event in batch.events]


def test_a_position_is_published_with_its_mark_and_its_profit():
    one = Listener().broker(fill(order(), 10, "e1"), held(10)).turn()
    one.mark(101.5, 0.3)
    assert one.positions()[-1] == PositionUpdated(
        NOW.wall_ns + 300_000_000, "DU1", "AAPL", Decimal(10), "USD", Decimal(100),
        Decimal("101.5"), Decimal(15), Decimal(0), Decimal(0), Decimal(10),
    )  # fmt: skip


def test_a_thousand_prices_are_a_few_messages_and_the_last_one_is_sent():
    one = Listener().broker(fill(order(), 10, "e1")).turn(0.3)
    one.positions()
    for number in range(1000):
        one.mark(100 + number / 100, 0.001)
    one.turn(0.3)
    found = one.positions()
    assert 4 <= len(found) <= 6, "one for each quarter of a second"
    assert found[-1].mark == Decimal("109.99")


def test_nothing_is_published_of_what_has_not_changed():
    one = Listener().broker(fill(order(), 10, "e1")).turn(0.3)
    assert len(one.positions()) == 1
    for _ in range(8):
        one.turn(0.3)
    assert one.positions() == []


def test_everything_is_repeated_for_those_who_join_late():
    one = Listener().broker(fill(order(), 10, "e1"), held(10)).turn(0.3)
    value = AccountUpdated(T0, "DU1", "USD", Decimal(5000))
    one.broker(value).turn(0.3)
    one.messages("")
    one.turn(5)
    sent = {f[0]: wire.decode_batch(f[1])[0].events for f in one.risk.wires.on("events")}
    assert [event.quantity for event in sent[wire.topic("positions")]] == [10]
    assert sent[wire.topic("accounts")] == [value]
    assert [event.rule for event in sent[wire.topic("headroom")]] == ["MaxContractsPerInstrument"]


def test_the_seq_of_a_topic_counts_its_messages():
    one = Listener().broker(fill(order(), 10, "e1")).turn(0.3)
    one.mark(101, 0.3).mark(102, 0.3).turn(0.3)
    seqs = [batch.seq for batch in one.messages("positions")]
    assert seqs == [*range(seqs[0], seqs[0] + 3)]


def test_headroom_is_published_whole_when_any_of_it_has_changed():
    one = Listener().broker(fill(order(), 10, "e1")).turn(0.3)
    one.turn(0.3)
    (*_, last) = one.messages("headroom")
    (reading,) = last.events
    assert (reading.account, reading.symbol) == ("DU1", "AAPL")
    assert (reading.used, reading.limit, reading.unit) == (10, 100, "contracts")
    one.turn(0.3).turn(0.3)
    assert one.messages("headroom") == []


def test_a_flat_position_has_neither_a_mark_nor_an_average():
    one = Listener().broker(fill(order(), 10, "e1")).mark(101, 0.3)
    one.broker(fill(order("b/1", "SELL"), 10, "e2", price=Decimal(103))).turn(0.3)
    last = one.positions()[-1]
    assert (last.quantity, last.average_price, last.mark) == (0, None, None)
    assert (last.unrealised, last.realised) == (0, 30)
    assert one.mark(104, 0.3).positions() == []


def test_a_position_without_a_price_has_no_profit_rather_than_none_at_all():
    one = Listener().broker(fill(order(), 10, "e1")).turn(0.3)
    (position,) = one.positions()
    assert (position.mark, position.unrealised) == (None, None)


def test_what_only_the_broker_knows_of_is_published_as_reported():
    one = Listener().broker(held(7, "MSFT")).turn(0.3)
    (position,) = one.positions()
    assert (position.symbol, position.quantity, position.reported) == ("MSFT", 0, 7)


def test_nothing_is_published_before_the_past_is_known():
    risk = RunningRisk()
    risk.wires.beat("gateway", T0)
    risk.wires.publish("gateway", 1, fill(order(), 10, "e1"))
    risk.turn(1)
    assert {f[0] for f in risk.wires.on("events")} == {b"heartbeat.risk\0"}


def test_openings_are_on_disk_before_they_are_published_and_only_once_over_a_restart():
    one = Listener()
    one.risk.wires.log.clear()
    one.broker(fill(order(), 10, "e1")).turn()
    assert one.risk.wires.log[:2] == ["append", "events"]
    again = Listener(one.risk.journal)
    again.broker(fill(order(), 10, "e1"), fill(order("b/1", "SELL"), 10, "e2")).turn()
    journal = [wire.decode_event(record) for record in one.risk.journal.read(1, 100)]
    news = [event for event in journal if isinstance(event, PositionOpened | PositionClosed)]
    assert [(type(event), event.exec_id) for event in news] == [
        (PositionOpened, "e1"), (PositionClosed, "e2"),
    ]  # fmt: skip


def test_a_quote_without_a_side_is_no_mark():
    one = Listener().broker(fill(order(), 10, "e1")).turn(0.3)
    one.positions()
    quote = Quote("AAPL", T0, 100.0, 1.0, None, None)
    one.risk.wires.put("marks", b"last.AAPL\0", wire.encode_batch("gateway", "1", 1, [quote]))
    assert one.turn(0.3).positions() == []
