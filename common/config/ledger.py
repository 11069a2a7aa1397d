"""The tables of `tapewire.toml` about what trading came to: trading days, and the ledger."""

from datetime import date, time
from decimal import Decimal
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    field_validator,
    model_serializer,
)

from tapewire.common.accounting.trading_days import Days, TradingDays, trading_days
from tapewire.common.calendars.days import exchange_days
from tapewire.common.config import faults
from tapewire.common.config.sections import Section
from tapewire.common.events.base import ACCOUNT_MAX

CURRENCY: Final = r"^[A-Z]{3}$"
TIME_OF_DAY: Final = r"^([01]\d|2[0-3]):[0-5]\d$"
Currency = Annotated[str, Field(pattern=CURRENCY)]


class DayConfig(Section):
    """When a trading day ends: a time of day in a zone. What comes after it is of the next day.

    With a `calendar` only the days on which that exchange has a session are trading days, and both
    are its own unless they are given; `closed` days have no session after all, and `added` have.
    Rules about a day's loss, the ledger and the blotter go by it.
    """

    calendar: str = ""
    zone: str = "America/Chicago"
    ends: Annotated[str, Field(pattern=TIME_OF_DAY)] = "17:00"
    closed: tuple[date, ...] = ()
    added: tuple[date, ...] = ()

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            raise ValueError("the name of a time zone, such as Europe/Berlin") from None
        return zone

    @field_validator("closed", "added")
    @classmethod
    def _of_a_calendar(cls, days: tuple[date, ...], info: ValidationInfo) -> tuple[date, ...]:
        if days and not info.data.get("calendar"):
            raise ValueError("empty without the calendar whose days they change")
        return days

    @model_serializer(mode="wrap")
    def _as_given(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without what its calendar decides: written down, it would be given when it is read."""
        found: dict[str, Any] = plain(self)
        left_out = {"zone", "ends"} - self.model_fields_set if self.calendar else set()
        return {key: value for key, value in found.items() if key not in left_out}

    def days(self, where: str = "trading_day") -> Days:
        """The trading day of a moment; `where` names the table. Raises `ConfigError` for a calendar
        that cannot be read."""
        if not self.calendar:
            return trading_days(self.zone, time.fromisoformat(self.ends))
        given = self.model_fields_set
        return exchange_days(
            self.calendar,
            date.today().year,
            self.zone if "zone" in given else "",
            self.ends if "ends" in given else "",
            self.closed,
            self.added,
            where=where,
        )


class AccountDayConfig(DayConfig):
    """When the days of one account end. A key that is left out has its default here too."""

    account: Annotated[str, Field(min_length=1, max_length=ACCOUNT_MAX)]


class TradingDayConfig(DayConfig):
    """When trading days end; `accounts` are those that have days of their own."""

    accounts: tuple[AccountDayConfig, ...] = ()

    @field_validator("accounts")
    @classmethod
    def _distinct(cls, accounts: tuple[AccountDayConfig, ...]) -> tuple[AccountDayConfig, ...]:
        faults.refuse_twice("account", [one.account for one in accounts])
        return accounts

    def every(self) -> TradingDays:
        """The trading days of every account. Raises `ConfigError` as `days` does."""
        own = {one.account: one.days(f"trading_day of {one.account}") for one in self.accounts}
        return TradingDays(self.days(), own)


class LedgerConfig(Section):
    """How realised P&L is worked out, and what currencies are worth.

    With `currency`, sums are given in it as well; `rates` are the prices of one unit of the others.
    Currencies without a rate are never added up.
    """

    method: Literal["average", "fifo"] = "average"
    currency: Annotated[str, Field(pattern=f"{CURRENCY}|^$")] = ""
    rates: dict[Currency, Annotated[Decimal, Field(gt=0)]] = Field(default_factory=dict)

    @field_validator("rates")
    @classmethod
    def _into_a_currency(
        cls, rates: dict[str, Decimal], info: ValidationInfo
    ) -> dict[str, Decimal]:
        if rates and not info.data.get("currency"):
            raise ValueError("empty without ledger.currency, in which rates are prices")
        return rates
