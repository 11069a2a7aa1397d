"""The table `[[instruments]]`: what can be traded."""

from decimal import Decimal
from typing import Annotated, Any, Literal, Self

import msgspec
from pydantic import Field, ValidationInfo, field_validator, model_validator

from tapewire.common import generic_ticks, options, shorthands
from tapewire.common.config.sections import Section
from tapewire.common.config.tws import Ticks
from tapewire.common.instruments import SYMBOL_PATTERN, Instrument, TickSource


class InstrumentConfig(Section):
    """One tradable symbol; see `tapewire.common.instruments.Instrument` for the units."""

    symbol: Annotated[str, Field(pattern=f"^{SYMBOL_PATTERN}$")]
    sec_type: Literal["STK", "FUT", "CASH", "CRYPTO", "OPT", "IND"] = "STK"
    exchange: str = "SMART"
    currency: str = "USD"
    multiplier: Annotated[Decimal, Field(gt=0)] = Decimal(1)
    min_tick: Annotated[Decimal, Field(gt=0)] = Decimal("0.01")
    lot: Annotated[Decimal, Field(gt=0)] = Decimal(1)
    con_id: Annotated[int, Field(ge=0)] = 0
    ticks: Ticks = ()
    generic_ticks: tuple[int, ...] = ()
    underlying: str = ""
    expiry: Annotated[str, Field(pattern=r"^\d{8}$|^$")] = ""
    strike: Annotated[Decimal, Field(gt=0)] | None = None
    right: Literal["", "C", "P"] = ""

    @model_validator(mode="before")
    @classmethod
    def _completed(cls, given: Any) -> Any:
        return shorthands.completed(given) if isinstance(given, dict) else given

    @field_validator("expiry")
    @classmethod
    def _is_date(cls, text: str) -> str:
        if text:
            try:
                options.read_expiry(text)
            except ValueError:
                raise ValueError("a date, such as 20261218") from None
        return text

    @field_validator("generic_ticks")
    @classmethod
    def _of_its_type(cls, numbers: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        kind = info.data.get("sec_type")
        if kind is not None and (fault := generic_ticks.fault(kind, numbers)):
            raise ValueError(fault)
        return numbers

    @model_validator(mode="after")
    def _whole_option(self) -> Self:
        if fault := options.fault(self.instrument()) or shorthands.fault(self.instrument()):
            raise ValueError(fault)
        return self

    def instrument(self, ticks: tuple[TickSource, ...] = ("top",)) -> Instrument:
        """The same as a core's value; `ticks` are those of its login, where it has none."""
        return msgspec.convert({**self.model_dump(), "ticks": self.ticks or ticks}, Instrument)

    @classmethod
    def of(cls, instrument: Instrument) -> "InstrumentConfig":
        """The entry that stands for an instrument."""
        return cls(**msgspec.structs.asdict(instrument))
