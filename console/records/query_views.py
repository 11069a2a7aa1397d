"""The views of `tapewire query`: what the journals add up to and what was recorded, as tables.

All of them are made of one reading of the journals. How far that went in each of them is the
answer's `as_of`: the tables are true up to there, and together.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final, Literal

import pyarrow as pa

from tapewire.common import roles
from tapewire.common.config.settings import Config
from tapewire.common.events.accounts import AMOUNTS
from tapewire.console.records import ledger, query_rows
from tapewire.console.records.blotter import SOURCES, Only, Trading
from tapewire.console.records.export import arrow_table
from tapewire.console.records.journals import Entry, Journals
from tapewire.console.records.ledger import COLUMNS, Column, Kind, Records, Span
from tapewire.console.records.query_rows import Row
from tapewire.recorder.folder import BARS, TICKS, Folder, family
from tapewire.recorder.store import Piece, Store

Name = Literal[
    "fills", "orders", "positions", "pnl", "cash", "trips", "equity", "denied", "events", "ticks",
    "bars",
]  # fmt: skip


AMOUNT: Final[Kind] = "amount"


def _columns(**kinds: Kind) -> tuple[Column, ...]:
    return tuple(Column(name, kind) for name, kind in kinds.items())


OF_LEDGER: Final[Mapping[Name, ledger.What]] = {
    "fills": "executions", "orders": "orders", "positions": "positions", "pnl": "pnl",
    "cash": "cash",
}  # fmt: skip
VIEWS: Final[Mapping[Name, tuple[Column, ...]]] = {
    **{name: COLUMNS[what] for name, what in OF_LEDGER.items()},
    "trips": _columns(
        account="text", strategy="text", symbol="text", direction="text", quantity="amount",
        currency="text", entry_time="time", entry_price="amount", exit_time="time",
        exit_price="amount", gross="amount", commission="amount", net="amount",
    ),
    "equity": _columns(
        time="time", account="text", currency="text", **dict.fromkeys(AMOUNTS, AMOUNT)
    ),
    "denied": _columns(
        time="time", kind="text", account="text", strategy="text", stage="text", reason="text",
        intent_id="text", signal_id="text",
    ),
    "events": _columns(
        time="time", source="text", seq="count", event="text", account="text", strategy="text",
        symbol="text", fields="text",
    ),
    "ticks": _columns(
        time="time", symbol="text", kind="text", bid="number", bid_size="number", ask="number",
        ask_size="number", price="number", size="number", delayed="flag",
    ),
    "bars": _columns(
        time="time", symbol="text", bars="text", open="number", high="number", low="number",
        close="number", volume="number", average="number", count="count",
    ),
}  # fmt: skip
"""The columns of each view, with what is in them."""
OF_EVENTS: Final[Mapping[Name, Callable[[Entry], Row | None]]] = {
    "equity": query_rows.equity, "denied": query_rows.denied, "events": query_rows.event,
}  # fmt: skip
"""The views of which each row is an event; None is an event that is in none."""


KEPT_BY: Final = {
    TICKS: "[recorder] enabled = true keeps them while the group runs",
    BARS: "`tapewire data history SYMBOL --keep` downloads them",
}
"""How recorded data comes to be there."""


class Tables:
    """The tables of the views that are asked for, and how far the journals were read for them."""

    def __init__(self, config: Config, wanted: Collection[str]) -> None:
        self.as_of: dict[str, int] = {}
        self.faults: list[str] = []
        """What of the recorded data cannot be read, or that there is none."""
        self._config = config
        found: dict[Name, list[Row]] = {name: [] for name in OF_EVENTS if name in wanted}
        trading = self._read(found, wanted)
        self._makers: dict[Name, Callable[[], pa.Table]] = {
            **{name: self._of_ledger(trading, what) for name, what in OF_LEDGER.items()},
            **{name: self._of_rows(name, rows) for name, rows in found.items()},
            "trips": lambda: arrow_table(VIEWS["trips"], query_rows.trips(self._records(trading))),
            TICKS: lambda: self._recorded(TICKS),
            BARS: lambda: self._recorded(BARS),
        }
        self.tables = {name: _in_us(self._makers[name]()) for name in VIEWS if name in wanted}

    def _read(self, found: dict[Name, list[Row]], wanted: Collection[str]) -> Trading:
        config = self._config
        trading = Trading(config.all_instruments(), config.days())
        if not {*wanted} - {TICKS, BARS}:
            return trading
        with Journals(config.run_dir) as read:
            for entry in read.until():
                self.as_of[entry.source] = entry.seq
                if roles.kind_of(entry.source) in SOURCES:
                    trading.apply(entry.event, entry.source)
                for name, rows in found.items():
                    if (row := OF_EVENTS[name](entry)) is not None:
                        rows.append(row)
        return trading

    def _records(self, trading: Trading) -> Records:
        config = self._config
        method = config.ledger.method
        return ledger.records(trading, config.all_instruments(), method, Only(), Span())

    def _of_ledger(self, trading: Trading, what: ledger.What) -> Callable[[], pa.Table]:
        return lambda: arrow_table(COLUMNS[what], ledger.rows(what, self._records(trading)))

    @staticmethod
    def _of_rows(name: Name, rows: list[Row]) -> Callable[[], pa.Table]:
        return lambda: arrow_table(VIEWS[name], rows)

    def _recorded(self, of: Literal["ticks", "bars"]) -> pa.Table:
        """The recorded rows of a family, with the symbol of each."""
        schema = arrow_table(VIEWS[of], []).schema
        folder = Folder(self._config.recorded().absolute())
        store = Store(folder)
        self.faults += store.faults
        pieces = [piece for piece in store.pieces if family(piece.part.table) == of]
        if not pieces:
            self.faults.append(f"no {of} are recorded in {folder.path}; {KEPT_BY[of]}")
        found = [_piece(piece, schema) for piece in pieces]
        return pa.concat_tables(found) if found else schema.empty_table()


def _piece(piece: Piece, schema: pa.Schema) -> pa.Table:
    """What a file or a segment has, in the columns of the view."""
    table = piece.table()
    columns: dict[str, Any] = {name: table[name] for name in table.column_names}
    columns["time"] = table["ts_ns"]
    columns["symbol"] = pa.repeat(piece.part.key, table.num_rows)
    columns["bars"] = pa.repeat(piece.part.table.partition("/")[2], table.num_rows)
    return pa.table({name: columns[name] for name in schema.names}).cast(schema)


def _in_us(table: pa.Table) -> pa.Table:
    """The table with its times in microseconds: of nanoseconds DuckDB works out no differences and
    makes no series."""
    us = pa.timestamp("us", tz="UTC")
    fields = [
        field.with_type(us) if pa.types.is_timestamp(field.type) else field
        for field in table.schema
    ]
    return table.cast(pa.schema(fields), safe=False)


def names_in(sql: str) -> Iterator[str]:
    """The views that a query may be about: those whose names stand in it."""
    lowered = "".join(c if c.isalnum() or c == "_" else " " for c in sql.lower()).split()
    return (name for name in VIEWS if name in lowered)
