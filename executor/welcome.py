"""How the executor stands with the gateway: whether it is introduced, and whether it is answered.

The gateway takes orders under the newest fencing token alone (`gateway.orders.fence` says why). To
get one, the executor says hello; the reply has the token, and the head of the gateway's journal at
that moment, up to which the executor must have read before it decides on anything. A reply that
calls the token outdated starts that over: the gateway was restarted, or somebody else was
introduced.

A gateway that is there and answers nothing would be noticed by nobody: its journal and heartbeats
arrive on another socket. So there is a request at least each second, an empty one if need be, and
who gets no answer for `ANSWER_MAX_NS` is not READY.
"""

from collections.abc import Sequence
from typing import Final

from tapewire.common.clock import Now
from tapewire.common.events import OrderReply, OrderRequest
from tapewire.executor.order_requests import Command

ASK_EVERY_NS: Final = 250_000_000
"""How often it asks while it waits for an answer."""
PROBE_EVERY_NS: Final = 1_000_000_000
"""How often it asks though there is nothing to ask for."""
ANSWER_MAX_NS: Final = 2_000_000_000
NOT_INTRODUCED: Final = "waiting for the gateway to take note of this start"
NO_ANSWER: Final = f"the gateway has not answered any request for {ANSWER_MAX_NS // 10**9} s"


class Welcome:
    """One executor's standing with the gateway. Times are monotonic, `epoch` the executor's."""

    def __init__(self, epoch: str) -> None:
        self.token = ""
        self.head: int | None = None
        """The gateway's journal when it handed out the token; None: there is none."""
        self._epoch = epoch
        self._hellos = 1
        self._requests = 0
        self._asked_ns: int | None = None
        self._unanswered_ns: int | None = None  # since when; None: all is answered

    def request(self, commands: Sequence[Command], now: Now) -> OrderRequest | None:
        """What to send now: `commands` if there are any, a hello or a probe where one is due."""
        if not commands and not self._is_due(now):
            return None
        self._requests += 1
        self._asked_ns = now.mono_ns
        if self._unanswered_ns is None:
            self._unanswered_ns = now.mono_ns
        if self.token:
            return OrderRequest(self._requests, [*commands], self.token)
        return OrderRequest(self._requests, [], hello=f"{self._epoch}/{self._hellos}")

    def on_reply(self, reply: OrderReply, now: Now) -> None:
        """Take in that the gateway has answered."""
        self._unanswered_ns = now.mono_ns if reply.id < self._requests else None
        if reply.fencing_token:  # the last that arrives is of the last that it handed out
            self.token, self.head = reply.fencing_token, reply.head
        elif reply.fenced and reply.fenced == self.token:
            self.token, self.head, self._asked_ns = "", None, None
            self._hellos += 1

    def caught_up(self, asked_ns: int) -> None:
        """It was asked and answered up to then."""
        self._asked_ns, self._unanswered_ns = asked_ns, None

    @property
    def is_asking(self) -> bool:
        """Whether a request has no answer yet."""
        return self._unanswered_ns is not None

    def is_silent(self, now: Now) -> bool:
        """Whether the gateway owes an answer for longer than it may take."""
        since_ns = self._unanswered_ns
        return since_ns is not None and now.mono_ns - since_ns > ANSWER_MAX_NS

    def _is_due(self, now: Now) -> bool:
        if self._asked_ns is None:
            return True
        waits = not self.token or self._unanswered_ns is not None
        return now.mono_ns - self._asked_ns >= (ASK_EVERY_NS if waits else PROBE_EVERY_NS)

    def waits_for(self, next_seq: int, now: Now) -> str:
        """Why no order can be brought to the gateway yet; "" if one can. `next_seq` is the next
        record of its journal that is not known here."""
        if self.is_silent(now):
            return NO_ANSWER
        if self.head is None:
            return NOT_INTRODUCED
        if next_seq <= self.head:
            return "catching up with what the gateway took from an earlier executor"
        return ""
