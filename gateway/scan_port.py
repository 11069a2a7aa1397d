"""The part of the broker port that answers scans: rankings that come again and again."""

from typing import NamedTuple, Protocol

from tapewire.common.events.scans import Scan, ScanRow


class Ranking(NamedTuple):
    """A ranking as the broker has just sent it for scan `number`."""

    number: int
    rows: tuple[ScanRow, ...]


class ScanEnded(NamedTuple):
    """The broker refuses scan `number`, or has ended it: its code, 0 where it gave none, and its
    sentence. With `lost` the connection is gone, and nothing is wrong with the scan."""

    number: int
    code: int
    reason: str
    lost: bool = False


class ScanPort(Protocol):
    """The scans of one login. Whoever opens one gives it a number that was never used before."""

    @property
    def scans_max(self) -> int:
        """How many the broker allows at a time."""

    def open(self, number: int, scan: Scan) -> None:
        """Ask for a ranking, now and as it changes; ValueError where the broker has none, or too
        much waits already."""

    def close(self, number: int) -> None:
        """Nobody reads it any more; what still comes is dropped."""

    def take_rankings(self) -> list[Ranking | ScanEnded]:
        """What has come since the last call."""


class NoScans:
    """Stands for the scans of a broker that makes none."""

    scans_max = 1

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def open(self, number: int, scan: Scan) -> None:
        """See `ScanPort.open`."""
        raise ValueError(self._reason)

    def close(self, number: int) -> None:
        """See `ScanPort.close`."""

    def take_rankings(self) -> list[Ranking | ScanEnded]:
        """See `ScanPort.take_rankings`."""
        return []
