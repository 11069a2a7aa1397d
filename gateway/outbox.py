"""An adapter's outbox: cancels first, then orders, then the rest, within the broker's limit."""

from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

from tapewire.gateway.broker import Verdict
from tapewire.gateway.pace import Pace

HOLD_SWEEP_NS: Final = 100_000_000
CommandT = TypeVar("CommandT")


class Outbox(Generic[CommandT]):
    """Commands that wait for their turn, as the adapter sends them: bytes, for example.

    At most `rate_max_per_s` go in any second, and fewer where the broker's reading lags (see
    `gateway.pace`); 0 lets all of them go at once.

    Orders and modifies wait under their names: each name once, and dropped in one step however
    many wait.
    """

    def __init__(self, rate_max_per_s: int = 0) -> None:
        self.pace = Pace(rate_max_per_s)
        self._cancels: deque[CommandT] = deque()
        self._orders: OrderedDict[str, CommandT] = OrderedDict()  # its first is found at once
        self._rest: dict[str, list[CommandT]] = {}  # of pieces, but for the first of each
        self._requests: deque[CommandT] = deque()
        self._swept_ns = 0

    def __len__(self) -> int:
        return len(self._cancels) + len(self._orders) + len(self._requests)

    def cancel(self, command: CommandT) -> None:
        """Queue a cancel: it waits behind other cancels only."""
        self._cancels.append(command)

    def order(self, command: CommandT, name: str) -> None:
        """Queue an order or a modify."""
        self._orders[name] = command

    def join(self, name: str, names: Sequence[str]) -> None:
        """Make one piece of orders that are queued: it is released whole, or not yet."""
        first, *rest = [self._orders.pop(one) for one in names]
        self._orders[name], self._rest[name] = first, rest

    def request(self, command: CommandT) -> None:
        """Queue anything else."""
        self._requests.append(command)

    def withdraw(self, name: str | None = None) -> list[str]:
        """Drop the order or modify `name`, or all of them; returns those that never went."""
        if name is not None:
            self._rest.pop(name, None)
            return [name] if self._orders.pop(name, None) is not None else []
        dropped = list(self._orders)
        self._orders.clear()
        self._rest.clear()
        return dropped

    def forget_requests(self) -> None:
        """Drop everything but orders and modifies."""
        self._cancels.clear()
        self._requests.clear()

    def hold(self, now_ns: int, verdict: Callable[[str], Verdict]) -> None:
        """Nothing may be written now: orders and modifies that may not go any more are dropped.

        All of them are asked about, so not in every turn. `now_ns` is monotonic.
        """
        if now_ns - self._swept_ns < HOLD_SWEEP_NS:
            return
        self._swept_ns = now_ns
        for name in [name for name in self._orders if verdict(name) == "drop"]:
            self.withdraw(name)

    def release(
        self, now_ns: int, verdict: Callable[[str], Verdict]
    ) -> tuple[list[CommandT], list[str]]:
        """What may be written now, and the names of the orders and modifies among it.

        `now_ns` is monotonic. `verdict` is asked about each order at this moment, not when it was
        queued. One that has to wait holds up the orders behind it.
        """
        out: list[CommandT] = []
        sent: list[str] = []
        self._take(self._cancels, out, now_ns)
        while self._orders and self.pace.room(now_ns):
            name = next(iter(self._orders))
            if name in self._rest and not self.pace.room(now_ns, 1 + len(self._rest[name])):
                break
            found = verdict(name)
            if found == "wait":
                break
            command = self._orders.pop(name)
            rest = self._rest.pop(name, ()) if self._rest else ()
            if found == "send":
                sent.append(name)
                out.append(command)
                self.pace.sent(now_ns)
                for one in rest:
                    out.append(one)
                    self.pace.sent(now_ns)
        self._take(self._requests, out, now_ns)
        return out, sent

    def _take(self, queue: deque[CommandT], out: list[CommandT], now_ns: int) -> None:
        while queue and self.pace.room(now_ns):
            out.append(queue.popleft())
            self.pace.sent(now_ns)
