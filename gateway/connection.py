"""The state of the connection with the broker, and why, in one table that all else asks.

    CONNECTING --opened--> HANDSHAKING --logged in--> SYNCHRONISING --synchronised--> READY
        ^                                                 ^                             ^
        |                                       server restored              answered   |
        |                                                 |                             v
    lost, from every state                            DEGRADED <--server lost-- READY, SYNCHRONISING
                                                          ^-----silent--------- READY

What each state promises is in `MEANING`.

Why a table
-----------
The session, the lists and the pulse of the line each know a part. Asked one by one they gave
answers that did not fit together, such as a gateway that was up and waited for its server. So the
table's states, called stages, are finer than those that are shown: a DEGRADED that has lost its
server goes back to reading everything, and one that was silent goes back to READY, since nothing
it knew has become wrong. A step without a row changes nothing, and says nothing: a line that is
silent while it is read needs no state of its own, since the lists do not end either.

A refusal is for a person to end, so it is recorded once. The attempts do not change the state: it
stays REFUSED until one of them is logged in, or finds nobody there. Another reason is recorded
again.

The state is not durable: a process that starts has no connection. `connection.changed` records it
for people and for programs. A line that comes and goes must not fill the journal with that, so at
most `CHANGES_MAX` are recorded within `CHANGES_NS`; of those beyond, the newest follows when there
is room, with the number of those left out.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal, get_args

from tapewire.common.clock import Now
from tapewire.common.events import TEXT_MAX, ConnectionChanged, ConnectionState
from tapewire.gateway.at_most import AtMost
from tapewire.gateway.restart_window import RestartWindow

Stage = Literal[
    "CONNECTING", "HANDSHAKING", "HANDSHAKING_CUT_OFF", "SYNCHRONISING", "READY", "SILENT",
    "CUT_OFF", "RESTARTING", "REFUSED", "REFUSED_CUT_OFF", "RETRYING",
]  # fmt: skip
Step = Literal[
    "opened", "logged_in", "accounts_added", "synchronised", "silent", "answered", "server_lost",
    "server_restored", "refused", "lost", "lost_in_restart", "restart_over",
]  # fmt: skip

SHOWN: Final[Mapping[Stage, ConnectionState]] = {
    "CONNECTING": "CONNECTING",
    "HANDSHAKING": "HANDSHAKING",
    "HANDSHAKING_CUT_OFF": "DEGRADED",
    "SYNCHRONISING": "SYNCHRONISING",
    "READY": "READY",
    "SILENT": "DEGRADED",
    "CUT_OFF": "DEGRADED",
    "RESTARTING": "RESTARTING",
    "REFUSED": "REFUSED",
    "REFUSED_CUT_OFF": "REFUSED",
    "RETRYING": "REFUSED",
}
"""What is shown of each stage."""
MEANING: Final[Mapping[ConnectionState, str]] = {
    "CONNECTING": "no connection; the gateway tries again by itself",
    "HANDSHAKING": "connected; the broker's side has not logged this client in yet",
    "SYNCHRONISING": "logged in, and cancels go; orders do not: what the broker knows of orders,"
    " executions, positions and account values is being read",
    "READY": "all of that has been read, and orders go",
    "DEGRADED": "the connection stands, and the broker's side has lost its own server (1100, 2110),"
    " so no order is taken until all has been read again; or it does not answer, so nothing is"
    " written and orders wait",
    "RESTARTING": "lost within the configured daily restart, which is not an alarm",
    "REFUSED": "the broker's side refuses the login (326: the client id is in use), its accounts"
    " are not those to trade on, or it speaks no version that we know; a person has to look",
}
"""What each state promises."""
LOGGED_IN: Final[frozenset[Stage]] = frozenset({"SYNCHRONISING", "READY", "SILENT", "CUT_OFF"})
SYNCHRONISED: Final[frozenset[Stage]] = frozenset({"READY", "SILENT"})
SERVER_LOST: Final[frozenset[Stage]] = frozenset(
    {"HANDSHAKING_CUT_OFF", "CUT_OFF", "REFUSED_CUT_OFF"}
)
STAGES: Final[tuple[Stage, ...]] = get_args(Stage)

TRANSITIONS: Final[Mapping[tuple[Stage, Step], Stage]] = {
    ("CONNECTING", "opened"): "HANDSHAKING",
    ("CONNECTING", "logged_in"): "SYNCHRONISING",  # a broker without a handshake
    ("RESTARTING", "opened"): "HANDSHAKING",
    ("HANDSHAKING", "opened"): "HANDSHAKING",  # it takes its steps
    ("HANDSHAKING", "logged_in"): "SYNCHRONISING",
    ("HANDSHAKING", "server_lost"): "HANDSHAKING_CUT_OFF",
    ("HANDSHAKING_CUT_OFF", "logged_in"): "CUT_OFF",
    ("HANDSHAKING_CUT_OFF", "server_lost"): "HANDSHAKING_CUT_OFF",
    ("HANDSHAKING_CUT_OFF", "server_restored"): "HANDSHAKING",
    ("SYNCHRONISING", "synchronised"): "READY",
    ("SYNCHRONISING", "server_restored"): "SYNCHRONISING",  # from the beginning
    ("READY", "server_restored"): "SYNCHRONISING",  # a loss that was not reported
    ("READY", "silent"): "SILENT",
    ("SILENT", "silent"): "SILENT",
    ("SILENT", "answered"): "READY",
    ("SILENT", "server_restored"): "SYNCHRONISING",
    ("SYNCHRONISING", "accounts_added"): "SYNCHRONISING",
    ("READY", "accounts_added"): "SYNCHRONISING",
    ("SILENT", "accounts_added"): "SYNCHRONISING",
    **{(stage, "server_lost"): "CUT_OFF" for stage in LOGGED_IN},
    ("CUT_OFF", "server_restored"): "SYNCHRONISING",
    ("REFUSED", "logged_in"): "SYNCHRONISING",
    ("REFUSED", "server_lost"): "REFUSED_CUT_OFF",  # or a login now would pass for a whole one
    ("REFUSED_CUT_OFF", "server_restored"): "REFUSED",
    ("REFUSED_CUT_OFF", "logged_in"): "CUT_OFF",
    ("RETRYING", "logged_in"): "SYNCHRONISING",
    ("RETRYING", "server_lost"): "REFUSED_CUT_OFF",
    **{(stage, "refused"): "REFUSED" for stage in STAGES},
    **{(stage, "refused"): "REFUSED_CUT_OFF" for stage in SERVER_LOST},
    **{(stage, "lost"): "CONNECTING" for stage in STAGES},
    **{(stage, "lost_in_restart"): "RESTARTING" for stage in STAGES},
    ("REFUSED", "lost"): "RETRYING",
    ("REFUSED", "lost_in_restart"): "RETRYING",
    ("REFUSED_CUT_OFF", "lost"): "RETRYING",
    ("REFUSED_CUT_OFF", "lost_in_restart"): "RETRYING",
    ("RESTARTING", "restart_over"): "CONNECTING",
}
"""The stage after each step; a step that has no row here changes nothing."""

CHANGES_MAX: Final = 20
CHANGES_NS: Final = 60_000_000_000
NOT_YET: Final = "not connected to the broker yet"


class Connection:
    """The state of one connection. `window` is the daily restart. Steps are reported to it in the
    order in which they happen; nothing else changes it."""

    def __init__(self, window: RestartWindow | None = None) -> None:
        self.stage: Stage = "CONNECTING"
        self.reason = NOT_YET
        self.since_ns = 0  # by the wall clock; 0: since the process started
        self.logins = 0
        self._logged_in_mono_ns: int | None = None
        self._window = window or RestartWindow()
        self._lost_restart_ns: int | None = None  # the restart within whose window it was lost
        self._restarted_ns: int | None = None  # the last restart that it is back from
        self._changes: list[ConnectionChanged] = []
        self._recorded: tuple[ConnectionState, str] = (self.state, "")
        self._records = AtMost(CHANGES_MAX, CHANGES_NS)
        self._omitted = 0

    def __repr__(self) -> str:
        return f"<Connection {self.stage}: {self.reason}>"

    # ---- what it is ----------------------------------------------------------------------------

    @property
    def state(self) -> ConnectionState:
        """The state as it is shown."""
        return SHOWN[self.stage]

    @property
    def is_logged_in(self) -> bool:
        """Whether requests are answered, whether or not all is known yet."""
        return self.stage in LOGGED_IN

    @property
    def is_synchronised(self) -> bool:
        """Whether everything that the broker knows is known here."""
        return self.stage in SYNCHRONISED

    @property
    def is_server_lost(self) -> bool:
        """Whether what the broker's side reports now is worth nothing."""
        return self.stage in SERVER_LOST

    @property
    def problem(self) -> str:
        """Why the connection takes no orders now, or makes them wait; empty while it is READY."""
        return "" if self.stage == "READY" else self.reason

    @property
    def blocked(self) -> str:
        """Why no order may be taken; empty while all is known."""
        return "" if self.is_synchronised else self.reason

    def uptime_s(self, now_mono_ns: int) -> float:
        """How long it has been logged in, in seconds; 0 while it is not."""
        since_ns = self._logged_in_mono_ns
        return 0.0 if since_ns is None else max(0, now_mono_ns - since_ns) / 1e9

    @property
    def reconnects(self) -> int:
        """How often it was logged in again."""
        return max(0, self.logins - 1)

    def held_back(self, now: Now) -> str:
        """Why nothing that adds risk may go: a restart is due, and is not over yet."""
        restart_ns = self._window.restart_ns(now)
        if restart_ns is None or restart_ns == self._restarted_ns:
            return ""
        return (
            "the broker's daily restart is due (tws.daily_restart); until it is back, only cancels"
            " and orders that reduce a position are sent"
        )

    # ---- what happens to it --------------------------------------------------------------------

    def step(self, step: Step, now: Now, reason: str) -> None:
        """Something has happened; `reason` says what, in a sentence."""
        before, after = self.stage, TRANSITIONS.get((self.stage, step))
        if after is None:
            return
        self.stage = after
        if step == "refused" or SHOWN[after] != "REFUSED":  # what was refused is still why
            self.reason = reason
        if SHOWN[before] != SHOWN[after]:
            self.since_ns = now.wall_ns
        self._note_login(now)
        if self._is_news():
            self._record(now)

    def lost(self, now: Now, reason: str) -> None:
        """The connection, or the attempt at one, has ended."""
        restart_ns = self._window.restart_ns(now)
        if restart_ns is None or restart_ns == self._restarted_ns:
            self.step("lost", now, reason)
            return
        self._lost_restart_ns = restart_ns
        self.step("lost_in_restart", now, f"waiting out the daily restart: {reason}")

    def tick(self, silence: str, now: Now) -> None:
        """Time passes: the line does not answer, as `silence` says, or it does; and a restart may
        have taken too long."""
        if silence:
            self.step("silent", now, silence)
        elif self.stage == "SILENT":
            self.step("answered", now, "the broker has answered")
        elif self.stage == "RESTARTING" and self._window.restart_ns(now) is None:
            self.step("restart_over", now, f"not back from its daily restart: {self.reason}")

    def take_changes(self, now: Now) -> list[ConnectionChanged]:
        """The changes to be recorded since they were last taken."""
        if self._omitted and self._is_news() and self._records.has_room(now.mono_ns):
            self._omitted -= 1
            self._record(now)
        taken, self._changes = self._changes, []
        return taken

    # ---- what is recorded of it ----------------------------------------------------------------

    def _is_news(self) -> bool:
        """Whether it is not as it was recorded last."""
        state, reason = self._recorded
        return state != self.state or (state == "REFUSED" and reason != self.reason)

    def _record(self, now: Now) -> None:
        if not self._records.has_room(now.mono_ns):
            self._omitted += 1
            return
        before, reason = self._recorded[0], self.reason[:TEXT_MAX]
        self._changes.append(
            ConnectionChanged(now.wall_ns, before, self.state, reason, self._omitted)
        )
        self._records.happened(now.mono_ns)
        self._recorded, self._omitted = (self.state, self.reason), 0

    def _note_login(self, now: Now) -> None:
        lost_ns = self._lost_restart_ns
        if self.stage == "READY" and lost_ns is not None:
            self._lost_restart_ns = None
            if now.wall_ns >= lost_ns:  # a loss before it was another one
                self._restarted_ns = lost_ns
        if not self.is_logged_in:
            self._logged_in_mono_ns = None
        elif self._logged_in_mono_ns is None:
            self._logged_in_mono_ns = now.mono_ns
            self.logins += 1

    def shown(self) -> dict[str, Any]:
        """All of it for a status file."""
        return {
            "state": self.state,
            "reason": self.reason,
            "since_ns": self.since_ns,
            "reconnects": self.reconnects,
        }
