"""A sweep, from the file to its outcome: what is done already is taken from the store."""

import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import msgspec

from tapewire.backtest.run import chosen
from tapewire.backtest.scan import Window, raise_empty
from tapewire.backtest.sweep import outcome as outcomes
from tapewire.backtest.sweep.grid import Combination, Grid, combinations, size
from tapewire.backtest.sweep.outcome import Outcome, Span, judged, rank_of, ranked
from tapewire.backtest.sweep.store import Store
from tapewire.backtest.sweep.trial import Settings, Task, Trial, combined
from tapewire.backtest.sweep.walk import Fold, Walk, folds, joined
from tapewire.backtest.sweep.workers import Workers
from tapewire.backtest.watch import Interrupted, Watch, watching
from tapewire.common.amounts import counted
from tapewire.common.config.near import expected
from tapewire.common.config.settings import Config, StrategyConfig
from tapewire.common.errors import ConfigError
from tapewire.common.ticks.cache import Decoded
from tapewire.strategy.runner import Runner

Say = Callable[[str], None]
LOADED_MAX: Final = 1_000


class Plan(msgspec.Struct, frozen=True):
    """What is to be swept: the settings, the grid, the spans of the file, and how to rank."""

    settings: Settings
    title: str
    grid: Grid
    folds: list[Fold]
    rank: str

    @property
    def runs(self) -> int:
        """How many runs there are, tests included."""
        tests = sum(one.test is not None for one in self.folds)
        return size(self.grid) * len(self.folds) + tests


def only(config: Config, names: Sequence[str]) -> StrategyConfig:
    """The one strategy that is swept; raises `ConfigError` where there are several."""
    found = chosen(config, names)
    if len(found) > 1:
        known = ", ".join(one.name for one in found)
        raise ConfigError(f"which strategy is swept? Name one of {known} with --strategy")
    return found[0]


def planned(
    settings: Settings, window: Window, grid: Grid, walk: Walk | None, rank: str, title: str
) -> Plan:
    """The plan of a sweep, its file read. Raises `ConfigError` for what cannot run at all: a figure
    that ranks nothing, a parameter that the strategy does not have."""
    if rank and rank not in outcomes.RANKS:
        raise ConfigError(
            f"--rank is {rank!r:.60}, which is not a figure to rank by;"
            f" {expected(rank, outcomes.RANKS)}"
        )
    _require_one_loads(settings, grid)
    file = Decoded(settings.file)
    table = file.table.between(window.from_ns, window.to_ns)
    if not len(table):
        raise_empty(file, window)
    return Plan(
        settings=msgspec.structs.replace(settings, file=file),
        title=title,
        grid=grid,
        folds=[Fold(window)] if walk is None else folds(table, walk),
        rank=rank,
    )


def _require_one_loads(settings: Settings, grid: Grid) -> None:
    """Raise what is wrong with the first combination where nothing loads: what is wrong with the
    strategy, or the name of a parameter. One that only some values make wrong costs those runs."""
    first = ""
    for number, combination in enumerate(combinations(grid)):
        config = combined(settings.config, settings.name, combination)
        (own,) = (one for one in config.strategies if one.name == settings.name)
        try:
            Runner(own, own.symbols, "", lambda _failure: None)
        except ConfigError as error:
            first = first or str(error)
            if number < LOADED_MAX:
                continue
        else:
            return
        break
    raise ConfigError(first)


def sweep(plan: Plan, store: Store, workers: Workers, say: Say) -> Outcome:
    """Run what is not in the store; with walk-forward, then each span's best on the next span.

    The first Ctrl-C keeps what is done, and the outcome is not whole.
    """
    grid = list(combinations(plan.grid))
    tasks = [Task(fold.train, one) for fold in plan.folds for one in grid]
    work = _Work(plan, store, workers)
    known = sum(store.get(task) is not None for task in tasks)
    done = f", {known:,} of them done before" if known else ""
    say(f"{counted(plan.runs, 'run')}{done}; {workers.described}")
    work.do(tasks)
    rank = rank_of(plan.rank, [one for task in tasks if (one := store.get(task))])
    spans = [_span(store, fold, grid, rank) for fold in plan.folds]
    tests = [_test(fold, span) for fold, span in zip(plan.folds, spans, strict=True)]
    work.do([test for test in tests if test is not None])
    spans = [
        msgspec.structs.replace(span, test=None if test is None else store.get(test))
        for span, test in zip(spans, tests, strict=True)
    ]
    curves = [one.test.curve for one in spans if one.test is not None]
    return Outcome(
        name=plan.settings.name,
        title=plan.title,
        grid=plan.grid,
        rank=rank,
        spans=spans,
        joined=joined([one for one in curves if one is not None]),
        runs=plan.runs,
        is_whole=work.is_whole,
        notes=_notes(spans),
    )


class _Work:
    """Runs tasks, until all are done or a person stops it; then it runs none."""

    def __init__(self, plan: Plan, store: Store, workers: Workers) -> None:
        self._settings, self._store, self._workers = plan.settings, store, workers
        self._done = 0
        self.is_whole = True

    def do(self, tasks: Sequence[Task]) -> None:
        """Run those of the tasks that are not in the store."""
        todo = [task for task in tasks if self._store.get(task) is None]
        if not self.is_whole or not todo:
            return
        self._done = len(tasks) - len(todo)
        with watching(len(tasks), "runs", self._done) as watch:
            try:
                self._make(todo, watch)
            except Interrupted:
                self.is_whole = False

    def _make(self, todo: Sequence[Task], watch: Watch) -> None:
        """A process that was ended from outside may do better the next time, so its loss is not on
        the disk."""
        look = partial(self._look, watch)
        for one in self._workers.do(self._settings, todo, look):
            self._done += 1
            if one.lost:
                self._store.remember(Trial(one.piece, error=one.lost))
            else:
                self._store.add(msgspec.json.decode(one.result, type=Trial))

    def _look(self, watch: Watch) -> None:
        watch.look(self._done)


def _test(fold: Fold, span: Span) -> Task | None:
    """The run that judges the best of a span."""
    if span.best is None or fold.test is None:
        return None
    return Task(fold.test, span.best.parameters, with_curve=True)


def _span(store: Store, fold: Fold, grid: Sequence[Combination], rank: str) -> Span:
    trials = [one for each in grid if (one := store.get(Task(fold.train, each))) is not None]
    best = ranked(trials, rank)
    tried_there = [
        one
        for one in store.trials.values()
        if one.task.window == fold.train and not one.task.with_curve
    ]
    return Span(trials, best, judged(best[0] if best else None, tried_there))


def _notes(spans: Sequence[Span]) -> list[str]:
    """What is to be known of the best runs, each thing once."""
    best = [one for span in spans for one in (span.test or span.best,) if one is not None]
    return list(dict.fromkeys(note for one in best for note in one.notes))


def jobs_of(given: int | None) -> int:
    """How many runs at a time: as many as there are cores, if it is not given."""
    return given or os.cpu_count() or 1
