"""The values of the account that a strategy trades in."""

from collections.abc import Callable

from tapewire.common.events import AccountUpdated, ConnectionUp


class AccountWatch:
    """Keeps what the gateway reports of accounts. `name` is the strategy's own; without one it is
    the login's only account. `look` is called before somebody reads them: a back-test looks up what
    has come only then."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.look: Callable[[], None] = lambda: None
        self._values: dict[str, AccountUpdated] = {}

    def apply(self, event: AccountUpdated) -> None:
        """An account has other values."""
        self._values[event.account] = event

    def on_login(self, event: ConnectionUp) -> None:
        """The login's accounts are known: one that is no longer among them has no values."""
        self._values = {
            name: self._values.get(name, AccountUpdated(0, name)) for name in event.accounts
        }

    def current(self) -> AccountUpdated:
        """What is known of the account; every value is None while nothing is."""
        self.look()
        if self._name:
            return self._values.get(self._name) or AccountUpdated(0, self._name)
        if len(self._values) == 1:
            return next(iter(self._values.values()))
        return AccountUpdated(0, "")
