"""A run's figures: what was sent, received and traded, and every discrepancy."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tapewire.common import roles
from tapewire.common.accounting.book import Book, Totals
from tapewire.common.accounting.compare import CENT, total
from tapewire.common.amounts import counted, text
from tapewire.common.config.settings import Config
from tapewire.common.events import Difference
from tapewire.console.group import status
from tapewire.console.group.status import Status
from tapewire.console.records import books
from tapewire.console.views import option_figures

EXECUTIONS_MAX = 3  # in a sentence
HOPS = {
    "gateway_to_strategy": "tick: gateway to strategy",
    "strategy_to_executor": "signal: strategy to executor",
    "executor_to_gateway": "order: executor to gateway",
    "gateway_to_tws": "order: executor to TWS socket",
    "tick_to_order": "tick read to order written",
}


def figures(config: Config, run_dir: Path) -> dict[str, Any]:
    """The figures of a run that has ended, as `tapewire demo` prints them.

    `duplicates`, `position_difference` and `pnl_difference` compare the journals with the
    simulator's own books, over all accounts; all three are 0 without a discrepancy. `accounts` has
    the executions, P&L and fees of each account that traded or is configured. With options there is
    more to say: see `option_figures`.
    """
    statuses = status.read(run_dir)
    gateways = status.of_kind(statuses, roles.GATEWAY)
    simulators = status.of_kind(statuses, roles.SIMULATOR)
    strategies = {n: s for n, s in statuses.items() if roles.is_strategy(n)}
    traded = books.Traded(config, run_dir)
    brokers = books.all_broker_books(run_dir)
    apart = books.differences(traded, brokers)
    return {
        "messages_sent": sum(map(_sent, simulators.values())),
        "messages_received": sum(one.get("tws_messages", 0) for one in gateways.values()),
        "ticks_published": sum(status.counter(g, "ticks_published") for g in gateways.values()),
        "ticks_received": {n: status.counter(s, "ticks_received") for n, s in strategies.items()},
        "gaps": {n: sum(s["missed"].values()) for n, s in strategies.items()},
        "signals": sum(s["signals"] for s in strategies.values()),
        "orders": traded.orders,
        "fills": traded.fills,
        "duplicates": int(total(apart, "duplicate")),
        "position_difference": text(total(apart, "position")),
        "pnl_difference": text(total(apart, "realised", "fees").quantize(CENT)),
        "realised": text(traded.book.realised),
        "commission": text(traded.book.fees),
        "accounts": _of_accounts(traded.book, config.logins().accounts),
        **option_figures.of_run(config, run_dir, gateways, brokers),
        "latency_us": status.hops(statuses),
        "halts": traded.halts,
        "restarts": restarts(run_dir),
        "dead_letters": sum(status.counter(s, "dead_letters") for s in statuses.values()),
        "faults": faults(config, statuses, brokers, apart),
    }


def _of_accounts(book: Book, named: Iterable[str]) -> dict[str, dict[str, Any]]:
    sums = {account: Totals() for account in named}
    for (account, _day), totals in book.days.items():
        sums[account] = sums.get(account, Totals()).with_other(totals)
    return {
        account: {"fills": of.fills, "realised": text(of.realised), "commission": text(of.fees)}
        for account, of in sorted(sums.items())
    }


def faults(
    config: Config,
    statuses: dict[str, Status],
    brokers: list[dict[str, Any]],
    apart: list[Difference],
) -> list[str]:
    """Every discrepancy, a sentence each; a good run ends with none."""
    found = []
    if not all(brokers):
        found.append("the simulator's books are missing: it did not shut down cleanly")
    for login in config.logins():
        sent = _sent(statuses.get(login.simulator, {}))
        received = statuses[login.gateway]["tws_messages"]
        if sent != received:
            found.append(
                f"the {login.simulator} sent {sent} market data messages, the {login.gateway} read"
                f" {received}"
            )
    for name in filter(roles.is_strategy, statuses):
        found += _missed(name, statuses[name], _market_of(name, config, statuses))
        found += filter(None, [statuses[name].get("was_stopped")])
    return found + differing(apart)


def _sent(simulator: Status) -> int:
    """How many messages of market data a simulator has sent."""
    return int(simulator.get("counters", {}).get("messages_sent", 0))


def _market_of(role: str, config: Config, statuses: dict[str, Status]) -> dict[str, Status]:
    """For each symbol that a strategy reads, the status of the gateway that it reads it from."""
    account = config.strategy(roles.strategy_name(role)).account
    sources = config.logins().sources_of(statuses[role]["topics"], account)
    return {
        symbol: statuses[roles.of_login(roles.GATEWAY, name)]
        for name, symbols in sources.items()
        for symbol in symbols
    }


def trading_faults(traded: books.Traded, brokers: list[dict[str, Any]]) -> list[str]:
    """What differs between the journals and the broker's books."""
    return differing(books.differences(traded, brokers))


def differing(apart: list[Difference]) -> list[str]:
    """A sentence per difference; executions that only one side has are counted in one."""
    executions = [one.subject for one in apart if one.kind == "execution"]
    found = [str(one) for one in apart if one.kind != "execution"]
    if executions:
        which = ", ".join(executions[:EXECUTIONS_MAX])
        count = counted(len(executions), "execution")
        found.append(f"{count} in only one of our books and the broker's, such as {which}")
    return found


def restarts(run_dir: Path) -> int:
    """How often a process of the group was restarted."""
    again = 0
    for log in (run_dir / "logs").glob("*.log"):
        if log.stem != "supervisord":
            again += max(0, log.read_text(errors="replace").count('"event": "started"') - 1)
    return again


def _missed(name: str, strategy: Status, gateways: Mapping[str, Status]) -> list[str]:
    """Every tick published must have reached every strategy that subscribed to it."""
    found = []
    for symbol, topic in strategy["topics"].items():
        gateway = gateways[symbol]
        published = gateway["tick_seqs"].get(symbol, 0)
        if topic["last_seq"] != published or strategy["missed"][symbol]:
            found.append(
                f"{name} read {symbol} up to message {topic['last_seq']} of {published}"
                f" and missed {strategy['missed'][symbol]}"
            )
        elif topic["first_seq"] == 0:
            ticks = gateway["counters"].get(f"ticks_published.{symbol}", 0)
            read = strategy["counters"].get(f"ticks_received.{symbol}", 0)
            if ticks != read:
                found.append(f"{name} read {read} of {ticks} ticks of {symbol}")
    return found
