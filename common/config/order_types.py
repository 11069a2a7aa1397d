"""Order types from outside the tree, found by the dotted names that the configuration gives."""

import importlib
from collections.abc import Iterable
from typing import Final

from tapewire.common.config.calling_folder import look_in_calling_folder
from tapewire.common.errors import ConfigError
from tapewire.common.events.order_types import ORDER_TYPES, PRICES, OrderKind
from tapewire.common.own_code import located

NAME_MAX: Final = 20
"""Characters that `OrderTerms.type` may have."""


def load_order_types(names: Iterable[str]) -> None:
    """Make the order types of these names known to this process; `ConfigError` names the entry that
    cannot be loaded. One that is known already stays as it is."""
    for number, name in enumerate(names):
        where = f"orders.types[{number}]"
        kind = _found(where, name)
        if fault := _fault(kind):
            raise ConfigError(f"{where} is {name}: {fault}")
        ORDER_TYPES[kind.name] = kind


def _found(where: str, name: str) -> OrderKind:
    module_name, _, attribute = name.partition(":")
    look_in_calling_folder()
    try:
        found = getattr(importlib.import_module(module_name), attribute)
    except Exception as error:
        raise ConfigError(
            f"{where} is {name}, but it cannot be loaded: {located(error)}"
        ) from error
    if not isinstance(found, OrderKind):
        raise ConfigError(f"{where} is {name}, which is not a tapewire.common.events.OrderKind")
    return found


def _fault(kind: OrderKind) -> str:
    """Why an order type cannot be used; empty if it can."""
    if not (0 < len(kind.name) <= NAME_MAX and kind.name.isascii() and kind.name.isprintable()):
        return f"its name is {kind.name!r:.40}; it must have 1 to {NAME_MAX} ASCII characters"
    if ORDER_TYPES.get(kind.name, kind) is not kind:
        return f"there is an order type {kind.name} already; give it another name"
    for price in kind.fields:
        if price not in PRICES:
            return f"it has a price {price}; the prices are {', '.join(PRICES)}"
    for price in kind.optional | kind.one_of:
        if price not in kind.fields:
            return f"it names {price}, which is not in its fields"
    return ""
