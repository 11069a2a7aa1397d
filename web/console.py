"""The console: what the server of the pages works with, apart from HTTP."""

import secrets
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any, Final, NamedTuple

from tapewire.common.clock import Clock, Now
from tapewire.web.access import Principal, Refused, Role
from tapewire.web.actions import ACTIONS, Done, Part, halt, parameters_of
from tapewire.web.desk import Desk
from tapewire.web.guard import Guard
from tapewire.web.hub import Hub
from tapewire.web.limits import RateLimit
from tapewire.web.nonces import Nonces, Wanted
from tapewire.web.queries import Scans
from tapewire.web.sessions import Sessions

READS_PER_S: Final = 20
READS_BURST: Final = 100
ACTS_PER_S: Final = 2
ACTS_BURST: Final = 20
LOGINS_PER_S: Final = 0.2
LOGINS_BURST: Final = 10

Log = Callable[..., Any]


class Confirmation(NamedTuple):
    """A nonce, what it allows in a sentence, and what has to be typed."""

    nonce: str
    text: str
    typed: str


class Console:
    """Everything of one console: its groups, who is logged in, and what waits for confirmation.
    `log` notes who did what.

    Requests come on several threads, of which nonces and limits know nothing: one at a time may
    look at them. Otherwise a nonce that is used while another is issued could come back with what
    was copied before, and work twice.
    """

    def __init__(
        self,
        guard: Guard,
        sessions: Sessions,
        hub: Hub,
        desks: Mapping[str, Desk],
        clock: Clock,
        log: Log,
    ) -> None:
        self.guard = guard
        self.sessions = sessions
        self.hub = hub
        self.clock = clock
        self.scans = Scans()
        self._lock = Lock()
        self._nonces = Nonces(new_secret)
        self._desks = desks
        self._log = log
        self._reads = RateLimit(READS_PER_S, READS_BURST)
        self._acts = RateLimit(ACTS_PER_S, ACTS_BURST)
        self._logins = RateLimit(LOGINS_PER_S, LOGINS_BURST)

    def desk(self, name: str) -> Desk:
        """A group by its name; raises `Refused` for one that is not shown here."""
        found = self._desks.get(name)
        if found is None:
            raise Refused(404, f"{name[:80]!r} is none of the groups here")
        return found

    @property
    def groups(self) -> list[str]:
        """The names of the groups that are shown here."""
        return list(self._desks)

    # ---- logging in ----------------------------------------------------------------------------

    def log_in(self, *, code: str = "", token: str = "", address: str) -> tuple[Role, str]:
        """Begin a session with a one-time code or a token; gives its role and its cookie."""
        now = self.clock.now()
        if not self._may(self._logins, address, now):
            raise Refused(429, "too many attempts to log in; wait a minute")
        role = self.sessions.use_code(code, now) if code else self.sessions.role_of(token)
        if role is None:
            self._log("login refused", address=address)
            raise Refused(401, "that is not a valid login; `tapewire web` prints a new one")
        self._log("login", role=role, address=address)
        return role, self.sessions.begin(role, now)

    # ---- limits --------------------------------------------------------------------------------

    def require_rate(self, principal: Principal, method: str) -> None:
        """Raise `Refused` for somebody who asks too often. A halt is never asked too often."""
        limit = self._acts if method == "POST" else self._reads
        if not self._may(limit, principal.id, self.clock.now()):
            raise Refused(429, "too many requests; wait a moment")

    def _may(self, limit: RateLimit, key: str, now: Now) -> bool:
        with self._lock:
            return limit.take(key, now)

    # ---- acting --------------------------------------------------------------------------------

    def halt(self, principal: Principal, group: str, part: Part) -> Done:
        """Halt, for everybody who is logged in. It is noted afterwards: a log that takes nothing at
        the moment, such as that of a stopped supervisord, keeps no halt waiting."""
        said = "not answered"
        try:
            done = halt(self.desk(group), part, f"web console, {principal.role}")
            said = done.text
            return done
        finally:
            self._log("halt", by=principal.role, session=principal.id, group=group, said=said)

    def confirm(self, principal: Principal, wanted: Wanted) -> Confirmation:
        """A nonce for an action; raises `Refused` for what cannot be, or needs another role."""
        action = ACTIONS.get(wanted.action)
        if action is None:
            known = ", ".join(ACTIONS)
            raise Refused(400, f"action is {wanted.action[:40]!r}; it is one of {known}")
        if not principal.may(action.role):
            raise Refused(403, f"to {action.about} needs the role {action.role}")
        parameters = parameters_of(action, wanted.parameters)
        desk = self.desk(wanted.group)
        bound = wanted._replace(launch=desk.launch)
        plan = action.plan(desk, wanted.target, parameters)
        with self._lock:
            nonce = self._nonces.issue(principal.id, bound, plan.typed, self.clock.now())
        return Confirmation(nonce, plan.text, plan.typed)

    def act(self, principal: Principal, wanted: Wanted, nonce: str, typed: str) -> Done:
        """Do what was confirmed."""
        desk = self.desk(wanted.group)
        bound = wanted._replace(launch=desk.launch)
        with self._lock:
            self._nonces.use(nonce, principal.id, bound, typed, self.clock.now())
        action = ACTIONS[wanted.action]
        if not principal.may(action.role):
            raise Refused(403, f"to {action.about} needs the role {action.role}")
        parameters = parameters_of(action, wanted.parameters)
        done = action.run(desk, wanted.target, parameters)
        self._log(
            wanted.action, by=principal.role, session=principal.id, group=wanted.group,
            target=wanted.target, ok=done.ok, said=done.text,
        )  # fmt: skip
        return done


def new_secret() -> str:
    """A text that nobody can guess."""
    return secrets.token_urlsafe(32)
