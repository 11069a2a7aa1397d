"""How a strategy is put together: its channels, its symbols, and its history before both."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tapewire import Quote, Strategy
from tapewire.common.bus import wire
from tapewire.common.clock import VirtualClock
from tapewire.common.config.settings import Config, ConfigError, SimulatorConfig
from tapewire.common.ticks.rows import HEADER
from tapewire.strategy.composition import build
from tapewire.strategy.loading.faults import Failure
from tests.gateway.wires import Wires
from tests.strategy.kit import T0, quote

SYMBOLS = ("AAPL", "MSFT", "TSLA")


class Seen(Strategy):
    """Notes the bids of its quotes."""

    def on_start(self) -> None:
        self.bids: list[float | None] = []

    def on_quote(self, quote: Quote) -> None:
        self.bids.append(quote.bid)


class Raising(Strategy):
    """Cannot be set up."""

    def on_start(self) -> None:
        raise KeyError("AAPL")


class Kept:
    """A store in memory."""

    def __init__(self, data: bytes | None = None) -> None:
        self.data = data
        self.others: dict[str, Kept] = {}

    def beside(self, what: str) -> "Kept":
        return self.others.setdefault(what, Kept())

    def read(self) -> bytes | None:
        return self.data

    def write(self, data: bytes) -> None:
        self.data = data


class MemoryHost:
    """A host that notes which channels are opened, and how."""

    role, epoch = "strategy-one", "e1"

    def __init__(self, **strategy: object) -> None:
        named = {"name": "one", "strategy": f"{__name__}:Seen", **strategy}
        self.config = Config(instruments=[{"symbol": s} for s in SYMBOLS], strategies=[named])
        self.clock, self.transport = VirtualClock(T0), Wires()
        self.opened: dict[str, tuple[object, ...]] = {}

    def follow(self, *sources: str) -> tuple[str, ...]:
        self.opened |= dict.fromkeys(sources, ())
        return sources

    def checkpoints(self) -> None:
        """It has none."""

    def connect(
        self,
        channel: str,
        kind: str,
        name: str,
        topics: Sequence[bytes] = (),
        batch_max: int | None = None,
    ) -> None:
        self.opened[channel] = (kind, name, *topics, batch_max)

    def connect_outside(self, channel: str, kind: str, address: str, topics: list[bytes]) -> None:
        self.opened[channel] = (kind, address, *topics)


def test_it_follows_three_streams_reads_its_symbols_and_sends_signals():
    host = MemoryHost(symbols=("AAPL",), feeds=[{"name": "x", "endpoint": "ipc:///tmp/x"}])
    service = build(host, "one")
    assert host.opened == {
        "executor": (), "gateway": (), "risk": (),
        "market": ("sub", "market", wire.topic("tick.AAPL"), wire.topic("last.AAPL"), None),
        "signals": ("push", "signals", None),
        "gateway.queries": ("dealer", "queries", None),
        "feed:x": ("sub", "ipc:///tmp/x", b""),
    }  # fmt: skip
    assert (service.role, service.runner.strategy.symbols) == ("strategy-one", ("AAPL",))


def test_a_shard_is_a_part_of_the_symbols():
    service = build(MemoryHost(), "one-2", slice(1, None, 2))
    assert (service.role, service.runner.strategy.symbols) == ("strategy-one-2", ("MSFT",))


def test_with_the_latest_delivery_a_turn_takes_all_and_gives_the_newest():
    host = MemoryHost(symbols=("AAPL",), delivery="latest")
    service = build(host, "one")
    assert host.opened["market"][-1] == host.config.bus.messages_max
    for seq in (1, 2, 3):
        body = wire.encode_batch("gateway", "g1", seq, [quote(float(seq))])
        host.transport.put("market", wire.topic("tick.AAPL"), body)
    service.turn(0)
    assert service.runner.strategy.bids == [3.0]


def test_history_ends_where_the_live_market_begins(tmp_path: Path):
    path = tmp_path / "t.csv"
    path.write_text("\n".join([HEADER, *(f"{T0 + n},AAPL,{n + 5},,,,," for n in (-2, -1, 0, 1))]))
    service = build(MemoryHost(warm_up={"ticks": path}), "one")
    assert service.runner.strategy.bids == [3.0, 4.0]


@pytest.mark.parametrize("start", [None, "1970-01-01T00:00:00.000001"])
def test_of_a_market_that_is_a_file_it_ends_where_that_is_played_from(
    tmp_path: Path, start: str | None
):
    """What is played would otherwise be known to the strategy before."""
    past, market = tmp_path / "t.csv", tmp_path / "m.csv"
    past.write_text("\n".join([HEADER, *(f"{n},AAPL,{n},,,,," for n in (998, 999, 1000, 2000))]))
    market.write_text(f"{HEADER}\n{1000 if start is None else 0},AAPL,5,,,,,\n")
    host = MemoryHost(warm_up={"ticks": past})
    host.config = host.config.model_copy(
        update={"simulator": SimulatorConfig(enabled=True, ticks=market, start=start)}
    )
    assert build(host, "one").runner.strategy.bids == [998.0, 999.0]


def test_a_bad_history_opens_no_channel(tmp_path: Path):
    host = MemoryHost(warm_up={"ticks": tmp_path / "none.csv"})
    with pytest.raises(ConfigError, match=r"none\.csv: No such file"):
        build(host, "one")
    assert host.opened == {}


def test_what_it_raises_is_reported_and_what_it_saved_is_there():
    reported: list[Failure] = []
    service = build(MemoryHost(strategy=f"{__name__}:Raising"), "one", say=reported.append)
    assert service.runner.stopped
    assert [one.subject for one in reported] == ["'on_start'"]
    saved = build(MemoryHost(), "one", store=Kept(b"\x05"))
    assert saved.runner.strategy.load() == 5


def test_a_strategy_that_is_not_configured_is_a_sentence():
    with pytest.raises(ConfigError, match=r"strategy two is not in \[\[strategies\]\]"):
        build(MemoryHost(), "two")


class Daily(Strategy):
    """Does something at T0 and a second, 22:13:21 UTC, up to an hour late."""

    def on_start(self) -> None:
        self.calls = 0
        self.schedule("22:13:21", "UTC", self.call, late_s=3600)

    def call(self) -> None:
        self.calls += 1
        self.log.info("called")


def test_what_its_schedule_called_is_kept_and_the_next_process_knows_it():
    store, lines = Kept(), []
    calls = []
    for seconds in (0, 5, 5, 3590):
        host = MemoryHost(strategy=f"{__name__}:Daily")
        host.clock = VirtualClock(T0 + seconds * 1_000_000_000)
        service = build(host, "one", store=store, write=lines.append)
        service.following = lambda: ("READY", "")
        for _ in range(2):
            service.runner.live = True
            service.turn(0)
        calls.append(service.runner.strategy.calls)
    assert calls == [0, 1, 0, 0], "missed by the first process, called by the second alone"
    assert [line.text for line in lines] == ["called"]
    assert store.data is None, "it has a store of its own"
