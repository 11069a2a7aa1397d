"""A contest: the same ticks through each contender in turn, slice by slice, on one machine.

A contender is one process or more that speak JSON lines. Its `source` gets how many ticks to
send. Its `sink` answers twice a slice, at its begin and at its end, with how many ticks it has
had and when: `{"ticks": N, "ns": T}`. A source that pauses after the begin's mark tells itself
when its first tick left, for a sink that works off whole reads would see it late. Slices take
turns, each about as long as the others', so that what the machine does beside it hits all alike;
a ratio is the median of the rounds' ratios.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from tapewire.benchmarks.load.children import Talk
from tapewire.benchmarks.load.machine import cpu_s
from tapewire.benchmarks.report.figures import median, ratio
from tapewire.common import extras

WARM_UP_TICKS: Final = 20_000
SLICE_TICKS_MIN: Final = 10_000
SLICE_TICKS_MAX: Final = 50_000_000
ROUNDS: Final = 3

Figures = dict[str, Any]


class Contender(NamedTuple):
    """One that takes part; `processes` are those whose CPU is reported, by name."""

    source: Talk
    sink: Talk
    processes: Mapping[str, int]
    source_tells_begin: bool = False


class Entry(NamedTuple):
    """How one is started, or `needs` what is not installed."""

    start: Callable[[], Contender]
    needs: str = ""
    install: str = extras.command("bench")


class Slice(NamedTuple):
    """What one slice brought."""

    sent: int
    ticks: int
    seconds: float
    cpu_s: dict[str, float]


def contest(entries: Mapping[str, Entry], seconds: float, rounds: int = ROUNDS) -> Figures:
    """Let all compete for `seconds` each; figures by name, and ratios of the first to others."""
    started: dict[str, Contender] = {}
    results: Figures = {}
    for name, entry in entries.items():
        if entry.needs and (lacking := extras.missing(entry.needs, entry.install)):
            results[name] = {"skipped": lacking}
        else:
            started[name] = entry.start()
    counts = {name: _calibrated(one, seconds / rounds) for name, one in started.items()}
    slices: dict[str, list[Slice]] = {name: [] for name in started}
    for _ in range(rounds):
        for name, contender in started.items():
            slices[name].append(_slice(contender, counts[name]))
    results |= {name: _result(parts) for name, parts in slices.items()}
    first = next(iter(entries))
    return {
        "contenders": {name: results[name] for name in entries},
        "ratios": {n: _ratio(slices[first], slices.get(n, [])) for n in entries if n != first},
    }


def where_of(run: Figures) -> str:
    """What a run differs in, in words."""
    return f"{run['symbols']} symbol{'' if run['symbols'] == 1 else 's'}"


def faults(figures: Figures, where: str) -> list[str]:
    """A sentence for each contender that lost or doubled a tick."""
    return [
        f"{where}: {name} had {one['ticks']} ticks, {one['sent']} were sent"
        for name, one in figures["contenders"].items()
        if "skipped" not in one and one["ticks"] != one["sent"]
    ]


def _calibrated(contender: Contender, seconds: float) -> int:
    """How many ticks take about `seconds`: from a short slice, and one as long as it tells."""
    count = WARM_UP_TICKS
    for share in (0.3, 1.0):
        warm = _slice(contender, count)
        wanted = round(warm.ticks / warm.seconds * seconds * share)
        count = max(SLICE_TICKS_MIN, min(wanted, SLICE_TICKS_MAX))
    return count


def _slice(contender: Contender, count: int) -> Slice:
    before = {name: cpu_s(pid) for name, pid in contender.processes.items()}
    contender.source.tell(ticks=count)
    begun = contender.sink.hear()
    began_ns = contender.source.hear()["ns"] if contender.source_tells_begin else begun["ns"]
    ended = contender.sink.hear()
    return Slice(
        count,
        ended["ticks"] - begun["ticks"],
        (ended["ns"] - began_ns) / 1e9,
        {name: cpu_s(pid) - before[name] for name, pid in contender.processes.items()},
    )


def _result(parts: Sequence[Slice]) -> Figures:
    rates = [one.ticks / one.seconds for one in parts]
    ticks = sum(one.ticks for one in parts)
    return {
        "ticks_per_s": round(median(rates) or 0),
        "ticks_per_s_by_round": [round(rate) for rate in rates],
        "ticks": ticks,
        "sent": sum(one.sent for one in parts),
        "cpu_ns_per_tick": {
            name: round(sum(one.cpu_s[name] for one in parts) / max(1, ticks) * 1e9)
            for name in parts[0].cpu_s
        },
    }


def _ratio(ours: Sequence[Slice], theirs: Sequence[Slice]) -> float | None:
    by_round = [
        (a.ticks / a.seconds) / (b.ticks / b.seconds) for a, b in zip(ours, theirs, strict=False)
    ]
    return ratio(median(by_round), 1.0)
