"""Logins: the broker logins of a group, each with processes of its own.

A login is a TWS that somebody is logged in to. Each has a gateway, a liquidation gateway, and the
simulator in place of its TWS. It has accounts, which no other login of the group has: so an account
says which gateway an order goes to, and nothing else does. And it provides market data, of all
symbols or of some.

A group has one login without a name unless its configuration lists `[[gateways]]`. With several,
each names its accounts, and so nobody has to wait for a connection to know where an order belongs.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from tapewire.common import roles
from tapewire.common.events import Scope


class Login(NamedTuple):
    """One login. No `accounts` are all that TWS has, no `symbols` are all that are configured."""

    name: str = ""
    accounts: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name or "the only login"

    @property
    def gateway(self) -> str:
        """The role of its gateway."""
        return roles.of_login(roles.GATEWAY, self.name)

    @property
    def liquidation(self) -> str:
        """The role of its liquidation gateway."""
        return roles.of_login(roles.LIQUIDATION, self.name)

    @property
    def simulator(self) -> str:
        """The role of the simulator that stands for its TWS."""
        return roles.of_login(roles.SIMULATOR, self.name)

    @property
    def gateways(self) -> tuple[str, str]:
        """The roles with a connection to it."""
        return self.gateway, self.liquidation

    def touches(self, scope: Scope) -> bool:
        """Whether a scope is about any of its accounts."""
        return not scope.account or self.has(scope.account)

    def has(self, account: str) -> bool:
        """Whether orders for this account are its own."""
        return not self.accounts or account in self.accounts

    def provides(self, symbol: str) -> bool:
        """Whether it streams market data of this symbol."""
        return not self.symbols or symbol in self.symbols


class Logins:
    """All logins of a group, in the order of the configuration."""

    def __init__(self, logins: Iterable[Login]) -> None:
        self._logins = tuple(logins)
        self.gateways = tuple(role for one in self._logins for role in one.gateways)
        self.roles = roles.journaled(self.gateways)

    def __repr__(self) -> str:
        return f"<Logins {', '.join(map(str, self._logins))}>"

    def __iter__(self) -> Iterator[Login]:
        return iter(self._logins)

    def __len__(self) -> int:
        return len(self._logins)

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts that are named; none where the only login has whatever TWS says."""
        return tuple(account for one in self._logins for account in one.accounts)

    def of(self, account: str) -> Login | None:
        """The login that an account belongs to; None if it is none of theirs."""
        for one in self._logins:  # no generator: each order asks it several times
            if one.has(account):
                return one
        return None

    def named(self, name: str) -> Login | None:
        """The login of this name."""
        return next((one for one in self._logins if one.name == name), None)

    def sources_of(self, symbols: Iterable[str], account: str) -> dict[str, list[str]]:
        """At which login, by its name, whoever trades in `account` reads each of `symbols`: at its
        own one if that provides it, else at the first that does. Each at one only, since two would
        bring every tick twice. Who reads none is connected all the same."""
        own = self.of(account)
        candidates = (*((own,) if own is not None else ()), *self._logins)
        found: dict[str, list[str]] = {}
        for symbol in symbols:
            login = next((one for one in candidates if one.provides(symbol)), candidates[0])
            found.setdefault(login.name, []).append(symbol)
        return found or {candidates[0].name: []}


ONLY_LOGIN: Final = Login()
ONLY: Final = Logins((ONLY_LOGIN,))
"""The logins of a group whose configuration names none."""
