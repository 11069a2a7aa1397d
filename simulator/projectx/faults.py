"""What can go wrong at the Gateway, and when: entries of a scenario, as for the simulated TWS.

A fault acts on a request, or when it is its time. `after_messages` counts requests here, and
`on_order` those that place an order.
"""

import random
from collections.abc import Mapping
from typing import Any, ClassVar, Final, Protocol

from tapewire.common.errors import ConfigError
from tapewire.simulator.faults.entry import Entry, entry_of
from tapewire.simulator.faults.kinds import Fault
from tapewire.simulator.faults.scenario import Scenario

NS_PER_S: Final = 1_000_000_000
PLACE: Final = "/Order/place"


class Acts(Protocol):
    """What faults can do to the Gateway."""

    def expire_tokens(self) -> None:
        """No token counts any more that was made so far."""

    def drop(self, hub: str) -> None:
        """End every connection to a hub."""

    def silence(self, hub: str, seconds: float) -> None:
        """Send nothing but pings on the connections to a hub, for some time."""

    def go_down(self, seconds: float) -> None:
        """End every connection, and take no new one for some time."""


class OnCall(Fault, frozen=True, kw_only=True):
    """A fault that acts on a request, to `path` alone if one is given."""

    is_served: ClassVar[bool] = True
    status: ClassVar[int] = 0
    path: str = ""

    def concerns(self, path: str) -> bool:
        """Whether it could act on a request."""
        return self.path in ("", path)


class Late(OnCall, frozen=True, kw_only=True):
    """The answer comes later."""

    does = "It does what a request asks at once, and answers it `seconds` later."
    advice = "Wait, or look for the order by its tag. Never send it again."
    seconds: float = 1.0


class Lost(OnCall, frozen=True, kw_only=True):
    """No answer comes, though all was done."""

    does = "It does what a request asks, and closes the connection in place of an answer."
    advice = "Look for the order by its tag before anything else is sent."


class Swallowed(OnCall, frozen=True, kw_only=True):
    """No answer comes, and nothing was done."""

    does = "It closes the connection in place of an answer, and does nothing."
    advice = "Look for the order by its tag: it is not there."
    is_served = False


class Failed(OnCall, frozen=True, kw_only=True):
    """The Gateway has an error of its own."""

    does = "It answers a request with status 500, and does nothing."
    advice = "Treat it as a lost answer: nobody knows what was done."
    is_served = False
    status = 500


class Limited(OnCall, frozen=True, kw_only=True):
    """Too many requests."""

    does = "It answers a request with status 429, and does nothing."
    advice = "Wait before the next request."
    is_served = False
    status = 429


class OnTime(Fault, frozen=True, kw_only=True):
    """A fault that acts when it is its time."""

    def act(self, gateway: Acts) -> None:
        """Do it."""
        raise NotImplementedError


class ExpiredToken(OnTime, frozen=True, kw_only=True):
    """Every token has expired before its time."""

    does = "No token counts any more that was given so far."
    advice = "Log in again, and connect to the hubs with the new token."

    def act(self, gateway: Acts) -> None:
        """Expire them."""
        gateway.expire_tokens()


class DroppedHub(OnTime, frozen=True, kw_only=True):
    """The connections to a hub end."""

    does = "It closes all connections to a hub: `user` or `market`."
    advice = "Connect and subscribe again, and ask for what happened meanwhile."
    hub: str = "user"

    def act(self, gateway: Acts) -> None:
        """Drop them."""
        gateway.drop(self.hub)

    def refusal(self, _tws: object) -> str:
        """Why it has no such hub."""
        return hub_fault(self.hub)


class SilentHub(OnTime, frozen=True, kw_only=True):
    """A hub says nothing, though its connections live."""

    does = "For `seconds` it sends nothing but pings on a hub; what it should have sent is lost."
    advice = "Notice that prices are old. Ask for orders and positions by REST."
    hub: str = "market"
    seconds: float = 30.0

    def act(self, gateway: Acts) -> None:
        """Silence it."""
        gateway.silence(self.hub, self.seconds)

    def refusal(self, _tws: object) -> str:
        """Why it has no such hub."""
        return hub_fault(self.hub)


