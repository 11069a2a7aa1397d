"""Streams: sequence numbers, gaps and catch-up, the same for every publisher and every reader.

A journaled stream is one topic a source. Its seq is the journal's, one an event, so a reader
knows a loss by a hole and gets it back by asking the journal. Tick topics carry one seq a message
and are not given back; a reader counts what it missed.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from tapewire.common.bus import wire
from tapewire.common.clock import Now
from tapewire.common.events import CatchUp, CatchUpReply, Event, Heartbeat, Quote, Tick, Trade
from tapewire.common.runtime.heads import difference
from tapewire.common.runtime.journal import GENESIS, Head, Journal

CATCH_UP_EVENTS_MAX: Final = 1000
CATCH_UP_RETRY_NS: Final = 500_000_000


class JournaledStream:
    """The writing end: journal first, then publish; and the journal's answers to late readers."""

    def __init__(self, source: str, epoch: str, journal: Journal) -> None:
        self.source = source
        self.epoch = epoch
        self.journal = journal
        self.topic = wire.topic(source)
        self.heartbeat_topic = wire.topic(f"heartbeat.{source}")

    def announcement(self, seq: int, events: Sequence[Event]) -> list[bytes]:
        """The frames that tell of `events`, which are in the journal from `seq` on."""
        return [self.topic, wire.encode_batch(self.source, self.epoch, seq, events)]

    def heartbeat(self, beat: Heartbeat) -> list[bytes]:
        """The frames of a heartbeat; never journaled, its seq is the journal's head."""
        body = wire.encode_batch(self.source, self.epoch, beat.seq, [beat])
        return [self.heartbeat_topic, body]

    def answer(self, request: CatchUp) -> CatchUpReply:
        """The piece of the journal that `request` asks for, bounded; readers ask again."""
        records = self.journal.read(request.from_seq, CATCH_UP_EVENTS_MAX)
        body = wire.encode_records(self.source, self.epoch, request.from_seq, records)
        known = request.known_seq
        chain = self.journal.chain_at(known) if known else GENESIS
        return CatchUpReply(request.id, body, self.journal.head.seq, known, chain)


