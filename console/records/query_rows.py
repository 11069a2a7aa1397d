"""Rows of the views that no table of the ledger has: round trips, and what single events say."""

import json
from collections.abc import Iterator
from typing import Any

from msgspec.structs import asdict

from tapewire.backtest.report.round_trips import RoundTrip, RoundTrips
from tapewire.common import roles
from tapewire.common.accounting.book import ZERO
from tapewire.common.accounting.ledger import Owner
from tapewire.common.events import AccountUpdated, OrderDenied, OrderExpired, subject_of
from tapewire.console.records import journals
from tapewire.console.records.journals import Entry
from tapewire.console.records.ledger import Records

Row = dict[str, Any]


def trips(of: Records) -> Iterator[Row]:
    """From flat to flat, of each strategy in each account. Of a trip that is open the P&L is what
    it has realised so far."""
    found: dict[Owner, RoundTrips] = {}
    for entry in of.ledger.entries:
        name = entry.owner
        if name not in found:
            found[name] = RoundTrips(name.strategy, name.symbol, entry.multiplier)
        cost = entry.commission
        found[name].apply(entry.fill, cost.amount if cost is not None else ZERO)
    for owner, several in found.items():
        currency = of.ledger.currency(owner.symbol)
        last = several.open_trip(None)
        for trip in (*several.closed, *filter(None, [last])):
            yield {"account": owner.account, "currency": currency, **_trip(trip)}


def _trip(trip: RoundTrip) -> Row:
    return {
        "strategy": trip.strategy, "symbol": trip.symbol, "direction": trip.direction,
        "quantity": trip.quantity, "entry_time": trip.entry_ns, "entry_price": trip.entry_price,
        "exit_time": trip.exit_ns, "exit_price": trip.exit_price, "gross": trip.gross,
        "commission": trip.fees, "net": trip.net,
    }  # fmt: skip


def event(entry: Entry) -> Row:
    """Any event: what it is about, and its fields as JSON."""
    about = subject_of(entry.event)
    named = {name: getattr(about, name, None) for name in ("account", "strategy", "symbol")}
    texts = {name: value if isinstance(value, str) else None for name, value in named.items()}
    fields = json.dumps(journals.plain(entry.event))
    return {
        "time": entry.ts_ns, "source": entry.source, "seq": entry.seq, "event": entry.name,
        **texts, "fields": fields,
    }  # fmt: skip


def denied(entry: Entry) -> Row | None:
    """A signal, an order, a cancel or a modify that was denied or has expired."""
    found = entry.event
    if not isinstance(found, OrderDenied | OrderExpired):
        return None
    return {
        "time": found.ts_ns, "kind": "denied" if isinstance(found, OrderDenied) else "expired",
        "account": found.account, "strategy": found.strategy,
        "stage": getattr(found, "stage", None), "reason": found.reason,
        "intent_id": getattr(found, "intent_id", None), "signal_id": found.signal_id,
    }  # fmt: skip


def equity(entry: Entry) -> Row | None:
    """What the broker said that an account is worth. Both gateways of a login write it down; one
    of them is enough."""
    found = entry.event
    if not isinstance(found, AccountUpdated) or roles.kind_of(entry.source) != roles.GATEWAY:
        return None
    row = asdict(found)
    return {"time": row.pop("ts_ns"), **row}
