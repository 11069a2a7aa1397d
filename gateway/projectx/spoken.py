"""What the user hub says of positions while a list of them is under way.

The two come by different ways, so either may be behind the other. A list that was made before a
trade, and is read behind what the hub says of it, would set the position back to what it was, and
nobody would say the truth again before the next list. What the hub says may be old as well, and a
flatten must neither end on it nor close by it. So where the two differ, neither is believed: the
list is asked for again, up to `TIMES_MAX` times, and is then one that could not be read.

So is one that was asked for before the hub was away, and is read when it is back: nobody has heard
what was traded in between, and the lists that are asked for on its return may have been faster.
"""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Final

from tapewire.gateway.broker import BrokerEvent, PositionReport
from tapewire.gateway.projectx.asked import Answer, Take
from tapewire.gateway.projectx.rows import UNREADABLE
from tapewire.gateway.projectx.words import Json

PATH: Final = "/Position/searchOpen"
TIMES_MAX: Final = 3
ZERO: Final = Decimal(0)
DIFFERS: Final = (
    f"{TIMES_MAX} times it has listed something else than its user hub said meanwhile, or the hub"
    " was away; it is asked again"
)


class Spoken:
    """The hub's last word on each position. `ask` puts a question, with a name if it has one;
    `read` reads a row."""

    def __init__(
        self,
        ask: Callable[[str, Json, Take, str], None],
        read: Callable[[Json], Iterator[PositionReport]],
    ) -> None:
        self._ask, self._read = ask, read
        self._number = 0  # of the last word
        self._away = 0  # that of its going or coming back
        self._words: dict[tuple[str, str], tuple[int, Decimal]] = {}

    def hub(self, report: PositionReport) -> None:
        """The hub says what an account holds of a symbol."""
        self._number += 1
        self._words[report.account, report.symbol] = self._number, report.quantity

    def away(self) -> None:
        """The hub goes, or is back: a list that was asked for before has lost its witness."""
        self._number += 1
        self._away = self._number

    def ask(
        self, path: str, body: Json, take: Take, name: str = "", times: int = TIMES_MAX
    ) -> None:
        """Put a question; `take` has a list of positions that the hub does not contradict."""
        since = self._number

        def taken(answer: Answer) -> Iterable[BrokerEvent]:
            if not self._differs(answer, since, str(body["accountId"])):
                return take(answer)
            if times > 1:
                self.ask(path, body, take, name, times - 1)
                return ()
            return take(Answer(None, DIFFERS))

        self._ask(path, body, taken if path == PATH else take, name)

    def _differs(self, answer: Answer, since: int, account: str) -> bool:
        if answer.lacks("positions"):
            return False
        if since < self._away:
            return True
        words = {
            key: quantity
            for key, (number, quantity) in self._words.items()
            if number > since and key[0] == account
        }
        if not words:
            return False
        try:
            found = [one for row in answer.rows("positions") for one in self._read(row)]
        except UNREADABLE:
            return False  # whoever takes the answer says so
        listed = {(one.account, one.symbol): one.quantity for one in found}
        return any(listed.get(key, ZERO) != quantity for key, quantity in words.items())
