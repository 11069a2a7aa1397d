"""How long what is over is kept, and what one record is as a checkpoint is made of it."""

from typing import Final, NamedTuple

from tapewire.common.events import Event

HOUR_NS: Final = 3_600_000_000_000
DAY_NS: Final = 24 * HOUR_NS


class Policy(NamedTuple):
    """How long a checkpoint keeps what is over (nanoseconds, wall).

    Signals that expired `expired_ns` ago may be left out, and so may orders whose state has been
    final for `ended_ns`, which is longer than `expired_ns` by the time that any signal lives. Ends
    that the broker may take back are kept for `given_up_ns`.
    """

    expired_ns: int = DAY_NS
    ended_ns: int = DAY_NS + 2 * HOUR_NS  # a trading day has 25 hours at times
    given_up_ns: int = 7 * DAY_NS

    def with_ttl(self, ttl_ns: int) -> "Policy":
        """The policy where no signal lives longer than `ttl_ns`."""
        return self._replace(ended_ns=max(self.ended_ns, self.expired_ns + ttl_ns))


class Horizon(NamedTuple):
    """The policy at one moment: what is older than these may go."""

    now_ns: int
    expired_ns: int
    ended_ns: int
    given_up_ns: int
    ttl_ns: int
    """How long a signal lives, at most."""

    @classmethod
    def of(cls, policy: Policy, now_ns: int) -> "Horizon":
        """That of `policy` at `now_ns`."""
        return cls(
            now_ns,
            now_ns - policy.expired_ns,
            now_ns - policy.ended_ns,
            now_ns - policy.given_up_ns,
            policy.ended_ns - policy.expired_ns,
        )


class Record(NamedTuple):
    """An event of `source`'s journal, and its number there; 0 for what only checkpoints hold."""

    source: str
    seq: int
    event: Event


class Stale(Exception):
    """What a checkpoint left out turned out to matter: the next one has to be made of the whole
    journals."""
