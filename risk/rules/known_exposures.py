"""The exposures of each account, kept between events.

A limit of an account asks for all of its exposures before each order, and between two orders only
one or two of them change. So they are worked out when an event has changed them (see
`common.accounting.changes`), and every rule reads the same ones.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from tapewire.common.accounting.accounts import Accounts
from tapewire.common.accounting.exposure import Exposure

BySymbol = Mapping[str, Exposure]
"""An account's exposures, in the order in which its symbols came up. A symbol never leaves; an
exposure that has not changed is the same object."""
NONE: Final[BySymbol] = MappingProxyType({})


class KnownExposures:
    """What `accounts.exposure` gives for every account and symbol, with all orders in it."""

    def __init__(self, accounts: Accounts[Any]) -> None:
        self._accounts = accounts
        self._changed = accounts.changes.reader()
        for key in sorted(accounts.keys()):
            self._changed[key] = None
        self._known: dict[str, dict[str, Exposure]] = {}

    def of(self, account: str) -> BySymbol:
        """Those of an account, as they are now."""
        if self._changed:
            self._renew()
        return self._known.get(account, NONE)

    def _renew(self) -> None:
        for account, symbol in self._changed:
            exposure = self._accounts.exposure(account, symbol)
            known = self._known.setdefault(account, {})
            if known.get(symbol) != exposure:
                known[symbol] = exposure
        self._changed.clear()
