"""The door: at home, what the relays of far hosts connect to.

It gives a far client what a client at home has: a connection of its own to each server that it
asks, and the token that it needs there. The relay says what kind of client a message is of. Whether
a message may pass as that kind is decided by the key that its host has shown: `KEYS` says which
kinds of client each role may act as. So no host ever has a token of home's, and whoever takes one
over can do there what its role may, until the key is revoked.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple, Protocol

from tapewire.common import roles
from tapewire.common.bus import wire
from tapewire.common.bus.access import FREE, KEYS
from tapewire.common.bus.ports import HOSTS
from tapewire.common.bus.spoken import token_of, version_fault
from tapewire.common.clock import Clock, Now
from tapewire.common.events import TEXT_MAX, Event, ProcessState, RequestRefused, name_of
from tapewire.common.runtime.service import Service
from tapewire.common.runtime.tokens import Token
from tapewire.relay import streams as passing
from tapewire.relay import words
from tapewire.relay.allowance import Allowance
from tapewire.relay.clients import Client, Clients
from tapewire.relay.hosts import Hosts, Statuses, one_line
from tapewire.relay.late import is_never_late, lateness
from tapewire.relay.shares import Shares
from tapewire.relay.sockets import SIGNALS
from tapewire.relay.streams import READERS, SOURCE, Stream, Subscribing
from tapewire.relay.twins import Twins

CONNECTS_NS: Final = 500_000_000
"""How long a new client's first messages wait for its connection."""
WAITING_MAX: Final = 16
SIGNALS_PER_SECOND: Final = 1_000
REQUESTS_PER_SECOND: Final = 100
"""A piece of a journal has 1,000 events: a host still catches up on 100,000 per second."""
PARTS_PER_SECOND: Final = 20
"""Of the checkpoint: at most 256 KiB, or one record of up to 1 MB, each read by the door alone."""
PARTS_MS: Final = 10
"""How long a turn may wait while a part is owed."""
HALT_MAX: Final = 150
LOOK_NS: Final = 1_000_000_000


class Connecting(Subscribing, Protocol):
    """The door's transport: it opens a channel for each far client, and closes it."""

    def drop(self, channel: str) -> None:
        """Close a channel."""


class Waiting(NamedTuple):
    """A message whose connection is not there yet: by when it is given up, and what it shows."""

    until_ns: int
    channel: str
    shown: Sequence[Token]
    body: bytes


class Server(NamedTuple):
    """A socket at home that answers: the role behind it, and the tokens there by kind of client."""

    socket: str
    role: str
    tokens: Mapping[str, Token]


