"""When to try TWS again: soon after a loss, ever more slowly while it does not answer.

A TWS that is restarting refuses every connect for minutes, and one that refuses the client (its id
is in use, its accounts are not those to trade on) does so until somebody changes something. Each
attempt costs TWS a dialog or a line in its log, and two gateways that lost it at the same moment
must not come back at the same moment. So waits double from the first to the longest, with jitter.
They begin again from the first once a login has lasted for as long as the longest of them: a TWS
that drops the connection behind each login is no better than one that refuses it.

A refusal may be short too: after a crash TWS keeps a client id for some seconds, and the
liquidation gateway borrows the gateway's for a moment to cancel its orders. So refusals are tried
again after the same waits, and end at the longest.

The group's own simulator is on this machine and is meant to die and come back: it is tried again
every half second, and only its refusals are waited out.
"""

from typing import Final

from tapewire.common.delivery.backoff import BackOff

OWN_NS: Final = 500_000_000


class Reconnect:
    """The waits of one connection. Times are monotonic; `seed` decides the jitter.

    With `own` the peer is the group's simulator.
    """

    def __init__(self, seed: str, first_ms: int, longest_ms: int, *, own: bool = False) -> None:
        self._longest_ns = longest_ms * 1_000_000
        self._own = own
        first_ns = min(OWN_NS, first_ms * 1_000_000) if own else first_ms * 1_000_000
        self._back_off = BackOff(seed, first_ns, max(first_ns, self._longest_ns))
        self._attempts = 0  # that failed, since a login lasted
        self._refusals = 0  # in a row
        self._is_refused = False
        self._logged_in_ns: int | None = None
        self.due_ns = 0  # when the next attempt may begin

    def __repr__(self) -> str:
        return f"<Reconnect after {self._attempts} attempts, {self._refusals} refusals>"

    def logged_in(self, now_ns: int) -> None:
        """TWS has taken the login."""
        self._refusals, self._is_refused = 0, False
        if self._logged_in_ns is None:
            self._logged_in_ns = now_ns

    def refused(self) -> None:
        """TWS refuses this client, or is none that can be spoken with; the connection will end."""
        self._is_refused = True

    def closed(self, now_ns: int) -> None:
        """The connection, or the attempt at one, has ended."""
        since_ns, self._logged_in_ns = self._logged_in_ns, None
        if since_ns is not None and now_ns - since_ns >= self._longest_ns:
            self._attempts = 0
        self._attempts += 1
        self._refusals += self._is_refused
        failures = self._attempts
        if self._own:
            failures = self._refusals if self._is_refused else 1
        self._is_refused = False
        self.due_ns = now_ns + self._back_off.wait_ns(failures)
