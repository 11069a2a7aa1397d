"""A flatten as a person follows it: what it will do, how it ended, and what is left."""

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from tapewire.common import roles
from tapewire.common.accounting.decisions import Decisions
from tapewire.common.amounts import counted
from tapewire.common.events import (
    EVERYTHING,
    FlattenCompleted,
    FlattenDelayed,
    FlattenStarted,
    Scope,
)
from tapewire.common.runtime.journal import JournalDamagedError
from tapewire.console.group import status
from tapewire.console.group.status import Status, wait_for
from tapewire.console.records.journals import Journals


class Ending(NamedTuple):
    """How a flatten ended. `left` says what could not be closed; while `over` is False it is still
    in progress."""

    over: bool
    left: str = ""
    scope: Scope = EVERYTHING

    @property
    def flat(self) -> bool:
        """Whether every position in the scope is closed."""
        return self.over and not self.left

    def sentence(self, statuses: Mapping[str, Status], timeout_s: float) -> str:
        """What a person reads after having waited for `timeout_s`."""
        everything = self.scope == EVERYTHING
        halted = (
            "trading is HALTED until `tapewire resume`"
            if everything
            else f"{self.scope} stays halted until `tapewire resume{self.scope.options}`"
        )
        if self.flat:
            where = "" if everything else f" in {self.scope}"
            return f"flat: every position{where} was closed; {halted}"
        if self.over:
            return f"not flat: {self.left}; {halted}"
        return (
            f"not flat after {timeout_s:g} s: {in_progress(statuses) or 'not started'},"
            f" {holdings(statuses, self.scope) or 'no position'} left"
        )


def plan(statuses: Mapping[str, Status], scope: Scope = EVERYTHING) -> str:
    """What a flatten will do if it is requested now, by the newest status of the processes."""
    held = holdings(statuses, scope)
    closing = f"closing {held}" if held else "no position is known to be held"
    if scope != EVERYTHING:
        return f"cancelling our orders in {scope}, {closing}"
    live = counted(status.live_orders(statuses), "order")
    return f"cancelling every order of the login ({live} known to work), {closing}"


def holdings(statuses: Mapping[str, Status], scope: Scope = EVERYTHING) -> str:
    """What is held in a scope, by risk's newest status; empty if nothing. Accounts are named where
    there are several."""
    rows = statuses.get(roles.RISK, {}).get("held", [])
    several = len({row["account"] for row in rows}) > 1
    return ", ".join(
        f"{row['account'] + ' ' if several else ''}{row['symbol']} {row['quantity']}"
        for row in rows
        if scope.covers(row["account"], None, row["symbol"])
    )


def in_progress(statuses: Mapping[str, Status]) -> str:
    """How far the current flatten has come; empty if there is none."""
    return str(statuses.get(roles.RISK, {}).get("flatten", ""))


def unfinished(run_dir: Path) -> FlattenStarted | None:
    """The flatten that risk has started and not completed; the next start continues it. A damaged
    journal is read up to the damage: risk continues nothing before it is put right."""
    decisions = Decisions()
    damaged = contextlib.suppress(JournalDamagedError)
    with damaged, Journals(run_dir, sources=(roles.RISK,)) as journals:
        for entry in journals.until():
            decisions.apply(entry.event)
    return next(iter(decisions.flattening.values()), None)


def wait(
    run_dir: Path,
    timeout_s: float,
    report: Callable[[str], object] = str,
    scope: Scope = EVERYTHING,
) -> Ending:
    """Wait for the end of the newest flatten in a scope in risk's journal, at most `timeout_s`.
    What delays it, and what it has to do to more than its scope, goes to `report` as soon as it is
    there."""
    ending = Ending(over=False)
    with Journals(run_dir, sources=(roles.RISK,)) as journals:

        def over() -> bool:
            nonlocal ending
            delays: list[str] = []  # of the newest flatten
            for entry in journals.until():
                event = entry.event
                if isinstance(event, FlattenStarted) and event.scope.shares_account(scope):
                    ending = Ending(over=False, scope=event.scope)
                    delays.clear()
                elif not isinstance(event, FlattenDelayed | FlattenCompleted):
                    continue
                elif event.scope != ending.scope:
                    continue  # of another one, beside it
                elif isinstance(event, FlattenDelayed):
                    delays.append(event.reason)
                else:
                    ending = Ending(True, event.reason, event.scope)
            for delay in delays:
                report(delay)
            return ending.over

        wait_for(over, timeout_s)
    return ending
