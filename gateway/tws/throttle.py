"""What follows from error 100: TWS had too many messages in a second, and has refused some of them.

TWS does not say which. An order that it refused is never written again by itself: the gateway's
core asks TWS for every order without an answer. Lists of positions, orders and executions have
their own time-outs, since their ends carry no number and a second end would be taken for that of
another question. All else that has had no answer by `AGAIN_NS` later is asked for again here:
contracts, account values, and subscriptions that have brought nothing.
"""

from typing import Final

from tapewire.gateway.outbox import Outbox
from tapewire.gateway.tws.account_summary import AccountSummary
from tapewire.gateway.tws.describing import Describing
from tapewire.gateway.tws.lines import Lines

AGAIN_NS: Final = 3_000_000_000
BACKLOG_MAX: Final = 50
"""With more than that waiting, nothing is asked again yet: it would pile up behind what waits."""


class Throttle:
    """The violations of one connection. Times are monotonic."""

    def __init__(
        self, outbox: Outbox[bytes], describing: Describing, summary: AccountSummary, lines: Lines
    ) -> None:
        self._outbox = outbox
        self._describing = describing
        self._summary = summary
        self._lines = lines
        self._is_hit = False
        self._due_ns: int | None = None

    def hit(self) -> None:
        """TWS reports a violation."""
        self._is_hit = True

    def closed(self) -> None:
        """The connection is gone, and all that was asked on it."""
        self._is_hit, self._due_ns = False, None

    def tick(self, now_ns: int) -> None:
        """Slow down after a violation, and ask again in time. Only while the session is up."""
        if self._is_hit:
            self._is_hit = False
            self._outbox.pace.violated(now_ns)
            if self._due_ns is None:  # or one violation after another would put it off for ever
                self._due_ns = now_ns + AGAIN_NS
        is_due = self._due_ns is not None and now_ns >= self._due_ns
        if is_due and len(self._outbox) <= BACKLOG_MAX:
            self._due_ns = None
            self._describing.again()
            self._summary.again()
            self._lines.again()
