"""`python -m tapewire.simulator`: a TWS on a TCP port, for any client."""

import argparse
import contextlib
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from tapewire.common.config import settings as configuration
from tapewire.common.instruments import Instrument
from tapewire.common.options import instrument_of
from tapewire.common.runtime.process import EXIT_CONFIG
from tapewire.common.runtime.role_lock import EXIT_ROLE_TAKEN, RoleTaken
from tapewire.common.ticks.rows import Row
from tapewire.simulator import group_process, scenario_file
from tapewire.simulator.control import ControlPort
from tapewire.simulator.exchange.made import dated, with_step
from tapewire.simulator.faults.catalogue import listing
from tapewire.simulator.market.file import market_of, symbols_of
from tapewire.simulator.market.open_market import OpenMarket
from tapewire.simulator.market.synthetic import SyntheticMarket, start_of
from tapewire.simulator.market.times import time_ns
from tapewire.simulator.server import TwsServer
from tapewire.simulator.settings import SimulatorSettings
from tapewire.simulator.shell import listen, now_ns, perm_id_of, serve
from tapewire.simulator.state_file import StateFile

SYMBOLS = "AAPL,MSFT,ESZ6:FUT:CME:50:0.25"  # those of tapewire.toml
SYMBOLS_MAX = 100
COMMAND = "python -m tapewire.simulator"


def main(given: Sequence[str] | None = None, command: str = COMMAND) -> None:
    """Serve until SIGTERM or Ctrl-C. Without arguments that are `given`, those of the process
    count; `command` is how it was called."""
    arguments = parser(command).parse_args(given)
    if arguments.scenarios:
        print("\n".join(listing()))
        return
    stopping: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _frame: stopping.append(number))
    if arguments.member:
        sys.exit(_in_group(arguments.login, lambda: bool(stopping)))
    try:
        _alone(arguments, lambda: bool(stopping))
    except configuration.ConfigError as error:
        print(error, file=sys.stderr)
        sys.exit(EXIT_CONFIG)


def _alone(arguments: argparse.Namespace, stopping: Callable[[], bool]) -> None:
    """Serve any client, as the arguments say."""
    instruments = _instruments(arguments)
    server = TwsServer(_settings(arguments), instruments, _market(arguments, instruments))
    kept = StateFile(arguments.state) if arguments.state else None
    if kept is not None:
        kept.load(server, now_ns())
    scenario_file.play(arguments.scenario, server)
    control = ControlPort(arguments.control, server.faults) if arguments.control else None
    listener = listen(arguments.host, arguments.port)
    print(f"simulator: listening on {arguments.host}:{listener.getsockname()[1]}", flush=True)
    if control:
        print(f"simulator: control port on {control.address}", flush=True)
    with contextlib.ExitStack() as stack:
        audit = (
            stack.enter_context(arguments.audit.open("wb", buffering=0))
            if arguments.audit
            else None
        )
        report = (lambda one: kept.write(one, now_ns())) if kept is not None else None
        serve(server, listener, stopping, audit, report, control)
        if kept is not None:
            kept.write(server, now_ns())


def _in_group(login: str, stopping: Callable[[], bool]) -> int:
    """Serve the group; returns an exit status like those of its other processes."""
    try:
        group_process.run(configuration.load(), stopping, login)
    except configuration.ConfigError as error:
        print(error, file=sys.stderr)
        return EXIT_CONFIG
    except RoleTaken as error:
        print(error, file=sys.stderr)
        return EXIT_ROLE_TAKEN
    return 0


def parser(command: str = COMMAND) -> argparse.ArgumentParser:
    """What it takes on the command line."""
    parser = argparse.ArgumentParser(prog=command, description=__doc__)
    parser.add_argument("--port", type=int, default=7497, help="0: any free port")
    parser.add_argument(
        "--member",
        action="store_true",
        help="run as the group's simulator: configured by tapewire.toml, on a free port",
    )
    parser.add_argument("--login", default="", help="with --member: which of [[gateways]]")
    parser.add_argument("--host", default="127.0.0.1")
    _add_market(parser)
    parser.add_argument("--scenario", type=Path, help="TOML file of what is to go wrong, and when")
    parser.add_argument(
        "--scenarios", action="store_true", help="list what can go wrong, and do nothing else"
    )
    parser.add_argument(
        "--control",
        metavar="PORT|PATH",
        help="take faults while running: a port of 127.0.0.1, 0 for a free one, or a Unix socket",
    )
    parser.add_argument(
        "--state", type=Path, help="keep orders and positions in this file, and begin with them"
    )
    parser.add_argument("--audit", type=Path, help="write one JSON line per event to this file")
    _add_tws(parser)
    return parser


