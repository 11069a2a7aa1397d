"""Settings of the simulated TWS, with defaults that suit a demo."""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from tapewire.common.daily_time import DailyTime
from tapewire.common.instruments import Instrument
from tapewire.simulator.exchange.account import Accounts
from tapewire.simulator.exchange.fill_models import FillModels

VERSION_FLOOR = 152  # older versions have other messages, which are not implemented
VERSION_CEILING = 178


class SimulatorSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of one simulated TWS.

    `accounts` are the accounts of the login, each of which starts with `cash`. With several, an
    order must name its account.
    `speed` is market seconds per wall second; 0 is as fast as the clients can read.
    `seconds` is for how many wall seconds the market runs after the first market data request;
    0 is without end. `rate_max_per_s` limits each client's requests; 0 is no limit.
    `first_perm_id` is the permId of the first order. Execution ids contain it, so each run needs
    another one where a ledger outlives the simulator. `nonce` identifies the group's own simulator
    to clients that ask for it; without one there is no answer. `fault_seed` is for the choices of
    `TwsServer.faults`. `models` are how orders fill. `opens` and `closes` are the market's times of
    day, such as `16:00 America/New_York`; see `exchange.hours`. With `tells_time` each tick is sent
    behind the time of its row; see `market.own_time`.
    """

    accounts: tuple[str, ...] = ("DU1234567",)
    server_version_max: int = 157
    speed: float = 1.0
    seconds: float = 0.0
    rate_max_per_s: int = 0
    first_order_id: int = 1
    first_perm_id: int = 1_000_000_001
    cash: Decimal = Decimal(1_000_000)
    currency: str = "USD"
    lines_max: int = 100
    tick_by_tick_max: int = 5
    rows_max_per_tick: int = 5_000
    unsent_max_bytes: int = 4 * 1024 * 1024
    nonce: str = ""
    fault_seed: int = 1
    opens: str = ""
    closes: str = ""
    delayed: tuple[str, ...] = ()
    tells_time: bool = False
    models: FillModels = FillModels()

    def __post_init__(self) -> None:
        _check_accounts(self.accounts)
        _check_times(opens=self.opens, closes=self.closes)
        if not VERSION_FLOOR <= self.server_version_max <= VERSION_CEILING:
            raise ValueError(
                f"simulator.server_version_max is {self.server_version_max}, "
                f"must be {VERSION_FLOOR} to {VERSION_CEILING}"
            )
        for name in ("speed", "seconds", "rate_max_per_s"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ValueError(f"simulator.{name} is {getattr(self, name)}, must be 0 or above")
        for name in ("first_order_id", "rows_max_per_tick", "first_perm_id"):
            if getattr(self, name) < 1:
                raise ValueError(f"simulator.{name} is {getattr(self, name)}, must be 1 or above")


def accounts_of(settings: SimulatorSettings, instruments: Iterable[Instrument]) -> Accounts:
    """The books of the login's accounts, at their start."""
    return Accounts(
        settings.accounts, instruments, settings.cash, settings.currency, settings.models.margin
    )


def _check_accounts(accounts: tuple[str, ...]) -> None:
    """TWS lists accounts in one field, separated by commas; raises ValueError."""
    if not accounts:
        raise ValueError("simulator.accounts is empty, must have at least one account")
    for account in accounts:
        if not (account.isascii() and account.isalnum()):
            raise ValueError(
                f"simulator.accounts has {account!r}, must be letters and digits such as DU1234567"
            )
    if len(set(accounts)) < len(accounts):
        raise ValueError(f"simulator.accounts is {', '.join(accounts)}, must have each only once")


def _check_times(**given: str) -> None:
    for name, value in given.items():
        try:
            DailyTime.of(value or "00:00")
        except ValueError as error:
            raise ValueError(f"simulator.{name} is {value!r}, must be {error}") from error
