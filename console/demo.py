"""The demo: the whole group on a file of ticks, in a run directory of its own, and its figures."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

from tapewire.backtest.report.formats import duration
from tapewire.backtest.report.notes import rejections
from tapewire.backtest.run import chosen
from tapewire.backtest.scan import not_trading, rules_about, trading
from tapewire.common import roles
from tapewire.common.amounts import counted
from tapewire.common.config import settings as configuration
from tapewire.common.config.sections import StrategyConfig
from tapewire.common.config.settings import Config
from tapewire.common.errors import ConfigError
from tapewire.common.events import RulesChanged
from tapewire.common.ticks.file import TickFile
from tapewire.console.group import status
from tapewire.console.group.status import UNHEARD, State, wait_for
from tapewire.console.group.supervisor import Group
from tapewire.console.group.supervisord import GroupError
from tapewire.console.option_chain import chain_of
from tapewire.console.records.books import read_journal
from tapewire.console.records.decisions import WORDS, word_of
from tapewire.console.views import figures as report
from tapewire.console.views import words
from tapewire.simulator.market.file import symbols_of
from tapewire.simulator.market.times import time_ns

JOIN_TIMEOUT_S: Final = 30
DRAIN_TIMEOUT_S: Final = 60
SYMBOLS_MAX: Final = 100
DECISIONS_MAX: Final = 20
ROWS_MAX: Final = 50_000
"""What is read of a file to say how long it takes: as much as for its symbols, and no more."""
LONG_S: Final = 120

Say = Callable[[str], None]


def run(
    file: TickFile,
    start: str | None,
    seconds: float,
    speed: float,
    say: Say,
    keep: bool = False,
    underlying: str = "",
    *,
    strategies: Sequence[str] = (),
    run_dir: Path | None = None,
) -> dict[str, Any]:
    """Run the group on a file of ticks from `start` on, for `seconds`; returns the figures.

    `speed` is market seconds per second, 0 as fast as possible. With an `underlying` the group
    trades vertical spreads of the options on it, in place of the configured `strategies`; these are
    all where none is named. Without a `run_dir` it is a new one, which is deleted unless `keep` is
    set or something went wrong.

    The group trades with its own simulator, whatever TWS the configuration names.
    """
    for hint in file.notes:
        say(f"note: {hint}")
    base = configuration.load()
    if underlying:
        plan = _on_chain(base, file, start, underlying)
    else:
        plan = _on_file(base, file, strategies, say)
    if takes := how_long(file, start, seconds, speed):
        say(f"note: {takes}")
    settings = _settings(base, plan, file.path, start, seconds, speed)
    keep = keep or run_dir is not None
    run_dir = run_dir or Path(tempfile.mkdtemp(prefix="tapewire-"))
    with _environment({**settings, "TAPEWIRE_RUN_DIR": str(run_dir)}):
        figures = _played(configuration.load(), seconds, say)
    _leave(run_dir, say, keep=keep or bool(figures["faults"]))
    return figures


def _played(config: Config, seconds: float, say: Say) -> dict[str, Any]:
    """Start the group, stop it when the market is over, and say what to know of how it went."""
    _require_simulated(config)
    group = Group(config, tied=True)
    group.up()
    try:
        _watch(group, config, seconds, say)
    finally:
        say("stopping")
        group.down()
    executor, gateway = (
        [event for role in read for event in read_journal(group.run_dir, role)]
        for read in ((roles.EXECUTOR,), [one.gateway for one in config.logins()])
    )
    for reason in rejections(executor, gateway):
        say(f"note: {reason}")
    _say_decisions(group.run_dir, say)
    return report.figures(config, group.run_dir)


def how_long(file: TickFile, start: str | None, seconds: float, speed: float) -> str:
    """What a person should know before a long run: how long the file takes at this speed. Empty
    where they have bounded it themselves, and where it is over soon."""
    if not speed:
        return ""
    rows = file.rows(time_ns(start) if start else None, None)
    times = [row.ts_ns for row in islice(rows, ROWS_MAX)]
    takes_s = (times[-1] - times[0]) / 1e9 / speed if times else 0.0
    if takes_s < LONG_S or 0 < seconds <= takes_s:
        return ""
    least = "more than " if len(times) == ROWS_MAX else ""
    return (
        f"the file takes {least}{duration(takes_s)} at --speed {speed:g}; --speed max plays it as"
        " fast as possible, --seconds ends it earlier, and `tapewire backtest` needs no clock"
    )


def _leave(run_dir: Path, say: Say, *, keep: bool) -> None:
    if keep:
        look = f"TAPEWIRE_RUN_DIR={run_dir} tapewire blotter"
        say(f"journals and logs are in {run_dir}; look at them with `{look}`")
    else:
        shutil.rmtree(run_dir)
        say(f"deleted {run_dir} with its journals and logs; --keep keeps it")


def _require_simulated(config: Config) -> None:
    """Refuse to start a group on a TWS: it would trade there on what it reads there."""
    if not config.simulator.plays_file:
        raise ConfigError(
            "the group of a demo trades with its own simulator alone, and something sets"
            " simulator.enabled or simulator.ticks otherwise; look at the TAPEWIRE_ variables of"
            " the environment"
        )


def _say_decisions(run_dir: Path, say: Say) -> None:
    """What risk has decided: of much of it the beginning, which led to the rest."""
    found = (e for e in read_journal(run_dir, roles.RISK) if type(e) in WORDS)
    decided: list[Any] = [e for e in found if not isinstance(e, RulesChanged)]  # but for its rules
    for event in decided[:DECISIONS_MAX]:
        reason = words.decision(event)
        say(f"risk: {word_of(event)} ({event.scope}){': ' + reason if reason else ''}")
    if len(decided) > DECISIONS_MAX:
        say(f"risk: {counted(len(decided) - DECISIONS_MAX, 'decision')} more")


def _watch(group: Group, config: Config, seconds: float, say: Say) -> None:
    """From the start of the processes to the last fill of the last signal."""
    say("starting the group; the simulator starts last, so that no process misses a tick")
    strategies = [roles.strategy_role(s.name) for s in config.strategies]
    came = wait_for(lambda: bool(group.broken()) or not late(group, strategies), JOIN_TIMEOUT_S)
    if broken := group.broken():
        raise GroupError("; ".join(f"{name} ended: {why}" for name, why in broken.items()))
    if not came:
        raise GroupError(_not_started(group, late(group, strategies)))
    statuses = status.read(group.run_dir)
    for name in strategies:
        say("; ".join([f"{name}: {statuses[name]['loaded']}", *statuses[name]["hints"]]))
    stopped = [why for name in strategies if (why := statuses[name]["stopped"])]
    if stopped and len(stopped) == len(strategies):  # no strategy is left to run the file for
        raise GroupError("\n".join(f"{why}; correct that line" for why in stopped))
    for why in stopped:
        say(why)
    for login in config.logins():
        group.start(login.simulator)
    say(f"running {group.run_dir}")
    wait_for(lambda: _over(group), seconds + DRAIN_TIMEOUT_S if seconds else 86_400, 0.2)
    say("the market is over; waiting for the last orders")
    quiet = _Quiet(group)
    if not wait_for(quiet, DRAIN_TIMEOUT_S, 0.5):
        say("the group is still busy; comparing what there is")


def late(group: Group, strategies: list[str]) -> dict[str, State]:
    """The processes that are still starting. All are to be ready but for TWS, which the gateways
    wait for, and strategies that were stopped before the first tick."""
    statuses = status.read(group.run_dir)
    left = [name for name in strategies if not statuses.get(name, {}).get("stopped")]
    wanted = dict.fromkeys(group.config.logins().gateways, "WAITING")
    wanted |= dict.fromkeys((roles.EXECUTOR, roles.RISK, *left), "READY")
    states = {n: status.state_of(statuses[n]) if n in statuses else UNHEARD for n in wanted}
    return {name: state for name, state in states.items() if state[0] != wanted[name]}


def _not_started(group: Group, states: Mapping[str, State]) -> str:
    """Which processes did not start in time, how far each is, and what may be done."""
    each = "; ".join(f"{name}: {' '.join(filter(None, state))}" for name, state in states.items())
    return (
        f"not all processes started within {JOIN_TIMEOUT_S} s ({each}); a busy machine may need"
        f" longer: try again when it is less so, or see the logs in {group.run_dir}/logs"
    )


def _over(group: Group) -> bool:
    statuses = status.read(group.run_dir)
    return all(statuses.get(one.simulator, {}).get("market_over") for one in group.config.logins())


class _Quiet:
    """True once all that was sent has been read and nothing has changed for a while."""

    LOOKS: Final = 3

    def __init__(self, group: Group) -> None:
        self._group = group
        self._last: Any = None
        self._same = 0

    def __call__(self) -> bool:
        statuses = status.read(self._group.run_dir)
        logins = self._group.config.logins()
        sent = [statuses[one.simulator]["counters"]["messages_sent"] for one in logins]
        read = [statuses[one.gateway]["tws_messages"] for one in logins]
        now = [
            *(statuses[one.gateway]["journal_seq"] for one in logins),
            statuses[roles.EXECUTOR]["journal_seq"],
            *read,
            *(s["counters"] for n, s in statuses.items() if roles.is_strategy(n)),
        ]
        self._same = self._same + 1 if now == self._last and sent == read else 0
        self._last = now
        return self._same >= self.LOOKS


class _Plan(NamedTuple):
    """What a demo trades, and the strategies that do it; the instruments are JSON-able."""

    instruments: dict[str, dict[str, Any]]
    strategies: list[StrategyConfig]


def _on_file(base: Config, file: TickFile, names: Sequence[str], say: Say) -> _Plan:
    """The configured strategies of these names (none: all) on the first symbols of the file."""
    instruments = _instruments(base, symbols_of(file.path, SYMBOLS_MAX))
    wanted = chosen(base, names)
    for left_out in not_trading(wanted, instruments):
        say(f"note: {left_out}")
    return _Plan(instruments, trading(base, wanted, instruments))


def _on_chain(base: Config, file: TickFile, start: str | None, underlying: str) -> _Plan:
    """The example that trades spreads, on the options near the money."""
    chain = chain_of(file.path, underlying, time_ns(start) if start else None)
    accounts = base.logins().accounts or base.simulator.accounts
    return _Plan(_instruments(base, chain.symbols), [chain.strategy(accounts)])


def _instruments(base: Config, symbols: Mapping[str, Decimal]) -> dict[str, dict[str, Any]]:
    """Symbols with the steps of their prices, each as it is configured, or else a US stock or what
    its name says."""
    known = {i.symbol: i.model_dump(mode="json") for i in base.instruments}
    return {
        symbol: known.get(symbol) or {"symbol": symbol, "min_tick": str(min_tick)}
        for symbol, min_tick in symbols.items()
    }


def _settings(
    base: Config,
    plan: _Plan,
    ticks: Path,
    start: str | None,
    seconds: float,
    speed: float,
) -> dict[str, str]:
    """The configuration of the demo, as environment over the file's."""
    instruments, strategies = plan
    rules = rules_about(base, strategies, instruments)
    simulator = {
        "enabled": True,
        "autostart": False,
        "ticks": str(ticks.absolute()),
        "start": start,
        "speed": speed,
        "seconds": seconds,
    }
    return {
        "TAPEWIRE_INSTRUMENTS": json.dumps([*instruments.values()]),
        "TAPEWIRE_STRATEGIES": json.dumps([s.model_dump(mode="json") for s in strategies]),
        "TAPEWIRE_RISK__RULES": json.dumps([r.model_dump(mode="json") for r in rules]),
        "TAPEWIRE_SIMULATOR": json.dumps(simulator),
        "TAPEWIRE_WEB__ENABLED": "false",  # it has figures, and no viewers
        "TAPEWIRE_MODE": "paper",
    }


@contextmanager
def _environment(settings: dict[str, str]) -> Iterator[None]:
    """Within, these settings are in force. A variable for a single key of a table, such as
    `TAPEWIRE_SIMULATOR__ENABLED`, would go before it: then the group would trade at the TWS that
    the configuration names. So those are left out."""
    before = dict(os.environ)
    tables = {name: json.loads(text) for name, text in settings.items() if text.startswith("{")}
    single = {f"{name}__{key.upper()}" for name, keys in tables.items() for key in keys}
    for name in [one for one in os.environ if one.upper() in single]:
        del os.environ[name]
    os.environ.update(settings)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
