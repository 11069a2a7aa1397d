"""Deltas: what has changed from one look at some tables to the next.

A table is a mapping of keys to rows; a row is a JSON value. Rows of a table may come and go.
Whoever has one state of all tables and applies every delta since has the newest state.
"""

from collections.abc import Mapping
from typing import Any

Table = Mapping[str, Any]
Tables = Mapping[str, Table]
Delta = dict[str, dict[str, Any]]


def between(before: Tables, after: Tables) -> Delta:
    """By table the rows that are new or differ, as `set`, and the keys that are gone, as `del`.
    A table that is the same object in both has not changed."""
    found: Delta = {}
    for name, table in after.items():
        known = before.get(name, {})
        if table is known:
            continue
        changed = {key: row for key, row in table.items() if known.get(key, _NONE) != row}
        gone = [key for key in known if key not in table]
        if changed or gone:
            found[name] = {"set": changed, "del": gone}
    return found


_NONE = object()


def whole(tables: Tables) -> Delta:
    """All of it as a delta from nothing."""
    return {name: {"set": table, "del": []} for name, table in tables.items()}


def applied(before: Tables, delta: Delta) -> dict[str, dict[str, Any]]:
    """The tables after a delta, as a reader of deltas has them."""
    after = {name: dict(table) for name, table in before.items()}
    for name, change in delta.items():
        table = after.setdefault(name, {})
        for key in change["del"]:
            table.pop(key, None)
        table.update(change["set"])
    return after
