"""`python docs/generate.py [--check]`: the parts of the documents that repeat what the code says.

Each part is between `<!-- generated: NAME -->` and `<!-- end -->`. Without `--check` the documents
are rewritten in place; with it nothing is written, and the exit status is 1 if one is out of date.
"""

import argparse
import ast
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

import msgspec
import scale_tables
import simulator_tables

from tapewire.common.accounting import lifecycle
from tapewire.common.bus.ports import PORTS
from tapewire.common.bus.wire import WIRE_VERSION
from tapewire.common.events import (
    ORDER_TYPES,
    CashGap,
    ComboLeg,
    ContractRow,
    Difference,
    Gap,
    GroupLeg,
    HistoryBar,
    HistoryTick,
    OpenHours,
    OptionChain,
    OrderKind,
    OrderTerms,
    PriceStep,
    Scope,
    TermChanges,
    types_by_name,
)
from tapewire.common.events.account_queries import AccountRow, PnlRow, PortfolioRow
from tapewire.common.events.scans import Scan, ScanRow
from tapewire.common.ticks.columns import NAMES
from tapewire.common.ticks.layouts import LAYOUTS
from tapewire.executor.groups import machine
from tapewire.gateway import connection
from tapewire.gateway.tws.codes.others import DEFAULTS
from tapewire.gateway.tws.codes.row import ACTIONS, EFFECTS, Code
from tapewire.gateway.tws.errors import CODES
from tapewire.simulator.exchange.order_types import TIMES_IN_FORCE
from tapewire.simulator.protocol.answered import ANSWERED
from tapewire.simulator.protocol.order_attributes import VACUOUS

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = (
    "common", "gateway", "strategy", "executor", "risk", "simulator", "virtual", "backtest",
    "recorder", "bridge", "relay", "console", "client", "web", "benchmarks",
)  # fmt: skip
SECTION = re.compile(r"(<!-- generated: (?P<name>[\w ]+) -->\n).*?(<!-- end -->)", re.DOTALL)

FAMILIES = {
    "tick events": ("quote", "trade"),
    "beside ticks": ("midpoint", "trade.irregular", "tick.generic", "depth"),
    "greeks": ("greeks",), "bars": ("bar",),
    "gateway events": (
        "order.intended", "order.denied", "order.accepted", "order.rejected", "order.cancelled",
        "order.group.intended", "order.filled", "order.unknown", "order.lost", "order.conflict",
        "order.foreign.reported", "order.modify.intended", "order.modified",
        "order.modify.rejected", "order.cancel.rejected", "execution.reported",
        "commission.reported", "position.reported", "position.listed", "account.updated",
        "instrument.described", "instrument.halted",
        "connection.up", "connection.lost", "connection.changed", "broker.error", "circuit.changed",
        "feed.silent", "feed.resumed", "feed.refused", "feed.reduced", "feed.delayed",
        "order.taken_over", "order.what_if.answered", "reconciliation.completed",
    ),
    "executor events": (
        "order.created", "order.denied", "order.expired", "order.state.changed",
        "order.cancel.pending", "order.modify.pending", "order.terms.changed",
        "order.group.created", "order.group.state.changed", "order.group.released",
        "circuit.changed",
    ),
    "risk events": (
        "risk.violation", "risk.warned", "risk.halted", "risk.resumed", "risk.lockout.ended",
        "risk.flatten.started", "risk.flatten.deferred", "risk.flatten.delayed",
        "risk.flatten.completed", "risk.journal.shortened", "risk.rule.changed",
        "risk.rules.changed",
        "position.opened", "position.closed", "circuit.changed",
    ),
    "risk state": ("position.updated", "account.updated", "risk.headroom"),
    "heartbeat": ("process.heartbeat",),
    "signals": ("signal", "signal.group", "signal.cancel", "signal.modify", "circuit.changed"),
    "requests": (
        "order.request", "order.submit", "order.cancel", "order.modify", "order.cancel_all",
        "order.group.submit", "order.resolve", "position.list", "order.take_over", "order.what_if",
        "reconciliation.run",
        "order.reply", "order.answer", "stream.catch_up", "stream.catch_up.reply",
        "risk.control", "risk.control.reply", "request.refused",
    ),
    "queries": (
        "query.history", "query.history.page", "query.ticks", "query.ticks.page", "query.chain",
        "query.chain.page", "query.contracts", "query.contracts.page", "query.snapshot",
        "query.snapshot.page", "query.scan", "query.scan.page", "query.summary",
        "query.summary.page", "query.account", "query.account.page", "query.portfolio",
        "query.portfolio.page", "query.pnl", "query.pnl.page", "query.progress", "query.cancel",
        "query.failed",
    ),
    "scans": ("scanner.results.received",),
}  # fmt: skip
"""Which events are in which table of wire.md; one that no process sends is in none."""


