"""The broker's side of a simulation, folded from its audit: positions, working orders, executions.

It is kept apart from the simulator's own books on purpose: what an order did to a position is
judged from the lines in their order, at the moment of each.
"""

from collections import Counter, defaultdict
from decimal import Decimal
from typing import NamedTuple

from tapewire.common.accounting.exec_ids import execution_key
from tapewire.common.accounting.exposure import Exposure
from tapewire.common.accounting.identity import Names
from tapewire.common.events import OrderTerms, Side
from tapewire.simulator.audit import Line

Key = tuple[str, str]
ZERO = Decimal(0)


Parts = dict[str, tuple[Side, int]]
"""What a unit of an order does to which symbols; a combo to several."""


class Working(NamedTuple):
    """What an order may still do; `left` is by symbol."""

    account: str
    parts: Parts
    quantity: Decimal
    left: dict[str, Decimal]
    oca_group: str = ""
    """Of these the broker lets one fill; empty where it stands alone."""
    name: tuple[int, int] = (0, 0)
    parent: tuple[int, int] | None = None
    """Its client's and order id, and those of the order that it waits for."""


class Entry(NamedTuple):
    """An order of which nothing has filled, and for how much it is."""

    side: Side | None
    quantity: Decimal
    name: tuple[int, int]


NO_ENTRY = Entry(None, ZERO, (0, 0))


class Executed(NamedTuple):
    """An execution and what it cost, as the broker booked them."""

    account: str
    symbol: str
    side: str
    quantity: Decimal
    price: Decimal
    commission: Decimal