class Follower:
    """The reading end: delivers every event of a source once, in order, whatever the network loses.

    It starts at seq 1, or behind what a checkpoint had (`begin`), and asks for what came before it
    listened. While it waits for an answer, live events beyond the hole are dropped: the answer, or
    the one after it, has them.

    What was remembered of the source (see `heads`), and what the checkpoint stands on, it has to
    confirm before any event is given. A journal that does not hold it, or that its owner calls
    damaged, is a `fault`: from then on nothing of the source is taken, since whatever it says
    follows from another past.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.next_seq = 1
        self.known_head = 0
        self.caught_up = False
        self.gaps = 0
        self.fault = ""
        self._epoch = ""
        self._least = 0  # how far the journal goes at least, as was remembered
        self._unconfirmed: list[Head] = []
        self._asked_ns: int | None = None
        self._request_id = 0

    def __repr__(self) -> str:
        state = self.fault or ("live" if self.caught_up else "catching up")
        return f"<Follower {self.source}: {state}, next seq {self.next_seq}>"

    @property
    def epoch(self) -> str:
        """The source's start that was heard of last; empty before the first word."""
        return self._epoch

    @property
    def is_behind(self) -> bool:
        """Whether something is to be asked of a source that is there."""
        return bool(self._epoch) and not (self.caught_up or self.fault)

    @property
    def trusted(self) -> bool:
        """Whether the source has confirmed what was remembered of it."""
        return not self.fault and not self._unconfirmed

    def begin(self, head: Head) -> None:
        """The journal is known up to here, from a checkpoint: go on behind it."""
        self.next_seq = head.seq + 1
        self.remember(head)

    def remember(self, head: Head | None) -> None:
        """What was known of the journal when this reader last ran; None for nothing."""
        if head is not None and head.seq:
            self._unconfirmed.append(head)
            self._least = max(self._least, head.seq)

    @property
    def head(self) -> int:
        """How far the source's journal goes, as far as is known here."""
        return max(self.known_head, self.next_seq - 1)

    def on_batch(self, batch: wire.Batch) -> Iterator[Event]:
        """The events of a live batch that are new and in order; unusable ones are passed over."""
        if not self._is_of_this_epoch(batch.epoch, batch.seq - 1):
            return iter(())
        if batch.seq > self.next_seq or self._unconfirmed:
            self._fall_behind(batch.seq + len(batch.events) - 1)
            return iter(())
        return self._take(batch)

    def on_heartbeat(self, beat: Heartbeat, epoch: str) -> None:
        """Learn how far the source's journal goes; a head below what was seen is a fault."""
        if beat.fault and epoch >= self._epoch:
            self._fail(beat.fault)
        if not self._is_of_this_epoch(epoch, beat.seq):
            return
        if beat.seq >= self.next_seq:
            self._fall_behind(beat.seq)
        elif self.next_seq > self.known_head and not self._unconfirmed:
            self.caught_up = True
            self._asked_ns = None

    def request(self, now: Now) -> CatchUp | None:
        """The question to send now, if something is missing and none is under way."""
        if self.fault or not self._wants_answer():
            return None
        if self._asked_ns is not None and now.mono_ns - self._asked_ns < CATCH_UP_RETRY_NS:
            return None
        self._asked_ns = now.mono_ns
        self._request_id += 1
        return CatchUp(self._request_id, self.next_seq, self._known_seq())

    def on_reply(self, reply: CatchUpReply, batch: wire.Batch) -> Iterator[Event]:
        """The missing events, as far as the answer goes; the next `request` asks for the rest."""
        if not self._is_of_this_epoch(batch.epoch, reply.head) or not self._is_confirmed(reply):
            return
        if batch.seq > self.next_seq:
            return
        yield from self._take(batch)
        self._asked_ns = None
        self.known_head = max(self.known_head, reply.head)
        self.caught_up = self.next_seq > self.known_head

    def _wants_answer(self) -> bool:
        """Whether something is missing, or must be confirmed by a source that is there."""
        if self._unconfirmed:
            return bool(self._epoch)
        return not self.caught_up and self.known_head >= self.next_seq

    def _known_seq(self) -> int:
        return self._unconfirmed[0].seq if self._unconfirmed else 0

    def _is_confirmed(self, reply: CatchUpReply) -> bool:
        """Whether the source holds what was remembered of it, as far as that was asked for."""
        if not self._unconfirmed:
            return True
        known = self._unconfirmed[0]
        if reply.known_seq != known.seq:
            return False
        if fault := difference(self.source, known, reply.head, reply.chain):
            self._fail(fault)
            return False
        del self._unconfirmed[0]
        self._asked_ns = None  # there may be another one to ask about
        return not self._unconfirmed

    def _fail(self, fault: str) -> None:
        """The first fault stays: a source that cannot be trusted is not believed again."""
        self.fault = self.fault or fault
        self.caught_up = False

    def _is_of_this_epoch(self, epoch: str, head: int) -> bool:
        """Whether a message is of the source's present run and the source is trusted; the first of
        a new run shows its head.

        Epochs sort in the order of starts, so what an earlier run left on its way can be told apart
        from what a new one sends. Within a run a head cannot go back: a lower one is a message that
        came late, for replies come by another socket than what is published. A new run that
        begins below what was seen has lost its journal's tail.
        """
        if epoch < self._epoch or self.fault:
            return False
        if epoch > self._epoch:
            self._epoch = epoch
            seen = Head(max(self.next_seq - 1, self.known_head, self._least), GENESIS)
            if fault := difference(self.source, seen, head, seen.chain):
                self._fail(fault)
        return not self.fault

    def _take(self, batch: wire.Batch) -> Iterator[Event]:
        for event in batch.events[max(0, self.next_seq - batch.seq) :]:
            self.next_seq += 1
            if event is not None:
                yield event

    def _fall_behind(self, head: int) -> None:
        if self.caught_up:
            self.gaps += 1
        self.caught_up = False
        self.known_head = max(self.known_head, head)


