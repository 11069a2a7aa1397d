"""Keys as files, in RUN_DIR/keys: mode 0700, and each file in it 0600.

`own.toml` is this host's pair, `home.toml` the public key of the host that it connects to, and
`allowed.toml`, at home, the keys of the hosts that may connect.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from tapewire.common.bus import allowed as lists
from tapewire.common.bus.allowed import Allowed
from tapewire.common.bus.curve import Pair, is_pair, key_of, new_pair
from tapewire.common.bus.endpoints import require_own
from tapewire.common.errors import ConfigError
from tapewire.common.runtime import private_file
from tapewire.common.runtime.durable import fsync
from tapewire.common.runtime.logs import log

FOLDER: Final = "keys"
OWN: Final = "own.toml"
HOME: Final = "home.toml"
ALLOWED: Final = "allowed.toml"
ALLOWED_MAX_BYTES: Final = 1_048_576

T = TypeVar("T", bound=msgspec.Struct)


class _Own(msgspec.Struct, forbid_unknown_fields=True):
    public: str
    secret: str


class _Home(msgspec.Struct, forbid_unknown_fields=True):
    public: str


def path_of(run_dir: Path, name: str) -> Path:
    """Where a file of keys is."""
    return run_dir / FOLDER / name


# ---- this host -----------------------------------------------------------------------------------


def own(run_dir: Path) -> Pair | None:
    """This host's pair; None if it has none. Raises `ConfigError` for a file that others can read,
    or that holds no pair."""
    text = _text(path_of(run_dir, OWN), "secret key")
    if text is None:
        return None
    found = _decoded(path_of(run_dir, OWN), text, _Own)
    pair = Pair(found.public.encode(), found.secret.encode())
    if not is_pair(pair):
        raise ConfigError(
            f"{path_of(run_dir, OWN)}: the two keys in it do not belong together; make another pair"
            " with `tapewire keys new --replace`"
        )
    return pair


def make_own(run_dir: Path, *, replace: bool = False) -> Pair:
    """Make this host's pair. Raises `ConfigError` where it has one, unless that is to be replaced:
    then the old one is gone."""
    with _changing(run_dir):
        path = path_of(run_dir, OWN)
        if path.exists() and not replace:
            raise ConfigError(
                f"{path} is there already; `tapewire keys list` prints its public key. --replace"
                " makes another pair, whose public key must then be given to the other hosts"
            )
        pair = new_pair()
        text = f'public = "{pair.public.decode()}"\nsecret = "{pair.secret.decode()}"\n'
        _write(path, text)
        return pair


def home(run_dir: Path) -> bytes | None:
    """The public key of the host that this one connects to; None if it trusts none."""
    text = _text(path_of(run_dir, HOME), "key of home")
    return None if text is None else key_of(_decoded(path_of(run_dir, HOME), text, _Home).public)


def trust(run_dir: Path, key: bytes) -> bytes | None:
    """Connect to the host with this public key and to no other; gives the one trusted before."""
    with _changing(run_dir):
        before = home(run_dir) if path_of(run_dir, HOME).exists() else None
        _write(path_of(run_dir, HOME), f'public = "{key.decode()}"\n')
        return before


# ---- the other hosts -----------------------------------------------------------------------------


def allowed(run_dir: Path) -> tuple[Allowed, ...]:
    """The keys that may connect here; none where nothing was ever allowed. Raises `ConfigError` for
    a file that others can read, or that is damaged."""
    path = path_of(run_dir, ALLOWED)
    text = _text(path, "keys", ALLOWED_MAX_BYTES)
    try:
        return () if text is None else lists.parsed(text)
    except ValueError as error:
        raise ConfigError(f"{path}: {error}; nobody is allowed while it is so") from error


def allow(run_dir: Path, entry: Allowed) -> tuple[Allowed, ...]:
    """Put a key on the list; gives the entries that it replaces."""
    with _changing(run_dir):
        before = allowed(run_dir)
        after = lists.with_entry(before, entry)
        _write(path_of(run_dir, ALLOWED), lists.text_of(after))
    return tuple(one for one in before if one not in after)


def revoke(run_dir: Path, start: str = "", host: str = "") -> tuple[Allowed, ...]:
    """Take the key that begins with `start` from the list, or all of a host; gives what was taken.
    Raises `ConfigError` where there is none."""
    with _changing(run_dir):
        before = allowed(run_dir)
        if host:
            gone = tuple(one for one in before if one.host == host)
        else:
            gone = (lists.named(before, start),)
        if not gone:
            raise ConfigError(f"no key of host {host} is on the list")
        left = (one for one in before if one not in gone)
        _write(path_of(run_dir, ALLOWED), lists.text_of(left))
    return gone


class AllowList:
    """The keys that may connect here, read again whenever the file is another one.

    A file that cannot be read allows nobody, and the log says why, once for each such file. Where
    it is the system that cannot read it just now, it is read again at the next call.
    """

    def __init__(self, run_dir: Path) -> None:
        self._run_dir = run_dir
        self._path = path_of(run_dir, ALLOWED)
        self._version: tuple[int, ...] | None = None
        self._reported: tuple[int, ...] | None = None
        self._allowed: tuple[Allowed, ...] = ()

    def __call__(self) -> tuple[Allowed, ...]:
        """The list in force."""
        version = self._found()
        if version != self._version:
            try:
                self._allowed, self._version = allowed(self._run_dir), version
            except ConfigError as error:
                self._allowed = ()
                # Without descriptors or memory to read it with, the file is not at fault.
                passes = isinstance(error.__cause__, OSError)
                self._version = None if passes else version
                if version != self._reported:
                    log.error("no key is allowed", reason=str(error))
                self._reported = version
        return self._allowed

    def _found(self) -> tuple[int, ...]:
        try:
            found = self._path.stat()
        except OSError:
            return ()
        return found.st_mtime_ns, found.st_ino, found.st_mode, found.st_size


# ---- files ---------------------------------------------------------------------------------------


@contextmanager
def _changing(run_dir: Path) -> Iterator[None]:
    """The folder is there and this user's alone, and no other command changes it meanwhile."""
    folder = run_dir / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    fsync(run_dir)
    _require_own(folder)
    lock = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _write(path: Path, text: str) -> None:
    """A key that was revoked must not be back after a loss of power."""
    private_file.write(path, text, durable=True)


def _text(path: Path, what: str, bytes_max: int = private_file.SECRET_MAX_BYTES) -> str | None:
    """What is in a file; None if there is no file."""
    if not path.exists():
        return None
    _require_own(path.parent)
    return private_file.secret("keys", path, what, bytes_max)


def _require_own(folder: Path) -> None:
    require_own(folder, "the folder of keys", "act as this host")


def _decoded(path: Path, text: str, kind: type[T]) -> T:
    """What is in a file. The error has nothing of it: it may be a secret."""
    try:
        return msgspec.toml.decode(text, type=kind)
    except ValueError:
        raise ConfigError(
            f"{path} is damaged; expected the file that `tapewire keys` wrote"
        ) from None