class BrokerSide:
    """Takes lines in with `apply`; `adds_risk` is asked about a line before it is taken in."""

    def __init__(self) -> None:
        self.positions: Counter[Key] = Counter()
        self.working: dict[int, Working] = {}
        self.foreign: set[int] = set()  # by permanent id: the group learns of them a while later
        self.foreign_order_ids: set[int] = set()  # of these, where they have one
        self.executions: dict[str, Executed] = {}
        self.references: dict[str, str] = {}  # of the orders, by execution
        self.names: dict[str, Names] = {}  # of the orders, by execution
        self.executed_ns: dict[str, int] = {}  # when, by the broker's clock, by execution
        self._newest: dict[str, str] = {}  # the present id of an execution, by its key
        self.placed_by_ref: Counter[str] = Counter()
        self.placed_by_id: Counter[tuple[int, int]] = Counter()
        self.modified: Counter[str] = Counter()

    def apply(self, line: Line) -> None:
        """Take in one line."""
        if line["kind"] == "order":
            self._order(line)
        elif line["kind"] == "status":
            self._status(line)
        elif line["kind"] == "execution":
            self._execution(line)

    def adds_risk(self, line: Line) -> bool:
        """Whether the order that is placed or modified could do more than bring its position
        nearer to zero, with all that works on its side; a combo, whether one of its legs could."""
        before, quantity = self.working.get(line["perm_id"]), Decimal(line["quantity"])
        if before is not None and quantity < before.quantity:
            return False  # whatever it adds, it was there before
        for symbol, (side, ratio) in parts_of(line).items():
            size = ratio * quantity
            if before is not None:
                size -= ratio * before.quantity - before.left[symbol]
            if not self._exposure(line, symbol, side).reduced_by(OrderTerms(side, size)):
                return True
        return False

    def _exposure(self, line: Line, symbol: str, mine_on: Side) -> Exposure:
        """All that works on the position but the line's order, and the group that it is in: of one
        group the largest order counts. Exits whose entry has filled nothing close no position yet,
        and later what that opens: only what they are for beyond it counts."""
        key, mine = (line["account"], symbol), _group(line)
        entries = self._unfilled(line["account"], symbol)
        largest: dict[tuple[Side, str, Entry], Decimal] = {}
        for perm_id, one in self.working.items():
            if one.account != line["account"] or symbol not in one.parts:
                continue
            side = one.parts[symbol][0]
            is_mate = bool(mine) and (side, one.oca_group) == (mine_on, mine)
            if perm_id == line["perm_id"] or perm_id in self.foreign or is_mate:
                continue
            entry = entries.get(one.parent, NO_ENTRY) if one.parent else NO_ENTRY
            waits_for = entry if entry.side != side else NO_ENTRY
            name = (side, one.oca_group or str(perm_id), waits_for)
            largest[name] = max(largest.get(name, ZERO), one.left[symbol])
        by_entry: defaultdict[tuple[Side, Entry], Decimal] = defaultdict(Decimal)
        for (side, _, waits_for), remaining in largest.items():
            by_entry[side, waits_for] += remaining
        left = {"BUY": ZERO, "SELL": ZERO}
        for (side, waits_for), remaining in by_entry.items():
            left[side] += max(remaining - waits_for.quantity, ZERO)
        return Exposure(self.positions[key], left["BUY"], left["SELL"])

    def _unfilled(self, account: str, symbol: str) -> dict[tuple[int, int], Entry]:
        """The orders of which nothing has filled, by client and order id."""
        return {
            one.name: Entry(one.parts[symbol][0], one.left[symbol], one.name)
            for one in self.working.values()
            if one.account == account
            and symbol in one.parts
            and one.left[symbol] == one.quantity * one.parts[symbol][1]
        }

    def _order(self, line: Line) -> None:
        quantity, is_placed = Decimal(line["quantity"]), line["event"] == "placed"
        if is_placed:
            self.placed_by_ref[line["order_ref"]] += 1
            self.placed_by_id[line["client_id"], line["order_id"]] += 1
        if is_placed or line["event"] == "made":  # by TWS, and it can be modified as any other
            parts, parent_id = parts_of(line), line.get("parent_id")
            self.working[line["perm_id"]] = Working(
                line["account"], parts, quantity, _left(parts, quantity), _group(line),
                (line["client_id"], line["order_id"]),
                (line["client_id"], parent_id) if parent_id else None,
            )  # fmt: skip
        elif line["event"] == "modified":
            before = self.working.get(line["perm_id"])
            self.modified[line["order_ref"]] += not _is_reduced(line, before)
            if before is not None:
                more = _left(before.parts, quantity - before.quantity)
                left = {symbol: q + more[symbol] for symbol, q in before.left.items()}
                self.working[line["perm_id"]] = before._replace(quantity=quantity, left=left)
        else:
            self.working.pop(line["perm_id"], None)

    def _status(self, line: Line) -> None:
        before = self.working.get(line["perm_id"])
        if before is None:
            return
        if line["status"] in ("PreSubmitted", "Submitted"):
            left = _left(before.parts, Decimal(line["remaining"]))
            self.working[line["perm_id"]] = before._replace(left=left)
        else:
            del self.working[line["perm_id"]]

    def _execution(self, line: Line) -> None:
        if line["of_combo"]:
            return  # its legs' have moved the positions
        shares, key = Decimal(line["shares"]), execution_key(line["exec_id"])
        corrected = self.executions.pop(self._newest.get(key, ""), None)
        change = shares - corrected.quantity if corrected else shares
        self.positions[_key(line)] += change if line["side"] == "BUY" else -change
        before = self.working.get(line["perm_id"])
        if before is not None:
            left = {**before.left, line["symbol"]: before.left[line["symbol"]] - change}
            self.working[line["perm_id"]] = before._replace(left=left)
        self._newest[key] = line["exec_id"]
        self.references[line["exec_id"]] = line["order_ref"]
        self.executed_ns[line["exec_id"]] = line["ts_ns"]
        self.names[line["exec_id"]] = Names(
            str(line["client_id"]), str(line["order_id"]), str(line["perm_id"])
        )
        self.executions[line["exec_id"]] = Executed(
            line["account"], line["symbol"], line["side"],
            shares, Decimal(line["price"]), Decimal(line["commission"]),
        )  # fmt: skip


def parts_of(line: Line) -> Parts:
    """What an order's line says that a unit of it does."""
    if not line["legs"]:
        return {line["symbol"]: (line["side"], 1)}
    turned = {"BUY": "SELL", "SELL": "BUY"} if line["side"] == "SELL" else {}
    return {symbol: (turned.get(side, side), ratio) for symbol, ratio, side in line["legs"]}


def _left(parts: Parts, units: Decimal) -> dict[str, Decimal]:
    return {symbol: ratio * units for symbol, (_, ratio) in parts.items()}


def _is_reduced(line: Line, before: Working | None) -> bool:
    """Whether the broker itself has made an order smaller, since another of its group was filled or
    its parent has ended."""
    is_linked = bool(line["parent_id"] or line["oca_type"] == 2)
    return before is not None and is_linked and Decimal(line["quantity"]) < before.quantity


def _group(line: Line) -> str:
    """The group of which the broker lets one order fill at a time."""
    return line["oca_group"] if line["oca_type"] in (1, 2) else ""


def _key(line: Line) -> Key:
    return line["account"], line["symbol"]
