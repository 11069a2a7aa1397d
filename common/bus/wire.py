"""Bytes of a message body: `[wire version, source, epoch, seq, events]` in MessagePack.

A batch is decoded typed and in one go. If that fails it is taken event by event: what is unknown
or broken becomes a dead letter, the rest goes on, so that no message can stop a process.
"""

from collections.abc import Sequence
from typing import Any, Final, TypeVar, Union

import msgspec

from tapewire.common.events import Event, Tick, types_by_name

WIRE_VERSION: Final = 3
BODY_MAX_BYTES: Final = 8 * 1024 * 1024
EVENTS_MAX: Final = 65_536
TOPIC_END: Final = b"\0"

E = TypeVar("E", bound=Event)


class WireError(ValueError):
    """A body that is not a batch at all; says what was found and what was expected."""


class Batch(msgspec.Struct, frozen=True, array_like=True):
    """Events of one source. `seq` is the first event's in a journaled stream, the message's own
    in a tick topic."""

    version: int
    source: str
    epoch: str
    seq: int
    events: list[Any]


class DeadLetter(msgspec.Struct, frozen=True):
    """A piece of input that could not be used: where it came from, why, and its bytes."""

    origin: str
    reason: str
    body: bytes


B = TypeVar("B", bound=Batch)


class _TickBatch(Batch, frozen=True, array_like=True):
    events: list[Tick]


class _RawBatch(Batch, frozen=True, array_like=True):
    events: list[msgspec.Raw]


_encoder = msgspec.msgpack.Encoder()
_ticks = msgspec.msgpack.Decoder(_TickBatch)
_raw = msgspec.msgpack.Decoder(_RawBatch)
_any_event: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(
    Union[tuple(types_by_name().values())]  # noqa: UP007 - the members are known at run time only
)


class _EventBatch(Batch, frozen=True, array_like=True):
    events: list[_any_event.type]  # type: ignore[name-defined]


_events = msgspec.msgpack.Decoder(_EventBatch)


def topic(name: str) -> bytes:
    """The topic frame of `name`; ends in NUL, so that `tick.ES` does not also match `tick.ESZ6`."""
    return name.encode() + TOPIC_END


def topic_name(frame: bytes) -> str:
    """The name in a topic frame."""
    return frame.rstrip(TOPIC_END).decode(errors="replace")


def encode(event: Event) -> bytes:
    """One event alone: a request, a reply, a journal record."""
    return _encoder.encode(event)


def encode_batch(source: str, epoch: str, seq: int, events: Sequence[Event]) -> bytes:
    """The body that carries `events`."""
    return _encoder.encode((WIRE_VERSION, source, epoch, seq, events))


def encode_records(source: str, epoch: str, seq: int, records: Sequence[bytes]) -> bytes:
    """The same body made of events that are encoded already, as a journal holds them."""
    raw = [msgspec.Raw(record) for record in records]
    return _encoder.encode((WIRE_VERSION, source, epoch, seq, raw))


def decode(body: bytes, kind: type[E]) -> E:
    """One event of a known kind; raises `WireError` naming the path of the fault."""
    event = decode_event(body)
    if not isinstance(event, kind):
        raise WireError(f"found {type(event).__name__}, expected {kind.__name__}")
    return event


def decode_event(body: bytes) -> Event:
    """One event of any kind; raises `WireError` naming the path of the fault."""
    if len(body) > BODY_MAX_BYTES:
        raise WireError(f"event of {len(body)} bytes, expected at most {BODY_MAX_BYTES}")
    try:
        event: Event = _any_event.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise WireError(str(error)) from error
    return event


def decode_ticks(body: bytes) -> Batch:
    """A batch of a tick topic; raises `WireError` when any of it is not a tick."""
    try:
        return _bounded(_ticks, body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(str(error)) from error


def decode_batch(body: bytes) -> tuple[Batch, list[DeadLetter]]:
    """A batch of any events, with what of it could not be used.

    An unusable event leaves `None` in its place, so that the places, and with them the sequence
    numbers, of the others stay true.
    """
    try:
        return _bounded(_events, body), []
    except WireError:
        raise
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return _one_by_one(body)  # some of it cannot be used, or nothing


def _one_by_one(body: bytes) -> tuple[Batch, list[DeadLetter]]:
    try:
        raw = _bounded(_raw, body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(f"not a batch: {error}") from error
    events: list[Event | None] = []
    dead: list[DeadLetter] = []
    for record in raw.events:
        try:
            events.append(_any_event.decode(record))
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            events.append(None)
            dead.append(DeadLetter(raw.source, str(error), bytes(record)))
    return Batch(raw.version, raw.source, raw.epoch, raw.seq, events), dead


def _bounded(decoder: "msgspec.msgpack.Decoder[B]", body: bytes) -> B:
    """Decode a batch of this wire version, of bounded size and count."""
    if len(body) > BODY_MAX_BYTES:
        raise WireError(f"batch of {len(body)} bytes, expected at most {BODY_MAX_BYTES}")
    batch = decoder.decode(body)
    if batch.version != WIRE_VERSION:
        raise WireError(
            f"wire version {batch.version}, expected {WIRE_VERSION}; its publisher is of another"
            " version of Tapewire"
        )
    if len(batch.events) > EVENTS_MAX:
        raise WireError(f"batch of {len(batch.events)} events, expected at most {EVENTS_MAX}")
    return batch
