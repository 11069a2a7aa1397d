"""How a strategy is put together from the configuration, live or virtual."""

from collections.abc import Iterator
from itertools import takewhile
from typing import Final

from tapewire.common.bus import derived, wire
from tapewire.common.bus.ports import QUERIES, of_login
from tapewire.common.config.sections import StrategyConfig
from tapewire.common.runtime.host import Host
from tapewire.strategy import feeds, history
from tapewire.strategy.failures import Report
from tapewire.strategy.loading.faults import Failure
from tapewire.strategy.log import Write, nowhere
from tapewire.strategy.runner import Runner
from tapewire.strategy.service import MARKET, StrategyService, follows, queries_of
from tapewire.strategy.state import Store

ALL: Final = slice(None)
"""The shard that is the whole: all of the strategy's symbols."""


def ignore(_raised: Failure) -> None:
    """Report nothing."""


def build(
    host: Host,
    name: str,
    shard: slice = ALL,
    store: Store | None = None,
    say: Report = ignore,
    write: Write = nowhere,
) -> StrategyService:
    """Load the strategy `name`, warm it up, open the channels.

    It warms up before a channel is open, so that no tick waits meanwhile. `store` keeps what the
    strategy saves, `say` receives what its callbacks raise and `write` what it logs.
    """
    config = host.config.strategy(name)
    symbols = host.config.symbols_of(config)[shard]
    saved = store.read() if store is not None else None
    schedule = store.beside("schedule") if store is not None else None
    scheduled = schedule.read() if schedule is not None else None
    instruments = host.config.all_instruments()
    runner = Runner(config, symbols, host.epoch, say, saved, instruments, scheduled, write)
    now = host.clock.now()
    runner.start(now)
    if config.warm_up is not None:
        past = history.ticks_of(config.warm_up, symbols)
        present_ns = history.present_ns(host.config.simulator, now.wall_ns)
        runner.warm_up(takewhile(lambda tick: tick.ts_ns < present_ns, past))
    logins = host.config.logins()
    login = logins.of(config.account) or next(iter(logins))  # with several it names its account
    host.follow(*follows(login))
    latest = config.delivery == "latest"  # such a one empties the socket in every turn
    batch_max = host.config.bus.messages_max if latest else None
    for source, read in logins.sources_of(symbols, config.account).items():
        topics = [topic for symbol in read for topic in _topics(symbol, config)]
        market = of_login(MARKET, source)
        host.connect(market, "sub", market, topics, batch_max)
    host.connect("signals", "push", "signals")
    host.connect(queries_of(login), "dealer", of_login(QUERIES, login.name))
    for feed in config.feeds:
        prefixes = [prefix.encode() for prefix in feed.topics or ("",)]
        host.connect_outside(f"{feeds.PREFIX}{feed.name}", "sub", feed.endpoint, prefixes)
    return StrategyService(
        runner, host.transport, host.clock,
        epoch=host.epoch, symbols=[_name(symbol, config) for symbol in symbols],
        made=[topic for symbol in symbols for topic in _made(symbol, config)], latest=latest,
        store=store, schedule=schedule, checkpoints=host.checkpoints(), login=login,
        silent_after_ms=host.config.risk.lease_ms if host.config.placement().is_far else None,
    )  # fmt: skip


def _name(symbol: str, config: StrategyConfig) -> str:
    """What stands behind `tick.` in the topic that a strategy reads of a symbol."""
    return f"{symbol}@{config.filter}" if config.filter else symbol


def _topics(symbol: str, config: StrategyConfig) -> Iterator[bytes]:
    """What a strategy subscribes of a symbol."""
    name = _name(symbol, config)
    yield wire.topic(f"tick.{name}")
    yield wire.topic(f"{derived.JOINED if config.filter else 'last'}.{name}")
    yield from map(wire.topic, _made(symbol, config))


def _made(symbol: str, config: StrategyConfig) -> Iterator[str]:
    """The topics of a symbol that have other things than ticks."""
    for size in config.bars:
        yield f"bar.{symbol}.{size}"
    if config.broker_bars:
        yield f"bar5.{symbol}"
    if symbol in config.depth:
        yield f"depth.{symbol}"
