"""Home's time on a far host: what the relay has measured, and the clock that goes by it.

Everything that a group stamps is in home's time. Two machines' wall clocks differ, by milliseconds
with NTP and by anything without it, and a signal that expires by one clock and was stamped by the
other would expire too early or never. So the processes of a far host take home's wall clock for
theirs: the relay measures it once per second and writes what it found to a file.

The file says what home's wall clock was at a moment of this machine's monotonic clock. Nobody can
set that one, and all processes of the machine share it. So setting this machine's wall clock
changes nothing here. It starts over with the machine, and so does the file: `tapewire up` removes
it. The relay writes it once it has home's checkpoint, or knows that it gets none
(`tapewire.relay.fetching`): what waits for home's time can start from that.

Only wall time is corrected. Intervals, leases and retries stay on the machine's monotonic clock.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from tapewire.common.clock import Now
from tapewire.common.runtime import private_file

READ_EVERY_NS: Final = 1_000_000_000
LOOK_EVERY_S: Final = 0.1


class HomeTime(NamedTuple):
    """What is known of home's wall clock: that it showed `home_ns` when this machine's monotonic
    clock showed `mono_ns`, to within `uncertainty_ns`. `offset_ns` is how far it was ahead of this
    machine's wall clock."""

    home_ns: int
    mono_ns: int
    uncertainty_ns: int
    offset_ns: int


def path_of(run_dir: Path) -> Path:
    """Where the relay of a far host keeps it."""
    return run_dir / "status" / "clock.json"


def write(path: Path, found: HomeTime) -> None:
    """Keep what was measured; a reader sees the old or the new."""
    private_file.write(path, json.dumps(found._asdict()))


def read(path: Path) -> HomeTime | None:
    """What was measured last; None where nothing is known."""
    try:
        return HomeTime(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None


class HomeClock:
    """Home's wall clock beside this machine's monotonic one; the machine's own wall clock until
    something is known. Looks into the file at most once per second."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ahead_ns = 0  # home's wall clock less this machine's monotonic one
        self._is_known = False
        self._read_ns = 0

    def __repr__(self) -> str:
        return f"<HomeClock by {self._path}>"

    def now(self) -> Now:
        """The moment it is."""
        mono_ns = time.monotonic_ns()
        return Now(self._wall_ns(mono_ns), mono_ns)

    def now_ns(self) -> int:
        """Home's wall time, nanoseconds since the epoch, UTC."""
        return self._wall_ns(time.monotonic_ns())

    mono_ns = staticmethod(time.monotonic_ns)

    @property
    def is_known(self) -> bool:
        """Whether home's time has been measured."""
        self._look(time.monotonic_ns())
        return self._is_known

    def _wall_ns(self, mono_ns: int) -> int:
        if mono_ns >= self._read_ns:
            self._look(mono_ns)
        return mono_ns + self._ahead_ns if self._is_known else time.time_ns()

    def _look(self, mono_ns: int) -> None:
        self._read_ns = mono_ns + READ_EVERY_NS
        found = read(self._path)
        if found is not None:
            self._ahead_ns, self._is_known = found.home_ns - found.mono_ns, True


def wait(clock: HomeClock, give_up: Callable[[], bool], say: Callable[[str], None]) -> bool:
    """Return once home's time is known; false if `give_up` says so meanwhile. What a strategy did
    before that would be stamped with another clock's time."""
    said = False
    while not clock.is_known:
        if not said:
            said = True
            say(
                "home's clock is not known yet; the relay writes it down once it has reached home"
                " and has fetched home's checkpoint"
            )
        if give_up():
            return False
        time.sleep(LOOK_EVERY_S)
    return True