# ---- the code's structure ------------------------------------------------------------------------


def modules() -> str:
    """Every module with the first sentence of its docstring, a table per package."""
    return "\n".join(_package(ROOT / name) for name in PACKAGES)


def _package(folder: Path) -> str:
    rows = [
        f"| `{path.relative_to(folder)}` | {_job(path)} |"
        for path in sorted(folder.rglob("*.py"))
        if path.name != "__init__.py"
    ]
    return "\n".join(
        [
            f"\n**{folder.name}/** {_job(folder / '__init__.py')}\n",
            "| module | job |",
            "|---|---|",
            *rows,
            "",
        ]
    )


def _job(path: Path) -> str:
    docstring = ast.get_docstring(ast.parse(path.read_text())) or ""
    return " ".join(docstring.partition("\n\n")[0].split()).replace("|", "\\|")


def order_lifecycle() -> str:
    """The life cycle's table as a diagram."""
    return f"```mermaid\n{lifecycle.diagram()}\n```\n"


def group_lifecycle() -> str:
    """The table of group states as a Mermaid state diagram."""
    return f"```mermaid\n{machine.diagram()}\n```\n"


def connection_states() -> str:
    """The states of a connection with what each means and what leads out of it."""
    rows = [f"| {state} | {does} |" for state, does in connection.MEANING.items()]
    return "\n".join(["| connection | means |", "|---|---|", *rows, ""])


def ports() -> str:
    """The sockets' names with their ports."""
    rows = [f"| `{name}` | {port} |" for name, port in PORTS.items()]
    return "\n".join(["| socket | port with tcp |", "|---|---|", *rows, ""])


# ---- the wire ----------------------------------------------------------------------------------


def wire_version() -> str:
    """The version in a sentence."""
    return f"Wire version {WIRE_VERSION}.\n"


def events(family: str) -> str:
    """The events of a family with their fields in the order of the wire."""
    known = types_by_name()
    rows = [f"| `{name}` | {_fields(known[name])} |" for name in FAMILIES[family]]
    return "\n".join(["| event | fields, in order |", "|---|---|", *rows, ""])


STRUCTS = (
    OrderTerms, TermChanges, GroupLeg, ComboLeg, Scope, Difference, Gap, CashGap, PriceStep,
    OpenHours, HistoryBar, HistoryTick, OptionChain, ContractRow, AccountRow,
    PortfolioRow, PnlRow, Scan, ScanRow,
)  # fmt: skip


def order_types() -> str:
    """The order types with the prices that each takes and TWS's fields for them."""
    rows = [f"| `{kind.name}` | {_prices(kind)} |" for kind in ORDER_TYPES.values()]
    return "\n".join(["| `type` | prices, and TWS's field for each |", "|---|---|", *rows, ""])


def _prices(kind: OrderKind) -> str:
    return ", ".join(
        f"`{name}`{_leave(kind, name)} ({field})" for name, field in kind.fields.items()
    )


def _leave(kind: OrderKind, name: str) -> str:
    """Whether an order of this type can do without the price."""
    if name in kind.one_of:
        return " or"
    return "?" if name in kind.optional else ""


def structs() -> str:
    """The structs inside events: arrays without a name."""
    rows = [f"| {cls.__name__} | {_fields(cls)} |" for cls in STRUCTS]
    return "\n".join(["| struct | fields, in order |", "|---|---|", *rows, ""])


def _fields(cls: type[msgspec.Struct]) -> str:
    return ", ".join(_field(field) for field in msgspec.structs.fields(cls))


def _field(field: Any) -> str:
    shown = f"`{field.name}` {_type(field.type)}"
    if field.default is msgspec.NODEFAULT:
        return shown
    return f"{shown} = {_default(field.default)}"


def _default(value: Any) -> str:
    if isinstance(value, msgspec.Struct):
        return "all empty"
    return (
        {None: "nil", "": '""', (): "none"}.get(value, str(value))
        if not isinstance(value, bool)
        else str(value).lower()
    )


def _type(kind: Any) -> str:  # noqa: PLR0911 - one return per kind of type
    """A field's type in the words of wire.md."""
    parts = [one for one in get_args(kind) if one is not type(None)]
    if type(None) in get_args(kind):
        return f"{' or '.join(map(_type, parts))}?"
    origin = get_origin(kind)
    if hasattr(kind, "__metadata__"):
        return _annotated(kind)
    if origin in (list, tuple):
        return f"array of ({' or '.join(_type(one) for one in parts if one is not ...)})"
    if str(origin) == "typing.Literal":
        return "\\|".join(part or '""' for part in parts)
    if parts:
        return " or ".join(map(_type, parts))
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        tag = kind.__struct_config__.tag
        return f"`{tag}`" if tag else kind.__name__
    return {"Decimal": "decimal", "bytes": "bin"}.get(kind.__name__, kind.__name__)


