"""What a control port is asked, one JSON object per line, and what it answers."""

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

import msgspec

from tapewire.common.config.near import expected
from tapewire.common.errors import ConfigError

Given = dict[str, Any]


class Armed(Protocol):
    """The faults of a simulator, as a control port knows them."""

    def arm_as(self, table: Mapping[str, Any]) -> int:
        """Arm what a table says; returns its number. Raises ConfigError for what is not a fault."""

    def armed(self) -> list[dict[str, Any]]:
        """The faults that can still act."""

    def clear(self) -> None:
        """Forget them."""


def answer(faults: Armed, line: bytes) -> bytes:
    """Do what a line asks for; returns a line: `{"ok": true, ...}`, or false with the `error`."""
    try:
        found = {"ok": True, **_do(faults, _read(line))}
    except ConfigError as error:
        found = {"ok": False, "error": str(error)}
    return msgspec.json.encode(found) + b"\n"


def _read(line: bytes) -> Given:
    try:
        found = msgspec.json.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ConfigError(f"expected a JSON object in one line: {error}") from error
    if not isinstance(found, dict):
        raise ConfigError(f'expected a JSON object, found {found!r:.80}; try {{"do": "list"}}')
    return found


def _do(faults: Armed, given: Given) -> Given:
    name = given.pop("do", None)
    if name not in COMMANDS:
        found = "is missing" if name is None else f"is {name!r:.80}"
        raise ConfigError(f"do {found}; {expected(str(name), COMMANDS)}")
    return COMMANDS[name](faults, given)


def _inject(faults: Armed, given: Given) -> Given:
    return {"number": faults.arm_as(given)}


def _order(faults: Armed, given: Given) -> Given:
    """A person enters an order."""
    return _inject(faults, {**given, "what": "hand_entered"})


def _list(faults: Armed, _given: Given) -> Given:
    return {"faults": faults.armed()}


def _clear(faults: Armed, _given: Given) -> Given:
    faults.clear()
    return {}


COMMANDS: Final[Mapping[str, Callable[[Armed, Given], Given]]] = {
    "inject": _inject,
    "order": _order,
    "list": _list,
    "clear": _clear,
}
