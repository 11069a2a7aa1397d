"""Entries of a scenario: which fault, with which parameters, when, and how often."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from tapewire.common.config.near import expected
from tapewire.common.config.parameters import parameters_of
from tapewire.common.errors import ConfigError
from tapewire.simulator.faults.catalogue import FAULTS
from tapewire.simulator.faults.kinds import Fault
from tapewire.simulator.faults.tws import NS_PER_S, OrderKey

GATES: Final = ("at_s", "after_messages", "on_order")


class When(msgspec.Struct, frozen=True, kw_only=True):
    """When a fault acts; at once, if nothing is given.

    All is counted from when the entry was armed: `at_s` seconds, but from the first connection at
    the earliest, `after_messages` the messages that went either way, market data left out, and
    `on_order` the new orders that clients sent. With `probability` each occasion after that counts
    with this chance. `times` is how often it acts at most, 0
    without end: once, or without end if a probability is given.
    """

    at_s: Annotated[float, Meta(ge=0)] | None = None
    after_messages: Annotated[int, Meta(ge=1)] | None = None
    on_order: Annotated[int, Meta(ge=1)] | None = None
    probability: Annotated[float, Meta(gt=0, le=1)] | None = None
    times: Annotated[int, Meta(ge=0)] | None = None

    @property
    def is_gated(self) -> bool:
        """Whether it waits for something."""
        return any(getattr(self, gate) is not None for gate in GATES)

    @property
    def times_max(self) -> int:
        """How often it acts at most; 0: without end."""
        if self.times is not None:
            return self.times
        return 1 if self.probability is None else 0


WHEN: Final = frozenset(field.name for field in msgspec.structs.fields(When))


class Entry(msgspec.Struct, kw_only=True, eq=False):
    """One fault of a scenario, and how far it has come.

    `from_ns`, `from_messages` and `from_orders` are where its counting starts. `is_open` is set
    once its time has come. `keys` are the orders that it was drawn for, `done` the permIds that it
    has acted on.
    """

    name: str
    fault: Fault
    when: When
    number: int = 0
    acted: int = 0
    from_ns: int | None = None
    from_messages: int = 0
    from_orders: int = 0
    is_open: bool = False
    is_scanned: bool = False
    keys: set[OrderKey] = msgspec.field(default_factory=set)
    done: set[int] = msgspec.field(default_factory=set)

    @property
    def due_ns(self) -> int | None:
        """When its time comes, if that is a matter of time and known."""
        if self.when.at_s is None or self.from_ns is None:
            return None
        return self.from_ns + int(self.when.at_s * NS_PER_S)

    @property
    def is_spent(self) -> bool:
        """Whether it has acted as often as it may."""
        return 0 < self.when.times_max <= self.acted

    def described(self) -> dict[str, Any]:
        """The entry in JSON values."""
        when = {k: v for k, v in msgspec.structs.asdict(self.when).items() if v is not None}
        return {
            "number": self.number,
            "what": self.name,
            "acted": self.acted,
            **when,
            **parameters(self.fault),
        }


def parameters(fault: Fault) -> dict[str, Any]:
    """A fault's parameters in JSON values."""
    return dict(msgspec.to_builtins(fault))


def entry_of(
    given: Mapping[str, Any], where: str = "", catalogue: Mapping[str, type[Fault]] = FAULTS
) -> Entry:
    """The entry of a table `{what, when..., parameters...}`; raises ConfigError, naming the key.

    `catalogue` has the faults that there are. `where` is for the start of its sentence, such as
    "scenario.toml: number 2 of [[faults]]: ".
    """
    name = given.get("what")
    if not isinstance(name, str):
        found = "is missing" if name is None else f"is {name!r:.80}, must be text in quotes"
        raise ConfigError(f"{where}what {found}; {expected('', catalogue)}")
    if name not in catalogue:
        raise ConfigError(f"{where}{name!r} is not a known fault; {expected(name, catalogue)}")
    kind, rest = catalogue[name], {key: given[key] for key in given if key != "what"}
    known = WHEN | {field.name for field in msgspec.structs.fields(kind)}
    for key in sorted(rest.keys() - known):
        raise ConfigError(f"{where}{name}.{key} is not known; {expected(key, known)}")
    return Entry(
        name=name,
        when=_when(where + name, {key: rest[key] for key in rest if key in WHEN}),
        fault=parameters_of(
            where + name, {key: rest[key] for key in rest if key not in WHEN}, kind, name
        ),
    )


def _when(where: str, given: Mapping[str, Any]) -> When:
    gates = [key for key in GATES if key in given]
    if len(gates) > 1:
        raise ConfigError(f"{where} has {' and '.join(gates)}; must have one of them at most")
    when: When = parameters_of(where, given, When, "when")
    return when
