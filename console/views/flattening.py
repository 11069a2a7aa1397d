"""A flatten as a person follows it: what it is going to do, how it ended, and what is left."""

from pathlib import Path
from typing import NamedTuple

from tapewire.common.events import FlattenCompleted, FlattenStarted
from tapewire.console.group import status as told
from tapewire.console.group.poll import wait_for
from tapewire.console.group.status import Status
from tapewire.console.records.journals import Journals
from tapewire.console.views.plural import counted


class Ending(NamedTuple):
    """How a flatten ended. `left` says what could not be closed; `over` False: not yet."""

    over: bool
    left: str = ""

    @property
    def flat(self) -> bool:
        """Whether nothing is held any more."""
        return self.over and not self.left

    def sentence(self, statuses: dict[str, Status], timeout_s: float) -> str:
        """What a person is told of it after having waited for `timeout_s`."""
        if self.flat:
            return "flat: every position was closed; trading is HALTED until `tapewire resume`"
        if self.over:
            return f"not flat: {self.left}; trading is HALTED until `tapewire resume`"
        return (
            f"not flat after {timeout_s:g} s: {under_way(statuses) or 'not begun'},"
            f" {holdings(statuses) or 'no position'} left"
        )


def plan(statuses: dict[str, Status]) -> str:
    """What a flatten asked for now is going to do, as the processes have told last."""
    live = counted(told.live_orders(statuses), "order")
    held = holdings(statuses)
    closing = f"closing {held}" if held else "no position is known to be held"
    return f"cancelling every order of the account ({live} known to work), {closing}"


def holdings(statuses: dict[str, Status]) -> str:
    """What the account holds, as risk has told last; empty if nothing."""
    held: dict[str, str] = statuses.get("risk", {}).get("held", {})
    return ", ".join(f"{symbol} {quantity}" for symbol, quantity in held.items())


def under_way(statuses: dict[str, Status]) -> str:
    """How far the flatten that is under way has come; empty if there is none."""
    return str(statuses.get("risk", {}).get("flatten", ""))


def unfinished(run_dir: Path) -> FlattenStarted | None:
    """The flatten that risk's journal has begun and not ended: the next start goes on with it."""
    found: FlattenStarted | None = None
    with Journals(run_dir, sources=("risk",)) as journals:
        for entry in journals.until():
            if isinstance(entry.event, FlattenStarted):
                found = entry.event
            elif isinstance(entry.event, FlattenCompleted):
                found = None
    return found


def wait(run_dir: Path, timeout_s: float) -> Ending:
    """Wait for the end of the flatten that risk has written down; at most `timeout_s`."""
    ending = Ending(over=False)
    with Journals(run_dir, sources=("risk",)) as journals:

        def over() -> bool:
            nonlocal ending
            for entry in journals.until():
                if isinstance(entry.event, FlattenStarted):
                    ending = Ending(over=False)
                elif isinstance(entry.event, FlattenCompleted):
                    ending = Ending(over=True, left=entry.event.reason)
            return ending.over

        wait_for(over, timeout_s)
    return ending
