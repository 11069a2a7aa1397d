"""The simulated brokers of a run, each behind a proxy of its own."""

import random
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from tapewire.testing import SimulatedTws
from tests.chaos.proxy import Proxy
from tests.chaos.setup import ACCOUNT, FUTURE, RATE_PER_S, SYMBOLS, Setup
from tests.simulation.both import PX


class SimulatedGateway(SimulatedTws):
    """A simulated ProjectX Gateway in a process of its own."""

    module = "tapewire.simulator.projectx"


class Brokers(NamedTuple):
    """What a group trades at: the process of each login's broker, the proxy before it, and its
    audit."""

    servers: Mapping[str, SimulatedTws]
    proxies: Mapping[str, Proxy]
    audits: Mapping[str, Path]

    @property
    def ports(self) -> dict[str, int]:
        """Where a gateway reaches them."""
        return {login: proxy.port for login, proxy in self.proxies.items()}

    def calm(self) -> None:
        """What was to go wrong and has not yet, does not."""
        for server in self.servers.values():
            server.command({"do": "clear"})


@contextmanager
def started(folder: Path, seed: int, setup: Setup) -> Iterator[Brokers]:
    """The brokers of a setup's logins, until the end."""
    audits = {one: folder / f"audit{f'-{one}' if one else ''}.jsonl" for one in setup.logins}
    servers: dict[str, SimulatedTws] = {}
    proxies: dict[str, Proxy] = {}
    with ExitStack() as stack:
        for number, (login, audit) in enumerate(audits.items()):
            log = folder / f"{audit.stem.replace('audit', 'simulator')}.log"
            server = _server(login in setup.linked, seed + number, audit, log)
            servers[login] = stack.enter_context(server)
            proxy = Proxy(server.port, random.Random(seed + number + 1))
            proxies[login] = stack.enter_context(proxy)
        yield Brokers(servers, proxies, audits)


def _server(is_linked: bool, seed: int, audit: Path, log: Path) -> SimulatedTws:
    options = [f"--audit={audit}", f"--rate={RATE_PER_S}"]
    if is_linked:
        options.append(f"--accounts={PX}")  # its number, too, for it is the first
        return SimulatedGateway(seed=seed, symbols=FUTURE, options=options, log=log)
    options += [f"--accounts={ACCOUNT}", "--version-max=178"]
    return SimulatedTws(seed=seed, symbols=SYMBOLS, options=options, log=log)
