"""Past events for a program's callbacks: from the journals, in order, each once, none missed.

The journals are read in a thread of their own, piece by piece, so the loop goes on meanwhile and a
long past needs no more memory than a short one. The next piece is read when the callbacks have
taken the last one: unlike with new events, a slow callback misses nothing.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from datetime import datetime
from itertools import islice
from typing import Final, NamedTuple

from tapewire.client.callbacks import Callback, Reports, call, is_async
from tapewire.client.listeners import kinds_of
from tapewire.common.bus.guard import name_of_handler
from tapewire.common.errors import ConfigError
from tapewire.common.events import Event
from tapewire.console.records.journals import Entry, Journals
from tapewire.console.views import times

PIECE: Final = 500
Moment = str | datetime | None


class _Handler(NamedTuple):
    kinds: frozenset[type[Event]]
    callback: Callback

    async def take(self, event: Event, reports: Reports) -> None:
        try:
            if is_async(self.callback):
                await self.callback(event)
            else:
                call(self.callback, event)
        except Exception as error:  # noqa: BLE001 - a callback's fault costs its event, nothing else
            reports.raised(name_of_handler(self.callback), event, error)


async def give(
    journals: Callable[[], Journals],
    to_ns: int,
    handlers: Mapping[str, Callback],
    wanted: Callable[[Event], bool],
    reports: Reports,
) -> int:
    """Give each event up to `to_ns` that is `wanted` to those who want its name, one after the
    other; returns how many events somebody wanted. ValueError for a name that no event has."""
    found = [_Handler(kinds_of(name), callback) for name, callback in handlers.items()]
    count = 0
    async with aclosing(_read(journals, to_ns)) as entries:
        async for entry in entries:
            those = [one for one in found if type(entry.event) in one.kinds]
            if those and wanted(entry.event):
                count += 1
                for one in those:
                    await one.take(entry.event, reports)
    return count


async def _read(journals: Callable[[], Journals], to_ns: int) -> AsyncGenerator[Entry, None]:
    """The entries of journals that are opened, read and closed in one thread, as SQLite wants."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1, "tapewire-replay") as thread:
        opened = await loop.run_in_executor(thread, journals)
        try:
            entries = await loop.run_in_executor(thread, opened.until, to_ns)
            while piece := await loop.run_in_executor(thread, _piece, entries):
                for entry in piece:
                    yield entry
        finally:
            await loop.run_in_executor(thread, opened.__exit__)


def _piece(entries: Iterator[Entry]) -> Sequence[Entry]:
    return [*islice(entries, PIECE)]


def moment_ns(name: str, given: Moment, now_ns: int) -> int | None:
    """A moment in nanoseconds UTC: of text as the command line takes it, or of a datetime with its
    zone. Raises `ConfigError`; `name` is for its sentence."""
    if not isinstance(given, datetime):
        return times.parse(name, given, now_ns)
    if given.tzinfo is None:
        raise ConfigError(f"{name} is {given}, which has no zone; give it one, such as UTC")
    return times.parse(name, given.isoformat(), now_ns)
