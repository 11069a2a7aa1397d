"""The keys of other hosts: which are allowed, and what each may connect to.

A key belongs to one host and has one role (`access.KEYS`). A host has at most one key of a role, so
a key that is replaced is no longer allowed. A connection is judged by the key, the address it comes
from, and the socket it is for: a key that was stolen is worth nothing on another machine's address.

What is in the file is written by `tapewire keys` alone, and read by whoever judges.
"""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Final, NamedTuple

import msgspec

from tapewire.common import roles
from tapewire.common.bus.access import KEYS, may_connect
from tapewire.common.config.near import expected
from tapewire.common.errors import ConfigError

SHOWN: Final = 8
"""So many characters of a key tell it from others, in a log or on the command line."""

KEY: Final = r"[0-9A-Za-z.:+=^!/*?&<>()\[\]{}@%$#-]{40}"
"""A key in Z85, the notation of ZeroMQ."""

_HEADER: Final = "# Written by `tapewire keys`, which also says what is in force.\n"


class Allowed(NamedTuple):
    """A key (Z85), the host that it is of, and its role: `reader`, `strategy` or `operator`."""

    key: bytes
    host: str
    role: str


Grant = tuple[Allowed, str]
"""A key that is allowed, and the address of its host."""


def shown(key: bytes) -> str:
    """The beginning of a key, which names it."""
    return key[:SHOWN].decode(errors="replace")


# ---- judging -------------------------------------------------------------------------------------


class Decision(NamedTuple):
    """What connections are judged by at one moment: the keys, and each host's address."""

    allowed: tuple[Allowed, ...]
    addresses: Mapping[str, str]

    def refusal(self, domain: str, address: str, key: bytes) -> str:
        """As the function of this name."""
        return refusal(self.allowed, self.addresses, domain, address, key)

    def user(self, key: bytes) -> str:
        """Who a key is, as `HOST/ROLE`; empty if it is not allowed."""
        found = _entry(self.allowed, key)
        return f"{found.host}/{found.role}" if found is not None else ""

    def grants(self) -> frozenset["Grant"]:
        """All that is allowed: each key, with the address that it may come from."""
        return frozenset((one, self.addresses.get(one.host, "")) for one in self.allowed)

    def grant(self, key: bytes) -> "Grant | None":
        """By what a key is allowed; None if it is not."""
        found = _entry(self.allowed, key)
        return None if found is None else (found, self.addresses.get(found.host, ""))


def refusal(
    allowed: Iterable[Allowed],
    addresses: Mapping[str, str],
    domain: str,
    address: str,
    key: bytes,
) -> str:
    """Why a key must not connect to the socket `domain` from an IP address; empty if it may."""
    found = _entry(allowed, key)
    if found is None:
        return "the key is not on the list"
    expected_address = addresses.get(found.host)
    if expected_address is None:
        return f"the key is of host {found.host}, which is not in [[hosts]]"
    if not _is_same(address, expected_address):
        return f"the key is of host {found.host}, whose address is {expected_address}"
    try:
        may = may_connect(found.role, domain)
    except KeyError:
        return f"there is no socket {domain}, or no role {found.role}"
    return "" if may else f"the key has the role {found.role}, which may not connect to {domain}"


def _entry(allowed: Iterable[Allowed], key: bytes) -> Allowed | None:
    return next((one for one in allowed if one.key == key), None)


def _is_same(address: str, other: str) -> bool:
    """Whether two texts are one IP address; an IPv4 address may come as IPv6 has it."""
    try:
        return _plain(address) == _plain(other)
    except ValueError:
        return False


def _plain(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    found = ipaddress.ip_address(text)
    return getattr(found, "ipv4_mapped", None) or found


# ---- changing ------------------------------------------------------------------------------------


def with_entry(allowed: Iterable[Allowed], entry: Allowed) -> tuple[Allowed, ...]:
    """The list with an entry in it, in place of those that its key, or its host's role, had."""
    others = (one for one in allowed if not _is_replaced(one, entry))
    return (*others, entry)


def _is_replaced(one: Allowed, entry: Allowed) -> bool:
    return one.key == entry.key or (one.host, one.role) == (entry.host, entry.role)


def named(allowed: Iterable[Allowed], start: str) -> Allowed:
    """The entry whose key begins so; raises `ConfigError` unless it is exactly one."""
    if len(start) < SHOWN:
        raise ConfigError(
            f"KEY is {start!r}; expected a key, or at least {SHOWN} of its characters"
        )
    known = tuple(allowed)
    found = [one for one in known if one.key.startswith(start.encode())]
    if len(found) == 1:
        return found[0]
    if found:
        raise ConfigError(f"KEY {start} is the beginning of {len(found)} keys; write more of it")
    listed = expected(start, (shown(one.key) for one in known))
    raise ConfigError(f"KEY {start} is not on the list; {listed}")


# ---- as text -------------------------------------------------------------------------------------


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    key: Annotated[str, msgspec.Meta(pattern=f"^{KEY}\\Z")]
    host: Annotated[str, msgspec.Meta(pattern=f"^{roles.NAME}\\Z")]
    role: str

    def __post_init__(self) -> None:
        if self.role not in KEYS:
            raise ValueError(f"role is {self.role!r}; {expected(self.role, KEYS)}")


class _File(msgspec.Struct, forbid_unknown_fields=True):
    keys: list[_Entry] = []


def parsed(text: str) -> tuple[Allowed, ...]:
    """The list that is in a text; raises ValueError, which says what is wrong with it."""
    found = msgspec.toml.decode(text, type=_File)
    return tuple(Allowed(one.key.encode(), one.host, one.role) for one in found.keys)


def text_of(allowed: Iterable[Allowed]) -> str:
    """A list as text. Neither a key nor a name has a character that TOML reads otherwise."""
    tables = (
        f'\n[[keys]]\nkey = "{one.key.decode()}"\nhost = "{one.host}"\nrole = "{one.role}"\n'
        for one in sorted(allowed, key=lambda one: (one.host, one.role))
    )
    return _HEADER + "".join(tables)


def is_name(text: str) -> bool:
    """Whether a host can have this name."""
    return re.fullmatch(roles.NAME, text) is not None
