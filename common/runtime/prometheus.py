"""`Metrics` as Prometheus reads them, put together when it asks, so that counting stays cheap."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    SummaryMetricFamily,
)

from tapewire.common.runtime.metrics import Family, Histogram, Labels, Metrics

QUANTILES: Final = (0.5, 0.95, 0.99)
BUCKETS_US: Final = (10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000,
                     100_000, 250_000, 1_000_000)  # fmt: skip
SERIES_MAX: Final = 2000
"""Of a family with labels: more than a page of Prometheus should have of one."""
ATTEMPTS: Final = 5
HELP: Final = {
    "gaps": "holes found in a followed stream; each was filled from its journal",
    "missed": "tick messages that never arrived, as the topic's seq shows",
    "conflated": "ticks skipped for newer ones of their symbol",
    "journal_seq": "the own journal's last seq",
    "queue_messages": "messages that the last poll found waiting",
    "queue_messages_max": "most messages that a poll found waiting",
    "sends_refused": "messages without a receiver, or for which the queue was full",
    "series_omitted": "series that are not shown, as there are too many",
    "process_state": "1 for the state that the process is in, 0 for the others",
    "tws_up": "1 while the broker session is there, and its orders are known",
    "connection_state": "1 for the state that the connection with TWS is in, 0 for the others",
    "connection_uptime_seconds": "how long the session with TWS has been logged in; 0 while not",
    "reconnects": "logins at TWS after the first one of this process",
    "tws_requests": "messages written to TWS",
    "tick_age_seconds": "how old the newest tick is; of symbols that somebody reads",
    "strategy_position": "what the strategy holds, by its own orders; with a sign",
    "strategy_realised_pnl": "realised P&L before commissions of a strategy, by the ledger",
    "strategy_commission": "commissions of a strategy, in the currency",
    "subscriptions": "market data subscriptions that are open",
    "orders": "orders of this gateway by state",
    "trading_state": "1 for the state that trading is in, 0 for the others",
    "halts": "halts in force, of any scope",
    "flattens": "flattens in progress",
    "mirror_lag_records": "records of a journal that the engine has not confirmed",
    "mirror_lag_seconds": "how long the oldest of them has been there; 0 without any",
    "mirror_stopped": "1 while only a person can let the mirror go on",
    "foreign_orders": "open orders that none of us has placed",
    "position": "what is held, as the broker reports it; with a sign",
    "positions_unpriced": "open positions without a price",
    "realised_pnl": "realised P&L before commissions, in the currency",
    "unrealised_pnl": "P&L of open positions at the last price; missing while one has no price",
    "commission": "commissions, in the currency",
    "day_realised_pnl": "realised P&L of the trading day; missing with several currencies",
    "risk_used": "what is used of a limit, in the unit; missing while it is not known",
    "risk_limit": "the limit, in the unit",
    "risk_headroom": "what is left of a limit, in the unit; missing as risk_used",
    "risk_used_ratio": "the share of a limit that is used, 1 being all; missing as risk_used",
    "risk_unknown": "1 while it cannot be known how much of a limit is used",
    "risk_violations": "rules found broken, by rule",
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
        yield from self._families()
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

    def _families(self) -> Iterator[Any]:
        omitted = GaugeMetricFamily(
            "tapewire_series_omitted", _help("series_omitted"), labels=_labels("label")
        )
        for name, family in list(self._metrics.families.items()):
            found = GaugeMetricFamily(
                f"tapewire_{name}", _help(name), labels=["process", *family.labels]
            )
            series = _read(family)
            for labels, value in sorted(series.items())[:SERIES_MAX]:
                found.add_metric([self._process, *labels], value)
            omitted.add_metric([self._process, name], max(len(series) - SERIES_MAX, 0))
            yield found
        yield omitted

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


def _read(family: Family) -> Mapping[Labels, float]:
    """What a family shows now. The loop may change a dict while it is looked through; then it is
    looked at again."""
    for _ in range(ATTEMPTS):
        with suppress(RuntimeError):
            return family.read()
    return {}


def _labels(own: str) -> list[str]:
    return ["process", own]


def _help(name: str) -> str:
    return HELP.get(name, name)


def _buckets(histogram: Histogram) -> list[tuple[str, float]]:
    counts = histogram.at_most([bound * 1000 for bound in BUCKETS_US])
    total = max([histogram.count, *counts])  # the loop counts on while this is read
    return [*zip((str(b / 1e6) for b in BUCKETS_US), counts, strict=True), ("+Inf", total)]
