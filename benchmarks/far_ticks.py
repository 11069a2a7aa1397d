"""Ticks to a far host, through the door and the relay, beside the same ticks at home.

A market socket -> (`tapewire.relay --door` at home -> tcp with CURVE -> `tapewire.relay` on the
far host ->) `tapewire.strategy`, which notes the age of each tick. Messages go in windows, each of
which is waited for, so that none is dropped and the figures are comparable; then at a rate, for the
latency. Both ends read one clock, for they are on one machine.
"""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from tapewire.benchmarks.load import made_ticks as made
from tapewire.benchmarks.load.children import Children, Talk
from tapewire.benchmarks.load.machine import cpu_s
from tapewire.benchmarks.load.namespaces import Host, received_bytes
from tapewire.benchmarks.load.paced import Publishing
from tapewire.benchmarks.load.ports import free_ports
from tapewire.benchmarks.load.tick_source import open_market, wait_for
from tapewire.benchmarks.report.figures import goal
from tapewire.common import roles
from tapewire.common.bus import wire
from tapewire.common.bus.allowed import Allowed
from tapewire.common.bus.endpoints import endpoint, prepare_run_dir
from tapewire.common.bus.ports import PORTS
from tapewire.common.config.settings import BusConfig
from tapewire.common.runtime import key_files

Figures = dict[str, Any]

HOME: Final = "home"
FAR: Final = "far"
SYMBOLS: Final = 6
WINDOW: Final = 500
"""Messages that are under way at once: none of the queues on the way holds fewer."""
PER_MESSAGE: Final = (1, 20)
RATE_PER_S: Final = 1_000.0
"""Messages per second, for the latency."""
_CONFIG: Final = """\
run_dir = "{run_dir}"
host = "{here}"
bus = {{ ports = {{ {ports} }} }}

[[hosts]]
name = "home"
address = "{home}"
home = true

[[hosts]]
name = "far"
address = "{far}"

{instruments}

[[strategies]]
name = "bench"
strategy = "tapewire.benchmarks.load.strategies:Timing"
host = "{here}"
"""


class _Place(NamedTuple):
    """A reader on one host, and the processes that the ticks pass through, by name."""

    passed: dict[str, int]
    reader: Talk
    host: Host

    def received(self) -> int | None:
        """Bytes that have come here from other hosts, where those are counted."""
        return received_bytes(self.host) if self.host.enter and len(self.passed) > 1 else None


def measure(children: Children, hosts: Sequence[Host], seconds: float) -> list[Figures]:
    """At home and on the far host, each with few ticks in a message and with many."""
    folder = children.folder / "ticks"
    folder.mkdir()
    configs = _written(folder, hosts)
    market = open_market(endpoint("market", BusConfig(), folder / HOME), 2 * WINDOW)
    joined = (*made.symbols(SYMBOLS), made.MARK)
    found = []
    for where in (HOME, FAR):
        place = _started(children, configs, hosts, where)
        wait_for(market, {wire.topic(f"tick.{name}") for name in joined})
        for per_message in PER_MESSAGE:
            publishing = Publishing(market, SYMBOLS, per_message, stamped=True)
            publishing.last_values(SYMBOLS)
            found.append({"where": where, "per_message": per_message})
            found[-1] |= _measured(publishing, place, per_message, seconds)
        place.reader.end()
    market.close()
    return found


def _written(folder: Path, hosts: Sequence[Host]) -> dict[str, Path]:
    """A configuration for each host, and keys that know each other."""
    ports = ", ".join(
        f"{name} = {port}" for name, port in zip(PORTS, free_ports(len(PORTS)), strict=True)
    )
    instruments = "\n".join(
        f'[[instruments]]\nsymbol = "{name}"\ncon_id = {number}'
        for number, name in enumerate((*made.symbols(SYMBOLS), made.MARK), 1)
    )
    files = {}
    for here in (HOME, FAR):
        run_dir = prepare_run_dir(folder / here)
        files[here] = folder / f"{here}.toml"
        files[here].write_text(
            _CONFIG.format(
                run_dir=run_dir, here=here, ports=ports, home=hosts[0].address,
                far=hosts[1].address, instruments=instruments,
            )
        )  # fmt: skip
    trusted, known = key_files.make_own(folder / HOME), key_files.make_own(folder / FAR)
    key_files.trust(folder / FAR, trusted.public)
    key_files.allow(folder / HOME, Allowed(known.public, FAR, "strategy"))
    return files


