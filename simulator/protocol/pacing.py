"""TWS's limit on a client's requests per second, all kinds together."""

from collections import deque

NS_PER_S = 1_000_000_000
VIOLATIONS_MAX = 3


class Pace:
    """Counts one connection's requests: those of any second, whenever it begins. What is above the
    limit is reported once in a second."""

    def __init__(self, rate_max_per_s: int) -> None:
        self._limit = rate_max_per_s
        self._violations = 0
        self._reported_ns: int | None = None
        self._read_ns: deque[int] = deque()

    @property
    def is_exhausted(self) -> bool:
        """Whether three seconds were above the limit: TWS then drops the connection."""
        return self._violations >= VIOLATIONS_MAX

    def count(self, now_ns: int) -> str:
        """Count a request. Returns an error text for the first one per second above the limit."""
        self._read_ns.append(now_ns)
        while now_ns - self._read_ns[0] >= NS_PER_S:
            self._read_ns.popleft()
        is_new = self._reported_ns is None or now_ns - self._reported_ns >= NS_PER_S
        if len(self._read_ns) <= self._limit or not is_new:
            return ""
        self._reported_ns = now_ns
        self._violations += 1
        text = "Max rate of messages per second has been exceeded:"
        return f"{text}max={self._limit} rec={len(self._read_ns)} ({self._violations})"
