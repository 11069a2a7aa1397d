"""Descriptions: what the broker says of the configured instruments, and whether they agree.

A configuration that has another multiplier or another currency than the broker makes every P&L,
every limit on money and every size wrong, by as much as 50 times. So nothing that adds risk is
traded in such an instrument until the configuration is corrected. A price step that is too fine is
only an alarm: prices are held against the broker's steps (see `common.price_steps`).
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec.structs import asdict, replace

from tapewire.common.accounting.book import ZERO
from tapewire.common.amounts import text
from tapewire.common.clock import Now
from tapewire.common.events import TEXT_MAX, InstrumentDescribed
from tapewire.common.instruments import Instrument
from tapewire.gateway.broker import Broker

EVERY_NS: Final = 250_000_000  # the adapter asks about one instrument at a time


class Descriptions:
    """The instruments of one login. State changes in `apply`, from events that are on disk."""

    def __init__(self, adapter: Broker, instruments: Mapping[str, Instrument]) -> None:
        self.known: dict[str, InstrumentDescribed] = {}  # by symbol
        self._broker = adapter
        self._configured = instruments
        self._next_ns: int | None = None  # None: not connected

    def __repr__(self) -> str:
        return f"<Descriptions of {', '.join(self.known) or 'no instrument'}>"

    def apply(self, event: InstrumentDescribed) -> None:
        """Take in an event of the own journal."""
        self.known[event.symbol] = event

    def snapshot(self) -> dict[str, Any]:
        """The durable state as plain values."""
        return {symbol: asdict(event) for symbol, event in self.known.items()}

    @property
    def fault(self) -> str:
        """What the configuration has otherwise than the broker; empty if they agree."""
        found = (self._contradiction(event) for event in self.known.values())
        return "; ".join(filter(None, found))[:TEXT_MAX]

    def denial(self, symbol: str) -> str:
        """Why nothing may add risk in a symbol, in a sentence; empty if it may."""
        event, configured = self.known.get(symbol), self._configured.get(symbol)
        if event is None or configured is None:
            return ""
        return "; ".join(_wrong_money(event, configured))

    def tick(self, now: Now, *, connected: bool) -> list[InstrumentDescribed]:
        """What is news of the instruments, to be applied; asks for more in its time."""
        if not connected:
            self._next_ns = None
            return []
        if self._next_ns is None:
            self._next_ns = now.mono_ns + EVERY_NS
        if now.mono_ns < self._next_ns:
            return []
        self._next_ns = now.mono_ns + EVERY_NS
        events: list[InstrumentDescribed] = []
        for told in self._broker.descriptions(now):
            event = replace(told, contradiction=self._contradiction(told))
            known = self.known.get(event.symbol)
            if known is None or replace(event, ts_ns=known.ts_ns) != known:
                events.append(event)
        return events

    def rests_until(self, forever_ns: int) -> int:
        """When the broker is asked for more (monotonic); `forever_ns` once all are described."""
        return forever_ns if self.known.keys() >= self._configured.keys() else self._next_ns or 0

    def _contradiction(self, event: InstrumentDescribed) -> str:
        configured = self._configured.get(event.symbol)
        if configured is None:
            return ""
        found = [*_wrong_money(event, configured), *_wrong_step(event, configured)]
        return "; ".join(found)[:TEXT_MAX]


def _wrong_money(event: InstrumentDescribed, configured: Instrument) -> list[str]:
    """What makes its amounts wrong, each in a sentence."""
    found = []
    for key, ours, theirs in (
        ("multiplier", text(configured.multiplier), text(event.multiplier)),
        ("currency", configured.currency, event.currency),
        *_option_terms(event, configured),
    ):
        if ours != theirs:
            found.append(_sentence(event.symbol, key, ours, theirs))
    return found


def _option_terms(
    event: InstrumentDescribed, configured: Instrument
) -> Iterator[tuple[str, str, str]]:
    """What makes an option another one: each key, as it is configured and as the broker has it."""
    if not event.right or not configured.right:
        return
    yield "expiry", configured.expiry, event.expiry
    yield "strike", text(configured.strike or ZERO), text(event.strike or ZERO)
    yield "right", configured.right, event.right


def _wrong_step(event: InstrumentDescribed, configured: Instrument) -> list[str]:
    """Prices on a step that is a multiple of the broker's smallest one are on its steps too."""
    if event.min_tick <= 0 or not configured.min_tick % event.min_tick:
        return []
    ours, theirs = f"{configured.min_tick:f}", f"{event.min_tick:f}"
    return [_sentence(event.symbol, "min_tick", ours, theirs)]


def _sentence(symbol: str, key: str, ours: str, theirs: str) -> str:
    return (
        f"{key} of {symbol} is {ours} in [[instruments]], and the broker says {theirs};"
        f" set {key} = {theirs}"
    )
