"""The views of `tapewire query`: what the journals add up to and what was recorded, as tables.

All of them are made of one reading of the journals. How far that went in each of them is the
answer's `as_of`: the tables are true up to there, and together.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final, Literal

import pyarrow as pa

from tapewire.common import roles
from tapewire.common.config.settings import Config
from tapewire.common.events import OrderDenied, OrderExpired, subject_of
from tapewire.console.records import journals, ledger
from tapewire.console.records.blotter import SOURCES, Only, Trading
from tapewire.console.records.export import arrow_table
from tapewire.console.records.journals import Entry, Journals
from tapewire.console.records.ledger import COLUMNS, Column, Kind, Records, Span
from tapewire.recorder.folder import BARS, TICKS, Folder, family
from tapewire.recorder.store import Piece, Store

Row = dict[str, Any]
Name = Literal["fills", "orders", "positions", "pnl", "cash", "denied", "events", "ticks", "bars"]


def _columns(**kinds: Kind) -> tuple[Column, ...]:
    return tuple(Column(name, kind) for name, kind in kinds.items())


OF_LEDGER: Final[Mapping[Name, ledger.What]] = {
    "fills": "executions", "orders": "orders", "positions": "positions", "pnl": "pnl",
    "cash": "cash",
}  # fmt: skip
VIEWS: Final[Mapping[Name, tuple[Column, ...]]] = {
    **{name: COLUMNS[what] for name, what in OF_LEDGER.items()},
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


class Tables:
    """The tables of the views that are asked for, and how far the journals were read for them."""

    def __init__(self, config: Config, wanted: Collection[str]) -> None:
        self.as_of: dict[str, int] = {}
        self.faults: list[str] = []
        """What of the recorded data cannot be read."""
        self._config = config
        found: dict[str, list[Row]] = {"denied": [], "events": []}
        trading = self._read(found, wanted)
        self._makers: dict[str, Callable[[], pa.Table]] = {
            **{name: self._of_ledger(trading, what) for name, what in OF_LEDGER.items()},
            **{name: self._of_rows(name, rows) for name, rows in found.items()},
            TICKS: lambda: self._recorded(TICKS),
            BARS: lambda: self._recorded(BARS),
        }
        self.tables = {name: self._makers[name]() for name in VIEWS if name in wanted}

    def _read(self, found: dict[str, list[Row]], wanted: Collection[str]) -> Trading:
        config = self._config
        trading = Trading(config.all_instruments(), config.days())
        if not {*wanted} - {TICKS, BARS}:
            return trading
        with Journals(config.run_dir) as read:
            for entry in read.until():
                self.as_of[entry.source] = entry.seq
                if roles.kind_of(entry.source) in SOURCES:
                    trading.apply(entry.event, entry.source)
                if "events" in wanted:
                    found["events"].append(_event(entry))
                if isinstance(entry.event, OrderDenied | OrderExpired):
                    found["denied"].append(_denied(entry.event))
        return trading

    def _of_ledger(self, trading: Trading, what: ledger.What) -> Callable[[], pa.Table]:
        def made() -> pa.Table:
            config = self._config
            of: Records = ledger.records(
                trading, config.all_instruments(), config.ledger.method, Only(), Span()
            )
            return arrow_table(COLUMNS[what], ledger.rows(what, of))

        return made

    @staticmethod
    def _of_rows(name: str, rows: list[Row]) -> Callable[[], pa.Table]:
        return lambda: arrow_table(VIEWS[name], rows)  # type: ignore[index]  # one of its keys

    def _recorded(self, of: Literal["ticks", "bars"]) -> pa.Table:
        """The recorded rows of a family, with the symbol of each."""
        schema = arrow_table(VIEWS[of], []).schema
        store = Store(Folder(self._config.recorded().absolute()))
        self.faults += store.faults
        pieces = [piece for piece in store.pieces if family(piece.part.table) == of]
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


def _event(entry: Entry) -> Row:
    about = subject_of(entry.event)
    named = {name: getattr(about, name, None) for name in ("account", "strategy", "symbol")}
    texts = {name: value if isinstance(value, str) else None for name, value in named.items()}
    fields = json.dumps(journals.plain(entry.event))
    return {
        "time": entry.ts_ns, "source": entry.source, "seq": entry.seq, "event": entry.name,
        **texts, "fields": fields,
    }  # fmt: skip


def _denied(event: OrderDenied | OrderExpired) -> Row:
    is_denied = isinstance(event, OrderDenied)
    return {
        "time": event.ts_ns, "kind": "denied" if is_denied else "expired",
        "account": event.account, "strategy": event.strategy,
        "stage": getattr(event, "stage", None), "reason": event.reason,
        "intent_id": getattr(event, "intent_id", None), "signal_id": event.signal_id,
    }  # fmt: skip


def names_in(sql: str) -> Iterator[str]:
    """The views that a query may be about: those whose names stand in it."""
    lowered = "".join(c if c.isalnum() or c == "_" else " " for c in sql.lower()).split()
    return (name for name in VIEWS if name in lowered)
