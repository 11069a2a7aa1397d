"""`python -m tapewire.strategy NAME`: one strategy of the configuration, as a process of its own."""

import argparse
import sys

import structlog

from tapewire.common.bus import wire
from tapewire.common.runtime import process
from tapewire.common.runtime.process import Process
from tapewire.strategy import feeds, history
from tapewire.strategy.loading.faults import Failure
from tapewire.strategy.runner import Runner
from tapewire.strategy.service import FOLLOWS, StrategyService
from tapewire.strategy.state import FileStore


def build(own: Process) -> StrategyService:
    """Open the sockets, load the strategy."""
    config = own.config.strategy(own.arguments.name)
    symbols = own.config.symbols_of(config)[own.arguments.shard]
    log = structlog.get_logger()
    store = FileStore(own.run_dir / "state" / config.name)

    def say(raised: Failure) -> None:
        log.error("strategy", text=str(raised), traceback=raised.traceback)

    runner = Runner(config, symbols, own.epoch, say, store.read())
    log.info("loaded", strategy=runner.loaded)
    for hint in runner.hints:
        log.warning("hint", text=hint)
    runner.start(own.clock.now_ns())
    if config.warm_up is not None:  # before a socket is open: no tick waits meanwhile
        runner.warm_up(history.ticks_of(config.warm_up, symbols))
    own.follow(*FOLLOWS)
    topics = [wire.topic(f"{kind}.{s}") for s in symbols for kind in ("tick", "last")]
    latest = config.delivery == "latest"  # such a one empties the socket in every turn
    batch_max = own.config.bus.messages_max if latest else None
    own.transport.connect("market", "sub", own.endpoint("market"), topics, batch_max)
    own.transport.connect("signals", "push", own.endpoint("signals"))
    for feed in config.feeds:
        prefixes = [prefix.encode() for prefix in feed.topics or ("",)]
        own.transport.connect(f"{feeds.PREFIX}{feed.name}", "sub", feed.endpoint, prefixes)
    return StrategyService(
        runner, own.transport, own.clock,
        epoch=own.epoch, symbols=symbols, latest=latest, store=store,
    )  # fmt: skip


def shard(text: str) -> slice:
    """`I/N`: of N instances that divide the symbols, the I-th; from 1."""
    number, _, count = text.partition("/")
    if not (number.isdecimal() and count.isdecimal() and 0 < int(number) <= int(count)):
        raise argparse.ArgumentTypeError(f"{text!r}, must be I/N with I from 1 to N")
    return slice(int(number) - 1, None, int(count))


def main() -> int:
    """Run a strategy."""
    parser = argparse.ArgumentParser(prog="python -m tapewire.strategy", description=__doc__)
    parser.add_argument("name", help="its name in [[strategies]], or NAME-2, NAME-3 and so on")
    parser.add_argument(
        "--shard", type=shard, default=slice(None), help="I/N: a part of the symbols"
    )
    return process.run(lambda a: f"strategy-{a.name}", build, parser)


if __name__ == "__main__":
    sys.exit(main())
