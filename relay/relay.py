"""The relay: on a far host, what its strategies connect to instead of the group's own processes."""

from collections.abc import Callable, Iterable, Mapping
from hmac import compare_digest
from typing import Any, Final

from msgspec.structs import replace

from tapewire.common import roles
from tapewire.common.bus import wire
from tapewire.common.bus.ports import HOSTS
from tapewire.common.bus.spoken import token_of
from tapewire.common.clock import Clock, Now
from tapewire.common.events import Event, ProcessState, RequestRefused
from tapewire.common.runtime.home_clock import HomeTime
from tapewire.common.runtime.journal import JournalError, events_of
from tapewire.common.runtime.kill_switch import LOOK_EVERY_NS
from tapewire.common.runtime.service import Service
from tapewire.relay import streams as passing
from tapewire.relay import words
from tapewire.relay.fetching import Fetching
from tapewire.relay.hosts import SILENT_AFTER_NS
from tapewire.relay.late import Stamps
from tapewire.relay.measured import Measured, Round
from tapewire.relay.sockets import REQUEST_MAX_BYTES, SIGNALS
from tapewire.relay.streams import READERS, SOURCE, Stream, Subscribing

EVERY_NS: Final = 1_000_000_000
FIRST_NS: Final = 100_000_000
"""How soon the time is asked again while it is not known: everybody waits for it."""

Tokens = Mapping[str, Mapping[str, bytes]]
"""By server, and by the kind of client, the token that the processes of this host present."""


