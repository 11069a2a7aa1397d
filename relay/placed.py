"""Whose a signal is, and whether it may come from the host that it came from.

A host signals for the strategies that home's configuration places there. It takes more than the
strategy's name to see to that. The executor answers each id once, whoever sent it: whoever uses the
next id of another strategy keeps that one's signal from ever being traded. So a signal has an id of
its own strategy. And a circuit breaker's changes name no strategy but in the circuit's own name.
"""

import re
from typing import Final

from tapewire.common import roles
from tapewire.common.config.settings import Config
from tapewire.common.events import (
    CancelSignal,
    CircuitChanged,
    Event,
    GroupSignal,
    ModifySignal,
    Signal,
    name_of,
)
from tapewire.common.signal_ids import is_own

SIGNALS: Final = (Signal, GroupSignal, CancelSignal, ModifySignal)
CIRCUIT: Final = f"{roles.STRATEGY}."
_OF_PERSON: Final = re.compile(r"cli-[0-9a-f]+")
"""Ids of the command line, as `tapewire.console.group.questions` makes them."""


def fault(config: Config, host: str, event: Event) -> str:
    """Why this must not come from that host, in a sentence; empty if it may."""
    if isinstance(event, SIGNALS):
        strategy, id_of = event.strategy, event.strategy
    elif isinstance(event, CircuitChanged):
        strategy = event.circuit.removeprefix(CIRCUIT)
        if strategy == event.circuit:
            return f"{event.circuit} is not the circuit of a strategy"
        id_of = roles.strategy_role(strategy)
    else:
        return f"{name_of(event)} is not a signal"
    if elsewhere := _elsewhere(config, host, strategy):
        return elsewhere
    what = "circuit" if isinstance(event, CircuitChanged) else "signal"
    return "" if _is_id(event.id, id_of) else f"{event.id} is not an id of a {what} of {strategy}"


def _elsewhere(config: Config, host: str, strategy: str) -> str:
    """Where a strategy is that is not here. One that the configuration does not have is a program
    of a person's, and may be anywhere."""
    entry = next((s for s in config.strategies if s.name == config.instance(strategy)[0]), None)
    if entry is None or (placed := config.placement().host_of(entry.host)) == host:
        return ""
    return f"a signal of {strategy}, which runs on host {placed}, came from host {host}"


def _is_id(text: str, of: str) -> bool:
    if of == roles.MANUAL:
        return _OF_PERSON.fullmatch(text) is not None
    return is_own(text, of)