class Down(OnTime, frozen=True, kw_only=True):
    """The Gateway is gone for a while."""

    does = "It ends all connections, and takes no new one for `seconds`."
    advice = "Try again for as long as it takes."
    seconds: float = 5.0

    def act(self, gateway: Acts) -> None:
        """Go down."""
        gateway.go_down(self.seconds)


def hub_fault(hub: str) -> str:
    """Why a hub is none; empty if it is one."""
    return "" if hub in ("user", "market") else f'hub is "{hub}", must be "user" or "market"'


FAULTS: Final[Mapping[str, type[Fault]]] = {
    "late": Late,
    "lost": Lost,
    "swallowed": Swallowed,
    "failed": Failed,
    "limited": Limited,
    "expired_token": ExpiredToken,
    "dropped_hub": DroppedHub,
    "silent_hub": SilentHub,
    "down": Down,
}


class GatewayFaults:
    """The faults of one Gateway. The same seed makes the same choices."""

    def __init__(self, gateway: Acts, seed: int) -> None:
        self._gateway = gateway
        self._rng = random.Random(seed)
        self._entries: list[Entry] = []
        self._started_ns: int | None = None
        self._now_ns = 0
        self._requests = self._orders = self._last = 0

    def arm_as(self, table: Mapping[str, Any]) -> int:
        """Arm what a table says, as in a scenario file; returns its number. Raises ConfigError for
        what is not a fault."""
        return self._arm(entry_of(table, catalogue=FAULTS))

    def play(self, scenario: Scenario) -> None:
        """Arm all entries of a scenario, and choose by its seed."""
        self._rng = random.Random(scenario.seed)
        for entry in scenario.entries:
            self._arm(entry)

    def armed(self) -> list[dict[str, Any]]:
        """The faults that can still act, in JSON values."""
        return [entry.described() for entry in self._entries]

    def clear(self) -> None:
        """Forget the faults that have not acted yet."""
        self._entries.clear()

    def started(self, now_ns: int) -> None:
        """A connection was opened: from the first one on, `at_s` counts."""
        self._now_ns = now_ns
        if self._started_ns is None:
            self._started_ns = now_ns
            for entry in self._entries:
                entry.from_ns = now_ns

    def due_ns(self) -> int | None:
        """When `passed` is to be called though nothing arrives."""
        due = [self._due_of(one) for one in self._entries if isinstance(one.fault, OnTime)]
        return min((one for one in due if one is not None), default=None)

    def passed(self, now_ns: int) -> None:
        """Time has passed, or a request has come: do what is due."""
        self._now_ns = now_ns
        for entry in [one for one in self._entries if isinstance(one.fault, OnTime)]:
            if self._goes(entry):
                assert isinstance(entry.fault, OnTime)
                entry.fault.act(self._gateway)

    def on_request(self, path: str, now_ns: int) -> OnCall | None:
        """The fault that a request meets."""
        self._now_ns = now_ns
        self._requests += 1
        self._orders += path == PLACE
        for entry in list(self._entries):
            fault = entry.fault
            if isinstance(fault, OnCall) and fault.concerns(path) and self._goes(entry):
                return fault
        return None

    def _arm(self, entry: Entry) -> int:
        refusal = entry.fault.refusal(None)  # type: ignore[arg-type] # it has to do with no TWS
        if refusal:
            raise ConfigError(f"{entry.name}: {refusal}")
        self._last += 1
        entry.number, entry.from_ns = self._last, self._started_ns and self._now_ns
        entry.from_messages, entry.from_orders = self._requests, self._orders
        self._entries.append(entry)
        return entry.number

    def _due_of(self, entry: Entry) -> int | None:
        if entry.when.at_s is not None:
            return entry.due_ns
        return None if entry.when.is_gated else self._now_ns

    def _goes(self, entry: Entry) -> bool:
        """Whether an occasion is one that an entry acts on; then it is counted."""
        chance = entry.when.probability
        if not self._is_open(entry) or (chance is not None and self._rng.random() >= chance):
            return False
        entry.acted += 1
        if entry.is_spent:
            self._entries.remove(entry)
        return True

    def _is_open(self, entry: Entry) -> bool:
        when = entry.when
        if when.at_s is not None:
            return entry.due_ns is not None and self._now_ns >= entry.due_ns
        if when.after_messages is not None:
            return self._requests - entry.from_messages >= when.after_messages
        return when.on_order is None or self._orders - entry.from_orders >= when.on_order
