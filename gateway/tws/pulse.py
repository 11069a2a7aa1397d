"""Pulse: whether somebody still reads at the other end of the line.

A line can be half open. The peer hangs, or a firewall drops what is sent, and the kernel takes our
bytes all the same. An order that is written then lies somewhere until the line thaws, and trades a
minute later, long after its signal expired. No byte can be called back, so it must not be written.

    HEARD --no byte for probe_after_ms, ask for the time--> IN DOUBT --the answer--> HEARD
                                                               |
                                                               +--hang_up_after_ms--> hang up

While the line is in doubt nothing else is written, and readiness gives the reason. A quiet market
is not a fault: TWS answers within milliseconds, and what waited goes. An answer is proof where any
other byte is none: it shows that TWS has read what was written before, and not only that it can
write.

The other half can fail as well: TWS goes on sending ticks, and reads nothing. Its bytes then say
nothing of that. But a question that lies unanswered for `probe_after_ms` does, whatever comes
meanwhile, and puts the line in doubt like silence. One is asked when many requests are out (see
`gateway.pace`), and when TWS has not listed its orders in time (`wanted`), which it is asked for
every `open_orders_ms` even if nobody trades.

What TWS sends is in order, so its time comes behind a large answer that was asked for before: years
of bars, or thousands of options over a slow line. While more of such an answer comes, the gateway
does not hang up, though it still writes nothing; but not for longer than `ANSWER_MAX_NS`, since an
answer may never end. Ticks are no part of an answer, and a trickle is too little to be one.
"""

from typing import Final

SECOND_NS: Final = 1_000_000_000
SHOWN_NS: Final = 500_000_000  # a question that is answered at once is nothing to report
ANSWER_BYTES: Final = 4096
"""How much has to come within `hang_up_after_ms` for an answer to be under way."""
ANSWER_MAX_NS: Final = 150 * SECOND_NS
"""How long a doubt may last with answers under way: as long as the largest frame, 16 MB, takes at a
megabit per second."""


class Pulse:
    """The state of one connection. Times are monotonic."""

    def __init__(self, probe_after_ms: int, hang_up_after_ms: int) -> None:
        self.probe_ns = probe_after_ms * 1_000_000
        """How long nothing has to come until the line is in doubt."""
        self._hang_up_ns = hang_up_after_ms * 1_000_000
        self._received_ns = 0
        self._doubt_ns: int | None = None  # since when the line is in doubt
        self._asked_ns: int | None = None  # since when a question is out
        self._answer_bytes = 0  # of answers, when an answer was last seen under way
        self._answer_ns = 0  # and when that was
        self.wanted = False  # whether to ask, though bytes come

    @property
    def asked(self) -> bool:
        """Whether a question is out."""
        return self._asked_ns is not None

    def ask(self, now_ns: int) -> None:
        """The question is written."""
        self._asked_ns, self.wanted = now_ns, False

    def received(self, now_ns: int) -> None:
        """Bytes came, or the line was opened."""
        self._received_ns = now_ns

    def caught_up(self, received_ns: int) -> None:
        """Bytes came last at `received_ns`, and every question was answered."""
        self._received_ns = max(self._received_ns, received_ns)
        self.answered()

    def answering(self, answer_bytes: int, now_ns: int) -> None:
        """So many bytes other than ticks came over this connection in all."""
        if answer_bytes - self._answer_bytes >= ANSWER_BYTES:
            self._answer_bytes, self._answer_ns = answer_bytes, now_ns

    @property
    def next_ns(self) -> int:
        """When the line is in doubt next, if nothing comes."""
        return self._received_ns + self.probe_ns

    def answered(self) -> None:
        """TWS has answered the question that was out."""
        self._doubt_ns = self._asked_ns = None

    def closed(self) -> None:
        """The line is gone."""
        self.answered()
        self.wanted, self._answer_bytes = False, 0

    def in_doubt(self, now_ns: int) -> bool:
        """Whether nothing may be written but the question. A question that is out already, for
        another reason, is enough of one."""
        is_silent = now_ns - self._received_ns >= self.probe_ns
        if self._doubt_ns is None and (is_silent or self._is_unread(now_ns)):
            self._doubt_ns = now_ns
        return self._doubt_ns is not None

    def problem(self, now_ns: int) -> str:
        """Why nothing is written at this moment; empty if the line is well, or just asked."""
        if self._doubt_ns is None or now_ns - self._doubt_ns < SHOWN_NS:
            return ""
        silence_s = (now_ns - self._received_ns) // SECOND_NS
        sends = f"has sent nothing for {silence_s} s" if silence_s else "goes on sending"
        return (
            f"TWS {sends} and has not answered when asked for its time; nothing is written to it"
            " until it does"
        )

    def overdue(self, now_ns: int) -> str:
        """Why to hang up; empty if it is not time to."""
        if self._doubt_ns is None or now_ns - self._doubt_ns < self._hang_up_ns:
            return ""
        is_answering = now_ns - self._answer_ns < self._hang_up_ns
        if is_answering and now_ns - self._doubt_ns < ANSWER_MAX_NS:
            return ""
        waited_s = (now_ns - self._doubt_ns) // SECOND_NS
        return f"TWS did not answer within {waited_s} s when asked for its time"

    def _is_unread(self, now_ns: int) -> bool:
        return self._asked_ns is not None and now_ns - self._asked_ns >= self.probe_ns
