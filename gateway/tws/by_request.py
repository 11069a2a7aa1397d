"""What TWS was asked for and has not ended, by the id of the request."""

from tapewire.gateway.tws.line import Line


class Opened:
    """A request that is open: of which symbol and what, whether anything has come of it, and when
    the newest ended, if it is a bar. A book and bars have no line."""

    __slots__ = ("heard", "kind", "line", "newest_ns", "symbol")

    def __init__(self, symbol: str, kind: str, line: Line | None = None) -> None:
        self.line = line
        self.symbol = symbol
        self.kind = kind
        self.heard = False
        self.newest_ns = 0
