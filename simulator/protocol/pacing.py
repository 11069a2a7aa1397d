"""TWS's limit on a client's requests per second, all kinds together."""

NS_PER_S = 1_000_000_000
VIOLATIONS_MAX = 3


class Pace:
    """Counts one connection's requests; a second starts at the first request in it."""

    def __init__(self, rate_max_per_s: int) -> None:
        self._limit = rate_max_per_s
        self._violations = 0
        self._is_reported = False
        self._since_ns = 0
        self._count = 0

    @property
    def is_exhausted(self) -> bool:
        """Whether three seconds were above the limit: TWS then drops the connection."""
        return self._violations >= VIOLATIONS_MAX

    def count(self, now_ns: int) -> str:
        """Count a request. Returns an error text for the first one per second above the limit."""
        if now_ns - self._since_ns >= NS_PER_S:
            self._since_ns, self._count, self._is_reported = now_ns, 0, False
        self._count += 1
        if self._count <= self._limit or self._is_reported:
            return ""
        self._is_reported = True
        self._violations += 1
        text = "Max rate of messages per second has been exceeded:"
        return f"{text}max={self._limit} rec={self._count} ({self._violations})"