class Door(Service):
    """`open_client` opens a channel to a socket at home. `keep` takes what a host has reported,
    `bar` shuts a host out, and `expel` makes everybody authenticate again where that was done or a
    key was revoked. `halt` pulls the kill switch. `misplaced` says why a signal may not come from a
    host; empty if it may. `past` answers what a host asks of the checkpoint and of journals,
    `boot_ns` is the clock by which a request is late, `there` gives those of the reported roles
    that a host can have."""

    def __init__(
        self,
        streams: Iterable[Stream],
        servers: Iterable[Server],
        hosts: Hosts,
        clients: Clients,
        transport: Connecting,
        clock: Clock,
        *,
        epoch: str,
        open_client: Callable[[str, str], None],
        keep: Callable[[str, Statuses, Now], None],
        expel: Callable[[], None],
        bar: Callable[[str], None],
        halt: Callable[[str], None],
        misplaced: Callable[[str, Event], str],
        past: Callable[[words.PastAsked], words.PastAnswered],
        boot_ns: Callable[[], int],
        there: Callable[[str, Statuses], Iterable[str]],
    ) -> None:
        super().__init__(roles.DOOR, transport, clock, epoch=epoch)
        self._door = transport
        self._streams = tuple(streams)
        self._servers = {one.socket: one for one in servers}
        self._hosts = hosts
        self._clients = clients
        self._open_client = open_client
        self._keep = keep
        self._expel = expel
        self._bar = bar
        self._halt = halt
        self._misplaced = misplaced
        self._past = past
        self._boot_ns = boot_ns
        self._there = there
        self._twins = Twins()
        self._signals = Allowance(SIGNALS_PER_SECOND, SIGNALS_PER_SECOND // 2)
        self._requests = Allowance(REQUESTS_PER_SECOND, REQUESTS_PER_SECOND // 2)
        self._parts = Allowance(PARTS_PER_SECOND, PARTS_PER_SECOND)
        self._past_asked: dict[str, tuple[bytes, words.PastAsked]] = {}  # by host, in order
        self._waiting: list[Waiting] = []
        self._look_ns = clock.mono_ns()
        self.shares = {one.name: Shares() for one in self._streams}
        self._passing: dict[str, Callable[[list[bytes]], None]] = {}
        for one in self._streams:
            self._passing[one.readers] = partial(self._changed, one)
            self._passing[one.source] = one.came
            self._passing[one.touched] = lambda _frames: None
        self._show()

    # ---- what comes ------------------------------------------------------------------------------

    def on_frames(self, channel: str, frames: list[bytes], now: Now) -> None:
        """Pass a message on, or answer it."""
        passing_on = self._passing.get(channel)
        if passing_on is not None:
            passing_on(frames)
        elif not channel.endswith(READERS):
            self._answer(channel, frames, now)
        else:
            self._from_afar(channel.removesuffix(READERS), frames, now)

    def _changed(self, stream: Stream, frames: list[bytes]) -> None:
        """A far host subscribes something, or no longer; the end of a subscription always counts.
        A host that has too many is shut out."""
        user, *rest = frames
        host = user.decode().partition("/")[0]
        if reason := self.shares[stream.name].changed(host, rest):
            self.metrics.count("shut_out", label=host)
            self.dead_letter(stream.name, reason, b"")
            self._bar(host)
            self._look_ns = self.clock.mono_ns()
        stream.changed(rest)

    def _from_afar(self, socket: str, frames: list[bytes], now: Now) -> None:
        user, *rest = frames
        host, _, role = user.decode().partition("/")
        if socket == HOSTS:
            self._on_word(host, role, rest, now)
        elif not (self._signals if socket == SIGNALS else self._requests).takes(host, now.mono_ns):
            self.metrics.count("beyond_allowance", label=host)
        elif socket == SIGNALS:
            self._signal(host, role, rest, now)
        else:
            self._request(socket, host, role, rest, now)

    def _signal(self, host: str, role: str, frames: list[bytes], now: Now) -> None:
        """A host signals for the strategies that are placed there: one that was taken over can
        trade for no other, and none runs on two hosts unnoticed."""
        shown, body = frames
        kind = token_of(shown)
        reason = version_fault(shown) or self._refusal(role, kind)
        if not reason:
            event = wire.decode_event(body)
            reason = self._misplaced(host, event) or self._of_twin(event, now)
        if reason:
            self.dead_letter(SIGNALS, reason, body)
            return
        token = self._servers[SIGNALS].tokens[kind.decode()]()
        sent = self.transport.send(f"{SIGNALS}{SOURCE}", [token, body])
        self.metrics.count("passed" if sent else "not_passed", label=SIGNALS)

    def _of_twin(self, event: Event, now: Now) -> str:
        strategy = getattr(event, "strategy", "")
        return self._twins.fault(strategy, getattr(event, "id", ""), now) if strategy else ""

    def _refusal(self, role: str, kind: bytes) -> str:
        """Why a message may not pass as that of a `kind` of client; empty if it may."""
        if kind.decode() in KEYS.get(role, ()):
            return ""
        what = f"acts as {kind.decode()}" if kind else "has no token of its relay's"
        return f"a client of a host whose key has the role {role} {what}; it may not"

    def _request(self, socket: str, host: str, role: str, frames: list[bytes], now: Now) -> None:
        """Reading is free; all else has the token of a kind of client, and the role has to allow
        that kind. What comes too late is not done, unless it takes risk away."""
        relay, sender, stamp, *kinds, body = frames
        if late := lateness(stamp, self._boot_ns()):
            event = wire.decode_event(body)
            if not is_never_late(event):
                self.metrics.count("late", label=host)
                self._refuse(socket, [relay, sender], event, f"{name_of(event)}: {late}")
                return
        shown: list[Token] = []
        for frame in kinds[:1]:
            kind = token_of(frame)
            reason = version_fault(frame) or self._refusal(role, kind)
            token = self._servers[socket].tokens.get(kind.decode(errors="replace"))
            if not reason and token is not None:
                shown.append(token)
            elif not isinstance(event := wire.decode_event(body), FREE):
                why = reason or f"{kind.decode()} may not ask {self._servers[socket].role}"
                self._refuse(socket, [relay, sender], event, why)
                return
        client = Client(socket, host, relay, sender)
        waiting = Waiting(now.mono_ns + CONNECTS_NS, self._channel(client, now), shown, body)
        if not self._forward(waiting) and len(self._waiting) < WAITING_MAX:
            self._waiting.append(waiting)

    def _refuse(self, socket: str, to: list[bytes], event: Event, reason: str) -> None:
        self.dead_letter(socket, reason, wire.encode(event))
        refused = RequestRefused(reason[:TEXT_MAX], getattr(event, "id", 0))
        self.transport.send(f"{socket}{READERS}", [*to, wire.encode(refused)])

    def _channel(self, client: Client, now: Now) -> str:
        """The channel of a far client; a new one takes the place of the host's oldest."""
        if known := self._clients.known(client, now.mono_ns):
            return known
        if surplus := self._clients.surplus(client.host):
            self._close(surplus)
        channel = self._clients.add(client, now.mono_ns)
        try:
            self._open_client(channel, client.socket)
        except Exception:
            self._clients.forget(channel)
            raise
        return channel

    def _close(self, channel: str) -> None:
        self._waiting = [one for one in self._waiting if one.channel != channel]
        self._clients.forget(channel)
        self._door.drop(channel)

    def _forward(self, one: Waiting) -> bool:
        """Hand a message to its server, with the token of this moment."""
        socket = one.channel.partition(SOURCE)[0]
        sent = self.transport.send(one.channel, [*(token() for token in one.shown), one.body])
        self.metrics.count("passed" if sent else "not_passed", label=socket)
        return sent

    def _answer(self, channel: str, frames: list[bytes], now: Now) -> None:
        client = self._clients.of(channel, now.mono_ns)
        if client is not None:
            to = [client.relay, client.client, *frames]
            self.transport.send(f"{client.socket}{READERS}", to)

    def _on_word(self, host: str, role: str, frames: list[bytes], now: Now) -> None:
        relay, word = frames[0], words.decode(frames[-1])
        if isinstance(word, words.ClockAsked):
            left = self.clock.now()
            answer = words.ClockAnswered(
                word.sent_ns, now.wall_ns, left.wall_ns, left.mono_ns, self._boot_ns()
            )
            self.transport.send(f"{HOSTS}{READERS}", [relay, words.encode(answer)])
        elif isinstance(word, words.HostReported):
            there = self._there(host, word.statuses)
            self._twins.reported({one: word.statuses[one] for one in there}, now)
            may_signal = KEYS.get(role) or not any(map(roles.is_strategy, there))
            if self._hosts.heard(host, word.configured, now, "" if may_signal else role):
                self._keep(host, word.statuses, now)
            if word.halt is not None and KEYS.get(role):  # whoever only reads halts nobody
                self._halt(f"{one_line(word.halt)[:HALT_MAX]} (on host {host})".lstrip())
        elif isinstance(word, words.PastAsked):
            if host in self._past_asked:
                self.metrics.count("beyond_allowance", label=host)
            self._past_asked[host] = relay, word

    # ---- once per turn ---------------------------------------------------------------------------

    def turn(self, timeout_ms: int) -> None:
        """See `Service.turn`; a connection that is being made must not be waited for longer."""
        due_ms = 1 if self._waiting else PARTS_MS if self._past_asked else timeout_ms
        super().turn(min(timeout_ms, due_ms))

    def on_tick(self, now: Now) -> None:
        """Send what has waited for its connection; close what nobody uses; look at the keys."""
        if self._waiting:
            due, self._waiting = self._waiting, []
            self._waiting = [
                one for one in due if now.mono_ns < one.until_ns and not self._forward(one)
            ]
        self._give(now)
        if now.mono_ns < self._look_ns:
            return
        self._look_ns = now.mono_ns + LOOK_NS
        for channel in self._clients.idle(now.mono_ns):
            self._close(channel)
        self._expel()

    def _give(self, now: Now) -> None:
        """Answer one question about the past per turn: that takes milliseconds, in which nobody's
        orders pass. Of each host the last one counts, and waits until its allowance has a part."""
        for host, (relay, word) in self._past_asked.items():
            if not self._parts.takes(host, now.mono_ns):
                continue
            del self._past_asked[host]
            try:
                found = words.encode(self._past(word))
            except Exception as error:  # noqa: BLE001 - as of any message: it costs itself
                self.dead_letter(HOSTS, repr(error), words.encode(word))
                return
            self.transport.send(f"{HOSTS}{READERS}", [relay, found])
            return

    # ---- what is known ---------------------------------------------------------------------------

    def readiness(self, now: Now) -> tuple[ProcessState, str]:
        """READY, with a reason where a host is silent or runs twice: home waits for none."""
        return "READY", "; ".join([*self._hosts.complaints(now), *self._twins.complaints(now)])

    def detail(self) -> dict[str, Any]:
        """How much is read and asked from afar."""
        return {"clients": len(self._clients), "read": passing.topics(self._streams)}

    def _show(self) -> None:
        self.metrics.watch("passed_on", lambda: passing.passed(self._streams), "counter")
        self.metrics.watch("far_clients", lambda: {"": len(self._clients)})
        self.metrics.show("host_silent_seconds", ("host",), self._silences)

    def _silences(self) -> dict[tuple[str, ...], float]:
        found = self._hosts.silent_ns(self.clock.now())
        return {(name,): ns / 1e9 for name, ns in found.items()}