def _annotated(kind: Any) -> str:
    base, (meta, *_) = kind.__origin__, kind.__metadata__
    if base is str:
        return "name" if meta.min_length else "text" if meta.max_length == 512 else "str"
    if base is int:
        return "time" if meta.ge == 0 else f"int from {meta.ge}"
    if base is float:
        return {1: "unit", 1e15: "size"}.get(meta.le, "price")
    return f"{_type(base)}, at most {meta.max_length:,}" if meta.max_length else _type(base)


# ---- the simulator -----------------------------------------------------------------------------


def error_codes() -> str:
    """TWS's error codes, and what those that are not listed fall to."""
    rows = [_error_code(str(row.code), row) for row in CODES.values()]
    rows += [_error_code(_range(low, high), row) for low, high, row in DEFAULTS]
    heading = "| code | what it means | class | an order that it names | what to do |"
    return "\n".join([heading, "|---|---|---|---|---|", *rows, ""])


def _range(low: int, high: int) -> str:
    return f"other {low} to {high}" if low else "any other"


def _error_code(code: str, row: Code) -> str:
    return f"| {code} | {row.meaning} | `{row.error_class}` | `{row.effect}` | {row.advice} |"


def _named(heading: str, rows: Mapping[str, str]) -> str:
    return "\n".join(
        [heading, "|---|---|", *(f"| `{n}` | {does} |" for n, does in rows.items()), ""]
    )


# ---- files of ticks ----------------------------------------------------------------------------


def layouts() -> str:
    """The layouts of files that can be read, each with its columns and a line."""
    rows = [f"| {one.name} | `{','.join(one.columns)}` | `{one.line}` |" for one in LAYOUTS]
    return "\n".join(["| file | columns | a line |", "|---|---|---|", *rows, ""])


def column_names() -> str:
    """The names that each column goes by."""
    rows = [f"| {ours} | {_listed(names)} |" for ours, names in NAMES.items()]
    return "\n".join(["| column | names |", "|---|---|", *rows, ""])


def _listed(names: tuple[str, ...]) -> str:
    return " ".join(f"`{name}`" for name in names if not name.startswith("__"))


def decisions() -> str:
    """Each decision by its heading, which begins with its number."""
    paths = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    titles = ((path.name, path.read_text().partition("\n")[0].removeprefix("# ")) for path in paths)
    rows = ("{}. [{}](decisions/{})".format(*title.split(". ", 1), name) for name, title in titles)
    return "\n".join([*rows, ""])


# ---- the documents -----------------------------------------------------------------------------


SECTIONS: dict[str, Callable[[], str]] = {
    "modules": modules,
    "order lifecycle": order_lifecycle,
    "group lifecycle": group_lifecycle,
    "connection states": connection_states,
    "ports": ports,
    "wire version": wire_version,
    "structs": structs,
    "layouts": layouts,
    "column names": column_names,
    "decisions": decisions,
    "order types": order_types,
    "error classes": lambda: _named("| class | the gateway |", ACTIONS),
    "error effects": lambda: _named("| effect | what becomes of the order |", EFFECTS),
    "error codes": error_codes,
    "scale measured": scale_tables.measured,
    "scale needs": scale_tables.needs,
    "scale limits": scale_tables.limits,
    "simulator faults": simulator_tables.faults,
    "projectx faults": simulator_tables.projectx_faults,
    "simulator order types": simulator_tables.order_types,
    "simulator margins": simulator_tables.margins,
    "simulator commissions": simulator_tables.commissions,
    "simulator times in force": lambda: _named("| time in force | how long |", TIMES_IN_FORCE),
    "simulator requests": lambda: _named("| request | answer |", ANSWERED),
    "simulator vacuous attributes": lambda: _named("| attribute | why |", VACUOUS),
    **{name: (lambda name=name: events(name)) for name in FAMILIES},
}


def renewed(text: str) -> str:
    """A document with each of its generated sections as the code has it now."""
    return SECTION.sub(lambda m: f"{m[1]}{SECTIONS[m['name']]()}{m[3]}", text)


def outdated() -> Iterator[Path]:
    """The documents that are not as the code has them."""
    for path in sorted((ROOT / "docs").glob("*.md")):
        text = path.read_text()
        if renewed(text) != text:
            yield path


def main() -> int:
    """Rewrite the documents, or say which are out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    paths = list(outdated())
    for path in paths:
        print(f"{path.relative_to(ROOT)}: {'out of date; run `make docs`' if check else 'renewed'}")
        if not check:
            path.write_text(renewed(path.read_text()))
    return 1 if check and paths else 0


if __name__ == "__main__":
    sys.exit(main())
