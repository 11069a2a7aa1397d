"""An adapter's outbox: what waits to be written, by priority, within the broker's limit.

    liquidation   the cancel of everything, and the closing orders of a flatten
    cancel        cancels of single orders
    order         orders and modifies
    question      questions that trading waits for: positions, orders, executions, accounts
    market_data   subscriptions and their ends
    other         all other questions

Each priority is a queue in the order of arrival, and a queue goes before those below it. The last
two never use up the broker's limit: an order that comes a moment later would wait behind them for
it. Where the broker counts in a longer stretch than a second, nor do the questions: a cancel, or
the closing order of a flatten, would wait for the rest of a minute behind lists. Each is bounded:
one that is full refuses what comes, and nothing that was taken is ever dropped for it.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Final, Generic, Literal, TypeVar, get_args

from tapewire.common.runtime.metrics import Histogram
from tapewire.gateway.broker import Verdict
from tapewire.gateway.pace import Pace

HOLD_SWEEP_NS: Final = 100_000_000
QUEUE_MAX: Final = 10_000
"""What a queue holds, each of them: minutes of a broker's limit."""
EVERYTHING: Final = "everything"
Priority = Literal["liquidation", "cancel", "order", "question", "market_data", "other"]
PRIORITIES: Final[tuple[Priority, ...]] = get_args(Priority)
CommandT = TypeVar("CommandT")


class OutboxFull(ValueError):
    """A queue takes no more; says which, and what to do."""


class Queue(Generic[CommandT]):
    """One queue. What it holds has a name; `waits` has how long each was there.

    A command that goes with the first `release` after it came has not waited. One that does not has
    waited since then: the turn in which it came belongs to nobody's limit.
    """

    def __init__(self, priority: Priority, waits: Histogram) -> None:
        self.commands: OrderedDict[str, CommandT] = OrderedDict()  # its first is found at once
        self._priority = priority
        self._waits = waits
        self._since_ns: dict[str, int] = {}  # of the first of `commands`, as far as they waited

    def __len__(self) -> int:
        return len(self.commands)

    def put(self, name: str, command: CommandT) -> None:
        """Queue a command; OutboxFull where there is no room. One of that name is replaced."""
        if len(self.commands) >= QUEUE_MAX and name not in self.commands:
            raise OutboxFull(
                f"{QUEUE_MAX} messages of priority {self._priority} wait already to be sent to the"
                " broker; try again later"
            )
        self.commands[name] = command

    def take(self, name: str, now_ns: int) -> CommandT:
        """A command that is written now, or may not go any more."""
        since_ns = self._since_ns.pop(name, now_ns) if self._since_ns else now_ns
        self._waits.record(now_ns - since_ns)
        return self.commands.pop(name)

    def drop(self, name: str) -> bool:
        """Take a command out that will not go; whether it was there."""
        self._since_ns.pop(name, None)
        return self.commands.pop(name, None) is not None

    def clear(self) -> None:
        """Drop all of them."""
        self.commands.clear()
        self._since_ns.clear()

    def left(self, now_ns: int) -> None:
        """What is there has to wait: those that came last since now."""
        for name in reversed(self.commands):
            if name in self._since_ns:
                break
            self._since_ns[name] = now_ns


