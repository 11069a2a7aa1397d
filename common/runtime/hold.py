"""How long a service waits for more before it writes down what it has emitted."""


class Hold:
    """One wait at a time, from the first that is emitted on. Times are monotonic, in nanoseconds.

    How long it is may change while it lasts, so that it ends early, or later, when what was waited
    for comes about, or begins.
    """

    def __init__(self) -> None:
        self.due_ns: int | None = None
        """When what is held is written down; None while nothing is."""
        self._since_ns: int | None = None

    def __repr__(self) -> str:
        return f"<Hold since {self._since_ns}, due at {self.due_ns}>"

    def lasts(self, now_ns: int, hold_ms: int) -> bool:
        """Whether what was emitted still waits, if it may for `hold_ms` in all."""
        if self._since_ns is None:
            self._since_ns = now_ns
        self.due_ns = self._since_ns + hold_ms * 1_000_000
        if now_ns < self.due_ns:
            return True
        self._since_ns = self.due_ns = None
        return False
