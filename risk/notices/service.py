"""The notifier's service: reads what is new, saves where it stands, then sends."""

import os
from datetime import date
from pathlib import Path
from typing import Any, Final, Protocol

from tapewire.common import roles
from tapewire.common.amounts import counted
from tapewire.common.bus import wire
from tapewire.common.bus.transport import Transport
from tapewire.common.clock import Clock, Now
from tapewire.common.config.settings import Config
from tapewire.common.events import Event, ProcessState
from tapewire.common.runtime import statuses
from tapewire.common.runtime.boot import boot_id
from tapewire.common.runtime.service import Service
from tapewire.risk.notices.delivery import Send
from tapewire.risk.notices.folding import sum_up
from tapewire.risk.notices.notifier import Notifier
from tapewire.risk.notices.sending import Outcome
from tapewire.risk.notices.sources import Sources
from tapewire.risk.notices.state_file import StateFile

LOOK_EVERY_NS: Final = 500_000_000
LAST_S: Final = 2.0
"""So long the end waits for what is under way; the rest is sent after the next start."""


class Sending(Protocol):
    """What sends."""

    def start(self, send: Send) -> None:
        """Begin to send."""

    def outcomes(self) -> list[Outcome]:
        """The attempts that have ended since this was last asked."""


class NoticesService(Service):
    """Runs a `Notifier` over the files of a run directory. It has no socket of the group."""

    def __init__(
        self,
        notifier: Notifier,
        sender: Sending,
        config: Config,
        run_dir: Path,
        transport: Transport,
        clock: Clock,
        *,
        epoch: str,
    ) -> None:
        super().__init__(roles.NOTICES, transport, clock, epoch=epoch)
        self.notifier = notifier
        self._sender = sender
        self._config = config
        self._run_dir = run_dir
        self._sources = Sources(run_dir, config.logins())
        self._file = StateFile(run_dir)
        self._saved = b""
        self._unsaved = ""
        self._next_look_ns = 0

    def on_tick(self, now: Now) -> None:
        """Look, save, send. What cannot be saved is not sent: it would be sent again after each
        restart."""
        for one in self._sender.outcomes():
            self.metrics.count("notices_failed" if one.fault else "notices_sent", label=one.target)
            self.notifier.ended(one.target, one.attempt, one.fault, now)
        if now.mono_ns >= self._next_look_ns:
            self._next_look_ns = now.mono_ns + LOOK_EVERY_NS
            self._look(now)
        if self._save():
            for send in self.notifier.due(now):
                self._sender.start(send)

    def on_stop(self, now: Now) -> str:
        """Send what is left, but do not wait long for it."""
        self._next_look_ns = 0
        for target in self.notifier.delivery.targets.values():
            target.hurry()
        until_ns = now.mono_ns + round(LAST_S * 1_000_000_000)
        while True:
            moment = self.clock.now()
            self.on_tick(moment)
            targets = self.notifier.delivery.targets.values()
            if moment.mono_ns >= until_ns or not any(one.busy for one in targets):
                break
            self.transport.poll(20)
        waiting = len(self.notifier.delivery.queue.waiting)
        verb = "waits" if waiting == 1 else "wait"
        return f"{counted(waiting, 'notice')} {verb} for the next start" if waiting else ""

    def readiness(self, now: Now) -> tuple[ProcessState, str]:
        """READY; with a reason where a target cannot be reached, as nobody else waits for it."""
        targets = self.notifier.delivery.targets.values()
        faults = [f"{one.name}: {one.fault}" for one in targets if one.fault]
        return "READY", "; ".join(filter(None, [self._unsaved, *faults]))

    def detail(self) -> dict[str, Any]:
        """How far each target is."""
        queue = self.notifier.delivery.queue
        return {
            "targets": {
                one.name: {
                    "waiting": len(queue.after(one.told.number)),
                    "messages": one.told.messages,
                    "failures": one.failures,
                    "fault": one.fault,
                }
                for one in self.notifier.delivery.targets.values()
            }
        }

    def _look(self, now: Now) -> None:
        """All that is new. What cannot be handled costs itself: it is passed over, or it would be
        the first thing that the next start fails on."""
        notifier = self.notifier
        notifier.look(now)
        for news in self._sources.news(notifier.places):
            for event in news.events:
                self._take(news.source, event)
            if news.fault:
                notifier.on_unreadable(news.source, news.fault, now)
            else:
                notifier.read_up_to(news.source, news.place)
        for letters in self._sources.letters(notifier.letters, notifier.since_ns):
            notifier.on_letters(*letters)
        self._watch(now)
        day = notifier.day_to_sum_up(now)
        if day is not None:
            notifier.on_summary(self._sum_up(day), now)

    def _take(self, source: str, event: Event) -> None:
        try:
            self.notifier.on_event(source, event)
        except Exception as error:  # noqa: BLE001 - see `_look`
            self.dead_letter(source, repr(error), wire.encode(event))

    def _watch(self, now: Now) -> None:
        try:
            self.notifier.on_statuses(statuses.read(self._run_dir), now)
        except Exception as error:  # noqa: BLE001 - see `_look`
            self.dead_letter("status", repr(error), b"")

    def _sum_up(self, day: date) -> list[str]:
        """The lines of a day's summary; one that says why there is none, whatever it is."""
        try:
            return sum_up(self._config, self._run_dir, day, self.notifier.counted)
        except Exception as error:  # noqa: BLE001 - it would be tried again for ever
            self.dead_letter("summary", repr(error), b"")
            return [f"{day}: no summary: {error}"]

    def _save(self) -> bool:
        """Write down where it stands, if that is not what was written last; whether it is."""
        try:
            self._saved = self._file.write(self.notifier.saved(), self._saved)
        except OSError as error:
            self._unsaved = f"nothing is sent until the disk takes it: {error.strerror}"
            return False
        self._unsaved = ""
        return True


def group_of_this_process() -> str:
    """Names the start of the group: the supervisor that has started this process."""
    return f"{boot_id()} {os.getppid()}"