class Outbox(Generic[CommandT]):
    """Commands that wait for their turn, as the adapter sends them: bytes, for example.

    At most `rate_max_per_s` go in any second, or in any stretch of `window_s`, and fewer where the
    broker's reading lags (see `gateway.pace`); 0 lets all of them go at once.

    Orders and modifies wait under their names: each name once, and dropped in one step however
    many wait. `waits` are the waits by priority.
    """

    def __init__(self, rate_max_per_s: int = 0, window_s: int = 1) -> None:
        self.pace = Pace(rate_max_per_s, window_s=window_s)
        self.waits: Mapping[str, Histogram] = {name: Histogram() for name in PRIORITIES}
        self._everything = self._queue("liquidation")
        self._closing = self._queue("liquidation")
        self._cancels = self._queue("cancel")
        self._orders = self._queue("order")
        self._questions = self._queue("question")
        self._market_data = self._queue("market_data")
        self._other = self._queue("other")
        self._queues = (self._everything, self._closing, self._cancels, self._orders,
                        self._questions, self._market_data, self._other)  # fmt: skip
        self._beside = [self._market_data, self._other]
        if window_s > 1:
            self._beside.append(self._questions)
        self._rest: dict[str, list[CommandT]] = {}  # of pieces, but for the first of each
        self._numbers = count()
        self._swept_ns = 0

    def __len__(self) -> int:
        return sum(map(len, self._queues))

    def _queue(self, priority: Priority) -> Queue[CommandT]:
        return Queue(priority, self.waits[priority])

    # ---- what is queued --------------------------------------------------------------------------
    # Each raises OutboxFull where its queue takes no more.

    def cancel_everything(self, command: CommandT, name: str = EVERYTHING) -> None:
        """Queue the cancel of all orders: it goes before anything else, and once. One that is made
        of several commands has a `name` for each, as each counts in the limit."""
        self._everything.put(name, command)

    def cancel(self, command: CommandT) -> None:
        """Queue the cancel of one order."""
        self._cancels.put(self._number(), command)

    def order(self, command: CommandT, name: str, *, closes: bool = False) -> None:
        """Queue an order or a modify; one that `closes` is part of a flatten."""
        (self._closing if closes else self._orders).put(name, command)

    def join(self, name: str, names: Sequence[str]) -> None:
        """Make one piece of orders that are queued: it is released whole, or not yet."""
        first, *rest = [self._orders.commands[one] for one in names]
        for one in names:
            self._orders.drop(one)
        self._orders.put(name, first)
        self._rest[name] = rest

    def request(self, command: CommandT, name: str = "") -> None:
        """Queue what the session needs, and what trading waits for. With a `name` it takes the
        place of the one before it of that name."""
        self._questions.put(name or self._number(), command)

    def drop_request(self, name: str) -> None:
        """Nobody waits for the question of this name any more."""
        self._questions.drop(name)

    def market_data(self, command: CommandT) -> None:
        """Queue a subscription, or the end of one."""
        self._market_data.put(self._number(), command)

    def other(self, command: CommandT) -> None:
        """Queue a question that nothing waits for."""
        self._other.put(self._number(), command)

    def _number(self) -> str:
        return str(next(self._numbers))

    def withdraw(self, name: str | None = None) -> list[str]:
        """Drop the order or modify `name`, or all of them; returns those that never went."""
        if name is not None:
            self._rest.pop(name, None)
            is_there = self._closing.drop(name) or self._orders.drop(name)
            return [name] if is_there else []
        dropped = [*self._closing.commands, *self._orders.commands]
        self._closing.clear()
        self._orders.clear()
        self._rest.clear()
        return dropped

    def forget_requests(self) -> None:
        """Drop everything but orders and modifies."""
        for queue in (
            self._everything,
            self._cancels,
            self._questions,
            self._market_data,
            self._other,
        ):
            queue.clear()

    # ---- what goes -------------------------------------------------------------------------------

    def hold(self, now_ns: int, verdict: Callable[[str], Verdict]) -> None:
        """Nothing may be written now: orders and modifies that may not go any more are dropped.

        All of them are asked about, so not in every turn. `now_ns` is monotonic.
        """
        self._left(now_ns)
        if now_ns - self._swept_ns < HOLD_SWEEP_NS:
            return
        self._swept_ns = now_ns
        for queue in (self._closing, self._orders):
            for name in [name for name in queue.commands if verdict(name) == "drop"]:
                self.withdraw(name)

    def release(
        self, now_ns: int, verdict: Callable[[str], Verdict]
    ) -> tuple[list[CommandT], list[str]]:
        """What may be written now, and the names of the orders and modifies among it.

        `now_ns` is monotonic. `verdict` is asked about each order at this moment, not when it was
        queued. One that has to wait holds up those behind it in its queue.
        """
        out: list[CommandT] = []
        sent: list[str] = []
        for queue in self._queues:
            if not queue.commands:  # as all are in most turns
                continue
            if queue is self._closing or queue is self._orders:
                self._take_orders(queue, out, sent, now_ns, verdict)
            else:
                is_beside = any(queue is one for one in self._beside)
                room = self.pace.room_beside if is_beside else self.pace.room
                self._take(queue, out, now_ns, room)
            if queue.commands:
                queue.left(now_ns)
        return out, sent

    def _take(
        self,
        queue: Queue[CommandT],
        out: list[CommandT],
        now_ns: int,
        room: Callable[[int], bool],
    ) -> None:
        while queue.commands and room(now_ns):
            out.append(queue.take(next(iter(queue.commands)), now_ns))
            self.pace.sent(now_ns)

    def _take_orders(
        self,
        queue: Queue[CommandT],
        out: list[CommandT],
        sent: list[str],
        now_ns: int,
        verdict: Callable[[str], Verdict],
    ) -> None:
        while queue.commands and self.pace.room(now_ns):
            name = next(iter(queue.commands))
            if name in self._rest and not self.pace.room(now_ns, 1 + len(self._rest[name])):
                break
            found = verdict(name)
            if found == "wait":
                break
            command = queue.take(name, now_ns)
            rest = self._rest.pop(name, ()) if self._rest else ()
            if found == "send":
                sent.append(name)
                for one in (command, *rest):
                    out.append(one)
                    self.pace.sent(now_ns)

    def _left(self, now_ns: int) -> None:
        for queue in self._queues:
            if queue.commands:
                queue.left(now_ns)


def nothing_goes(_name: str) -> Verdict:
    """The verdict on every order while there is no session."""
    return "wait"