class Relay(Service):
    """Passes on what comes, frame for frame; of a signal alone one time is put into home's terms,
    and a request gets the time when it was asked. It decides nothing but who is who on this host.

    `tokens` are those of this host's clients. `report` gives the status of its processes, `keep`
    takes what was measured of home's time, `configured` are the digests of what this host is
    configured with, and `halt` says what this host's kill switch does: while
    it is pulled no signal leaves, and home learns of it and halts as well.

    `fetching` is of home's checkpoint, which `take` puts in its place; it may raise `JournalError`
    or `OSError`. Nothing is given to `keep` before that is over, as strategies start with it.
    """

    def __init__(
        self,
        host: str,
        streams: Iterable[Stream],
        servers: Mapping[str, str],
        tokens: Tokens,
        transport: Subscribing,
        clock: Clock,
        *,
        epoch: str,
        wall_ns: Callable[[], int],
        report: Callable[[], Mapping[str, Mapping[str, Any]]],
        keep: Callable[[HomeTime], None],
        halt: Callable[[], str | None],
        configured: Mapping[str, str],
        fetching: Fetching,
        take: Callable[[Iterable[Event]], None],
    ) -> None:
        super().__init__(roles.relay_role(host), transport, clock, epoch=epoch)
        self._streams = tuple(streams)
        self._tokens = tokens
        self._wall_ns = wall_ns
        self._report = report
        self._keep = keep
        self._halt = halt
        self._configured = configured
        self._fetching: Fetching | None = fetching
        self._take = take
        self._measured = Measured()
        self._stamps = Stamps(clock.mono_ns())
        self._best: Round | None = None
        self._heard_ns: int | None = None
        self._asks_ns = self._reports_ns = self._looks_ns = clock.mono_ns()
        self._is_halted = False
        self.time: HomeTime | None = None
        self._routes: dict[str, Callable[[list[bytes]], None]] = {}
        for one in self._streams:
            self._routes[one.readers] = one.changed
            self._routes[one.source] = one.came
            self._routes[one.touched] = _ignore
        for socket, server in servers.items():
            self._route_asked(socket, server)
        self._show()

    def _route_asked(self, socket: str, server: str) -> None:
        if socket == SIGNALS:
            self._routes[f"{socket}{READERS}"] = lambda frames: self._signal(frames, server)
            return
        self._routes[f"{socket}{READERS}"] = lambda frames: self._request(socket, frames, server)
        self._routes[f"{socket}{SOURCE}"] = lambda frames: self._answer(socket, frames)

    # ---- what is passed on -----------------------------------------------------------------------

    def on_frames(self, channel: str, frames: list[bytes], now: Now) -> None:
        """Pass a message on, or take home's time from it."""
        if channel == f"{HOSTS}{SOURCE}":
            self._on_word(words.decode(frames[-1]), now)
        else:
            self._routes[channel](frames)

    def _signal(self, frames: list[bytes], server: str) -> None:
        token, body = frames
        if self._is_halted:
            self.metrics.count("not_passed", label=SIGNALS)
            return
        if reason := _too_large(frames):
            self._drop(SIGNALS, reason)
            return
        self._pass(f"{SIGNALS}{SOURCE}", [self._kind_of(token, server), self._ending(body)])

    def _ending(self, body: bytes) -> bytes:
        """A signal with its end by home's monotonic clock: by ours it would mean nothing there, and
        the end by the wall clock alone would come later where home's is set back."""
        signal = wire.decode_event(body)
        ends_ns = getattr(signal, "expires_mono_ns", 0)
        if not ends_ns:
            return body
        known = self._best
        at_home_ns = max(1, ends_ns + known.mono_ahead_ns) if known is not None else 0
        return wire.encode(replace(signal, expires_mono_ns=at_home_ns))

    def _request(self, socket: str, frames: list[bytes], server: str) -> None:
        sender, *shown, body = frames
        if reason := _too_large(frames):
            self._drop(socket, reason)
            self._answer(socket, [sender, wire.encode(RequestRefused(reason))])
            return
        kinds = [self._kind_of(token, server) for token in shown[:1]]
        self._pass(f"{socket}{SOURCE}", [sender, self._stamps.stamp(), *kinds, body])

    def _answer(self, socket: str, frames: list[bytes]) -> None:
        self._pass(f"{socket}{READERS}", frames)

    def _pass(self, channel: str, frames: list[bytes]) -> None:
        """Whoever asked asks again: what does not leave now is not kept for later."""
        sent = self.transport.send(channel, frames)
        self.metrics.count("passed" if sent else "not_passed", label=channel[:-1])

    def _drop(self, socket: str, reason: str) -> None:
        """Home ends the connection that all of this host share for what is too large."""
        self.metrics.count("too_large", label=socket)
        self.dead_letter(socket, reason, b"")

    def _kind_of(self, shown: bytes, server: str) -> bytes:
        """What kind of client a token is of, behind the wire version that came before it; empty for
        one that is none of this start."""
        token = token_of(shown)
        for kind, known in self._tokens[server].items():
            if compare_digest(token, known):
                return shown.removesuffix(token) + kind.encode()
        return b""

    # ---- home's time, and how this host is -------------------------------------------------------

    def on_tick(self, now: Now) -> None:
        """Ask for the time and report, each once per second."""
        known = self._best
        self._stamps.turned(now.mono_ns, None if known is None else known.boot_ahead_ns)
        if now.mono_ns >= self._looks_ns:
            self._looks_ns = now.mono_ns + LOOK_EVERY_NS
            self._look_at_halt(now)
        if now.mono_ns >= self._asks_ns:
            self._asks_ns = now.mono_ns + (EVERY_NS if self.time is not None else FIRST_NS)
            self._say(words.ClockAsked(self.clock.mono_ns()))
        if now.mono_ns >= self._reports_ns:
            self._reports_ns = now.mono_ns + EVERY_NS
            self._say_how_it_is()
        if self._fetching is not None and self.time is not None:
            self._fetch(self._fetching, now)

    def _look_at_halt(self, now: Now) -> None:
        halted = self._halt() is not None
        if halted and not self._is_halted:
            self._reports_ns = now.mono_ns  # home must not learn of it later than it can
        self._is_halted = halted

    def _offset_ns(self) -> int:
        return 0 if self.time is None else self.time.offset_ns

    def _say(self, word: words.Word) -> None:
        self.transport.send(f"{HOSTS}{SOURCE}", [words.encode(word)])

    def _say_how_it_is(self) -> None:
        """Report; what is too large for home without its figures, as the halt must get there."""
        report = words.reported(self._report(), self._halt(), self._configured)
        size = len(words.encode(report))
        if size > words.WORD_MAX_BYTES:
            reason = f"a report of {size:,} bytes; home takes {words.WORD_MAX_BYTES:,}"
            self._drop(HOSTS, f"{reason}, so it goes without figures")
            report = words.shortened(report)
        self._say(report)

    def _fetch(self, fetching: Fetching, now: Now) -> None:
        """Ask for what is next of home's checkpoint; once that is over, strategies may start."""
        question = fetching.question(now.mono_ns)
        if question is not None:
            self._say(question)
        if not fetching.is_over:
            return
        self._fetching, fault = None, fetching.fault
        try:
            if fetching.found is not None:
                self._take(events_of(fetching.found))
        except (JournalError, OSError) as error:
            fault = str(error)
        if fault:
            reason = f"home's checkpoint is not used, so strategies here start later: {fault}"
            self.dead_letter("checkpoint", reason, b"")
        if self.time is not None:
            self._keep(self.time)

    def _on_word(self, word: words.Word, now: Now) -> None:
        if isinstance(word, words.PastAnswered) and self._fetching is not None:
            self._fetching.came(word, now.mono_ns)
        if not isinstance(word, words.ClockAnswered):
            return
        self._heard_ns = now.mono_ns
        self._measured.add(
            word.sent_ns, word.received_ns, word.answered_ns, now.mono_ns, word.mono_ns,
            word.boot_ns,
        )  # fmt: skip
        best = self._best = self._measured.best(now.mono_ns)
        if best is None:
            return
        home_ns = now.mono_ns + best.ahead_ns
        mono_ns, wall_ns = self.clock.mono_ns(), self._wall_ns()
        offset_ns = home_ns + (mono_ns - now.mono_ns) - wall_ns
        uncertainty_ns = best.uncertainty_ns(now.mono_ns)
        self.time = HomeTime(home_ns, now.mono_ns, uncertainty_ns, offset_ns)
        if self._fetching is None:
            self._keep(self.time)

    # ---- what is known ---------------------------------------------------------------------------

    def readiness(self, now: Now) -> tuple[ProcessState, str]:
        """READY while home answers."""
        if self._is_halted:
            return "HALTED", "HALT is there; remove it here and at home, then `tapewire resume`"
        if self._heard_ns is None:
            return "WAITING", "home does not answer; does it run, and is this host's key allowed?"
        silent_ns = now.mono_ns - self._heard_ns
        if silent_ns >= SILENT_AFTER_NS:
            since = f"home has not answered for {silent_ns // 1_000_000_000} s"
            return "WAITING", f"{since}; does it run, and is this host's key still allowed?"
        return "READY", ""

    def detail(self) -> dict[str, Any]:
        """Home's time, and how much is read."""
        found = self.time
        return {
            "clock": {} if found is None else {
                "offset_ns": found.offset_ns,
                "uncertainty_ns": self._uncertainty_ns(),
                "measured_ns": found.home_ns,
            },
            "topics": {},
            "read": passing.topics(self._streams),
        }  # fmt: skip

    def _show(self) -> None:
        self.metrics.watch("passed_on", lambda: passing.passed(self._streams), "counter")
        self.metrics.show("clock_offset_seconds", (), lambda: self._seconds(self._offset_ns))
        self.metrics.show(
            "clock_uncertainty_seconds", (), lambda: self._seconds(self._uncertainty_ns)
        )

    def _uncertainty_ns(self) -> int:
        """It grows for as long as home does not answer."""
        return 0 if self._best is None else self._best.uncertainty_ns(self.clock.mono_ns())

    def _seconds(self, of: Callable[[], int]) -> dict[tuple[str, ...], float]:
        return {} if self.time is None else {(): of() / 1e9}


def _too_large(frames: list[bytes]) -> str:
    """Why a message cannot go home; empty if it can."""
    largest = max(map(len, frames))
    if largest <= REQUEST_MAX_BYTES:
        return ""
    return f"a message of {largest:,} bytes; home takes at most {REQUEST_MAX_BYTES:,}"


def _ignore(_frames: list[bytes]) -> None:
    """What comes on a channel that subscribes for a moment comes on the other one as well."""
