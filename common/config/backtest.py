"""The table of `tapewire.toml` about back-tests: how orders fill there, and what that costs."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, ValidationError

from tapewire.common.config import faults
from tapewire.common.config.sections import Section
from tapewire.common.costs.slippage import slippage_of
from tapewire.common.costs.tariffs import tariffs_of
from tapewire.common.errors import ConfigError

LATENCY_MAX_MS: Final = 1_000
"""Beyond a few seconds the gateway takes an order that is not answered for one that is lost."""
CAPITAL_MAX: Final = 10**12


def _is_slippage(text: str) -> str:
    slippage_of(text)
    return text


def _is_commission(text: str) -> str:
    tariffs_of(text)
    return text


class BacktestConfig(Section):
    """How orders fill in a back-test. `docs/backtest.md` has what each of them means."""

    capital: Annotated[Decimal, Field(ge=1, le=CAPITAL_MAX)] = Decimal(1_000_000)
    margin: Literal["ib", "cash", "none"] = "ib"
    latency_ms: Annotated[float, Field(ge=0, le=LATENCY_MAX_MS)] = 0
    slippage: Annotated[str, AfterValidator(_is_slippage)] = "0"
    commission: Annotated[str, AfterValidator(_is_commission)] = "ib"
    queue: Literal["quote", "shown"] = "quote"
    partial_fills: bool = True
    at_end: Literal["mark", "close"] = "mark"

    def changed(self, given: Mapping[str, Any]) -> "BacktestConfig":
        """With what is `given` for one run, of which None leaves a key as it is. Raises
        `ConfigError` for a value that is not allowed."""
        changes = {name: value for name, value in given.items() if value is not None}
        try:
            return BacktestConfig.model_validate({**self.model_dump(), **changes})
        except ValidationError as error:
            sentences = [faults.sentence(one, BacktestConfig) for one in error.errors()]
            raise ConfigError("\n".join(sentences)) from error
