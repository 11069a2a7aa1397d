"""What `tapewire risk` shows: the halts, how much of each limit is used, what was decided."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from rich.console import Group as Rows
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from tapewire.common import roles
from tapewire.common.amounts import counted
from tapewire.common.events import Event
from tapewire.console.group.status import Status
from tapewire.console.records.decisions import word_of
from tapewire.console.views import tables, times, words

WIDTH: Final = 10
"""Characters of a bar that is full."""


def shown(statuses: dict[str, Status], decided: Sequence[Event]) -> RenderableType:
    """All of it. The gateways' statuses say whether what risk allows can go out."""
    found = statuses.get(roles.RISK)
    if not found:
        return Text("risk has not reported its state yet")
    rows = [tables.headline(statuses, {}), headroom(found.get("headroom") or [])]
    rows += [Text(pattern(one)) for one in found.get("patterns") or []]
    return Rows(*rows, *([history(decided)] if decided else []))


def pattern(one: Mapping[str, Any]) -> str:
    """What a rule's pattern waits with, and what it had to leave out."""
    left_out = [f"{name} {one[name]:,}" for name in ("dropped", "late", "keys") if one[name]]
    out = f"; left out: {', '.join(left_out)}" if left_out else ""
    return f"{one['rule']} {one['pattern']}: keeps {counted(one['kept'], 'event')}{out}"


def headroom(rows: Sequence[dict[str, Any]]) -> RenderableType:
    """A row per limit, the most used first; a limit whose use is not known comes before all."""
    if not rows:
        return Text("no limit is in use: nothing is held, and nothing works")
    table = Table(box=None, pad_edge=False)
    for column in ("rule", "account", "symbol"):
        table.add_column(column, no_wrap=True)
    for column in ("used", "limit"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("")
    for row in sorted(rows, key=words.share, reverse=True):
        table.add_row(
            row["rule"], row["account"], row["symbol"] or "all",
            row["used"] if row["used"] is not None else "not known",
            f"{row['limit']} {row['unit']}", _bar(row),
        )  # fmt: skip
    return table


def _bar(row: dict[str, Any]) -> Text:
    share = words.share(row)
    if not share.is_finite():
        return Text("?", style="red")
    full = min(int(share * WIDTH), WIDTH)
    colour = "red" if share > 1 else "yellow" if share >= Decimal("0.8") else "green"
    bar = Text(f"{share:4.0%} ")
    bar.append("█" * full, style=colour)
    bar.append("·" * (WIDTH - full), style="dim")
    return bar


def history(decided: Sequence[Event]) -> RenderableType:
    """A row per decision, the oldest first."""
    table = Table(box=None, pad_edge=False)
    for column in ("time", "what", "scope"):
        table.add_column(column, no_wrap=True)
    table.add_column("why")
    for event in decided:
        fields: Any = event
        table.add_row(
            times.iso(fields.ts_ns)[:16], word_of(event), str(fields.scope), words.decision(event)
        )
    return table
