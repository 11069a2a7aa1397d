"""`python -m tapewire.strategy NAME`: one strategy of the configuration, in its own process."""

import argparse
import sys

from tapewire.common import roles
from tapewire.common.runtime import out_of_memory, process
from tapewire.common.runtime.logs import log
from tapewire.common.runtime.process import Process
from tapewire.common.ticks.stamps import iso
from tapewire.strategy import composition
from tapewire.strategy.loading.faults import Failure
from tapewire.strategy.log import LogLine
from tapewire.strategy.service import StrategyService
from tapewire.strategy.state import FileStore


def build(host: Process) -> StrategyService:
    """Build the service, with its state in the run directory and its failures in the log."""
    name = host.arguments.name
    store = FileStore(host.run_dir / "state" / name)
    service = composition.build(host, name, host.arguments.shard, store, _log, _write)
    log.info("loaded", strategy=service.runner.loaded)
    for hint in service.runner.hints:
        log.warning("hint", text=hint)
    return service


def _log(raised: Failure) -> None:
    log.error("strategy", text=str(raised), traceback=raised.traceback)


def _write(line: LogLine) -> None:
    about = {"symbol": line.symbol} if line.symbol else {}
    values = {"values": line.values} if line.values else {}
    log.write(
        line.level,
        "strategy",
        text=line.text,
        strategy=line.strategy,
        at=iso(line.ts_ns),
        **about,
        **values,
    )


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
        "--shard", type=shard, default=composition.ALL, help="I/N: a part of the symbols"
    )
    out_of_memory.ask_to_be_first()
    return process.run(lambda a: roles.strategy_role(a.name), build, parser)


if __name__ == "__main__":
    sys.exit(main())
