"""A process as what it is: a function of its state and what it receives.

A step takes a state and an input, and has one outcome: the next state, what was sent, and what the
judge gets to see. No process reads anything of another, so an outcome that is known holds wherever
that state and that input meet again, whatever the others are doing then. That is what makes the
search quick: the real code runs once for each pair of state and input, and everything else is
looking up numbers.

A step is a whole turn, with all that follows of it at once: a commit in the background is
complete, a connection that the turn has closed is reported closed. It may die at any of its own
steps, which are those of `VirtualTransport`: before and after each commit and before each message.
Then it starts again in the same step, on what its journal has kept.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from tapewire.common import roles
from tapewire.common.bus.transport import Inbound
from tapewire.common.events import EVERYTHING
from tapewire.common.runtime.background import DONE
from tapewire.common.runtime.service import JOURNAL
from tapewire.gateway.broker import CLOSED, OPENED
from tapewire.gateway.service import BROKER
from tapewire.risk.service import RiskService
from tapewire.simulator.server import TwsServer
from tapewire.virtual.network import Killed
from tapewire.virtual.node import Node
from tests.exhaustive.canonical import Walk
from tests.exhaustive.freezing import freeze, thaw
from tests.simulation.storm import order

TURNS_MAX: Final = 20  # that one input may lead to
NEVER: Final = 1_000_000

WAKE: Final = "wake"
OPEN: Final = "open"
END: Final = "end"
HALT: Final = "halt"
CRASH: Final = "crash"
DATA: Final = "data"
FAULT: Final = "fault"
Input = tuple[Any, ...]
"""`(WAKE,)`, `(OPEN, connection)`, `(END,)`, `(HALT,)`, `(CRASH,)`, or a channel and its frames."""
Effect = tuple[Any, ...]
"""What others get: `("send", start, channel, frames)`, `("tcp", connection, bytes)`,
`("hang", connection)`, `("died",)`. And what is seen: `("letter", letter)`."""


def lost(dies_at: int) -> int:
    """A step to die at, with the commit that is under way then; and back again."""
    return -1 - dies_at


class Local(NamedTuple):
    """A state of a process, and what others have to know of it: which start of it this is (of TWS,
    how many connections there were), its connection, when it has something to do by itself, and
    what its journal has."""

    frozen: bytes
    start: int
    connection: int | None
    due_ns: int | None
    kept: tuple[bytes, ...]


class Outcome(NamedTuple):
    """What a step came to; `steps` is how often it could have died."""

    state: int
    effects: tuple[Effect, ...]
    steps: int


class Recorder:
    """Stands where the world stands, for one process at a time, and writes down what it does."""

    def __init__(self) -> None:
        self.effects: list[Effect] = []
        self.complete: list[Callable[[], None]] = []
        self.node: Node

    @property
    def nodes(self) -> Mapping[str, Any]:
        """What a process may ask of others: whether they have ended. They have all started."""
        return _Running()

    def _route(self, _sender: str, channel: str, frames: Any) -> bool:
        if channel != BROKER:
            self.effects.append(("send", self.node.starts, channel, tuple(map(bytes, frames))))
            return True
        if self.node.connection is None:
            return False
        self.effects.append(("tcp", self.node.connection, bytes(frames[0])))
        return True

    def cut(self, _role: str) -> None:
        """The process hangs up on TWS."""
        if self.hang_up():
            self.node.transport.inbox.append((BROKER, [CLOSED, b"TWS reset the connection"]))

    def hang_up(self) -> bool:
        """Its end of the connection is gone."""
        if self.node.connection is None:
            return False
        self.effects.append(("hang", self.node.connection))
        self.node.connection = None
        return True

    def _commit_later(self, _node: Node, complete: Callable[[], None]) -> None:
        self.complete.append(complete)


class _Running:
    ended = ""

    def __getitem__(self, _role: str) -> "_Running":
        return self


class Machine:
    """All states of one process that were come to, and the outcomes of its steps."""

    def __init__(
        self, role: str, recorder: Recorder, names: Mapping[int, str], named: Mapping[str, Any]
    ) -> None:
        self.role = role
        self.states: list[Local] = []
        self.found: Callable[[str, Any], None] = lambda _role, _process: None
        self._recorder = recorder
        self._names = names
        self._named = named
        self._known: dict[bytes, int] = {}
        self._outcomes: dict[tuple[int, int, Input, int], Outcome] = {}
        self._live: tuple[int, Any] | None = None

    @property
    def stepped(self) -> int:
        """How often the code ran."""
        return len(self._outcomes)

    def thawed(self, state: int) -> Any:
        """A process in that state; nobody else has it."""
        live, self._live = self._live, None
        if live is not None and live[0] == state:
            return live[1]
        return thaw(self.states[state].frozen, self._named)

    def step(self, state: int, now_ns: int, given: Input, dies_at: int = NEVER) -> Outcome:
        """What a process in `state` does with an input at a time, if it dies at its step `dies_at`
        (NEVER: if it does not). `lost` of that step: a commit that was under way is lost too."""
        key = state, now_ns, given, dies_at
        outcome = self._outcomes.get(key)
        if outcome is None:
            outcome = self._outcomes[key] = self._run(self.thawed(state), given, dies_at)
        return outcome

    def number(self, process: Any) -> int:
        """The number of the state that it is in."""
        digest = Walk(self._names).digest(process)
        number = self._known.get(digest)
        if number is None:
            number = self._known[digest] = len(self.states)
            self.states.append(self._local(process))
            self.found(self.role, process)
        self._live = number, process
        return number

    def _local(self, process: Any) -> Local:
        raise NotImplementedError

    def _run(self, process: Any, given: Input, dies_at: int) -> Outcome:
        raise NotImplementedError


class TwsMachine(Machine):
    """TWS, which does not die here. Its inputs: `(OPEN, connection)`, `(DATA, connection, bytes)`,
    `(END, connection)`, `(WAKE,)`, and `(FAULT, name)` for what its fault engine is to do with the
    next order."""

    def _local(self, server: Any) -> Local:
        connections, due_ns = server.counters["connections"], server.next_due_ns()
        return Local(freeze(server, self._names), connections, None, due_ns, ())

    def _run(self, server: TwsServer, given: Input, _dies_at: int) -> Outcome:
        now_ns = self._named["clock"].mono_ns()
        if given[0] == OPEN:
            server.connected(given[1], now_ns)
        elif given[0] == DATA:
            server.received(given[1], given[2], now_ns)
        elif given[0] == END:
            server.closed(given[1], now_ns)
        elif given[0] == FAULT:
            server.faults.inject(given[1], on_order=1)
        else:
            server.tick(now_ns)
        effects: list[Effect] = [("audit", server.take_audit())]
        effects += [("tcp", conn, data) for conn, data in server.take_output()]
        effects += [("hang", conn) for conn in server.take_closing()]
        return Outcome(self.number(server), tuple(effects), 0)


class Process(Machine):
    """A process of the group."""

    def _local(self, node: Node) -> Local:
        kept = tuple(node.records.content()[0])
        due_ns = node.service.due_ns if node.service is not None else None
        return Local(freeze(node, self._names), node.starts, node.connection, due_ns, kept)

    def _run(self, node: Node, given: Input, dies_at: int) -> Outcome:
        recorder = self._recorder
        recorder.node, recorder.effects, recorder.complete = node, [], []
        is_kept = dies_at >= 0
        dies_at = dies_at if is_kept else lost(dies_at)
        node.transport.crash_after = dies_at
        try:
            if given[0] == CRASH:
                raise Killed(node.role)
            self._take(node, given)
            self._turns(node)
        except Killed:
            self._die(node, is_kept=is_kept)
        left = node.transport.crash_after
        node.transport.crash_after = None
        steps = 0 if left is None else dies_at - left
        return Outcome(self.number(node), tuple(recorder.effects), steps)

    def _take(self, node: Node, given: Input) -> None:
        if given[0] == OPEN:
            node.connection = given[1]
            node.transport.inbox.append((BROKER, [OPENED]))
        elif given[0] == END:
            node.connection = None
            node.transport.inbox.append((BROKER, [CLOSED, b"TWS reset the connection"]))
        elif given[0] == HALT:
            assert isinstance(node.service, RiskService)
            order(node.service, "halt", EVERYTHING)
        elif given[0] != WAKE:
            arrived: Inbound = (given[0], list(given[1]))
            node.transport.inbox.append(arrived)

    def _turns(self, node: Node) -> None:
        """A turn, and those that it makes due at once."""
        recorder = self._recorder
        for _ in range(TURNS_MAX):
            service = node.service
            assert service is not None
            service.turn(0)
            while service.dead_letters:
                recorder.effects.append(("letter", service.dead_letters.popleft()))
            for one in recorder.complete:
                node.transport.step()  # it can die while a commit is under way
                one()
                node.transport.inbox.append((JOURNAL, [DONE]))
            recorder.complete = []
            due_ns = service.due_ns
            is_due = due_ns is not None and due_ns <= node.clock.mono_ns()
            if not (node.transport.inbox or is_due):
                return
        raise RuntimeError(f"{node.role} does not come to rest")

    def _die(self, node: Node, *, is_kept: bool) -> None:
        """It dies; a commit that is under way in the background is complete, or lost."""
        recorder = self._recorder
        recorder.complete = []
        if roles.has_broker(node.role):
            recorder.hang_up()
        node.service = None
        if is_kept:
            node.records.wait()
        node.records._under_way = None
        recorder.effects.append(("died",))
        node.start()
        self._turns(node)
