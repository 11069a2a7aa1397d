"""The notifier: from what journals, dead letters and statuses show to what is sent, and when.

What holds
----------
Where reading stands, what waits to be sent and what each target has are one value, `saved`, which
is on disk before anything is sent and again after it has arrived. So

*   a crash before the first of the two: the same journals are read again, nothing is lost;
*   a crash between them: it is not known whether the message arrived, and it is sent again, under
    the same number. That is the one case in which a notice arrives twice;
*   a crash after the second: it is neither lost nor told twice.

The journals themselves are never changed and may be read at any later time, so what happened while
this process was down is sent as soon as it runs. Dead letters and the state of processes are not in
journals: of these what is there at the next start is sent, and a process that died and came back
meanwhile shows as one that has restarted.

The past that was there before notices were first configured is not told, but for its last minute.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final

import msgspec

from tapewire.common.accounting.trading_days import TradingDays, day_began_ns
from tapewire.common.clock import Now
from tapewire.common.config.notices import Kind, NoticesConfig
from tapewire.common.delivery.letters import Letter, is_given_up
from tapewire.common.events import Event
from tapewire.common.runtime.statuses import Status
from tapewire.risk.notices.delivery import Delivery, Queue, Send, Target, Told
from tapewire.risk.notices.notice import Level, Notice, notice, notice_of
from tapewire.risk.notices.watching import Known, Watch

BEFORE_NS: Final = 60_000_000_000
"""How far back from the very first start notices go."""
SETTLE_NS: Final = 60_000_000_000
"""So long after a trading day its summary is made: commissions come late."""


class Place(msgspec.Struct, frozen=True):
    """How far a journal was read, with the chain that names it there."""

    seq: int = 0
    chain: str = ""


class Saved(msgspec.Struct):
    """All that outlives the process. `group` names the start of the group, `day` is the trading day
    of which no summary was made yet, `counted` are its notices."""

    since_ns: int
    day: date
    group: str = ""
    counted: dict[Kind, int] = {}
    places: dict[str, Place] = {}
    letters: dict[str, int] = {}
    processes: dict[str, Known] = {}
    next_number: int = 1
    waiting: dict[int, Notice] = {}
    targets: dict[str, Told] = {}


class Notifier:
    """Decides what is a notice, and what is sent when. `group` names the present start of the
    group: that its processes have started is not news."""

    def __init__(
        self, config: NoticesConfig, day_of: TradingDays, saved: Saved | None, group: str, now: Now
    ) -> None:
        self._day_of = day_of.earliest
        self._kinds = config.kinds
        known = saved or Saved(now.wall_ns - BEFORE_NS, day_of.earliest(now.wall_ns))
        self.since_ns = known.since_ns
        self._group = group
        self._watch = Watch(known.processes if known.group == group else {})
        self.day = known.day
        self.counted = Counter[Kind](known.counted)
        self.places = known.places
        self.letters = known.letters
        self._unreadable: set[str] = set()
        queue = Queue(known.next_number, known.waiting)
        self.delivery = Delivery(
            queue,
            [
                Target(
                    one.name,
                    known.targets.get(one.name) or Told(known.next_number - 1),
                    config.every_ms * 1_000_000,
                )
                for one in config.targets
            ],
        )

    def __repr__(self) -> str:
        return f"<Notifier, {self.delivery.queue}>"

    # ---- what comes in -------------------------------------------------------------------------

    def look(self, now: Now) -> None:
        """All that is new is about to be given. A clock that was ahead at the very first start, and
        is right by now, must not make the present look like the past before it."""
        self.since_ns = min(self.since_ns, now.wall_ns - BEFORE_NS)

    def on_event(self, source: str, event: Event) -> None:
        """An event of `source`'s journal that was not read before."""
        found = notice_of(source, event)
        if found is not None and found.ts_ns >= self.since_ns:
            self._tell(found)

    def read_up_to(self, source: str, place: Place) -> None:
        """All events of a journal up to there were given."""
        self.places[source] = place
        self._unreadable.discard(source)

    def on_letters(self, role: str, letters: Sequence[Letter], more: int, last_id: int) -> None:
        """New dead letters of a process, the first of them and how many `more` there are."""
        for letter in letters:
            kind: Kind = "retries" if is_given_up(letter) else "failures"
            what = f"{role} could not use something from {letter.origin}"
            self._say(letter.ts_ns, kind, "warning", f"{what}: {letter.reason}")
        if more and letters:
            what = f"{role} has {more:,} more dead letters"
            self._say(letters[-1].ts_ns, "failures", "warning", what)
        self.letters[role] = last_id

    def on_statuses(self, statuses: Mapping[str, Status], now: Now) -> None:
        """How all processes are."""
        for level, text in self._watch.look(statuses):
            self._say(now.wall_ns, "processes", level, text)

    def on_unreadable(self, source: str, why: str, now: Now) -> None:
        """A journal that cannot be read, so that nothing in it becomes a notice; reported once."""
        if source not in self._unreadable:
            self._unreadable.add(source)
            text = f"no notices of {source} until its journal can be read: {why}"
            self._say(now.wall_ns, "failures", "failure", text)

    def day_to_sum_up(self, now: Now) -> date | None:
        """The trading day that is over in every account and was not summed up yet; None if there
        is none."""
        if self._day_of(now.wall_ns) <= self.day:
            return None
        settled = now.wall_ns - day_began_ns(self._day_of, now.wall_ns) >= SETTLE_NS
        return self.day if settled else None

    def on_summary(self, lines: Sequence[str], now: Now) -> None:
        """The summary of that day."""
        self.day = self._day_of(now.wall_ns)
        self.counted.clear()
        for line in lines:
            self._add(notice(now.wall_ns, "summary", "info", line))

    # ---- what goes out -------------------------------------------------------------------------

    def due(self, now: Now) -> Iterator[Send]:
        """What to send now."""
        return self.delivery.due(now)

    def ended(self, target: str, attempt: int, fault: str, now: Now) -> bool:
        """How an attempt went: why it failed, or an empty text. Gives whether that is to be saved
        before anything else is sent."""
        return self.delivery.ended(target, attempt, fault, now)

    def saved(self) -> Saved:
        """All that outlives the process."""
        queue = self.delivery.queue
        return Saved(
            self.since_ns, self.day, self._group, dict(self.counted), self.places, self.letters,
            self._watch.known, queue.next_number, queue.waiting,
            {name: one.told for name, one in self.delivery.targets.items()},
        )  # fmt: skip

    def _say(self, ts_ns: int, kind: Kind, level: Level, text: str) -> None:
        if ts_ns >= self.since_ns:
            self._tell(notice(ts_ns, kind, level, text))

    def _tell(self, one: Notice) -> None:
        if self._day_of(one.ts_ns) == self.day:
            self.counted[one.kind] += 1
        self._add(one)

    def _add(self, one: Notice) -> None:
        if one.kind in self._kinds:
            self.delivery.add(one)
