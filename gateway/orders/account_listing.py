"""Account listings: what the broker has in one account, where it lists each account by itself.

Each question has a name that its end comes back with, so no end can pass for another's, and one
that never comes keeps nobody waiting but who asked: risk asks again. In the list of an account is
what the broker reports of it between question and end, by itself or as part of the list. What has
not been named by then is flat, or over: orders of others too. Where something could not be read
meanwhile, it may have been part of the list, so there is no answer; nor where the broker's side has
lost its server.

Nothing is in doubt because of such a question: closing orders in other accounts do not wait for it.
Whoever asks because of a doubt of its own waits for the answer. The gateway's own doubts (see
`positions`) end with a list of all accounts alone.
"""

from collections.abc import Callable
from typing import Final

from tapewire.common.accounting.book import Key
from tapewire.common.accounting.foreign import ForeignOrders
from tapewire.common.clock import Now
from tapewire.common.events import Event, ForeignOrderReported, ListPositions, PositionsListed
from tapewire.gateway import broker
from tapewire.gateway.orders.foreign import left_out
from tapewire.gateway.orders.holdings import Holdings
from tapewire.gateway.orders.open_orders import OpenOrders

QUESTIONS_MAX: Final = 32


class AccountListing:
    """One that is under way."""

    def __init__(self, account: str) -> None:
        self.account = account
        self.held: set[Key] = set()
        self.orders = OpenOrders()
        self.named: set[str] = set()  # orders that were open, as `ForeignOrderReported` names them

    def note(self, report: broker.BrokerEvent) -> None:
        """Take note of what is reported of the account."""
        if type(report) is broker.OrderReport and report.account in ("", self.account):
            self.orders.note(report)
            if report.is_open:
                self.named.add(ForeignOrderReported.id_of(*report.names))
        elif type(report) is broker.PositionReport:
            self.held.add((report.account, report.symbol))


class AccountListings:
    """Those that are under way, by their names, the oldest first. None of it is durable. `foreign`
    are the orders of others; `apply` makes events the state and returns them.
    """

    def __init__(
        self,
        holdings: Holdings,
        foreign: ForeignOrders,
        adapter: broker.Broker,
        apply: Callable[[list[Event]], list[Event]],
    ) -> None:
        self._holdings = holdings
        self._foreign = foreign
        self._broker = adapter
        self._apply = apply
        self._listings: dict[str, AccountListing] = {}

    def begin(self, command: ListPositions) -> bool:
        """Put a question to the broker; False if it is not one about one account, or the broker
        does not list one by itself."""
        if not command.account or not self._broker.list_account(command.id, command.account):
            return False
        self._listings[command.id] = AccountListing(command.account)
        if len(self._listings) > QUESTIONS_MAX:
            del self._listings[next(iter(self._listings))]
        return True

    def note(self, report: broker.BrokerEvent) -> None:
        """Take note of what is reported."""
        if type(report) in (broker.Unreadable, broker.ServerLost):
            self.clear()
        for one in self._listings.values():
            one.note(report)

    def clear(self) -> None:
        """No list that is under way is worth anything."""
        self._listings.clear()

    def completed(self, report: broker.AccountListed, now: Now) -> list[Event]:
        """A list has come to its end: what it left out, and the answer."""
        one = self._listings.pop(report.id, None)
        if one is None:
            return []
        closed = self._holdings.left_out(one.held, (one.account,), now.wall_ns)
        gone = left_out(self._foreign, one.named, (one.account,), now)
        listed = PositionsListed(now.wall_ns, report.id, one.orders.taken())
        return self._apply([*closed, *gone, listed])
