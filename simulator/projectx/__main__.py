"""`python -m tapewire.simulator.projectx`: a ProjectX Gateway on a port of this machine."""

import argparse
import contextlib
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from tapewire.common.errors import ConfigError
from tapewire.common.runtime.process import EXIT_CONFIG
from tapewire.simulator import scenario_file
from tapewire.simulator.control import ControlPort
from tapewire.simulator.faults.catalogue import listing
from tapewire.simulator.market_arguments import add_market, instruments_of, market_for
from tapewire.simulator.projectx.faults import FAULTS
from tapewire.simulator.projectx.grouped import require_libraries
from tapewire.simulator.projectx.pace import HISTORY, OTHERS, Limit
from tapewire.simulator.projectx.settings import DAY_S, KEY, USER, GatewaySettings
from tapewire.simulator.settings import SimulatorSettings
from tapewire.simulator.shell import listen, now_ns, perm_id_of, serve

COMMAND: Final = "python -m tapewire.simulator.projectx"
HOST: Final = "127.0.0.1"
SYMBOLS: Final = "MNQZ6:FUT:CME:2:0.25,MESZ6:FUT:CME:5:0.25"
PORT: Final = 7499
NEVER: Final = Limit(1_000_000_000, 1)


def main(given: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM or Ctrl-C."""
    arguments = parser().parse_args(given)
    if arguments.scenarios:
        print("\n".join(listing(FAULTS)))
        return
    stopping: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _frame: stopping.append(number))
    try:
        require_libraries()
        _serve(arguments, lambda: bool(stopping))
    except ConfigError as error:
        print(error, file=sys.stderr)
        sys.exit(EXIT_CONFIG)


def _serve(arguments: argparse.Namespace, stopping: Callable[[], bool]) -> None:
    from tapewire.simulator.projectx.server import GatewayServer

    instruments = instruments_of(arguments, SYMBOLS)
    market = market_for(arguments, instruments)
    server = GatewayServer(settings_of(arguments), instruments, market, now_ns())
    scenario_file.play(arguments.scenario, server.faults, FAULTS)
    control = ControlPort(arguments.control, server.faults) if arguments.control else None
    listener = listen(HOST, arguments.port)
    print(f"projectx: listening on http://{HOST}:{listener.getsockname()[1]}", flush=True)
    if control:
        print(f"projectx: control port on {control.address}", flush=True)
    with contextlib.ExitStack() as stack:
        path = arguments.audit
        audit = stack.enter_context(path.open("wb", buffering=0)) if path else None
        serve(server, listener, stopping, audit, None, control)


def settings_of(arguments: argparse.Namespace) -> GatewaySettings:
    """The settings that the command line asks for."""
    market = SimulatorSettings(
        speed=0.0 if arguments.speed == "max" else float(arguments.speed),
        seconds=arguments.seconds,
        accounts=tuple(arguments.accounts.split(",")),
        first_perm_id=perm_id_of(time.time_ns()),
    )
    return GatewaySettings(
        market=market,
        user=arguments.user,
        key=arguments.key,
        token_s=arguments.token_s,
        history=NEVER if arguments.unlimited else HISTORY,
        others=NEVER if arguments.unlimited else OTHERS,
    )


def parser() -> argparse.ArgumentParser:
    """What it takes on the command line."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--port", type=int, default=PORT, help="0: any free port")
    add_market(parser)
    parser.add_argument("--accounts", default="PRAC1", help="comma-separated account names")
    parser.add_argument("--user", default=USER, help="the user name that may log in")
    parser.add_argument("--key", default=KEY, help="that user's API key")
    parser.add_argument(
        "--token-s", type=int, default=DAY_S, help="for how many seconds a token holds"
    )
    parser.add_argument(
        "--unlimited", action="store_true", help="no limits on the number of requests"
    )
    parser.add_argument("--scenario", type=Path, help="TOML file of what is to go wrong, and when")
    parser.add_argument(
        "--scenarios", action="store_true", help="list what can go wrong, and do nothing else"
    )
    parser.add_argument(
        "--control",
        metavar="PORT|PATH",
        help="take faults while running: a port of 127.0.0.1, 0 for a free one, or a Unix socket",
    )
    parser.add_argument("--audit", type=Path, help="write one JSON line per event to this file")
    return parser


if __name__ == "__main__":
    main()
