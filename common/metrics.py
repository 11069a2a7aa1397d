"""Counters and latency histograms that cost a loop next to nothing, for status and Prometheus."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

_SUB_BITS: Final = 5
_SUB: Final = 1 << _SUB_BITS


class Histogram:
    """Durations in log-linear buckets, 32 a power of two: quantiles are within 3 percent.

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
        shift = max(0, value.bit_length() - _SUB_BITS - 1)
        self.buckets[(shift << _SUB_BITS) + (value >> shift)] += times
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


class Metrics:
    """What one process counts: counters by name and label, and hop latencies."""

    def __init__(self) -> None:
        self.counters: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.hops: defaultdict[str, Histogram] = defaultdict(Histogram)

    def count(self, name: str, amount: int = 1, label: str = "") -> None:
        """Add to a counter."""
        self.counters[name, label] += amount

    def value(self, name: str) -> int:
        """A counter, summed over its labels."""
        return sum(v for (key, _), v in self.counters.items() if key == name)

    def snapshot(self) -> dict[str, Any]:
        """All of it, JSON-able: counters as `name` or `name.label`, hops as summaries in us."""
        counters = {
            f"{name}.{label}" if label else name: v
            for (name, label), v in sorted(self.counters.items())
        }
        return {
            "counters": counters,
            "hops_us": {hop: h.summary_us() for hop, h in sorted(self.hops.items())},
        }


class PrometheusView:
    """A collector that reads `Metrics` when Prometheus asks, so that counting stays cheap."""

    def __init__(self, metrics: Metrics, process: str) -> None:
        self._metrics = metrics
        self._process = process

    def collect(self) -> Iterator[Any]:
        """The metric families, in Prometheus's base units."""
        from prometheus_client.core import CounterMetricFamily, SummaryMetricFamily

        families: dict[str, Any] = {}
        for (name, label), value in list(self._metrics.counters.items()):
            family = families.setdefault(
                name, CounterMetricFamily(f"tapewire_{name}", name, labels=["process", "label"])
            )
            family.add_metric([self._process, label], value)
        yield from families.values()
        summary = SummaryMetricFamily(
            "tapewire_hop_seconds", "latency by hop", labels=["process", "hop"]
        )
        for hop, histogram in list(self._metrics.hops.items()):
            summary.add_metric([self._process, hop], histogram.count, histogram.sum_ns / 1e9)
        yield summary
