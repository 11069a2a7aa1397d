"""A rhythm: when something that is done again and again is due next.

Most processes have a turn whenever a message reaches them, and do such things in the first turn
after they are due. If the next time counted from that turn, every tick would shift all that comes
later by a little. It counts from the rhythm's own grid instead: however late a turn is, the next
ones come at the same times as if it had not been. So a virtual group that leaves out idle turns
goes on with the same beats as one that has had all of them.
"""


class Rhythm:
    """Due at once, and then at each `phase_ns` plus a multiple of `every_ns`. Times are monotonic,
    in nanoseconds."""

    __slots__ = ("_phase_ns", "due_ns", "every_ns")

    def __init__(self, every_ns: int, phase_ns: int = 0) -> None:
        self.every_ns = max(1, every_ns)
        self.due_ns = 0
        self._phase_ns = phase_ns

    def __repr__(self) -> str:
        return f"<Rhythm of {self.every_ns} ns, due at {self.due_ns}>"

    def done(self, now_ns: int) -> None:
        """It was done at this moment: the next time is the first of the grid that is later."""
        self.due_ns = now_ns + self.every_ns - (now_ns - self._phase_ns) % self.every_ns
