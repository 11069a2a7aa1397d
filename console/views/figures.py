"""A run's figures: what was sent, received, traded, and whether anything was lost or doubled."""

from pathlib import Path
from typing import Any

from tapewire.common.amounts import text
from tapewire.common.config.settings import Config
from tapewire.console.group import status as told
from tapewire.console.group.status import Status
from tapewire.console.records import books as both

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
    simulator's own books; all three are 0 in a run without fault.
    """
    statuses = told.read(run_dir)
    gateway, simulator = statuses.get("gateway", {}), statuses.get("simulator", {})
    strategies = {n: s for n, s in statuses.items() if n.startswith("strategy-")}
    traded = both.Traded(config, run_dir)
    broker = both.broker_books(run_dir / "audit.jsonl")
    return {
        "messages_sent": simulator.get("counters", {}).get("messages_sent", 0),
        "messages_received": gateway.get("tws_messages", 0),
        "ticks_published": told.counter(gateway, "ticks_published"),
        "ticks_received": {n: told.counter(s, "ticks_received") for n, s in strategies.items()},
        "gaps": {n: sum(s["missed"].values()) for n, s in strategies.items()},
        "signals": sum(s["signals"] for s in strategies.values()),
        "orders": traded.orders,
        "fills": traded.fills,
        "duplicates": both.duplicates(broker),
        "position_difference": text(both.position_difference(traded, broker)),
        "pnl_difference": text(both.pnl_difference(traded, broker)),
        "realised": text(traded.book.realised),
        "commission": text(traded.book.commission),
        "latency_us": told.hops(statuses),
        "halts": traded.halts,
        "restarts": restarts(run_dir),
        "dead_letters": sum(told.counter(s, "dead_letters") for s in statuses.values()),
        "faults": faults(gateway, simulator, strategies, traded, broker),
    }


def faults(
    gateway: Status,
    simulator: Status,
    strategies: dict[str, Status],
    traded: both.Traded,
    broker: dict[str, Any],
) -> list[str]:
    """What was lost, doubled or different, a sentence each; empty is what a run must end with."""
    found = []
    if not broker:
        found.append("the simulator's books are missing: it did not end in order")
    sent, received = simulator.get("counters", {}).get("messages_sent", 0), gateway["tws_messages"]
    if sent != received:
        found.append(f"the simulator sent {sent} market data messages, the gateway read {received}")
    for name, strategy in strategies.items():
        found += _missed(name, strategy, gateway)
        found += filter(None, [strategy.get("stopped")])
    return found + trading_faults(traded, broker)


def trading_faults(traded: both.Traded, broker: dict[str, Any]) -> list[str]:
    """What is doubled or different between the journals and the broker's books."""
    found = []
    if both.duplicates(broker):
        found.append(f"{both.duplicates(broker)} intents have more than one broker order")
    if both.position_difference(traded, broker):
        found.append(f"positions differ by {both.position_difference(traded, broker)}")
    if both.pnl_difference(traded, broker):
        found.append(f"P&L differs by {both.pnl_difference(traded, broker)}")
    if traded.exec_ids != set(broker.get("exec_ids", [])):
        found.append("the executions are not the broker's")
    return found


def restarts(run_dir: Path) -> int:
    """How often a process of the group was started again."""
    again = 0
    for log in (run_dir / "logs").glob("*.log"):
        if log.stem != "supervisord":
            again += max(0, log.read_text(errors="replace").count('"event": "started"') - 1)
    return again


def _missed(name: str, strategy: Status, gateway: Status) -> list[str]:
    """Every tick published must have reached every strategy that asked for it."""
    found = []
    for symbol, topic in strategy["topics"].items():
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
