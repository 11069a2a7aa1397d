"""What a run says of options: how many were read, their greeks, and what combo orders came to.

The P&L of what combos traded is given twice: by the journals and by the simulator's own books,
which share no code. They agree, or the run has a fault.
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tapewire.common.accounting.compare import broker_of, together
from tapewire.common.amounts import ZERO, text, text_or_none
from tapewire.common.config.settings import Config
from tapewire.common.options import OPTION
from tapewire.console.group.status import Status
from tapewire.console.records import blotter
from tapewire.console.records.blotter import BlotterOrder, Trading

GREEKS: Final = "greeks_published."
"""What the gateway's count of greeks is called, before their source."""


def of_run(
    config: Config, run_dir: Path, gateways: Mapping[str, Status], brokers: list[dict[str, Any]]
) -> dict[str, Any]:
    """The figures of a run with options; none without. `combo_pnl` is realised P&L before
    commissions of each symbol that combos have traded, by the journals and by the broker."""
    instruments = config.all_instruments()
    options = {one.symbol for one in instruments if one.sec_type == OPTION}
    if not options:
        return {}
    trading = blotter.read(run_dir, instruments)
    combos = [one for one in blotter.orders(trading, blotter.Only()) if one.order.legs]
    return {
        "options_subscribed": len(options & {s for g in gateways.values() for s in g["tick_seqs"]}),
        "greeks_published": _greeks(gateways),
        "combos": [combo(one) for one in combos],
        "combo_pnl": _pnl(trading, combos, brokers),
    }


def combo(one: BlotterOrder) -> dict[str, Any]:
    """A combo order: its own net prices, and what was traded of each leg at which average price."""
    return {
        "intent_id": one.intent_id,
        "side": one.terms.side,
        "quantity": text(one.terms.quantity),
        "limit": text_or_none(one.terms.limit),
        "state": one.state,
        "filled": text(one.filled),
        "average_price": text_or_none(one.average_price),
        "legs": [
            {
                "symbol": symbol,
                "side": side,
                "ratio": ratio,
                "filled": text(one.executions.on(symbol)),
                "average_price": text_or_none(one.executions.average_on(symbol)),
            }
            for symbol, side, ratio in one.order.parts
        ],
    }


def as_line(found: Mapping[str, Any]) -> str:
    """A combo in a line: what was done at which price, and each leg."""
    if found["filled"] == "0":
        return f"{found['side']} {found['quantity']}, limit {found['limit']}: {found['state']}"
    legs = ", ".join(
        f"{leg['side']} {leg['filled']} {leg['symbol']} at {leg['average_price']}"
        for leg in found["legs"]
    )
    words = f"{found['side']} {found['filled']} of {found['quantity']}, limit {found['limit']}"
    return f"{words}, at {found['average_price']}: {legs}"


def _greeks(gateways: Mapping[str, Status]) -> dict[str, int]:
    """How many greeks were published, by their source."""
    found = Counter[str]()
    for gateway in gateways.values():
        for name, value in gateway.get("gauges", {}).items():
            if name.startswith(GREEKS):
                found[name.removeprefix(GREEKS)] += value
    return dict(found)


def _pnl(
    trading: Trading, combos: list[BlotterOrder], brokers: list[dict[str, Any]]
) -> dict[str, dict[str, str]]:
    theirs = together(map(broker_of, brokers)).realised
    keys = {(one.order.account, symbol) for one in combos for symbol in one.order.symbols}
    found: dict[str, dict[str, str]] = {}
    for symbol in sorted({symbol for _, symbol in keys}):
        of_symbol = [key for key in keys if key[1] == symbol]
        ours = sum((trading.book.position(*key).realised for key in of_symbol), ZERO)
        broker = sum((theirs.get(key, ZERO) for key in of_symbol), ZERO)
        found[symbol] = {"realised": text(ours), "broker": text(broker)}
    return found
