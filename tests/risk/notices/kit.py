"""A notifier for tests, with targets that are reached or not, and the notices to give it."""

from tapewire.common.accounting.trading_days import TradingDays
from tapewire.common.clock import Now
from tapewire.common.config.notices import NoticesConfig, TargetConfig
from tapewire.common.events import Event, RiskHalted, RiskViolation, Scope
from tapewire.risk.notices.delivery import Send
from tapewire.risk.notices.notice import Level, Notice
from tapewire.risk.notices.notifier import Notifier, Place, Saved

SECOND = 1_000_000_000
T0 = 1_700_000_000 * SECOND
NOW = Now(T0, 50 * SECOND)
"""A Tuesday, 22:13:20 UTC, 47 minutes before its trading day ends."""


def config(*names: str, **more: object) -> NoticesConfig:
    targets = tuple(TargetConfig(name=name, url_env="ADDRESS") for name in names or ("desk",))
    return NoticesConfig(targets=targets, **more)  # type: ignore[arg-type]


def notice(text: str = "it broke", level: Level = "warning", ts_ns: int = T0) -> Notice:
    return Notice(ts_ns, "violations", level, text)


def violation(reason: str = "-500 of -400 USD", ts_ns: int = T0) -> RiskViolation:
    return RiskViolation(ts_ns, Scope("DU1"), "DailyRealizedLoss", reason)


def halt(ts_ns: int = T0) -> RiskHalted:
    return RiskHalted(ts_ns, Scope("DU1"), "DailyRealizedLoss: -500 of -400 USD", by="me")


class Bench:
    """A notifier and its time; `crash` leaves of it what is saved."""

    def __init__(self, *names: str, saved: Saved | None = None, **more: object) -> None:
        self.now = NOW
        self.config = config(*names, **more)
        self.group = "group 1"
        self.seq = 0
        self.days = TradingDays()
        self.start(saved)

    def start(self, saved: Saved | None) -> None:
        self.notifier = Notifier(self.config, self.days, saved, self.group, self.now)

    def crash(self) -> None:
        self.start(self.notifier.saved())

    def happens(self, *events: Event, source: str = "risk") -> None:
        place = self.notifier.places.get(source, Place())
        place = Place(place.seq + len(events), "x")
        for event in events:
            self.notifier.on_event(source, event)
        self.notifier.read_up_to(source, place)

    def later(self, seconds: float) -> list[Send]:
        """What is sent after so long; one look at the end of it."""
        self.now += round(seconds * SECOND)
        return list(self.notifier.due(self.now))

    def sends(self, seconds: float = 1) -> Send:
        (found,) = self.later(seconds)
        return found

    def arrives(self, send: Send) -> bool:
        return self.notifier.ended(send.target, send.attempt, "", self.now)

    def fails(self, send: Send, why: str = "the server answered 500") -> None:
        assert not self.notifier.ended(send.target, send.attempt, why, self.now)

    def until_sent(self, seconds: int) -> tuple[Send, int]:
        """The next message within so many seconds, and after how many."""
        for passed in range(1, seconds + 1):
            if found := self.later(1):
                return found[0], passed
        raise AssertionError(f"nothing was sent within {seconds} s")
