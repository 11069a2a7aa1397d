"""Counters, latency histograms and gauges that cost a loop next to nothing, for status and
Prometheus."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

_SUB_BITS: Final = 5
_SUB: Final = 1 << _SUB_BITS

Read = Callable[[], Mapping[str, float]]
"""Gives a metric's present values, by label."""


Labels = tuple[str, ...]
"""The values of a series' labels, in the order of their names."""


class Histogram:
    """Durations in log-linear buckets, 32 per power of two: quantiles are within 3 percent.

    Values are nanoseconds; negative ones (a clock set back) count as 0.
    """

    def __init__(self) -> None:
        self.buckets: defaultdict[int, int] = defaultdict(int)
        self.count = 0
        self.sum_ns = 0
        self.max_ns = 0

    def record(self, duration_ns: int, times: int = 1) -> None:
        """Count a duration `times` times."""
        value = duration_ns if duration_ns > 0 else 0
        shift = value.bit_length() - _SUB_BITS - 1
        bucket = (shift << _SUB_BITS) + (value >> shift) if shift > 0 else value
        self.buckets[bucket] += times
        self.count += times
        self.sum_ns += value * times
        if value > self.max_ns:  # noqa: PLR1730 - cheaper than a call of max() in the loop
            self.max_ns = value

    def quantile(self, q: float) -> float | None:
        """The duration, in ns, that the share `q` of all stays within; None without any."""
        if not self.count:
            return None
        rank, seen = q * self.count, 0
        for bucket in sorted(self.buckets):
            seen += self.buckets[bucket]
            if seen >= rank:
                return float(min(self.max_ns, upper_bound_ns(bucket)))
        return float(self.max_ns)

    def at_most(self, bounds_ns: Sequence[int]) -> list[int]:
        """For each of the rising bounds, how many durations were surely within it."""
        counts, seen, buckets = [], 0, sorted(self.buckets, reverse=True)
        for bound_ns in bounds_ns:
            while buckets and upper_bound_ns(buckets[-1]) <= bound_ns:
                seen += self.buckets[buckets.pop()]
            counts.append(seen)
        return counts

    def summary_us(self) -> dict[str, float | int | None]:
        """p50, p99, p999 and max in microseconds, and how many were counted."""
        named = {"p50": 0.5, "p99": 0.99, "p999": 0.999}
        out: dict[str, float | int | None] = {}
        for name, q in named.items():
            value = self.quantile(q)
            out[name] = None if value is None else round(value / 1000, 1)
        out["max"] = round(self.max_ns / 1000, 1) if self.count else None
        out["count"] = self.count
        return out


def upper_bound_ns(bucket: int) -> int:
    """The largest duration that falls into `bucket`."""
    shift = max(0, (bucket >> _SUB_BITS) - 1)
    return (((bucket - (shift << _SUB_BITS)) + 1) << shift) - 1


class Watched(NamedTuple):
    """A metric that is read where it is kept, on request: it costs the loop nothing."""

    kind: Literal["counter", "gauge"]
    read: Read


class Family(NamedTuple):
    """A gauge with labels of its own names, for Prometheus alone: what it says is in a status file
    in another form. Read as `Watched` is."""

    labels: Labels
    read: Callable[[], Mapping[Labels, float]]


class Metrics:
    """What one process counts: counters by name and label, hop latencies, and `times`, what its
    own work took, by name and label."""

    def __init__(self) -> None:
        self.counters: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.hops: defaultdict[str, Histogram] = defaultdict(Histogram)
        self.times: defaultdict[tuple[str, str], Histogram] = defaultdict(Histogram)
        self.watched: dict[str, Watched] = {}
        self.families: dict[str, Family] = {}

    def count(self, name: str, amount: int = 1, label: str = "") -> None:
        """Add to a counter."""
        self.counters[name, label] += amount

    def value(self, name: str) -> int:
        """A counter, summed over its labels."""
        return sum(v for (key, _), v in self.counters.items() if key == name)

    def watch(self, name: str, read: Read, kind: Literal["counter", "gauge"] = "gauge") -> None:
        """Show what `read` gives as `name`. It is called in another thread: it must only look."""
        self.watched[name] = Watched(kind, read)

    def show(self, name: str, labels: Labels, read: Callable[[], Mapping[Labels, float]]) -> None:
        """Show what `read` gives, by the values of these labels, as the gauge `name`. It is called
        in another thread: it must only look."""
        self.families[name] = Family(labels, read)

    def snapshot(self) -> dict[str, Any]:
        """All of it, JSON-able: values as `name` or `name.label`, durations as summaries in us."""
        gauges = (
            (_flat(name, label), value)
            for name, watched in self.watched.items()
            for label, value in watched.read().items()
        )
        return {
            "counters": {_flat(*key): v for key, v in sorted(self.counters.items())},
            "gauges": dict(sorted(gauges)),
            "hops_us": {hop: h.summary_us() for hop, h in sorted(self.hops.items())},
            "times_us": {_flat(*key): h.summary_us() for key, h in sorted(self.times.items())},
        }


def _flat(name: str, label: str) -> str:
    return f"{name}.{label}" if label else name
