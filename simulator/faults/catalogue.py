"""The table of all faults, by name."""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from tapewire.simulator.faults import callbacks, connection, order_requests, orders
from tapewire.simulator.faults.kinds import Fault

FAULTS: Final[Mapping[str, type[Fault]]] = {
    "reset": connection.Reset,
    "restart": connection.Restart,
    "close": connection.Close,
    "half_open": connection.HalfOpen,
    "hang": connection.Hang,
    "not_reading": connection.NotReading,
    "delay": connection.Delay,
    "split": connection.Split,
    "1100": connection.Lost,
    "1101": connection.DataLost,
    "1102": connection.Restored,
    "2103": connection.DeadFarm,
    "2110": connection.CutOff,
    "client_id_taken": connection.ClientIdTaken,
    "pacing_violation": connection.PacingViolation,
    "unanswered_request": connection.UnansweredRequest,
    "refused_request": connection.RefusedRequest,
    "duplicate": callbacks.Duplicate,
    "late": callbacks.Late,
    "reorder": callbacks.Reorder,
    "missing": callbacks.Missing,
    "missing_end": callbacks.MissingEnd,
    "late_commission": callbacks.LateCommission,
    "missing_commission": callbacks.MissingCommission,
    "extra_field": callbacks.ExtraField,
    "id_roll_back": callbacks.IdRollBack,
    "swallowed": order_requests.Swallowed,
    "unanswered": order_requests.Unanswered,
    "late_order": order_requests.LateOrder,
    "rejected": order_requests.Rejected,
    "warning": orders.Warned,
    "cancel_not_found": order_requests.CancelNotFound,
    "modify_split": order_requests.ModifySplit,
    "perm_id_replaced": orders.PermIdReplaced,
    "foreign_execution": orders.ForeignExecution,
    "filled_without_execution": orders.FilledWithoutExecution,
    "corrected_execution": orders.CorrectedExecution,
    "busted_execution": orders.BustedExecution,
    "fill_after_cancel": orders.FillAfterCancel,
    "hand_entered": orders.HandEntered,
    "position": orders.Position,
}


def listing(catalogue: Mapping[str, type[Fault]] = FAULTS) -> Iterator[str]:
    """The table for a terminal: each fault with what it does, its parameters, and the advice."""
    for name, kind in catalogue.items():
        yield f"{name}: {kind.does}"
        if given := ", ".join(parameters_of(kind)):
            yield f"    parameters: {given}"
        yield f"    a client should: {kind.advice}"


def parameters_of(kind: type[Fault]) -> Iterator[str]:
    """A fault's parameters with their defaults, as a scenario file has them."""
    for field in msgspec.structs.fields(kind):
        if field.default is msgspec.NODEFAULT:
            yield field.name
        elif field.default is not None:
            yield f"{field.name} = {_toml(field.default)}"
        else:
            yield f"{field.name} (none)"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
