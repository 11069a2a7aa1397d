"""The time of a market that is played again, told to whoever reads its ticks.

TWS sends the time of the last trade as tick type 45, a text of whole seconds. Here, where that is
asked for, it goes before the ticks of each row, exact to the nanosecond: `1704724200.080000000`.
Only the group's own gateway is sent it, and only where the market is a file: then the bars and
timers of strategies follow the time of the file, at whatever speed it is played.

At full speed ticks arrive by the thousand. There a time that is a tenth of a second old is left as
it is: it would be a third of all messages.
"""

from collections.abc import Iterable
from typing import Final

from tapewire.simulator.market.lines import Line, Topic
from tapewire.simulator.protocol import messages
from tapewire.simulator.settings import SimulatorSettings

LAST_TIMESTAMP: Final = "45"
AT_FULL_SPEED_NS: Final = 100_000_000
NS_PER_S: Final = 1_000_000_000


class OwnTime:
    """Sends the time of a row before its ticks, where the settings ask for it."""

    def __init__(self, settings: SimulatorSettings) -> None:
        self.is_told = settings.tells_time
        self._step_ns = 1 if settings.speed else AT_FULL_SPEED_NS

    def __bool__(self) -> bool:
        return self.is_told

    def pass_to(self, topic: Topic, row_ns: int) -> None:
        """The next ticks of a topic are of this time."""
        told_ns = row_ns - row_ns % self._step_ns
        if told_ns != topic.market_ns:
            topic.market_ns = told_ns
            self.tell(topic, topic.lines)

    def tell(self, topic: Topic, lines: Iterable[Line]) -> None:
        """Send the time that a topic's ticks are of, if it has had any."""
        if topic.market_ns is None:
            return
        text = f"{topic.market_ns // NS_PER_S}.{topic.market_ns % NS_PER_S:09d}"
        for line in lines:
            fields = messages.tick_string(line.req_id, LAST_TIMESTAMP, text)
            line.append(messages.frame(fields))
