"""Watches a simulation from outside, and notes what must never be seen while it runs.

G1: a signal is one order at the broker, with an order id of its own and with the signal's terms.
G4: no order is written after its signal has expired. G5: after a halt, and at the liquidation
gateway always, only orders that reduce risk. And no process receives what it cannot use, but for
what a storm makes of the network.

A halt is in force at the gateway once it was read there, or risk's lease has expired. So an order
that adds risk is a fault if it was written later than a lease after the halt was announced. When
TWS reads it is TWS's affair.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from tapewire.common import roles
from tapewire.common.accounting.decisions import Decisions
from tapewire.common.bus import wire
from tapewire.common.bus.wire import DeadLetter
from tapewire.common.clock import Now, VirtualClock
from tapewire.common.config.settings import Config
from tapewire.common.events import (
    ComboLeg,
    Event,
    GroupLeg,
    GroupSignal,
    OrderReply,
    OrderRequest,
    Scope,
    Signal,
    combo_name,
)
from tapewire.common.events.expiry import has_expired
from tapewire.common.runtime.journal import Journal, events_of
from tapewire.common.runtime.memory_journal import MemoryJournal
from tapewire.gateway.service import BROKER
from tapewire.simulator.audit import Line
from tapewire.virtual.node import Node
from tapewire.virtual.world import World
from tests.simulation.broker_side import BrokerSide, parts_of
from tests.simulation.misbehaviour import OF_OTHERS

PLACE_ORDER: Final = "3"
DAY_NS: Final = 86_400_000_000_000
EXECUTOR: Final = roles.EXECUTOR.encode()  # risk asks the gateway too, under no token
Asked = tuple[int, tuple[str, ...]]
"""A request's number, and the intents that it is about."""
OF_THE_STORM: Final = (
    r"orders of an executor that has been replaced",
    r"(gateway|liquidation)\S* denied ",
    r"the broker's error 10311 ",
    r"TWS sent a message that cannot be read",
    r".*conflict",
    r".* is FILLED: the broker reports it as filled and lists no executions",
    r".* is CANCELLED: the broker reports \S+ of it as filled and lists no executions",
    r"group \S+ of \S+ ",
)
"""Dead letters that are not a fault: what a network that loses and delays makes of good messages,
and a code of TWS that nobody knows."""
MISLEADS_NS: Final = 30_000_000_000
"""How long a list of positions that lacked one, since TWS sent it behind the end, can mislead: till
the next list is compared."""
RECONCILED: Final = re.compile(r"reconciliation: position (\S+) (\S+): ")
CANCELLED: Final = re.compile(r"TWS error 202 on (\d+): ")


