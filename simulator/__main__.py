"""`python -m tapewire.simulator`: a TWS on a TCP port, for any client."""

import argparse
import contextlib
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tapewire.common.errors import ConfigError
from tapewire.common.runtime import launched
from tapewire.common.runtime.process import EXIT_CONFIG
from tapewire.common.runtime.role_lock import EXIT_ROLE_TAKEN, RoleTaken
from tapewire.simulator import group_process, scenario_file
from tapewire.simulator.control import ControlPort
from tapewire.simulator.faults.catalogue import listing
from tapewire.simulator.market_arguments import add_market, instruments_of, market_for
from tapewire.simulator.server import TwsServer
from tapewire.simulator.settings import SimulatorSettings
from tapewire.simulator.shell import listen, now_ns, perm_id_of, serve
from tapewire.simulator.state_file import StateFile

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
        sys.exit(_in_group(arguments, lambda: bool(stopping)))
    try:
        _alone(arguments, lambda: bool(stopping))
    except ConfigError as error:
        print(error, file=sys.stderr)
        sys.exit(EXIT_CONFIG)


def _alone(arguments: argparse.Namespace, stopping: Callable[[], bool]) -> None:
    """Serve any client, as the arguments say."""
    instruments = instruments_of(arguments)
    server = TwsServer(_settings(arguments), instruments, market_for(arguments, instruments))
    kept = StateFile(arguments.state) if arguments.state else None
    if kept is not None:
        kept.load(server, now_ns())
    scenario_file.play(arguments.scenario, server.faults)
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
        report = (lambda: kept.write(server, now_ns())) if kept is not None else None
        serve(server, listener, stopping, audit, report, control)
        if kept is not None:
            kept.write(server, now_ns())


def _in_group(arguments: argparse.Namespace, stopping: Callable[[], bool]) -> int:
    """Serve the group; returns an exit status like those of its other processes."""
    try:
        config = launched.config_of(arguments.launched, None)
        group_process.run(config, stopping, arguments.login)
    except ConfigError as error:
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
    parser.add_argument(
        "--launched",
        metavar="RUN_DIR",
        help="with --member: go by what the group there was launched with",
    )
    parser.add_argument("--host", default="127.0.0.1")
    add_market(parser)
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


if __name__ == "__main__":
    main()