class TickPublisher:
    """The writing end of tick topics, with the last values for those who join late."""

    def __init__(self, source: str, epoch: str) -> None:
        self.source = source
        self.epoch = epoch
        self._seqs: dict[str, int] = {}
        self._topics: dict[str, bytes] = {}
        self._last_quote: dict[str, Quote] = {}
        self._last_trade: dict[str, Trade] = {}

    def publish(self, symbol: str, ticks: list[Tick]) -> list[bytes]:
        """The frames of one message with all of `ticks`, which are of `symbol`."""
        seq = self._seqs.get(symbol, 0) + 1
        self._seqs[symbol] = seq
        self._remember(symbol, ticks)
        frame = self._topics.get(symbol)
        if frame is None:
            frame = self._topics[symbol] = wire.topic(f"tick.{symbol}")
        return [frame, wire.encode_batch(self.source, self.epoch, seq, ticks)]

    def last_values(self, symbol: str, kind: str = "last") -> list[bytes]:
        """The frames that tell a joiner the newest quote and trade, under the seq they are of;
        `kind` begins the topic."""
        ticks = [t for t in (self._last_quote.get(symbol), self._last_trade.get(symbol)) if t]
        body = wire.encode_batch(self.source, self.epoch, self._seqs.get(symbol, 0), ticks)
        return [wire.topic(f"{kind}.{symbol}"), body]

    def forget(self, symbol: str) -> None:
        """Nobody reads a symbol any more: what was newest of it will soon be old."""
        self._last_quote.pop(symbol, None)
        self._last_trade.pop(symbol, None)

    def caught_up(self, symbol: str, messages: int, ticks: list[Tick]) -> None:
        """So many messages of `symbol` went by that nobody sent; `ticks` are its newest."""
        self._seqs[symbol] = self._seqs.get(symbol, 0) + messages
        self._remember(symbol, ticks)

    def newest(self, symbol: str) -> Tick | None:
        """The newest tick of a symbol that has a price; None where there was none."""
        quote, trade = self._last_quote.get(symbol), self._last_trade.get(symbol)
        if quote is None or quote.mid is None:
            return trade
        return quote if trade is None or quote.ts_ns >= trade.ts_ns else trade

    def last_ns(self) -> dict[str, int]:
        """When the newest tick of each symbol that is read came, in nanoseconds UTC."""
        found: dict[str, int] = {}
        newest: list[Quote | Trade] = [*self._last_quote.values(), *self._last_trade.values()]
        for tick in newest:
            found[tick.symbol] = max(tick.ts_ns, found.get(tick.symbol, 0))
        return found

    def seqs(self) -> dict[str, int]:
        """Messages so far, by symbol."""
        return dict(self._seqs)

    def _remember(self, symbol: str, ticks: list[Tick]) -> None:
        quote = trade = False
        for tick in reversed(ticks):
            if isinstance(tick, Quote):
                if not quote:
                    self._last_quote[symbol], quote = tick, True
            elif not trade:
                self._last_trade[symbol], trade = tick, True
            if quote and trade:
                return


class TickReader:
    """The reading end of one tick topic: counts what was missed, drops what came twice."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.epoch = ""
        self.first_seq = 0
        self.last_seq = 0
        self.missed = 0
        self._unseen: frozenset[type[Tick]] = frozenset()

    def on_last(self, batch: wire.Batch) -> list[Tick]:
        """The last values for a joiner. Where the first ticks were faster than they, it is those
        of a kind that was not among them; nothing if the topic is known."""
        if batch.epoch != self.epoch:
            self._begin(batch.epoch, batch.seq)
            return batch.events
        unseen, self._unseen = self._unseen, frozenset()
        return [tick for tick in batch.events if type(tick) in unseen] if unseen else []

    def on_batch(self, batch: wire.Batch) -> list[Tick]:
        """The batch's ticks, unless they were here before."""
        if batch.epoch != self.epoch:
            self._begin(batch.epoch, batch.seq - 1)
            self._unseen = frozenset((Quote, Trade))
        if batch.seq <= self.last_seq:
            return []
        if self._unseen:
            self._unseen -= {type(tick) for tick in batch.events}
        self.missed += batch.seq - self.last_seq - 1
        self.last_seq = batch.seq
        return batch.events

    def _begin(self, epoch: str, seq: int) -> None:
        self.epoch, self.first_seq, self.last_seq = epoch, seq, seq
        self._unseen = frozenset()