class Watch:
    """Satisfies `virtual.observer.Observer`. `faults` are sentences, each beginning with the
    guarantee that does not hold."""

    def __init__(self, config: Config) -> None:
        self.broker = BrokerSide()
        self.faults: list[str] = []
        self.letters: Counter[tuple[str, str]] = Counter()
        self.reconciled: list[tuple[str, str, str]] = []  # account, symbol, the gateway's alarm
        self.misled: set[tuple[str, str, str]] = set()  # those after TWS held back a position
        self._held_back_ns: int | None = None  # when it did so last, monotonic
        self.signals: dict[str, Signal | GroupSignal] = {}
        self.others = 0  # things that TWS did and nobody of the group had asked for
        self.strangers = 0  # contracts that somebody else has traded, by another program
        self.late = 0  # orders that TWS held back before it took them
        self._client_id = config.tws.client_id
        self._liquidation_id = config.tws.liquidation_client_id
        self._lease_ns = config.risk.lease_ms * 1_000_000
        self._decisions = Decisions()
        self._since_ns: dict[Scope, int] = {}  # monotonic, of the halts in force
        self._written: dict[tuple[int, int], Now] = {}  # orders, by client and order id
        self._is_tws_doing = False
        self._arrived_ns: dict[tuple[int, int], int] = {}
        self._clock = VirtualClock()
        self._risk: Journal = MemoryJournal()
        self._risk_seq = 0  # of risk's journal, what was read of it
        self._tokens: defaultdict[Asked, set[str]] = defaultdict(set)  # that asked for this
        self._newest_token = ""
        self._gateway: Node | None = None
        self._gateway_start = 0  # the one that `_newest_token` is of
        self._announced: list[tuple[str, int]] = []  # gateway, and how far its journal went

    def attach(self, world: World) -> None:
        """The world, once there is one."""
        self.follow(world.clock, world.nodes[roles.RISK].records)
        self._gateway = world.nodes.get(roles.GATEWAY)

    def follow(self, clock: VirtualClock, risk: Journal) -> None:
        """Whose time it is, and what risk has decided, where there is no world."""
        self._clock, self._risk = clock, risk

    def is_anothers(self, exec_id: str) -> bool:
        """Whether neither gateway has placed the order of an execution."""
        ours = (str(self._client_id), str(self._liquidation_id))
        return self.broker.names[exec_id].client_id not in ours

    def is_of_earlier_day(self, exec_id: str) -> bool:
        """Whether TWS does not list an execution any more: its day, in UTC, is over."""
        return self.broker.executed_ns[exec_id] // DAY_NS < self._clock.mono_ns() // DAY_NS

    # ---- what is seen --------------------------------------------------------------------------

    def sent(self, sender: str, channel: str, frames: Sequence[bytes]) -> None:
        """Signals, what risk and the gateways announce, and what is written to TWS."""
        if channel == BROKER:
            self._note_written(sender, frames[0])
        elif channel == "signals":
            signal = wire.decode_event(frames[-1])
            if isinstance(signal, Signal | GroupSignal):
                self.signals.setdefault(signal.id, signal)
        elif channel == "events" and frames[0] == wire.topic(sender):
            batch = wire.decode_batch(frames[1])[0]
            if sender == roles.RISK:
                self._decide()
            elif roles.has_broker(sender):
                self._announced.append((sender, batch.seq + len(batch.events) - 1))
        elif channel == f"{roles.GATEWAY}.requests" and sender == roles.EXECUTOR:
            self._asked(wire.decode_event(frames[-1]))
        elif (channel, sender) == ("requests", roles.GATEWAY) and frames[0] == EXECUTOR:
            self._replied(wire.decode_event(frames[-1]))

    def merged(self, journals: Mapping[str, Sequence[Event]]) -> Iterator[Event]:
        """The gateways' journals as one, in the order of announcement: stamps do not tell it where
        the wall clock was set. What died with its process before that comes with what follows."""
        taken = dict.fromkeys(journals, 0)
        for role, head in [*self._announced, *((role, len(journals[role])) for role in journals)]:
            yield from journals[role][taken[role] : head]
            taken[role] = max(taken[role], head)

    def _note_written(self, role: str, data: object) -> None:
        """A modify has its order's id: the newest writing of it counts."""
        client_id = self._client_id if role == roles.GATEWAY else self._liquidation_id
        for fields in _messages(data) if isinstance(data, bytes) else ():
            if fields[0] == PLACE_ORDER:
                self._written[client_id, int(fields[1])] = self._clock.now()

    def _asked(self, request: Event) -> None:
        if isinstance(request, OrderRequest):
            names = tuple(_name_of(one) for one in request.commands)
            self._tokens[request.id, names].add(request.fencing_token)

    def _replied(self, reply: Event) -> None:
        """Orders are taken from the newest executor that the gateway knows, and from no other. One
        that has just started knows nobody."""
        if not isinstance(reply, OrderReply):
            return
        tokens = self._tokens.get((reply.id, tuple(one.intent_id for one in reply.answers)))
        if self._gateway is not None and self._gateway_start != self._gateway.starts:
            self._gateway_start, self._newest_token = self._gateway.starts, ""
        if reply.answers and tokens and self._newest_token not in tokens:
            self.faults.append(f"G7: request {reply.id} of an executor of before was obeyed")
        self._newest_token = reply.fencing_token or self._newest_token

    def _decide(self) -> None:
        """Read what risk has decided. What it did not announce, since it died, counts from now."""
        if self._risk.head.seq <= self._risk_seq:
            return
        for event in events_of(self._risk, self._risk_seq + 1):
            self._decisions.apply(event)
        self._risk_seq = self._risk.head.seq
        now_ns = self._clock.mono_ns()
        halts = self._decisions.halts
        self._since_ns = {scope: self._since_ns.get(scope, now_ns) for scope in halts}

    def audited(self, lines: list[Line]) -> None:
        """What the broker did."""
        for line in lines:
            if line["kind"] == "message_in" and line["fields"][0] == PLACE_ORDER:
                order = line["client_id"], int(line["fields"][1])
                self._arrived_ns.setdefault(order, line["ts_ns"])
            self._note_whose_doing(line)
            if line["kind"] == "order" and self._is_ours(line):
                self._judge(line)
                self.late += self._is_late(line)
            elif line["kind"] == "order":
                self.broker.foreign.add(line["perm_id"])
                self.broker.foreign_order_ids.add(line["order_id"])
            self.broker.apply(line)

    def died(self, role: str, letter: DeadLetter) -> None:
        """A message that a process could not use."""
        self.letters[role, letter.reason] += 1
        if alarm := RECONCILED.match(letter.reason):
            reconciled = (alarm[1], alarm[2], letter.reason)
            self.reconciled.append(reconciled)
            held_ns = self._held_back_ns
            if held_ns is not None and self._clock.mono_ns() - held_ns < MISLEADS_NS:
                self.misled.add(reconciled)
            return
        if self._is_of_others(letter.reason):
            return
        if not any(re.match(pattern, letter.reason) for pattern in OF_THE_STORM):
            self.faults.append(f"dead letter of {role}: {letter.reason}")

    def _is_of_others(self, reason: str) -> bool:
        """TWS confirms the end of an order that it made by itself, under the id of one of ours that
        a checkpoint has left out."""
        cancelled = CANCELLED.match(reason)
        return cancelled is not None and int(cancelled[1]) in self.broker.foreign_order_ids

    # ---- what must not be ----------------------------------------------------------------------

    def _judge(self, line: Line) -> None:
        if line["event"] == "placed":
            self._once(line)
            self._as_signalled(line)
        if self._is_excused(line) or not self.broker.adds_risk(line):
            return
        what = f"{line['event']} {line['side']} {line['quantity']} {name_of(line)}"
        positions = self.broker.positions
        held = ", ".join(f"{positions[line['account'], one]} {one}" for one in parts_of(line))
        about = f"{line['order_ref']} ({what}) with {held} held in {line['account']}"
        if line["client_id"] == self._liquidation_id:
            self.faults.append(f"G5: the liquidation gateway added risk: {about}")
        elif scope := self._halted(line):
            self.faults.append(f"G5: risk was added under a halt of {scope}: {about}")

    def _note_whose_doing(self, line: Line) -> None:
        """From such a fault to the next request, what happens to orders is TWS's own doing."""
        of = line["parameters"].get("message") if line["kind"] == "fault" else None
        if of == "position" and line["what"] == "late":
            self._held_back_ns = self._clock.mono_ns()
        if line["kind"] == "fault" and line["what"] in OF_OTHERS:
            self.others, self._is_tws_doing = self.others + 1, True
        elif line["kind"] == "message_in":
            self._is_tws_doing = False

    def _is_ours(self, line: Line) -> bool:
        """Whether the group has asked for it: an order placed or modified."""
        is_client = line["client_id"] in (self._client_id, self._liquidation_id)
        return is_client and not self._is_tws_doing and line["event"] in ("placed", "modified")

    def _is_excused(self, line: Line) -> bool:
        """Whether what it adds is not a fault of the group's."""
        return self._is_late(line)

    def _is_late(self, line: Line) -> bool:
        """Whether TWS itself has held the order back: what it adds is not the group's fault."""
        arrived_ns = self._arrived_ns.get((line["client_id"], line["order_id"]), line["ts_ns"])
        return line["event"] == "placed" and arrived_ns < line["ts_ns"]

    def _once(self, line: Line) -> None:
        if self.broker.placed_by_ref[line["order_ref"]]:
            self.faults.append(f"G1: {line['order_ref']} was placed again")
        if self.broker.placed_by_id[line["client_id"], line["order_id"]]:
            self.faults.append(f"G1: order id {line['order_id']} was used again")

    def _as_signalled(self, line: Line) -> None:
        name, _, number = line["order_ref"].rpartition("/")
        signal = self.signals.get(name)
        if signal is None:
            if not line["order_ref"].startswith(f"{roles.RISK}-"):
                self.faults.append(f"G1: {line['order_ref']} is not a signal's")
            return
        wanted: Signal | GroupLeg = signal if isinstance(signal, Signal) else signal.legs[0]
        if isinstance(signal, GroupSignal):
            if self.is_added(line["order_ref"]):
                self._as_group(line, signal)
                return
            wanted = signal.legs[int(number) - 1]
            if wanted.role == "cover":
                return  # it goes later, for what was entered
        terms = wanted.terms
        asked = (signal.account, wanted.symbol, terms.side, terms.quantity, terms.type,
                 terms.limit, terms.stop, terms.time_in_force)  # fmt: skip
        limit, stop, quantity = _price(line["limit"]), _price(line["stop"]), line["quantity"]
        placed = (line["account"], name_of(line), line["side"], Decimal(quantity), line["type"],
                  limit, stop, line["tif"])  # fmt: skip
        if asked != placed:
            self.faults.append(f"G1: {signal.id} asked for {asked}, {placed} was placed")
        written = self._written.get((line["client_id"], line["order_id"]))
        if written is not None and has_expired(signal, written):
            self.faults.append(f"G4: {signal.id} was written when it had expired")

    def is_added(self, order_ref: str) -> bool:
        """Whether it is an order that a group added after its start, which only reduces."""
        name, _, number = order_ref.rpartition("/")
        signal = self.signals.get(name)
        return isinstance(signal, GroupSignal) and int(number) > len(signal.legs)

    def _as_group(self, line: Line, signal: GroupSignal) -> None:
        """An order that a group added after its start can only leave what its entry has entered."""
        entry = signal.legs[0]
        there = (line["account"], line["symbol"]) == (signal.account, entry.symbol)
        if not there or line["side"] == entry.terms.side:
            self.faults.append(f"G1: {line['order_ref']} does not leave {signal.id}")

    def _halted(self, line: Line) -> Scope | None:
        """A halt that covers the order and must have been known when it was written."""
        self._decide()
        strategy = line["order_ref"].partition("-")[0]
        written = self._written.get((line["client_id"], line["order_id"]))
        until_ns = (written.mono_ns if written else line["ts_ns"]) - self._lease_ns
        for scope, since_ns in self._since_ns.items():
            if since_ns >= until_ns:
                continue
            if any(scope.covers(line["account"], strategy, symbol) for symbol in parts_of(line)):
                return scope
        return None


def name_of(line: Line) -> str:
    """What an order trades: a symbol, or the legs of a combo."""
    legs = tuple(ComboLeg(*leg) for leg in line["legs"])
    return combo_name(legs) if legs else str(line["symbol"])


def _name_of(command: Event) -> str:
    """What the gateway's answer to a command names, for orders and groups of them."""
    return str(getattr(command, "intent_id", getattr(command, "id", "")))


def _messages(data: bytes) -> Iterator[list[str]]:
    """The requests that a client wrote at once; its greeting, which goes alone, is none."""
    while data and not data.startswith(b"API\0"):
        end = 4 + int.from_bytes(data[:4])
        yield data[4:end].decode().split("\0")
        data = data[end:]


def _price(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
