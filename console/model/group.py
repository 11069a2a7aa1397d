"""The read model: a group as its journals, statuses and ticks show it, as tables of rows.

It folds nothing that is folded elsewhere: orders, fills and positions are `records.blotter`'s,
earnings are the ledger's, states and sentences are those of `tapewire status`. What it adds is what
a page needs: the newest of everything, bounded, and the same object where nothing has changed.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from tapewire.common import roles
from tapewire.common.accounting.book import ZERO
from tapewire.common.amounts import text, text_or_none
from tapewire.common.clock import Now
from tapewire.common.config.settings import Config
from tapewire.common.events import Commission, Fill
from tapewire.console.group import status
from tapewire.console.group.status import Status, state_of
from tapewire.console.model import earnings
from tapewire.console.model.blotter_rows import BlotterRows, Row
from tapewire.console.model.curve import Curve
from tapewire.console.model.earnings import Earnings, Sum
from tapewire.console.model.event_rows import EventRows
from tapewire.console.model.prices import Prices
from tapewire.console.model.warnings import warnings_of
from tapewire.console.records import blotter
from tapewire.console.records.blotter import Only, Trading
from tapewire.console.records.journals import Entry
from tapewire.console.views import flattening, trading_json, words

RATES_OVER_NS: Final = 3_000_000_000
"""Statuses are written twice a second: over a shorter time a rate would jump."""
EARNINGS_EVERY_NS: Final = 1_000_000_000
EARNINGS_EACH_NS: Final = 200_000
"""So much longer the ledger rests for each execution: it takes some 10 us for one."""

Tables = dict[str, dict[str, Any]]


class GroupModel:
    """What is shown of one group. `name` is what a person calls it."""

    def __init__(self, name: str, config: Config) -> None:
        self.name = name
        self.config = config
        self.instruments = config.all_instruments()
        self.trading = Trading(self.instruments, config.days())
        self.prices = Prices()
        self.statuses: dict[str, Status] = {}
        self.names: Sequence[str] = ()
        self.loaded = 0
        self.fault = ""
        self.is_caught_up = False
        self._rows = BlotterRows(self.trading)
        self._events = EventRows()
        self._earnings = Earnings()
        self._earnings_stale = True
        self._earnings_due_ns = 0
        self._curves: dict[str, Curve] = {}
        self._seen: deque[tuple[int, dict[str, int]]] = deque()
        self._tables: Tables = {}

    # ---- what comes in -------------------------------------------------------------------------

    def apply(self, entry: Entry) -> None:
        """An entry of a journal, in the order of that journal."""
        self.loaded += 1
        event, source = entry.event, entry.source
        self._events.on_entry(entry)
        if roles.kind_of(source) in blotter.SOURCES:
            order = self.trading.apply(event, source)
            self._rows.on_event(event, order)
            self._earnings_stale |= isinstance(event, Fill | Commission)

    def on_statuses(self, statuses: Mapping[str, Status], names: Sequence[str], now: Now) -> None:
        """The newest status of each process, and which processes the group has."""
        self.statuses, self.names = dict(statuses), list(names)
        self._seen.append((now.mono_ns, status.totals(self.statuses)))
        while now.mono_ns - self._seen[0][0] > RATES_OVER_NS:
            self._seen.popleft()

    # ---- what is known -------------------------------------------------------------------------

    @property
    def by_strategy(self) -> Mapping[tuple[str, str], Sum]:
        """What each strategy has earned so far, by its name and the currency; another object each
        time that the ledger was asked. Nothing before all journals are read."""
        return self._earnings.strategies

    def tables(self, now: Now) -> Tables:
        """All that is shown at this moment."""
        self._earn(now)
        positions = self._positions()
        self._tables = {
            "desk": self._desk(now),
            "processes": self._processes(),
            "positions": positions,
            "orders": self._rows.orders(),
            "fills": self._rows.fills(),
            "strategies": self._strategies(),
            "headroom": self._headroom(),
            "halts": self._halts(),
            "decisions": self._events.decisions(),
            "events": self._events.events(),
            "instruments": self._instruments(),
            "curve": self._main_curve().rows(),
            "warnings": warnings_of(self, now),
        }
        return self._tables

    # ---- money ---------------------------------------------------------------------------------

    def _earn(self, now: Now) -> None:
        """Ask the ledger where executions have changed or a new day has begun; follow the day's
        curve."""
        if not self.is_caught_up:
            return
        today = self.trading.day_of.of("")(now.wall_ns)
        is_new = self._earnings.today != today
        if is_new or (self._earnings_stale and now.mono_ns >= self._earnings_due_ns):
            self._earnings = earnings.of_trading(
                self.trading, self.instruments, self.config.ledger.method, today
            )
            self._earnings_stale = False
            self._earnings_due_ns = now.mono_ns + _pause_ns(len(self.trading.book.fills()))
            if is_new:
                self._begin_curves()
        for currency in self._currencies():
            net = self._day(currency)["net"]
            self._curves.setdefault(currency, Curve()).see(now.wall_ns // 1_000_000_000, net)

    def _begin_curves(self) -> None:
        self._curves = {}
        for currency, points in self._earnings.curve.items():
            self._curves[currency] = Curve()
            self._curves[currency].begin(points)

    def _currencies(self) -> list[str]:
        """Every currency in which something was earned or is open, the main one first."""
        counts = {name: one.executions for name, one in self._earnings.day.items()}
        for currency in self._risk().get("earned") or {}:
            counts.setdefault(currency, 0)
        return sorted(counts, key=lambda name: -counts[name])

    def _day(self, currency: str) -> dict[str, Decimal]:
        """The trading day in one currency: what was realised and paid, and what is open now."""
        known = self._earnings.day.get(currency)
        open_now = (self._risk().get("earned") or {}).get(currency, {}).get("unrealised")
        realised, fees = (known.realised, known.commission) if known is not None else (ZERO, ZERO)
        unrealised = Decimal(open_now) if open_now is not None else ZERO
        net = realised - fees + unrealised
        return {"realised": realised, "fees": fees, "unrealised": unrealised, "net": net}

    def _main_curve(self) -> Curve:
        found = self._currencies()
        return self._curves.get(found[0], Curve()) if found else Curve()

    # ---- the tables ----------------------------------------------------------------------------

    def _risk(self) -> Status:
        return self.statuses.get(roles.RISK, {})

    def _desk(self, now: Now) -> dict[str, Any]:
        """What a desk has to see first, by its names."""
        state, reason = words.trading(self.statuses)
        gateways = status.of_kind(self.statuses, roles.GATEWAY).values()
        return {
            "name": self.name,
            "mode": "simulated" if self.config.simulator.enabled else self.config.mode,
            "run_dir": str(self.config.run_dir),
            "trading": {"state": state, "reason": reason},
            "flatten": flattening.in_progress(self.statuses),
            "accounts": [one for each in gateways for one in each.get("account_values", [])],
            "account_names": sorted({n for each in gateways for n in each.get("accounts", [])}),
            "day": self._days(),
            "rates": self._rates(),
            "latency": status.hops(self.statuses),
            "caught_up": self.is_caught_up,
            "loaded": self.loaded,
            "fault": self.fault,
            "trading_day": str(self._earnings.today or ""),
        }

    def _rates(self) -> dict[str, float]:
        """What the counters grew by, per second, over the last seconds."""
        if not self._seen or self._seen[0][0] == self._seen[-1][0]:
            return {}
        (then_ns, before), (now_ns, after) = self._seen[0], self._seen[-1]
        passed_s = (now_ns - then_ns) / 1e9
        return {
            name: round(max(0, total - before.get(name, total)) / passed_s, 1)
            for name, total in after.items()
        }

    def _days(self) -> list[dict[str, Any]]:
        """A row per currency: nobody here knows what one is worth in another."""
        found = []
        for currency in self._currencies():
            curve = self._curves.get(currency, Curve())
            amounts = {name: text(amount) for name, amount in self._day(currency).items()}
            known = self._earnings.day.get(currency)
            found.append(
                {
                    "currency": currency,
                    **amounts,
                    "executions": known.executions if known is not None else 0,
                    "drawdown": text(curve.drawdown),
                    "drawdown_max": text(curve.drawdown_max),
                    "peak": text(curve.peak),
                }
            )
        return found

    def _processes(self) -> dict[str, Row]:
        rows: dict[str, Row] = {}
        for name in self.names:
            known = self.statuses.get(name)
            if known is None:
                state, reason = status.UNHEARD
                rows[name] = {"state": state, "reason": reason, "done": "", "pid": None}
                continue
            state, _ = state_of(known)
            rows[name] = {
                "state": state,
                "reason": words.why(name, known),
                "done": words.done(name, known),
                "pid": known.get("pid"),
                "restarts": known.get("restarts", 0),
                "dead_letters": status.counter(known, "dead_letters"),
                "host": known.get("host", ""),
            }
        return rows

    def _positions(self) -> dict[str, Row]:
        """What the journals add up to, with the marks that risk has."""
        marked = {(one["account"], one["symbol"]): one for one in self._risk().get("positions", [])}
        rows = {}
        for row in trading_json.positions(self.trading, Only()):
            known = marked.get((row["account"], row["symbol"]), {})
            is_same = known.get("quantity") == row["quantity"]
            rows[f"{row['account']} {row['symbol']}"] = {
                **row,
                "currency": self.trading.currency(row["symbol"]),
                "mark": known.get("mark"),
                "unrealised": known.get("unrealised") if is_same else None,
            }
        return rows

    def _strategies(self) -> dict[str, Row]:
        """A row per strategy of the configuration, instance and whoever else has traded."""
        configured = [one.name for one in self.config.strategies]
        running = [roles.strategy_name(one) for one in self.names if roles.is_strategy(one)]
        traded = [name for name, _ in self._earnings.strategies if name]
        return {
            name: self._strategy(name) for name in dict.fromkeys([*configured, *running, *traded])
        }

    def _strategy(self, name: str) -> Row:
        role = roles.strategy_role(name)
        known = self.statuses.get(role, {})
        state = state_of(known)[0] if known else "STOPPED" if role in self.names else ""
        base, _ = self.config.instance(name)
        return {
            "state": state,
            "reason": words.why(role, known) if known else "",
            "base": base,
            "is_configured": base in {one.name for one in self.config.strategies},
            "signals": known.get("signals", 0),
            "ticks": status.counter(known, "ticks_received"),
            "missed": sum(known.get("missed", {}).values()),
            "symbols": sorted(known.get("topics", {})),
            "positions": {
                symbol: text(held)
                for symbol, held in sorted(self._earnings.holdings.get(name, {}).items())
            },
            "today": self._earned(self._earnings.strategies_today, name),
            "total": self._earned(self._earnings.strategies, name),
        }

    @staticmethod
    def _earned(sums: Mapping[tuple[str, str], earnings.Sum], name: str) -> dict[str, Row]:
        return {
            currency: {
                "executions": one.executions,
                "realised": text(one.realised),
                "commission": text(one.commission),
                "net": text(one.net),
            }
            for (strategy, currency), one in sums.items()
            if strategy == name
        }

    def _headroom(self) -> dict[str, Row]:
        rows = sorted(self._risk().get("headroom") or [], key=words.share, reverse=True)
        return {
            f"{row['rule']} {row['account']} {row['symbol']}": {**row, "share": _ratio(row)}
            for row in rows
        }

    def _halts(self) -> dict[str, Row]:
        return {one["scope"]: dict(one) for one in self._risk().get("halts", [])}

    def _instruments(self) -> dict[str, Row]:
        rows: dict[str, Row] = {}
        for one in self.config.instruments:
            price = self.prices.by_symbol.get(one.symbol)
            market = price.row() if price is not None else {}
            rows[one.symbol] = {
                "sec_type": one.sec_type,
                "currency": one.currency,
                "underlying": one.underlying,
                "expiry": one.expiry,
                "strike": text_or_none(one.strike),
                "right": one.right,
                **market,
            }
        return rows


def _ratio(row: Mapping[str, Any]) -> float | None:
    """How much of a limit is used, 1 for all of it; None where that is not known."""
    share = words.share(dict(row))
    return float(share) if share.is_finite() else None


def _pause_ns(executions: int) -> int:
    """How long the ledger rests, so that it takes a small share of the time however much it has."""
    return EARNINGS_EVERY_NS + EARNINGS_EACH_NS * executions
