"""`python -m strategy NAME`: one strategy of the configuration, as a process of its own."""

import argparse
import sys

import structlog

from common import process, wire
from common.config import ConfigError
from common.process import Process
from strategy.runner import Runner
from strategy.service import FOLLOWS, StrategyService


def build(own: Process) -> StrategyService:
    """Open the sockets, load the strategy."""
    name = own.arguments.name
    known = {s.name: s for s in own.config.strategies}
    if name not in known:
        expected = ", ".join(sorted(known)) or "none is configured"
        raise ConfigError(f"strategy {name} is not in [[strategies]]; expected one of: {expected}")
    symbols = known[name].symbols or tuple(i.symbol for i in own.config.instruments)
    log = structlog.get_logger()
    runner = Runner(known[name], symbols, own.epoch, lambda text: log.error("strategy", text=text))
    own.follow(*FOLLOWS)
    topics = [wire.topic(f"{kind}.{s}") for s in symbols for kind in ("tick", "last")]
    own.transport.connect("market", "sub", own.endpoint("market"), topics)
    own.transport.connect("signals", "push", own.endpoint("signals"))
    return StrategyService(runner, own.transport, own.clock, epoch=own.epoch, symbols=symbols)


def main() -> int:
    """Run a strategy."""
    parser = argparse.ArgumentParser(prog="python -m strategy", description=__doc__)
    parser.add_argument("name", help="its name in [[strategies]]")
    return process.run(lambda a: f"strategy-{a.name}", build, parser)


if __name__ == "__main__":
    sys.exit(main())
