"""What TWS answered to queries, as values; see `messages`."""

from decimal import Decimal

from tapewire.common.events.queries import HistoryBar, HistoryTick
from tapewire.common.events.scans import ScanRow
from tapewire.gateway.tws.messages import TwsMessage


class BarsFound(TwsMessage, frozen=True):
    """All bars of the past that request `request_id` asked for."""

    request_id: int
    bars: tuple[HistoryBar, ...]


class TicksFound(TwsMessage, frozen=True):
    """Ticks of the past that request `request_id` asked for; `done` if no more come."""

    request_id: int
    ticks: tuple[HistoryTick, ...]
    done: bool


class ChainFound(TwsMessage, frozen=True):
    """Options of one class at one exchange, on what request `request_id` asked about."""

    request_id: int
    exchange: str
    trading_class: str
    multiplier: str
    expiries: frozenset[str]
    strikes: frozenset[float]


class ChainsEnd(TwsMessage, frozen=True):
    """All options that request `request_id` asked for have been listed."""

    request_id: int


class ListedValue(TwsMessage, frozen=True):
    """One of all values of an account, which request `request_id` asked for; texts are TWS's."""

    request_id: int
    account: str
    key: str
    value: str
    currency: str


class ListedValuesEnd(TwsMessage, frozen=True):
    """All values of an account have been listed."""

    request_id: int


class ProfitFound(TwsMessage, frozen=True):
    """What an account has gained, or a position, of which there are `quantity` and `value` too.
    None is what TWS does not say."""

    request_id: int
    daily: Decimal | None
    unrealised: Decimal | None
    realised: Decimal | None
    quantity: Decimal | None = None
    value: Decimal | None = None


class Ranked(TwsMessage, frozen=True):
    """A ranking that request `request_id` asked for, all of it."""

    request_id: int
    rows: tuple[ScanRow, ...]
