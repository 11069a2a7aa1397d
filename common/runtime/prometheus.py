"""`Metrics` as Prometheus reads them, put together when it asks, so that counting stays cheap."""

from collections.abc import Iterator
from typing import Any, Final

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    SummaryMetricFamily,
)

from tapewire.common.runtime.metrics import Histogram, Metrics

QUANTILES: Final = (0.5, 0.95, 0.99)
BUCKETS_US: Final = (10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000,
                     100_000, 250_000, 1_000_000)  # fmt: skip
HELP: Final = {
    "gaps": "holes found in a followed stream; each was filled from its journal",
    "missed": "tick messages that never arrived, as the topic's seq shows",
    "conflated": "ticks skipped for newer ones of their symbol",
    "journal_seq": "the own journal's last seq",
    "queue_messages": "messages that the last poll found waiting",
    "queue_messages_max": "most messages that a poll found waiting",
    "sends_refused": "messages without a receiver, or for which the queue was full",
}


class PrometheusView:
    """A collector over one process's `Metrics`; it is called in the exporter's thread."""

    def __init__(self, metrics: Metrics, process: str) -> None:
        self._metrics = metrics
        self._process = process

    def collect(self) -> Iterator[Any]:
        """The metric families, in Prometheus's base units."""
        yield from self._counters()
        yield from self._watched()
        yield self._hops()
        yield from self._times()

    def _counters(self) -> Iterator[Any]:
        families: dict[str, Any] = {}
        for (name, label), value in list(self._metrics.counters.items()):
            family = families.setdefault(
                name, CounterMetricFamily(f"tapewire_{name}", _help(name), labels=_labels("label"))
            )
            family.add_metric([self._process, label], value)
        yield from families.values()

    def _watched(self) -> Iterator[Any]:
        kinds = {"counter": CounterMetricFamily, "gauge": GaugeMetricFamily}
        for name, watched in list(self._metrics.watched.items()):
            family = kinds[watched.kind](f"tapewire_{name}", _help(name), labels=_labels("label"))
            for label, value in list(watched.read().items()):
                family.add_metric([self._process, label], value)
            yield family

    def _hops(self) -> Any:
        """Quantiles since the start of the process, as those of the status files."""
        name = "tapewire_hop_seconds"
        summary = SummaryMetricFamily(name, "latency by hop", labels=_labels("hop"))
        for hop, histogram in list(self._metrics.hops.items()):
            summary.add_metric([self._process, hop], histogram.count, histogram.sum_ns / 1e9)
            for q in QUANTILES:
                labels = {"process": self._process, "hop": hop, "quantile": str(q)}
                summary.add_sample(name, labels, (histogram.quantile(q) or 0) / 1e9)
        return summary

    def _times(self) -> Iterator[Any]:
        families: dict[str, Any] = {}
        for (name, label), histogram in list(self._metrics.times.items()):
            family = families.setdefault(
                name,
                HistogramMetricFamily(
                    f"tapewire_{name}_seconds", f"time taken: {name}", labels=_labels("label")
                ),
            )
            family.add_metric([self._process, label], _buckets(histogram), histogram.sum_ns / 1e9)
        yield from families.values()


def _labels(own: str) -> list[str]:
    return ["process", own]


def _help(name: str) -> str:
    return HELP.get(name, name)


def _buckets(histogram: Histogram) -> list[tuple[str, float]]:
    counts = histogram.at_most([bound * 1000 for bound in BUCKETS_US])
    total = max([histogram.count, *counts])  # the loop counts on while this is read
    return [*zip((str(b / 1e6) for b in BUCKETS_US), counts, strict=True), ("+Inf", total)]
