"""How a strategy's service delivers ticks, `all` or `latest`, and how it ends."""

from tapewire import Quote, Strategy, Tick, Trade
from tapewire.common.bus import wire
from tapewire.common.clock import VirtualClock
from tapewire.strategy.service import StrategyService
from tests.gateway.wires import Wires
from tests.strategy.kit import T0, runner


class Told(Strategy):
    """Buys on each tick, so that a signal tells which tick it was; sells at its end, or raises."""

    end = "quiet"

    def on_start(self) -> None:
        self.seen: list[Tick] = []

    def on_tick(self, tick: Tick) -> None:
        self.seen.append(tick)
        self.buy(tick.symbol, 1)

    def on_stop(self) -> None:
        if self.end == "raise":
            raise RuntimeError("cannot")
        if self.end == "sell":
            self.sell("AAPL", 1)


class Shell:
    """A strategy service of two symbols, with what it stands on."""

    def __init__(self, *, latest: bool) -> None:
        self.wires, self.clock = Wires(), VirtualClock(T0)
        self.runner = runner(live=False, strategy=f"{__name__}:Told")
        self.service = StrategyService(
            self.runner, self.wires, self.clock, epoch="e1", symbols=("AAPL", "MSFT"), latest=latest
        )
        for source in self.service.followers:
            self.wires.beat(source, T0)
        self.service.turn(0)

    @property
    def seen(self) -> list[Tick]:
        return self.runner.strategy.seen

    def signals(self) -> list[object]:
        return [wire.decode_event(frames[0]) for frames in self.wires.on("signals")]

    def market(self, symbol: str, seq: int, *ticks: Tick, kind: str = "tick") -> None:
        body = wire.encode_batch("gateway", "g1", seq, ticks)
        self.wires.put("market", wire.topic(f"{kind}.{symbol}"), body)

    def conflated(self) -> dict[str, int]:
        counters = self.service.status()["counters"]
        return {k: v for k, v in counters.items() if k.startswith("conflated")}


def quote(symbol: str, bid: float) -> Quote:
    return Quote(symbol, T0 - 5, bid, 1.0, bid + 1, 1.0)


def trade(symbol: str, price: float) -> Trade:
    return Trade(symbol, T0 - 5, price, 1.0)


def pile_up(shell: Shell) -> list[Tick]:
    """Three messages of one symbol, one of the other."""
    messages = [
        ("AAPL", [quote("AAPL", 1), trade("AAPL", 1)]),
        ("MSFT", [quote("MSFT", 5), quote("MSFT", 6)]),
        ("AAPL", [quote("AAPL", 2), quote("AAPL", 3)]),
    ]  # fmt: skip
    seqs = {"AAPL": 0, "MSFT": 0}
    for symbol, ticks in messages:
        seqs[symbol] += 1
        shell.market(symbol, seqs[symbol], *ticks)
    return [tick for _, ticks in messages for tick in ticks]


def test_all_delivers_every_tick_in_order():
    shell = Shell(latest=False)
    ticks = pile_up(shell)
    shell.service.turn(0)
    assert shell.seen == ticks
    assert shell.conflated() == {}


def test_latest_delivers_the_newest_of_the_symbol_that_has_piled_up():
    shell = Shell(latest=True)
    pile_up(shell)
    shell.service.turn(0)
    assert shell.seen == [
        trade("AAPL", 1), quote("AAPL", 3), quote("MSFT", 5), quote("MSFT", 6),
    ]  # fmt: skip
    assert shell.conflated() == {"conflated.AAPL": 2}
    assert shell.service.metrics.value("ticks_received") == 6
    assert shell.service.detail()["missed"] == {"AAPL": 0, "MSFT": 0}


def test_each_tick_that_is_delivered_leads_back_to_its_message():
    shell = Shell(latest=True)
    pile_up(shell)
    shell.service.turn(0)
    assert [signal.cause_id for signal in shell.signals()] == [
        "gateway/g1/tick.AAPL/1/1/0", "gateway/g1/tick.AAPL/2/1/0",
        "gateway/g1/tick.MSFT/1/0", "gateway/g1/tick.MSFT/1/1",
    ]  # fmt: skip


def test_latest_keeps_up_one_turn_at_a_time():
    shell = Shell(latest=True)
    for seq in range(1, 4):
        shell.market("AAPL", seq, quote("AAPL", seq))
        shell.service.turn(0)
    assert [tick.bid for tick in shell.seen] == [1, 2, 3]
    assert shell.conflated() == {}


def test_last_values_come_before_what_has_piled_up():
    shell = Shell(latest=True)
    shell.market("AAPL", 4, quote("AAPL", 4), kind="last")
    for seq in (5, 6):
        shell.market("AAPL", seq, quote("AAPL", seq))
    shell.service.turn(0)
    assert [tick.bid for tick in shell.seen] == [4, 6]


def test_what_a_strategy_signals_at_its_end_goes_out_and_what_has_no_answer_is_named():
    shell = Shell(latest=False)
    shell.runner.strategy.end = "sell"
    left = shell.service.stop()
    (signal,) = shell.signals()
    assert signal.terms.side == "SELL"
    assert left == f"unanswered signals, which may still be traded: {signal.id}"
    assert shell.service.detail()["unanswered"] == 1


def test_a_strategy_that_raises_at_its_end_ends_all_the_same():
    shell = Shell(latest=False)
    shell.runner.strategy.end = "raise"
    assert shell.service.stop() == ""
    assert shell.service.detail()["failures"] == 1
