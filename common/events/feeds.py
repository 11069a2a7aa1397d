"""What becomes of market data: silent, back again, refused, delayed."""

from typing import Annotated, Literal

import msgspec

from tapewire.common.events.base import Event, Name, Text, TimeNs

SYMBOLS_MAX = 4096
Symbols = Annotated[tuple[Name, ...], msgspec.Meta(max_length=SYMBOLS_MAX)]


class FeedSilent(Event, frozen=True, tag="feed.silent"):
    """Symbols whose ticks have stopped though their markets are open. The gateway asks for their
    data again, and goes on to; `reason` says since when, in a sentence."""

    ts_ns: TimeNs
    symbols: Symbols
    reason: Text


class FeedResumed(Event, frozen=True, tag="feed.resumed"):
    """Symbols that were silent or refused, and tick again."""

    ts_ns: TimeNs
    symbols: Symbols


class FeedRefused(Event, frozen=True, tag="feed.refused"):
    """There are no market data of a symbol: the broker refuses them, or has no room for another
    line. The next one that closes makes room."""

    ts_ns: TimeNs
    symbol: Name
    reason: Text


class FeedReduced(Event, frozen=True, tag="feed.reduced"):
    """Some of what is configured of a symbol's market data cannot be had, such as ticks one by one,
    and the rest goes on; `reason` says what, and is empty once nothing is lacking."""

    ts_ns: TimeNs
    symbol: Name
    reason: Text


class FeedDelayed(Event, frozen=True, tag="feed.delayed"):
    """The ticks of a symbol are delayed ones from now on, or live ones again."""

    ts_ns: TimeNs
    symbol: Name
    delayed: bool


HaltKind = Literal["", "general", "volatility"]
"""Why an instrument does not trade: it does; by its exchange; since its price moved too far."""


class InstrumentHalted(Event, frozen=True, tag="instrument.halted"):
    """Trading in a symbol is halted, or goes on again: then `kind` is empty. A halt that has ended
    unseen, while nobody read the symbol or the broker was away, is not reported."""

    ts_ns: TimeNs
    symbol: Name
    kind: HaltKind