def _add_market(parser: argparse.ArgumentParser) -> None:
    """What the market is made of."""
    parser.add_argument(
        "--ticks", type=Path, help="CSV of market rows; default: a synthetic market"
    )
    parser.add_argument(
        "--from", dest="since", type=time_ns, help="start here in the CSV (ISO time, UTC)"
    )
    parser.add_argument("--speed", default="1", help="market seconds per second, or max")
    parser.add_argument(
        "--seconds", type=float, default=0.0, help="stop the market after this time; 0: never"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=200.0, help="synthetic rows per second")
    parser.add_argument(
        "--symbols",
        help="SYMBOL[:TYPE[:EXCHANGE[:MULTIPLIER[:TICK]]]],...: only these, not any contract",
    )


def _add_tws(parser: argparse.ArgumentParser) -> None:
    """What kind of TWS this is."""
    parser.add_argument(
        "--pace",
        type=int,
        default=0,
        help="requests per second and client, with TWS's limits on history; 0: no limits",
    )
    for name in ("opens", "closes"):
        parser.add_argument(
            f"--{name}", default="", metavar="HH:MM[ ZONE]", help=f"when the market {name}; never"
        )
    parser.add_argument(
        "--delayed",
        default="",
        metavar="SYMBOLS",
        help="symbols without a subscription to live data, separated by commas",
    )
    parser.add_argument("--accounts", default="DU1234567", help="comma-separated account names")
    parser.add_argument(
        "--version-max", type=int, default=157, help="highest server version offered"
    )


def _settings(arguments: argparse.Namespace) -> SimulatorSettings:
    return SimulatorSettings(
        speed=0.0 if arguments.speed == "max" else float(arguments.speed),
        seconds=arguments.seconds,
        rate_max_per_s=arguments.pace,
        server_version_max=arguments.version_max,
        accounts=tuple(arguments.accounts.split(",")),
        first_perm_id=perm_id_of(time.time_ns()),
        opens=arguments.opens,
        closes=arguments.closes,
        delayed=tuple(one for one in arguments.delayed.split(",") if one),
    )


def _instruments(arguments: argparse.Namespace) -> list[Instrument]:
    if arguments.ticks and not arguments.symbols:
        ticks = symbols_of(arguments.ticks, SYMBOLS_MAX)
        return [instrument_of(symbol, min_tick=tick) for symbol, tick in ticks.items()]
    return [_instrument(text) for text in (arguments.symbols or SYMBOLS).split(",")]


def _instrument(text: str) -> Instrument:
    """An instrument as `--symbols` has it; the name of an option says all about it."""
    names = ("symbol", "sec_type", "exchange", "multiplier", "min_tick")
    given: dict[str, Any] = {name: one for name, one in zip(names, text.split(":")) if one}  # noqa: B905 - what is left out has defaults
    for name in given.keys() & {"multiplier", "min_tick"}:
        given[name] = Decimal(given[name])
    instrument = with_step(instrument_of(**given))
    today = datetime.fromtimestamp(time.time_ns() // 1_000_000_000, UTC).date()
    return msgspec.structs.replace(instrument, **dated(instrument, today))


def _market(arguments: argparse.Namespace, instruments: list[Instrument]) -> Iterator[Row]:
    if arguments.ticks:
        return market_of(arguments.ticks, arguments.since)
    if not arguments.symbols:
        return OpenMarket(instruments, arguments.seed, arguments.rate, time.time_ns())
    return SyntheticMarket(
        instruments, arguments.seed, arguments.rate, start_of(instruments, time.time_ns())
    )


if __name__ == "__main__":
    main()
