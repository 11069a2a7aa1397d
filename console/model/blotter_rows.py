"""The rows of orders and fills: the newest, and whatever still works."""

from collections.abc import Callable
from typing import Any, Final

from tapewire.common.accounting.exec_ids import execution_key
from tapewire.common.events import Commission, Event, Fill
from tapewire.console.records.blotter import BlotterOrder, Trading
from tapewire.console.views import trading_json

ENDED_MAX: Final = 200
FILLS_MAX: Final = 300

Row = dict[str, Any]


class Newest:
    """The newest keys, with a row for each that is made when somebody looks. Of more than
    `rows_max` the oldest are dropped, but for those that `keeps`."""

    def __init__(
        self, rows_max: int, make: Callable[[str], Row | None], keeps: Callable[[str], bool]
    ) -> None:
        self._rows_max = rows_max
        self._make = make
        self._keeps = keeps
        self._keys: dict[str, None] = {}
        self._stale: dict[str, None] = {}
        self._table: dict[str, Row] = {}

    def touch(self, key: str, *, moves: bool) -> None:
        """Something has changed about a key. With `moves` it is the newest from now on."""
        if moves:
            self._keys.pop(key, None)
            self._keys[key] = None
        if key in self._keys:
            self._stale[key] = None
        if len(self._keys) > 2 * self._rows_max:
            self._trim()

    def table(self) -> dict[str, Row]:
        """The rows by key; the same object as before where nothing has changed."""
        if not self._stale:
            return self._table
        self._trim()
        made = {key: self._make(key) for key in self._stale if key in self._keys}
        self._stale.clear()
        rows = {key: made.get(key) or self._table.get(key) for key in self._keys}
        self._table = {key: row for key, row in rows.items() if row is not None}
        return self._table

    def _trim(self) -> None:
        surplus = len(self._keys) - self._rows_max
        for key in [*self._keys][: max(0, surplus)]:
            if not self._keeps(key):
                del self._keys[key]


class BlotterRows:
    """The newest orders and fills of what was traded, and every order that is live."""

    def __init__(self, trading: Trading) -> None:
        self._trading = trading
        self._orders = Newest(ENDED_MAX, self._order, self._is_live)
        self._fills = Newest(FILLS_MAX, self._fill, lambda _: False)

    def on_event(self, event: Event, order: BlotterOrder | None) -> None:
        """An event that was taken in, with the order that it is about."""
        if order is not None:
            self._orders.touch(order.intent_id, moves=True)
        if isinstance(event, Fill):
            self._fills.touch(execution_key(event.exec_id), moves=True)
        elif isinstance(event, Commission):
            self._fills.touch(execution_key(event.exec_id), moves=False)

    def orders(self) -> dict[str, Row]:
        """Orders by their intents, as `tapewire orders --json` has them."""
        return self._orders.table()

    def fills(self) -> dict[str, Row]:
        """Fills by their executions, as `tapewire fills --json` has them."""
        return self._fills.table()

    def _is_live(self, intent_id: str) -> bool:
        order = self._trading.orders.get(intent_id)
        return order is not None and order.live

    def _order(self, intent_id: str) -> Row | None:
        order = self._trading.orders.get(intent_id)
        return trading_json.order(order) | {"live": order.live} if order is not None else None

    def _fill(self, execution: str) -> Row | None:
        try:
            fill = self._trading.book.fill_of(execution)
        except KeyError:  # a checkpoint has it already, among what is no longer kept
            return None
        return trading_json.fill(self._trading, fill)
