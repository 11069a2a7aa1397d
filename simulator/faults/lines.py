"""What stands between TWS and its sockets: connections that freeze, lag, or cut a message in two.

Bytes of one connection never overtake each other, whatever happens to them here.
"""

from collections import defaultdict, deque

Output = list[tuple[int, bytes]]
Kept = tuple[int, bytes | None]


class Lines:
    """The lines of all connections; times are those of the server's clock, in ns.

    A frozen line carries nothing either way: what a client sends is kept until the line thaws, its
    close as well. So after a thaw TWS reads what is in its socket, as a process that hung does. A
    line that is not read keeps what the client sends in the same way, and carries what TWS sends.
    """

    def __init__(self) -> None:
        self._frozen: dict[int, int] = {}  # until when, by connection
        self._all_frozen_ns = 0  # all of them, and those that are new
        self._unread: dict[int, int] = {}  # until when nothing is read, by connection
        self._kept: list[Kept] = []
        self._lag_ns = 0
        self._lags_until_ns = 0
        self._cuts: dict[int, tuple[int, int]] = {}  # after how many bytes, for how long
        self._queued: dict[int, deque[tuple[int, bytes]]] = defaultdict(deque)
        self.is_busy = False  # false: every byte passes as it is

    # ---- what can be done to them ----------------------------------------------------------------

    def freeze(self, conn: int, until_ns: int) -> None:
        """Carry nothing on this line until then."""
        self.is_busy = True
        self._frozen[conn] = max(until_ns, self._frozen.get(conn, 0))

    def freeze_all(self, until_ns: int) -> None:
        """Carry nothing on any line until then, those of new connections included."""
        self.is_busy = True
        self._all_frozen_ns = max(until_ns, self._all_frozen_ns)

    def leave_unread(self, conn: int, until_ns: int) -> None:
        """Carry nothing to TWS on this line until then; what TWS sends goes on."""
        self.is_busy = True
        self._unread[conn] = max(until_ns, self._unread.get(conn, 0))

    def lag(self, lag_ns: int, until_ns: int) -> None:
        """Deliver what TWS sends until then that much later."""
        self.is_busy = True
        self._lag_ns, self._lags_until_ns = lag_ns, until_ns

    def cut(self, conn: int, after_bytes: int, pause_ns: int) -> None:
        """Interrupt TWS's next output on this line, once, after this many bytes."""
        self.is_busy = True
        self._cuts[conn] = (after_bytes, pause_ns)

    def mend(self) -> None:
        """Thaw every line now, and let what TWS sends from now on pass at once."""
        self._frozen.clear()
        self._unread.clear()
        self._all_frozen_ns = self._lags_until_ns = 0
        self._cuts.clear()

    # ---- what passes -----------------------------------------------------------------------------

    def is_frozen(self, conn: int, now_ns: int) -> bool:
        """Whether the line carries nothing now."""
        return now_ns < max(self._all_frozen_ns, self._frozen.get(conn, 0))

    def is_unread(self, conn: int, now_ns: int) -> bool:
        """Whether TWS reads nothing of the line now."""
        return self.is_frozen(conn, now_ns) or now_ns < self._unread.get(conn, 0)

    def holds(self, conn: int, data: bytes | None, now_ns: int) -> bool:
        """Whether a line that is not read has kept what came; None is the client's close."""
        if not self.is_unread(conn, now_ns) and all(one != conn for one, _ in self._kept):
            return False
        self._kept.append((conn, data))
        return True

    def thawed(self, now_ns: int) -> list[Kept]:
        """What lines that are read again had kept, in its order."""
        taken = [one for one in self._kept if not self.is_unread(one[0], now_ns)]
        self._kept = [one for one in self._kept if self.is_unread(one[0], now_ns)]
        return taken

    def carry(self, output: Output, now_ns: int) -> Output:
        """Take TWS's output; returns what arrives now, of this and of what was held before."""
        for conn, data in output:
            self._send(conn, data, now_ns)
        arrived = []
        for conn, queue in list(self._queued.items()):
            while queue and queue[0][0] <= now_ns and not self.is_frozen(conn, now_ns):
                arrived.append((conn, queue.popleft()[1]))
            if not queue:
                del self._queued[conn]
        self.is_busy = bool(self._queued or self._kept or self._cuts) or now_ns < max(
            self._all_frozen_ns,
            self._lags_until_ns,
            *self._frozen.values(),
            *self._unread.values(),
        )
        return arrived

    def has_output(self, conn: int) -> bool:
        """Whether something for the connection is still on its way."""
        return bool(self._queued.get(conn))

    def drop(self, conn: int) -> None:
        """Lose what is on its way to a connection."""
        self._queued.pop(conn, None)

    def due_ns(self) -> int | None:
        """When something that is held can pass on; None if nothing is held."""
        due = [self._free_ns(conn, queue[0][0]) for conn, queue in self._queued.items() if queue]
        due += [self._free_ns(conn, self._unread.get(conn, 0)) for conn, _ in self._kept]
        return min(due, default=None)

    def _free_ns(self, conn: int, at_ns: int) -> int:
        return max(at_ns, self._all_frozen_ns, self._frozen.get(conn, 0))

    def _send(self, conn: int, data: bytes, now_ns: int) -> None:
        queue = self._queued[conn]
        due_ns = now_ns + self._lag_ns if now_ns < self._lags_until_ns else now_ns
        if queue:
            due_ns = max(due_ns, queue[-1][0])
        if conn in self._cuts:
            at, pause_ns = self._cuts.pop(conn)
            queue.append((due_ns, data[:at]))
            data, due_ns = data[at:], due_ns + pause_ns
        if data:
            queue.append((due_ns, data))
