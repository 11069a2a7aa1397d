"""Sessions: from a token or a one-time code to a cookie, and from a cookie to a role.

Of a session only a hash is kept, in a file of mode 0600: it survives a restart of the console, so
that a page goes on by itself, and whoever reads the file cannot use it.

Requests come on several threads. A lock keeps a session that ends while another begins from coming
back with what was copied before, and a code from being used twice.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock
from typing import Final

import msgspec

from tapewire.common.clock import Now
from tapewire.common.runtime import private_file
from tapewire.web.access import Principal, Role

VALID_NS: Final = 12 * 3600 * 1_000_000_000
SESSIONS_MAX: Final = 100
CODE_VALID_NS: Final = 60_000_000_000
CODES_MAX: Final = 20
PUT_BACK_NS: Final = 3600 * 1_000_000_000
"""A session that ends that much later than one that begins now was begun by a clock that has been
put back since. It would last for longer than it may."""


class Session(msgspec.Struct, frozen=True):
    """A login of a browser; it ends at `until_ns` (UTC)."""

    role: Role
    until_ns: int


class _File(msgspec.Struct, frozen=True):
    sessions: dict[str, Session]


class Sessions:
    """Tokens of programs, one-time codes, and the sessions of browsers. `new` makes a text that
    nobody can guess."""

    def __init__(self, file: Path, tokens: Mapping[Role, bytes], new: Callable[[], str]) -> None:
        self._file = file
        self._tokens = dict(tokens)
        self._new = new
        self._lock = Lock()
        self._codes: dict[str, tuple[Role, int]] = {}
        self._sessions = _read(file)

    # ---- how one is begun ----------------------------------------------------------------------

    def role_of(self, token: str) -> Role | None:
        """Whose token it is; None if it is nobody's."""
        found: Role | None = None
        for role, known in self._tokens.items():  # all of them: no answer is faster than another
            if hmac.compare_digest(known, token.encode()):
                found = role
        return found

    def issue_code(self, role: Role, now: Now) -> str:
        """A code that begins one session, within 60 s."""
        code = self._new()
        with self._lock:
            self._codes = {c: one for c, one in self._codes.items() if one[1] > now.mono_ns}
            while len(self._codes) >= CODES_MAX:
                del self._codes[next(iter(self._codes))]
            self._codes[_hash(code)] = (role, now.mono_ns + CODE_VALID_NS)
        return code

    def use_code(self, code: str, now: Now) -> Role | None:
        """The role that a code stands for, once; None if it is unknown, used or too old."""
        with self._lock:
            role, until_ns = self._codes.pop(_hash(code), (None, 0))
        return role if until_ns > now.mono_ns else None

    def begin(self, role: Role, now: Now) -> str:
        """Begin a session; gives what its cookie holds."""
        cookie = self._new()
        with self._lock:
            live = {h: one for h, one in self._sessions.items() if one.until_ns > now.wall_ns}
            live[_hash(cookie)] = Session(role, now.wall_ns + VALID_NS)
            while len(live) > SESSIONS_MAX:
                del live[next(iter(live))]
            self._keep(live)
        return cookie

    # ---- while it lasts ------------------------------------------------------------------------

    def of_cookie(self, cookie: str, now: Now) -> Principal | None:
        """Who has this cookie; None if nobody, or no longer."""
        name = _hash(cookie)
        session = self._sessions.get(name)
        if session is None:
            return None
        if not 0 < session.until_ns - now.wall_ns <= VALID_NS + PUT_BACK_NS:
            return None
        return Principal(session.role, name[:16])

    def of_token(self, token: str) -> Principal | None:
        """Which program shows this token; None if no one does."""
        role = self.role_of(token)
        return None if role is None else Principal(role, f"program-{role}", is_program=True)

    def end(self, cookie: str) -> None:
        """End a session."""
        with self._lock:
            left = {h: one for h, one in self._sessions.items() if h != _hash(cookie)}
            if len(left) < len(self._sessions):
                self._keep(left)

    def _keep(self, sessions: dict[str, Session]) -> None:
        self._sessions = sessions
        self._file.parent.mkdir(mode=0o700, exist_ok=True)
        private_file.write(self._file, msgspec.json.encode(_File(sessions)).decode())


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def _read(file: Path) -> dict[str, Session]:
    """The sessions of an earlier start; none where the file is missing or not readable."""
    try:
        return dict(msgspec.json.decode(file.read_bytes(), type=_File).sessions)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return {}
