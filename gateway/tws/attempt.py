"""One attempt at a login: from the open socket to the accounts, and what its end means.

Three things end it before TWS has logged this client in. It takes too long: TWS may be starting, or
show a dialog that nobody answers. TWS says no: the client id is in use, or the accounts are not
those to trade on. Or the peer is none that can be spoken with. The second and the third are
refusals: trying again at once changes nothing, so `Reconnect` waits longer after each of them, and
the core reports them.
"""

from typing import Final

from tapewire.common.clock import Now
from tapewire.gateway import broker
from tapewire.gateway.tws import errors
from tapewire.gateway.tws.reconnect import Reconnect
from tapewire.gateway.tws.session import TwsSession

PROOF_LATE_NS: Final = 3_000_000_000  # the group's simulator answers within milliseconds
SECOND_NS: Final = 1_000_000_000


class Attempt:
    """What one connection has come to, until it is logged in. `timeout_ms` is how long that may
    take."""

    def __init__(self, session: TwsSession, reconnect: Reconnect, timeout_ms: int) -> None:
        self._session = session
        self._reconnect = reconnect
        self._timeout_ns = timeout_ms * 1_000_000
        self._opened_mono_ns = 0
        self._greeting = b""
        self._refusal = ""  # why TWS is about to close, or why we do
        self.last_word = ""  # why a connection ends that was not refused

    @property
    def client_id(self) -> int:
        """The client that it logs in."""
        return self._session.client_id

    def opened(self, nonce: str, peer: str, now: Now) -> broker.SessionProgress:
        """Connected; with a `nonce` it must be the group's simulator that listens at `peer`."""
        self._opened_mono_ns, self._refusal = now.mono_ns, ""
        self._greeting = self._session.opened(nonce, peer)
        return broker.SessionProgress("waiting for TWS to answer the handshake")

    def take_greeting(self) -> bytes:
        """What is to be written before anything else, once."""
        greeting, self._greeting = self._greeting, b""
        return greeting

    def logged_in(self, now: Now) -> None:
        """TWS has taken the login."""
        self._refusal = ""
        self._reconnect.logged_in(now.mono_ns)

    def client_id_in_use(self) -> broker.SessionRefused:
        """TWS says so (326), and closes the connection next."""
        return self.refused(
            f"TWS says that client id {self.client_id} is in use"
            f" ({errors.CLIENT_ID_IN_USE}); it is tried again, since it can stay taken for a while"
            " after a crash"
        )

    def refused(self, reason: str) -> broker.SessionRefused:
        """The login is refused, by TWS or by us; `reason` is a sentence."""
        self._refusal = reason
        self._reconnect.refused()
        return broker.SessionRefused(reason)

    def overdue(self, now: Now) -> str:
        """Why not to wait any longer; empty if there is time, or nothing to wait for. A peer that
        must be the group's simulator has less of it. One whose accounts are refused is kept: when
        somebody logs in to others, TWS says so."""
        session, waited_ns = self._session, now.mono_ns - self._opened_mono_ns
        if session.state == "UP":
            return self._refusal  # TWS says no, and goes on all the same
        if session.state == "DOWN" or session.refusal:
            return ""
        if session.unproven and waited_ns > PROOF_LATE_NS:
            return f"it did not answer with its nonce within {PROOF_LATE_NS // SECOND_NS} s"
        if waited_ns <= self._timeout_ns:
            return ""
        self.last_word = self._lateness()
        return self.last_word

    def _lateness(self) -> str:
        waited_s = self._timeout_ns / SECOND_NS
        if self._session.state == "HANDSHAKE":
            return (
                f"TWS did not answer the handshake within {waited_s:g} s; if it shows a dialog"
                " about an incoming connection, accept it, or add this machine to its trusted"
                " addresses"
            )
        return f"TWS did not log the client in within {waited_s:g} s"

    def ended(self, reason: str) -> broker.SessionLost:
        """The connection is gone: why, in TWS's own words if it has said any."""
        session, self._greeting = self._session, b""
        if session.unproven:
            self.refused(session.no_proof(reason))
        refusal, last_word = self._refusal, self.last_word
        reason = refusal or last_word or session.cut_off(reason)
        self._refusal = self.last_word = ""
        session.closed()
        return broker.SessionLost(reason, refused=bool(refusal))
