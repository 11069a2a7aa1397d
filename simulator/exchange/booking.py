"""Every execution, booked in its account and reported."""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from tapewire.simulator.exchange.account import Accounts
from tapewire.simulator.exchange.order_reports import OrderReports
from tapewire.simulator.exchange.orders import Execution


class Booking:
    """All executions so far, in order, each with the gross P&L that it realised."""

    def __init__(self, accounts: Accounts, reports: OrderReports) -> None:
        self._accounts = accounts
        self._reports = reports
        self.executions: list[tuple[Execution, Decimal | None]] = []

    def book(self, execution: Execution) -> None:
        """Book an execution and report it. That of a whole combo is what its legs amount to."""
        order = execution.order
        if order.legs:
            self.executions.append((execution, None))
            self._reports.executed(execution, None)
            return
        realised = self._accounts.books[order.account].fill(
            order.instrument.symbol, execution.signed, execution.price, execution.commission
        )
        self.executions.append((execution, realised))
        self._reports.executed(execution, realised)

    def correct(
        self, execution: Execution, price: Decimal, shares: Decimal | None = None
    ) -> Execution:
        """Replace an execution by one at another price, or of fewer `shares`, in the books too, and
        report that. One of no shares was busted."""
        order, shares = execution.order, execution.shares if shares is None else shares
        order.notional += shares * price - execution.shares * execution.price
        order.filled += shares - execution.shares
        name, _, version = execution.exec_id.rpartition(".")
        corrected = msgspec.structs.replace(
            execution,
            exec_id=f"{name}.{int(version) + 1:02d}",
            price=price,
            shares=shares,
            cumulative=order.filled,
            average_price=order.average_price,
        )
        at = next(n for n, (one, _) in enumerate(self.executions) if one is execution)
        self.executions[at] = (corrected, None)
        self._rebook(order.account)
        self._reports.executed(*self.executions[at])
        return corrected

    def restore(self, executions: Iterable[Execution]) -> None:
        """Take back the executions of an earlier run, and book all that its accounts had."""
        self.executions = [(one, None) for one in executions]
        for account in self._accounts.books:
            self._rebook(account)

    def _rebook(self, account: str) -> None:
        mine = [
            n
            for n, (one, _) in enumerate(self.executions)
            if one.order.account == account and not one.order.legs
        ]
        done = [self.executions[n][0] for n in mine]
        realised: Iterable[Decimal | None] = self._accounts.books[account].rebook(
            (one.order.instrument.symbol, one.signed, one.price, one.commission) for one in done
        )
        for n, one, amount in zip(mine, done, realised, strict=True):
            self.executions[n] = (one, amount)
