"""Where orders go: the account that a signal trades in, and the login that has it."""

from tapewire.common import roles
from tapewire.common.events import ConnectionUp, GroupSignal, Signal
from tapewire.common.logins import Logins


class Places:
    """The accounts of all logins, as the configuration and TWS name them."""

    def __init__(self, logins: Logins) -> None:
        self.logins = logins
        self._connected: dict[str, tuple[str, ...]] = {}  # accounts, by the login's name

    def connected(self, event: ConnectionUp, source: str) -> None:
        """A gateway is logged in."""
        if event.accounts:
            self._connected[roles.login_name(source)] = event.accounts

    @property
    def accounts(self) -> tuple[str, ...]:
        """All that are known: those of logins that were connected, and configured ones."""
        found = [account for of_one in self._connected.values() for account in of_one]
        return tuple(dict.fromkeys([*found, *self.logins.accounts]))

    def account_of(self, signal: Signal | GroupSignal) -> tuple[str, str]:
        """Where a signal trades: the account it names, or the only one there is; or why not."""
        if signal.account:
            return signal.account, self._fault(signal)
        if len(self.accounts) == 1:
            return self.accounts[0], ""
        have = "the login has" if len(self.logins) == 1 else "the gateways have"
        return "", (
            f"{have} {len(self.accounts)} accounts and strategy {signal.strategy} names none; set"
            " account in its [[strategies]] entry"
        )

    def _fault(self, signal: Signal | GroupSignal) -> str:
        """Why no gateway can trade in the account that a signal names; "" if one can."""
        login = self.logins.of(signal.account)
        if login is None:
            return f"{signal.strategy}'s account belongs to none of the [[gateways]]"
        connected = self._connected.get(login.name)
        if connected and signal.account not in connected:
            return f"{signal.strategy}'s account is not one of this login's"
        return ""
