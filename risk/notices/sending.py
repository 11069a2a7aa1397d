"""Sending: apprise, each attempt in a thread of its own, and none of it waited for.

What apprise reports goes through its logger, with parts of addresses in it. So that logger writes
nowhere. Of what it says, only two things are let through: the status that a server answered, and
that there was no connection. Neither has a place for anything secret.
"""

import logging
import re
import threading
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from tapewire.common.bus.arrivals import Arrivals
from tapewire.common.config.notices import NoticesConfig
from tapewire.common.errors import ConfigError
from tapewire.common.extras import require
from tapewire.risk.notices.addresses import address
from tapewire.risk.notices.delivery import Send
from tapewire.risk.notices.message import Message

if TYPE_CHECKING:
    from apprise import NotifyBase

THREADS_MAX: Final = 4
"""Attempts at one target at the same time: only those that hang beyond their time add up."""
_STATUS: Final = re.compile(r"\berror=(\d{3})\b")


class Outcome(NamedTuple):
    """How an attempt went: `fault` is why it failed, empty if the message arrived."""

    target: str
    attempt: int
    fault: str


class Sender(Arrivals[Outcome]):
    """Sends to the targets of a configuration; raises `ConfigError` where an address cannot be
    used, or if apprise is not installed.

    As a stream of the transport it wakes the process up once an attempt has ended.
    """

    def __init__(self, config: NoticesConfig, environment: Mapping[str, str]) -> None:
        super().__init__()
        require("notices.targets", "apprise", "risk")
        self._said = _silence()
        timeout_s = config.timeout_ms / 1000
        self._services = {
            one.name: _service(one.name, address(one, environment), timeout_s)
            for one in config.targets
        }
        self._running = Counter[str]()

    def start(self, send: Send) -> None:
        """Begin to send; `outcomes` has how it went, sooner or later."""
        self._running[send.target] += 1
        if self._running[send.target] > THREADS_MAX:
            self._report(send, "earlier attempts still hang")
            return
        threading.Thread(
            target=lambda: self._report(send, self.send(send.target, send.message)),
            name=f"notice-{send.target}",
            daemon=True,  # one that hangs does not hold up the end of the process
        ).start()

    def outcomes(self) -> list[Outcome]:
        """The attempts that have ended since this was last asked."""
        found = self.take()
        self._running.subtract(one.target for one in found)
        return found

    def send(self, target: str, message: Message) -> str:
        """Send a message and wait for how that goes: why it failed, or an empty text."""
        said = self._said.listen()
        try:
            arrived = self._services[target].notify(
                body=message.body, title=message.title, notify_type=message.level,
                body_format="text", overflow="split",
            )  # fmt: skip
        except Exception as error:  # noqa: BLE001 - whatever a service does, its text may have secrets in it
            return f"the library failed with {type(error).__name__}"
        return "" if arrived else _reason(said)

    def _report(self, send: Send, fault: str) -> None:
        self.put(Outcome(send.target, send.attempt, fault))


def _service(name: str, url: str, timeout_s: float) -> "NotifyBase":
    import apprise

    asset = apprise.AppriseAsset(storage_mode="memory", secure_logging=True)
    try:
        found = apprise.Apprise.instantiate(url, asset=asset)
    except Exception:  # noqa: BLE001 - its text, and that of its cause, may have the address in it
        found = None
    if found is None:
        raise ConfigError(
            f"the target {name} of [[notices.targets]]: its address is not one that apprise knows,"
            " or a part of it is missing; see https://appriseit.com for what belongs into it"
        ) from None
    found.socket_connect_timeout = found.socket_read_timeout = timeout_s
    return found


def _reason(said: list[str]) -> str:
    """Why a message did not arrive, without a word that apprise has said itself."""
    for line in said:
        if status := _STATUS.search(line):
            return f"the server answered {status[1]}"
    if any("onnection error" in line or "timeout" in line.lower() for line in said):
        return "no connection, or no answer in time"
    return "the service did not take it"


class _Said(logging.Handler):
    """What apprise says, by thread; nobody else hears it."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._here = threading.local()

    def listen(self) -> list[str]:
        """A list that collects what this thread logs from now on."""
        self._here.lines = lines = list[str]()
        return lines

    def emit(self, record: logging.LogRecord) -> None:
        """Take in a line; said outside of any attempt, it is lost."""
        lines = getattr(self._here, "lines", None)
        if lines is not None and len(lines) < 100:
            lines.append(record.getMessage())


def _silence() -> _Said:
    """Let apprise's logger, and those of the libraries under it, write nowhere."""
    said = _Said()
    for name in ("apprise", "requests", "urllib3"):
        logger = logging.getLogger(name)
        logger.propagate = False
        logger.handlers = [said if name == "apprise" else logging.NullHandler()]
    return said
