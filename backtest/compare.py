"""A live run against a back-test on the same ticks: executed orders side by side.

Orders of one strategy, symbol and side are paired in order of time. Two that are further apart
than `APART_MAX_NS` are different orders: the earlier one has no partner.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec

from tapewire.backtest.report.round_trips import owner
from tapewire.common import roles
from tapewire.common.amounts import text
from tapewire.common.config.settings import ConfigError
from tapewire.common.events import Fill, Side
from tapewire.common.runtime.journal import SqliteJournal, events_of
from tapewire.common.ticks.stamps import iso

APART_MAX_NS: Final = 2_000_000_000
AUDIT: Final = "audit.jsonl"
Key = tuple[str, str, Side]


class LiveRun(msgspec.Struct, frozen=True):
    """A run of `tapewire demo`: its executions, and the wall time of its first market data."""

    fills: list[Fill]
    market_ns: int


class Executed(msgspec.Struct, frozen=True):
    """An order's executions: the time of the first, the whole quantity, the average price."""

    ts_ns: int
    quantity: Decimal
    price: Decimal


class Pair(msgspec.Struct, frozen=True):
    """The same order live and in the back-test; None on the side that has no such order.

    Times are on the back-test's clock: live times are shifted by the time between the two starts.
    """

    strategy: str
    symbol: str
    side: Side
    live: Executed | None
    backtest: Executed | None

    @property
    def ts_ns(self) -> int:
        """When it was executed: in the back-test if it was there, else live."""
        one = self.backtest or self.live
        assert one is not None
        return one.ts_ns

    @property
    def is_equal(self) -> bool:
        """Whether both sides have it, at the same price and quantity."""
        live, back = self.live, self.backtest
        if live is None or back is None:
            return False
        return (live.quantity, live.price) == (back.quantity, back.price)


def read_run(run_dir: Path) -> LiveRun:
    """Read a run's journals and the simulator's audit; raises `ConfigError` if one is missing."""
    path = _journal(run_dir, roles.GATEWAY)
    if not path.is_file():
        raise ConfigError(
            f"--compare {run_dir}: no {path.name}; expected the run directory of a demo"
        )
    fills = [fill for role in roles.GATEWAYS for fill in _fills(_journal(run_dir, role))]
    return LiveRun(fills, _market_ns(run_dir / AUDIT))


def compare(live: Iterable[Fill], backtest: Iterable[Fill], shift_ns: int) -> list[Pair]:
    """Pair the executed orders; `shift_ns` is added to the live run's times."""
    ours, theirs = executed(live, shift_ns), executed(backtest, 0)
    pairs = [
        Pair(*key, one, other)
        for key in ours.keys() | theirs.keys()
        for one, other in _paired(ours.get(key, []), theirs.get(key, []))
    ]
    return sorted(pairs, key=lambda p: (p.ts_ns, p.strategy, p.symbol, p.side))


def executed(fills: Iterable[Fill], shift_ns: int) -> dict[Key, list[Executed]]:
    """The orders behind `fills` in order of time, by strategy, symbol and side."""
    orders: dict[tuple[Key, str], list[Fill]] = {}
    for fill in sorted(fills, key=lambda f: f.ts_ns):
        key: Key = (owner(fill), fill.symbol, fill.side)
        orders.setdefault((key, fill.intent_id or fill.exec_id), []).append(fill)
    found: dict[Key, list[Executed]] = {}
    for (key, _), parts in orders.items():
        quantity = sum((p.quantity for p in parts), Decimal(0))
        if not quantity:
            continue  # all of it was busted
        amount = sum((p.quantity * p.price for p in parts), Decimal(0))
        found.setdefault(key, []).append(
            Executed(parts[0].ts_ns + shift_ns, quantity, amount / quantity)
        )
    return found


def as_json(pairs: Sequence[Pair], run_dir: str, shift_ns: int) -> dict[str, Any]:
    """The comparison, JSON-able: the number of equal orders, and each order that differs."""
    return {
        "run_dir": run_dir,
        "shift_ns": shift_ns,
        "orders_live": sum(p.live is not None for p in pairs),
        "orders_backtest": sum(p.backtest is not None for p in pairs),
        "equal": sum(p.is_equal for p in pairs),
        "only_live": sum(p.backtest is None for p in pairs),
        "only_backtest": sum(p.live is None for p in pairs),
        "differences": [_difference(p) for p in pairs if not p.is_equal],
    }


def _difference(pair: Pair) -> dict[str, Any]:
    live, back = pair.live, pair.backtest
    both: dict[str, Any] = {}
    if live is not None and back is not None:
        both = {
            "price_difference": text(live.price - back.price),
            "quantity_difference": text(live.quantity - back.quantity),
            "delay_us": (live.ts_ns - back.ts_ns) // 1000,
        }
    return {
        "at": iso(pair.ts_ns),
        "strategy": pair.strategy,
        "symbol": pair.symbol,
        "side": pair.side,
        "live": _side(live),
        "backtest": _side(back),
        **both,
    }


def _side(one: Executed | None) -> dict[str, str] | None:
    if one is None:
        return None
    return {"at": iso(one.ts_ns), "quantity": text(one.quantity), "price": text(one.price)}


def _paired(
    live: Sequence[Executed], back: Sequence[Executed]
) -> Iterator[tuple[Executed | None, Executed | None]]:
    i = j = 0
    while i < len(live) and j < len(back):
        apart_ns = live[i].ts_ns - back[j].ts_ns
        if apart_ns > APART_MAX_NS:
            yield None, back[j]
            j += 1
        elif apart_ns < -APART_MAX_NS:
            yield live[i], None
            i += 1
        else:
            yield live[i], back[j]
            i, j = i + 1, j + 1
    yield from ((one, None) for one in live[i:])
    yield from ((None, one) for one in back[j:])


def _journal(run_dir: Path, role: str) -> Path:
    return run_dir / "journals" / f"{role}.sqlite"


def _fills(path: Path) -> list[Fill]:
    if not path.is_file():
        return []
    journal = SqliteJournal(path, read_only=True)
    try:
        return [e for e in events_of(journal) if isinstance(e, Fill)]
    finally:
        journal.close()


def _market_ns(audit: Path) -> int:
    """When the simulator sent its first tick."""
    if audit.is_file():
        with audit.open("rb") as lines:
            for line in lines:
                if b'"kind":"market_data"' in line[:64]:
                    return int(msgspec.json.decode(line)["ts_ns"])
    raise ConfigError(f"--compare: {audit} has no market data; expected the audit of a demo")
