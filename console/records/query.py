"""A query: one SELECT over the views, in a DuckDB of its own that can touch nothing else.

What must not go wrong: SQL that somebody has pasted reads or writes a file. The database is in
memory, and before the SQL is looked at `enable_external_access` is off and the configuration is
locked; no variable of this program is seen either. That setting does not keep DuckDB from writing
what does not fit into its memory to a folder `.tmp` of the working directory, so it has no such
folder, and a query that needs one is ended. Besides, only one statement is taken, and only one that
selects, so that the refusal says what can be asked.

An answer is bounded too: by rows, and by what they take as Python's values, which DuckDB's limit of
memory does not count.
"""

import sys
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

import duckdb

from tapewire.common.amounts import text
from tapewire.common.config.settings import Config
from tapewire.common.errors import ConfigError, TapewireError
from tapewire.console.records.query_views import VIEWS, Tables, names_in

SETTINGS: Final = {
    "temp_directory": "",  # first: it cannot be set once there is no access
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
    "threads": "2",
    "memory_limit": "1GB",
    "TimeZone": "UTC",
}
SQL_MAX: Final = 100_000
ANSWER_MAX_BYTES: Final = 1024 * 1024 * 1024
FETCHED: Final = 100
"""Rows that are fetched before the answer's size is looked at again."""


INTERRUPTED_S: Final = 0.05
Answer = tuple[list[str], list[tuple[Any, ...]]]
"""The names of the columns, and the rows."""


class Found(NamedTuple):
    """An answer. `is_cut` is whether there are more rows; `as_of` is up to which seq of each
    journal it is true."""

    columns: list[str]
    rows: list[tuple[Any, ...]]
    is_cut: bool
    as_of: dict[str, int]
    faults: list[str]


def ask(config: Config, sql: str, rows_max: int, seconds_max: float) -> Found:
    """Ask; raises `ConfigError` for SQL that is refused or wrong, `TapewireError` for an answer
    that takes longer than `seconds_max` or more than 1 GB."""
    if len(sql) > SQL_MAX:
        raise ConfigError(f"SQL has {len(sql):,} characters; expected at most {SQL_MAX:,}")
    _require_select(sql)
    tables = Tables(config, [*names_in(sql)])
    with duckdb.connect(":memory:", config={}) as db:
        for name, table in tables.tables.items():
            db.register(name, table)
        for setting, value in SETTINGS.items():
            db.execute(f"SET {setting} = '{value}'")
        db.execute("SET lock_configuration = true")
        columns, rows = _answer(db, sql, rows_max, seconds_max)
    return Found(columns, rows[:rows_max], len(rows) > rows_max, tables.as_of, tables.faults)


def _require_select(sql: str) -> None:
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise ConfigError(f"SQL: {_said(error)}") from error
    if len(statements) != 1:
        raise ConfigError(f"SQL has {len(statements)} statements; expected one SELECT")
    kind = statements[0].type
    if kind == duckdb.StatementType.MULTI:  # which DuckDB makes of it, to find the columns first
        raise ConfigError(
            "SQL is a PIVOT whose columns are not named; name their values, such as"
            " PIVOT pnl ON symbol IN ('AAPL', 'MSFT') USING sum(net) GROUP BY day"
        )
    if kind != duckdb.StatementType.SELECT:
        raise ConfigError(f"SQL is {kind.name}; only SELECT is allowed: a query changes nothing")


def _answer(db: duckdb.DuckDBPyConnection, sql: str, rows_max: int, seconds_max: float) -> Answer:
    """One row more than `rows_max`, if there are so many.

    DuckDB works in a thread of its own: while it does, Python hears no Ctrl-C in the one that
    called it.
    """
    answer: Future[Answer] = Future()
    over = threading.Event()

    def work() -> None:
        try:
            answer.set_result(_ask(db, sql, rows_max + 1, over))
        except Exception as error:  # noqa: BLE001 - raised below, in the thread that asked
            answer.set_exception(error)

    worker = threading.Thread(target=work, daemon=True)
    try:
        worker.start()
        return answer.result(seconds_max)
    except TimeoutError as error:
        raise TapewireError(
            f"SQL took longer than {seconds_max:g} s; ask for less, or use --timeout"
        ) from error
    except duckdb.OutOfMemoryException as error:
        raise TapewireError(f"SQL needs more memory than {SETTINGS['memory_limit']}") from error
    except duckdb.Error as error:
        raise ConfigError(f"SQL: {_said(error)}") from error
    finally:
        over.set()
        while worker.is_alive():  # again and again: one that comes before the query is lost
            db.interrupt()
            worker.join(INTERRUPTED_S)


def _ask(db: duckdb.DuckDBPyConnection, sql: str, rows_max: int, over: threading.Event) -> Answer:
    asked = db.execute(sql)
    columns, rows, size = [one[0] for one in asked.description or ()], list[tuple[Any, ...]](), 0
    while not over.is_set() and (found := asked.fetchmany(min(FETCHED, rows_max - len(rows)))):
        rows += found
        size += sum(_size(value) for row in found for value in row)
        if size > ANSWER_MAX_BYTES:
            raise TapewireError(
                f"the answer takes more than {ANSWER_MAX_BYTES:,} bytes; ask for less"
            )
    return columns, rows


def _size(value: object) -> int:
    """Roughly the bytes that a value takes."""
    if isinstance(value, list | tuple):
        return sys.getsizeof(value) + sum(map(_size, value))
    if isinstance(value, dict):
        return sys.getsizeof(value) + sum(map(_size, [*value, *value.values()]))
    return sys.getsizeof(value)


def _said(error: Exception) -> str:
    """What DuckDB says, and which views there are where it did not find one."""
    said = str(error).strip()
    return f"{said}\nviews: {', '.join(VIEWS)}" if "does not exist" in said else said


def plain(value: object) -> object:
    """A value as JSON has it: amounts as text, exactly; times in ISO, UTC."""
    if isinstance(value, Decimal):
        return text(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def listed(found: Found) -> Sequence[dict[str, object]]:
    """The rows, each with the names of its columns."""
    return [
        {name: plain(value) for name, value in zip(found.columns, row, strict=True)}
        for row in found.rows
    ]
