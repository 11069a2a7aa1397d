"""Asking for everything: open orders, all orders of some days, all trades of them, per account.

The lists are asked for one after the other. Orders come before trades, since a trade names its
order by the Gateway's id alone, and the order has the tag that says whose it is.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from tapewire.gateway import broker
from tapewire.gateway.broker import BrokerEvent, Query
from tapewire.gateway.projectx.asked import Answer, Take
from tapewire.gateway.projectx.rows import each
from tapewire.gateway.projectx.session import Ask
from tapewire.gateway.projectx.words import Json

DAYS: Final = 7
LISTS: Final[tuple[tuple[Query, str, str], ...]] = (
    ("open_orders", "/Order/searchOpen", "orders"),
    ("completed_orders", "/Order/search", "orders"),
    ("executions", "/Trade/search", "trades"),
)
"""What ends with each list, its path, and the name of what it has."""
ReadAs = Callable[[Query, Json], Iterator[BrokerEvent]]
Read = Callable[[Json], Iterator[BrokerEvent]]


class Listing:
    """One round at a time: a new one takes the place of the one before it, whose question leaves
    the outbox. `ask` sends a question in place of the one before it, `withdraw` takes it back."""

    def __init__(self, ask: Ask, withdraw: Callable[[], None], read: ReadAs) -> None:
        self._ask, self._withdraw, self._read = ask, withdraw, read
        self._round = 0
        self._left: deque[tuple[Query, str, str, str, bool]] = deque()

    def begin(self, accounts: tuple[str, ...], now_ns: int) -> None:
        """Ask for all lists of these accounts."""
        self._round += 1
        self._since = _stamp(now_ns, DAYS)
        self._left = deque(
            (query, path, name, account, account == accounts[-1])
            for query, path, name in LISTS
            for account in accounts
        )
        self._next()

    def give_up(self) -> None:
        """Nobody waits for this round any more."""
        self._round += 1
        self._left.clear()
        self._withdraw()

    def _next(self) -> None:
        if not self._left:
            return
        query, path, name, account, is_last = self._left.popleft()
        body: Json = {"accountId": int(account)}
        if query != "open_orders":
            body["startTimestamp"] = self._since
        this = self._round

        def take(answer: Answer) -> Iterator[BrokerEvent]:
            if this != self._round:
                return
            if answer.is_turned_away:
                self._ask(path, body, take)
                return
            if why := answer.lacks(name):
                yield broker.Complaint(f"ProjectX does not list its {name}: {why}")
                return  # the list has no end, and the core gives it up
            # One that cannot be read keeps no list behind it from being asked for, such as that of
            # executions; the core knows that this one is not whole.
            yield from each(answer.rows(name), partial(self._read, query))
            if is_last:
                yield broker.QueryComplete(query)
            self._next()

        self._ask(path, body, take)


class WholeList:
    """One kind of list, of all accounts; `end` follows once every account's was read.

    Answers come in any order, so an account is asked about when the one before it has been read,
    and a list is begun when the one before it has ended. At most one waits to be begun: it serves
    all who ask until then. A refusal or a fault is not a list, nor is one with a row that cannot be
    read: it is reported as unreadable, and the end that follows is of a list that nobody believes.
    Without an end every question would stay open, and after an hour of refusals hundreds of lists
    would have to end before one counts.
    """

    def __init__(
        self, ask: Ask, path: str, name: str, read: Read, end: BrokerEvent
    ) -> None:  # fmt: skip
        self._ask, self._path, self._name = ask, path, name
        self._read, self._end = read, end
        self._lists: deque[deque[str]] = deque()  # the accounts that each has left

    def begin(self, accounts: tuple[str, ...]) -> bool:
        """Ask for the list of these accounts, behind the one that is under way. True if one waits
        there already, which will do."""
        if len(self._lists) > 1:
            return True
        self._lists.append(deque(accounts))
        if len(self._lists) == 1:
            self._next()
        return False

    def give_up(self) -> None:
        """The connection is gone, and every answer with it."""
        self._lists.clear()

    def _next(self) -> None:
        while self._lists and not self._lists[0]:
            self._lists.popleft()
        if self._lists:
            self._ask(self._path, {"accountId": int(self._lists[0].popleft())}, self._take)

    def _take(self, answer: Answer) -> Iterator[BrokerEvent]:
        is_read = False
        try:
            is_read = yield from _read_all(answer, self._name, self._read)
        finally:
            if not is_read:
                self._lists[0].clear()
            is_over = not self._lists[0]
            self._next()
        if is_over:
            yield self._end


class AccountLists:
    """The lists of one account, for whoever asks about that account alone: its open orders, and
    then its positions, so that what was filled between the two is in the positions. A refusal or a
    fault is reported, and there is no end. `ask` sends a question in place of one of that name
    that waits to be sent."""

    def __init__(
        self, ask: Callable[[str, Json, Take, str], None], order: Read, position: Read
    ) -> None:
        self._ask, self._order, self._position = ask, order, position

    def begin(self, name: str, account: str) -> None:
        """Ask for both; `AccountListed` with this id follows."""
        body: Json = {"accountId": int(account)}

        def positions(answer: Answer) -> Iterator[BrokerEvent]:
            if (yield from _read_all(answer, "positions", self._position)):
                yield broker.AccountListed(name)

        def orders(answer: Answer) -> Iterator[BrokerEvent]:
            if (yield from _read_all(answer, "orders", self._order)):
                self._ask("/Position/searchOpen", body, positions, f"positions of {account}")

        self._ask("/Order/searchOpen", body, orders, f"orders of {account}")


def _read_all(answer: Answer, name: str, read: Read) -> Generator[BrokerEvent, None, bool]:
    """What a list has; returns whether all of it could be read."""
    if why := answer.lacks(name):
        yield broker.Unreadable(f"ProjectX does not list its {name}: {why}")
        return False
    found = list(each(answer.rows(name), read))
    yield from found
    return not any(type(one) is broker.Unreadable for one in found)


def _stamp(now_ns: int, days: int) -> str:
    moment = datetime.fromtimestamp(now_ns // 1_000_000_000, UTC) - timedelta(days=days)
    return moment.isoformat()
