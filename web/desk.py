"""The desk of one group: what the console knows of it, and where what is asked of it goes."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Final

from tapewire.common import roles
from tapewire.common.config.settings import Config
from tapewire.common.events import EVERYTHING, Scope
from tapewire.console.group import control
from tapewire.console.group.control import Launched
from tapewire.console.model.deltas import Tables
from tapewire.console.model.prices import Point
from tapewire.console.model.reading import Reading
from tapewire.console.records import ledger
from tapewire.console.records.blotter import Only
from tapewire.console.records.ledger import DaySum, Span
from tapewire.web.access import Refused

Locked = Callable[[], AbstractContextManager[Any]]
NOT_RUNNING: Final = "no group runs there; `tapewire up` starts it. Earlier halts stay in force"


class Desk:
    """One group by its name. `tables` gives the newest tables; `locked` keeps the reading thread
    away while its model is looked at."""

    def __init__(self, reading: Reading, tables: Callable[[], Tables], locked: Locked) -> None:
        self.name = reading.name
        self._reading = reading
        self._tables = tables
        self._locked = locked

    @property
    def config(self) -> Config:
        """What the group was started with."""
        return self._reading.config

    def table(self, name: str) -> Any:
        """One of the newest tables."""
        return self._tables().get(name, {})

    def launched(self) -> Launched:
        """The group as it is spoken to; raises `Refused` where none runs."""
        found = control.read(self.config.run_dir)
        if found is None or not control.is_live(found.run_dir):
            raise Refused(409, f"{self.name}: {NOT_RUNNING}")
        return found

    @property
    def launch(self) -> str:
        """Which start of the group it is: another text for each `tapewire up`."""
        try:
            kept = (self.config.run_dir / control.FILE).stat()
        except OSError:
            return ""
        return f"{kept.st_ino} {kept.st_mtime_ns}"

    def points(self, symbol: str) -> list[Point]:
        """A symbol's prices by the second, as far back as they are known."""
        with self._locked():
            price = self._reading.model.prices.by_symbol.get(symbol)
            return list(price.points) if price is not None else []

    def days(self) -> list[DaySum]:
        """What each trading day came to; refuses while the journals are still being read."""
        with self._locked():
            model = self._reading.model
            if not model.is_caught_up:
                raise Refused(503, "the journals are still being read; ask again in a moment")
            method, all_of_it = self.config.ledger.method, (Only(), Span())
            of = ledger.records(model.trading, model.instruments, method, *all_of_it)
            return ledger.days(of)

    def require_scope(self, scope: Scope) -> None:
        """Refuse what the group does not have: a typo must not pass for a halt. Before a gateway is
        logged in nobody here knows the accounts, and a halt of one is not kept waiting for that."""
        accounts = set(self.table("desk").get("account_names", ()))
        if scope.account and accounts and scope.account not in accounts:
            raise Refused(400, f"account {scope.account!r} is none of {_listed(accounts)}")
        symbols = {one.symbol for one in self.config.instruments}
        symbols |= {one["symbol"] for one in self._positions()}
        if scope.symbol and scope.symbol not in symbols:
            raise Refused(400, f"symbol {scope.symbol!r} is none of {_listed(symbols)}")
        if scope.strategy:
            self.require_strategy(scope.strategy)

    def require_strategy(self, name: str) -> None:
        """Refuse a strategy that is not configured, or an instance of one."""
        base, _ = self.config.instance(name)
        known = {one.name for one in self.config.strategies}
        if base not in known and name not in self.table("strategies"):
            raise Refused(400, f"strategy {name!r} is none of {_listed(known)}")

    def require_instance(self, name: str) -> str:
        """The role of a strategy that has a process here; refuses what has none, or has it on
        another host."""
        role = roles.strategy_role(name)
        if role not in self.table("processes"):
            names = {roles.strategy_name(one) for one in self.table("processes")
                     if roles.is_strategy(one)}  # fmt: skip
            raise Refused(400, f"strategy {name!r} is none of {_listed(names)}")
        if host := self.table("processes")[role].get("host"):
            raise Refused(409, f"strategy {name!r} runs on host {host}; do that there")
        return role

    def order(self, intent_id: str) -> dict[str, Any]:
        """An order that may still fill; refuses any other."""
        found = self.table("orders").get(intent_id)
        if found is None or not found["live"]:
            raise Refused(409, f"{intent_id[:80]} is not an order that works in {self.name}")
        return dict(found)

    def shown(self, scope: Scope) -> str:
        """A scope as it is typed: the group's name where it is everything."""
        return self.name if scope == EVERYTHING else " ".join(filter(None, scope.parts))

    def _positions(self) -> list[dict[str, Any]]:
        return list(self.table("positions").values())


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)[:20]) or "none"
