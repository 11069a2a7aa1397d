"""What TWS was asked for and has not ended, by the id of the request."""

from tapewire.gateway.tws.line import Line


class Opened:
    """A request that is open: of which symbol's line and what, whether anything has come of it,
    and when the newest ended, if it is a bar."""

    __slots__ = ("heard", "kind", "line", "newest_ns", "symbol")

    def __init__(self, line: Line, kind: str) -> None:
        self.line = line
        self.symbol = line.symbol
        self.kind = kind
        self.heard = False
        self.newest_ns = 0
