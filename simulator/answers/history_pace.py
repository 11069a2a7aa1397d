"""TWS's limits on requests for history: which of them are pacing violations."""

from collections import deque
from collections.abc import Hashable
from typing import Final

NS_PER_S: Final = 1_000_000_000
IDENTICAL_NS: Final = 15 * NS_PER_S
CONTRACT_MAX: Final = 5
CONTRACT_NS: Final = 2 * NS_PER_S
TOTAL_MAX: Final = 60
TOTAL_NS: Final = 600 * NS_PER_S


class HistoryPace:
    """The requests of one connection: no identical ones within 15 s, fewer than six for one
    contract and kind of price within 2 s, no more than 60 within 10 minutes. A request that
    violates them is not counted."""

    def __init__(self) -> None:
        self._served: deque[tuple[int, Hashable, Hashable]] = deque(maxlen=TOTAL_MAX)

    def allows(self, now_ns: int, request: Hashable, about: Hashable) -> bool:
        """Count a request `about` a contract and a kind of price; whether it may be served."""
        recent = [one for one in self._served if now_ns - one[0] < TOTAL_NS]
        same = any(now_ns - at < IDENTICAL_NS and one == request for at, one, _ in recent)
        like = sum(now_ns - at < CONTRACT_NS and one == about for at, _, one in recent)
        if same or like >= CONTRACT_MAX or len(recent) >= TOTAL_MAX:
            return False
        self._served.append((now_ns, request, about))
        return True