def _started(
    children: Children, configs: dict[str, Path], hosts: Sequence[Host], where: str
) -> _Place:
    between = {}
    if where == FAR:
        door = children.start(
            "door", ["tapewire.relay", "--door"], config=configs[HOME], host=hosts[0]
        )
        relay = children.start("relay", ["tapewire.relay", FAR], config=configs[FAR], host=hosts[1])
        children.wait_ready(configs[FAR].parent / FAR, [roles.relay_role(FAR)])
        between = {"door": door.pid, "relay": relay.pid}
    host = hosts[0] if where == HOME else hosts[1]
    arguments = ["tapewire.strategy", "bench"]
    reader = Talk(children, f"bench-{where}", arguments, config=configs[where], host=host)
    return _Place({**between, "strategy": reader.pid}, reader, host)


def _measured(publishing: Publishing, place: _Place, per_message: int, seconds: float) -> Figures:
    publishing.mark()
    place.reader.hear()
    publishing.windows(WINDOW, seconds / 4, place.reader.hear)  # to warm up
    heard: list[Figures] = []
    before, sent = {n: cpu_s(pid) for n, pid in place.passed.items()}, publishing.sent
    received = place.received()
    took_s = publishing.windows(WINDOW, seconds, lambda: heard.append(place.reader.hear()))
    sent = publishing.sent - sent
    cpu = {name: cpu_s(pid) - before[name] for name, pid in place.passed.items()}
    messages = sent / per_message
    publishing.run(RATE_PER_S * per_message, seconds)
    time.sleep(0.1)
    publishing.mark()
    return {
        "sent": sent,
        "ticks": sum(one["ticks"] for one in heard),
        "ticks_per_s": round(sent / took_s),
        "cpu_us_per_message": {
            name: round(spent_s / messages * 1e6, 2) for name, spent_s in cpu.items()
        },
        "bytes_per_message": None
        if received is None
        else round(((place.received() or 0) - received) / messages),
        "latency_us": place.reader.hear()["us"],
    }


def faults(runs: Sequence[Figures]) -> list[str]:
    """A sentence for each run in which a tick was lost or came twice."""
    return [
        f"{_name(one)}: {one['ticks']} of {one['sent']} ticks came"
        for one in runs
        if one["ticks"] != one["sent"]
    ]


def goals(where: str, runs: Sequence[Figures]) -> list[Figures]:
    """Lines of the table; how many there can be depends on the machine, so none has a bound."""
    return [goal(f"{where}: {_name(one)}", one["ticks_per_s"], "/s") for one in runs]


def lines(runs: Sequence[Figures]) -> Iterator[str]:
    """A line for each run."""
    for one in runs:
        us, cpu = one["latency_us"], one["cpu_us_per_message"]
        spent = "".join(f"; {name} {figure} us of CPU per message" for name, figure in cpu.items())
        if one["bytes_per_message"] is not None:
            spent += f"; {one['bytes_per_message']} bytes"
        yield (
            f"{_name(one)}: {one['ticks_per_s']:,} per second; at {RATE_PER_S:.0f} messages per"
            f" second {us['p50']:.0f} us old (p50), {us['p99']:.0f} us (p99){spent}"
        )


def _name(run: Figures) -> str:
    place = "at home" if run["where"] == HOME else "on a far host"
    many = run["per_message"]
    return f"ticks {place}, {many} per message"
