"""The client's connection: which processes of the group it leads to, and which are missing.

Everything runs on the loop on which it was opened.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import IO, Final, TypeVar

from tapewire.client import replay
from tapewire.client.callbacks import Callback, Subscription
from tapewire.client.chain import LiveChain
from tapewire.client.loop import Loop, Watched
from tapewire.client.replay import Moment
from tapewire.client.service import ClientService, NotConnected
from tapewire.common import roles
from tapewire.common.config.near import expected
from tapewire.common.config.settings import Config
from tapewire.common.delivery.signals import SignalMaker
from tapewire.common.errors import ConfigError
from tapewire.common.logins import Login, Logins
from tapewire.console.records.journals import Journals

T = TypeVar("T")
CONNECT_S: Final = 10.0
"""How long a call waits for the parts of the group that it needs."""


def login_of(logins: Logins, account: str) -> Login | None:
    """The login of an account; None for no account. Raises `ConfigError` if no login has it."""
    found = logins.of(account) if account else None
    if account and found is None:
        known = expected(account, logins.accounts)
        raise ConfigError(f"account is {account!r}, which is of none of the [[gateways]]; {known}")
    return found


class Connection:
    """A program's connection to a group, under the name `name`."""

    def __init__(
        self,
        name: str,
        config: Config,
        account: str,
        service: ClientService,
        transport: Watched,
        maker: SignalMaker,
        lock: IO[str],
    ) -> None:
        self.name = name
        self._config = config
        self._account = account
        self._service = service
        self._transport = transport
        self._make = maker
        self._lock = lock
        self._logins = config.logins()
        self._instruments = {one.symbol: one for one in config.all_instruments()}
        self._chains: set[LiveChain] = set()
        self._is_closed = False
        self._loop = Loop(service, transport, self._ended)
        self._loop.start()

    def __repr__(self) -> str:
        return f"<Client {self.name}: {self.missing() or 'connected'}>"

    # ---- the connection ------------------------------------------------------------------------

    @property
    def is_connected(self) -> bool:
        """Whether the whole group answers: executor, risk, and the gateways of its accounts."""
        return not self.missing()

    def missing(self) -> str:
        """What of the group does not answer, in a sentence; empty if all of it does."""
        return self._missing(*self._needed, roles.RISK)

    async def ensure_connected(self, timeout_s: float = CONNECT_S) -> None:
        """Wait for the group; raises `NotConnected`, which says what is missing."""
        await self._require(*self._needed, roles.RISK, timeout_s=timeout_s)

    async def close(self) -> None:
        """Let go of the group. Orders that work go on working."""
        if self._is_closed:
            return
        if waiting := ", ".join(self._service.desk.unanswered):
            self._service.reports.add(f"unanswered signals, which may have been traded: {waiting}")
        self._let_go()
        await asyncio.sleep(0)  # what reads a ticker is at its end

    def _ended(self, error: BaseException) -> None:
        """The loop cannot go on."""
        self._service.reports.add(f"the client has ended: {error!r}", error)
        self._let_go()

    def _let_go(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        for chain in self._chains:
            chain.close()
        for ticker in self._service.feeds.tickers():
            self._service.feeds.close(ticker)
        self._loop.stop()
        self._service.listeners.stop()
        self._service.bell.close()
        self._service.stop()
        self._transport.close()
        self._lock.close()

    @property
    def _needed(self) -> tuple[str, ...]:
        """The processes without which no order can be placed."""
        own = login_of(self._logins, self._account)
        gateways = [own] if own is not None else self._logins
        return (roles.EXECUTOR, *(one.gateway for one in gateways))

    def _missing(self, *sources: str) -> str:
        if self._is_closed:
            return "the client is closed"
        return self._service.missing(sources, self._service.clock.now())

    async def _require(self, *sources: str, timeout_s: float = CONNECT_S) -> None:
        """Wait for these processes."""
        if not await self.until(lambda: not self._missing(*sources), timeout_s):
            raise NotConnected(
                f"not connected to the group in {self._config.run_dir} after {timeout_s:g} s:"
                f" {self._missing(*sources)}. `tapewire status` shows it, `tapewire up` starts it"
            )

    async def until(self, look: Callable[[], T], timeout_s: float | None = None) -> T:
        """What `look` gives as soon as it is true, or at the end of the time; it is called whenever
        something has come."""
        return await self._service.bell.until(look, timeout_s)

    # ---- events --------------------------------------------------------------------------------

    def on(self, name: str, callback: Callback, *, own: bool = False) -> Subscription:
        """Call `callback(event)` with each event of a name, such as `order.filled`, or of all that
        fit `order.*`: of everybody's orders, or with `own` of this client's alone.

        A coroutine function is awaited with one event after the other. What a callback raises is
        logged. `stop()` of what this returns ends it. docs/wire.md lists the events.
        """
        return self._service.listeners.on(name, callback, own=own)

    async def replay(
        self,
        handlers: Mapping[str, Callback],
        *,
        since: Moment = None,
        to: Moment = None,
        own: bool = False,
    ) -> int:
        """Give past events to callbacks: `{"order.*": on_order, "risk.halted": on_halt}`.

        They are those that `on` gives as they happen, from the journals, in order of time: from
        `since` (None: the first) to `to` (None: now), which are text as the command line takes it
        (ISO in UTC, or `-10m`) or a datetime with its zone. Each callback, awaited if it is a
        coroutine function, has taken one event before the next comes. The group need not be up.

        Returns how many events it gave. Raises `ConfigError` for a time that is none, ValueError
        for a name that no event has, and `TapewireError` for a journal that is damaged.
        """
        service, now_ns = self._service, self._service.clock.now_ns()
        from_ns, to_ns = (replay.moment_ns(*one, now_ns) for one in (("since", since), ("to", to)))
        followed, run_dir = tuple(service.followers), self._config.run_dir
        return await replay.give(
            lambda: Journals(run_dir, from_ns or 0, followed),
            now_ns if to_ns is None else to_ns,
            handlers,
            service.listeners.is_own if own else lambda _event: True,
            service.reports,
        )

    @property
    def problems(self) -> list[str]:
        """What went wrong in callbacks or could not be used, the newest last; each was logged to
        the logger `tapewire.client`."""
        return [*self._service.reports.recent]

    def _require_symbol(self, symbol: str) -> None:
        if symbol not in self._instruments:
            known = expected(symbol, self._instruments)
            raise ConfigError(f"{symbol!r} is not one of the group's [[instruments]]; {known}")
