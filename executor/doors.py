"""The ways to the gateways: one for each login, with what waits to be sent to it.

An order can only go to the gateway whose login has its account, and what is asked of an order goes
where the order went. Each way stands for itself: one whose gateway is silent, or not caught up
with, keeps nothing back that goes another way.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from tapewire.common.accounting.order import Order
from tapewire.common.clock import Now
from tapewire.common.events import CancelOrder, ModifyOrder, OrderReply, OrderRequest, WhatIf
from tapewire.common.logins import Login, Logins
from tapewire.executor.order_requests import Command
from tapewire.executor.welcome import Welcome

COMMANDS_MAX: Final = 1000  # in one request; a larger one than the wire allows would never be read

OrderOf = Callable[[str], Order | None]
"""Gives the order of an intent; None where it is not known."""
NextSeq = Callable[[str], int]
"""Gives the next record of a gateway's journal that is not known here."""


class Door:
    """The way to one gateway."""

    def __init__(self, login: Login, epoch: str) -> None:
        self.login = login
        self.gateway = login.gateway
        self.welcome = Welcome(epoch)
        self._cancels: deque[CancelOrder] = deque()  # which do not wait behind orders
        self._outgoing: deque[Command] = deque()

    def __repr__(self) -> str:
        return f"<Door to {self.gateway}>"

    def add(self, command: Command) -> None:
        """To be sent with one of the next requests."""
        if isinstance(command, CancelOrder):
            self._cancels.append(command)
        else:
            self._outgoing.append(command)

    def request(self, now: Now) -> OrderRequest | None:
        """What to send now: as many commands as one request holds, a hello or a probe."""
        return self.welcome.request(self._batch() if self.welcome.token else [], now)

    def _batch(self) -> list[Command]:
        batch: list[Command] = []
        for queue in (self._cancels, self._outgoing):
            while queue and len(batch) < COMMANDS_MAX:
                batch.append(queue.popleft())
        return batch


class Doors:
    """The ways to all gateways of a group."""

    def __init__(self, logins: Logins, epoch: str, order_of: OrderOf, next_seq: NextSeq) -> None:
        self._logins = logins
        self._doors: Mapping[str, Door] = {one.gateway: Door(one, epoch) for one in logins}
        self._order_of = order_of
        self._next_seq = next_seq

    def __iter__(self) -> Iterator[Door]:
        return iter(self._doors.values())

    def on_reply(self, reply: OrderReply, source: str, now: Now) -> None:
        """A gateway has answered."""
        self._doors[source].welcome.on_reply(reply, now)

    def queue(self, commands: Iterable[Command], now: Now) -> None:
        """To be sent this turn, as far as one request holds them. What cannot be brought to its
        gateway now is left out: it counts as unanswered, and is asked for again."""
        for command in commands:
            door = self._door(self._account_of(command))
            if door is not None and not self._waits(door, now):
                door.add(command)

    def waits_for(self, account: str, now: Now) -> str:
        """Why no order for this account can be brought to its gateway; "" if one can, and where no
        gateway has it, as then the order is denied."""
        door = self._door(account)
        return self._waits(door, now) if door is not None else ""

    def waiting(self, now: Now) -> dict[str, str]:
        """The logins whose gateway takes nothing yet, by their names, with the reason."""
        found: dict[str, str] = {}
        for one in self._doors.values():  # asked several times on an order's way
            if reason := self._waits(one, now):
                found[one.login.name] = reason
        return found

    def _account_of(self, command: Command) -> str:
        """The account that a command is about; "" where its order is not known."""
        if isinstance(command, CancelOrder | ModifyOrder):
            order = self._order_of(command.intent_id)
            return order.order.account if order is not None else ""
        return command.order.account if isinstance(command, WhatIf) else command.account

    def _door(self, account: str) -> Door | None:
        login = self._logins.of(account)
        return self._doors[login.gateway] if login is not None else None

    def _waits(self, door: Door, now: Now) -> str:
        return door.welcome.waits_for(self._next_seq(door.gateway), now)
