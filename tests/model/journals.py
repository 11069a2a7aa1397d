"""What the journals of real processes did with each signal, as moves of the model.

Two journals alone do not say in which order their records came, and nothing of the broker. So each
is compared for itself: from what it says of a signal to what it says next there must be a step of
the model, whatever the other two states are.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from tapewire.common import roles
from tapewire.common.events import Event, OrderCreated, OrderIntended, OrderModifyIntended
from tapewire.common.runtime.journal import JournalError
from tapewire.console.records import books
from tests.model import checker
from tests.model.moves import executor_says, gateway_after, signal_of

EXECUTOR, GATEWAY = 0, 1
Move = tuple[str, str]


def strange_moves(run_dir: Path) -> list[str]:
    """The moves in the journals of a run that the model cannot make. A journal that a test has
    damaged says nothing."""
    return [*_of(run_dir, roles.EXECUTOR), *_of(run_dir, roles.GATEWAY)]


def _of(run_dir: Path, role: str) -> Iterator[str]:
    try:
        events = books.read_journal(run_dir, role)
    except JournalError:
        return
    moves = executor_moves(events) if role == roles.EXECUTOR else gateway_moves(events)
    known = _known(EXECUTOR if role == roles.EXECUTOR else GATEWAY)
    for signal, move in moves:
        if move not in known:
            yield f"the model has no way for the {role} from {move[0]} to {move[1]}: {signal}"


def gateway_moves(events: Iterable[Event]) -> Iterator[tuple[str, Move]]:
    """What a gateway's journal says of plain orders, until they are modified."""
    states, left = dict[str, str](), set[str]()
    for event in events:
        signal = signal_of(event)
        if isinstance(event, OrderModifyIntended) or _is_no_plain_order(event):
            left.add(signal)
        before = states.get(signal, "NONE")
        after = gateway_after(before, event)
        if signal and signal not in left and after != before:
            states[signal] = after
            yield signal, (before, after)


def executor_moves(events: Iterable[Event]) -> Iterator[tuple[str, Move]]:
    """What an executor's journal says of plain orders."""
    states, left = dict[str, str](), set[str]()
    for event in events:
        told = executor_says(event)
        if told is None:
            continue
        signal, after = told
        if _is_no_plain_order(event):
            left.add(signal)
        before = states.get(signal, "NONE")
        if signal and signal not in left and after != before:
            states[signal] = after
            yield signal, (before, after)


def _is_no_plain_order(event: Event) -> bool:
    """Whether it begins an order of a group, or a combo."""
    if not isinstance(event, OrderIntended | OrderCreated):
        return False
    return bool(event.order.group_id or event.order.legs)


@cache
def _known(which: int) -> frozenset[Move]:
    """The moves of one of the three states in all steps of the model."""
    steps = (line.split(" > ") for line in checker.table())
    moves = ((before.split()[which], after.split()[which]) for before, after in steps)
    return frozenset(move for move in moves if move[0] != move[1])
