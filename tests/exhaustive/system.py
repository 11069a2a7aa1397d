"""The whole group as one state, and all that can happen in it next.

What is searched
----------------
A state is what every process is, what is on its way on every link, the time, what the judge has
seen, and how many faults may still come. Time stands still while something is on its way: messages
take none. When all is quiet the clock goes on by `INSTANT_NS`, every process has a turn, lost
connections are made again, and all of that leads to new messages. This is an instant.

Within an instant everything that commands, answers or reports goes in every order that the
transport allows: signals, requests, replies, the gateway's bytes from and to TWS, and each move of
the market. A link keeps its order; one that a process opens after its death is a new link, and the
old one's messages may come after the new one's.

What need not be tried in every order
-------------------------------------
Journaled events, heartbeats and ticks (PUB) reach all their readers as soon as they are sent, in
one fixed order, before anything else happens. So do requests and replies with nothing in them, and
what the liquidation gateway and TWS have to say to each other. What the executor holds back to
write it down with more is written when all else is quiet. A reader that has them later is a fault,
`late`: the link is held from then on until it is let go, at any later moment. So every order in
which a reader is behind is there too, and each costs a fault. This is what keeps the number of
states within reach, and it is a bound of what was searched, not something that was shown to make no
difference.

Faults
------
Each of these costs one. A process dies between two turns, or in a turn at any of its steps: before
and after a commit, before each message; what was on its way to it is gone, what it has sent is not.
A message is lost, or comes twice; a link is late. A connection with TWS ends, and what was on its
way to TWS is read or is not. TWS drops an order, takes it in silence, or rejects it. A person
halts. A process that has died is there again at once, and reads its journal; how long it was away
is time, and that is the simulation's.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from tapewire.common import roles
from tapewire.virtual.world import SECOND_NS
from tests.exhaustive.group import TWS, Group
from tests.exhaustive.inputs import is_heartbeat, is_idle_talk, is_order, shown
from tests.exhaustive.judge import Judge
from tests.exhaustive.processes import (
    CRASH,
    DATA,
    END,
    FAULT,
    HALT,
    NEVER,
    OPEN,
    WAKE,
    Effect,
    Input,
    Local,
    lost,
)

INSTANT_NS: Final = SECOND_NS
PUBLISHED: Final = (".events", ":market", ":marks")
TWS_FAULTS: Final = ("swallowed", "unanswered", "rejected")
Queue = tuple[int, ...]
"""Numbers of inputs, the first to arrive ahead."""


class State(NamedTuple):
    """Where the whole group is. `held` are the links that are late."""

    now_ns: int
    instants: int
    faults: int
    has_halted: bool
    locals: tuple[int, ...]
    links: tuple[tuple[int, Queue], ...]
    held: tuple[int, ...]
    seen: int


class Step(NamedTuple):
    """Something that can happen, in words, and what it leads to."""

    what: str
    state: State


class Way(NamedTuple):
    """A link: to whom, whether it is read before all else, and the connection it is a part of."""

    name: str
    receiver: int
    is_prompt: bool
    connection: int


class System:
    """All that can happen, with at most `faults` of them, within `instants`."""

    def __init__(self, group: Group, judge: Judge, *, faults: int, instants: int) -> None:
        self.group = group
        self.judge = judge
        self.trying = ""  # what happens at the moment, in words
        self._number = {role: number for number, role in enumerate(group.roles)}
        self._ways: list[Way] = []
        self._way_of: dict[str, int] = {}
        self._inputs: list[Input] = []
        self._input_of: dict[Input, int] = {}
        now_ns = group.clock.mono_ns()
        self.first = State(now_ns, instants, faults, False, group.first, (), (), judge.first)

    # ---- what can happen -------------------------------------------------------------------------

    def steps(self, state: State) -> Iterator[Step]:
        """Everything that can happen next; nothing where all is quiet, at the end."""
        waiting = [(way, queue) for way, queue in state.links if way not in state.held]
        prompt = next((one for one in waiting if self._is_prompt(*one)), None)
        if prompt is not None:
            yield from self._arrivals(state, *prompt)
            return
        for way, queue in waiting:
            yield from self._arrivals(state, way, queue)
        due_ns = self._local(state, len(state.locals) - 1).due_ns
        is_due = due_ns is not None and due_ns <= state.now_ns
        if is_due:
            yield Step("the market moves", self._take(state, len(state.locals) - 1, (WAKE,)))
        for way in state.held:
            held = tuple(one for one in state.held if one != way)
            yield Step(f"{self._ways[way].name} goes on", state._replace(held=held))
        if state.faults:
            yield from self._misfortunes(state)
        if not waiting and not is_due:
            yield from self._later(state)

    def _later(self, state: State) -> Iterator[Step]:
        """Time goes on: to when a process writes down what it has held back, or to the next
        instant."""
        due = [
            (local.due_ns, number)
            for number, local in enumerate(self._locals(state))
            if local.due_ns is not None
        ]
        if due:
            due_ns, number = min(due)
            role = self.group.roles[number]
            later = state._replace(now_ns=max(due_ns, state.now_ns))
            yield Step(f"{role} waits no longer", self._take(later, number, (WAKE,)))
        elif state.instants:
            yield Step("a second passes", self._pass_time(state))

    def _local(self, state: State, number: int) -> Local:
        return self.group.machines[number].states[state.locals[number]]

    def _locals(self, state: State) -> Iterator[Local]:
        """Of the processes, without TWS."""
        return (self._local(state, number) for number in range(len(state.locals) - 1))

    def _arrivals(self, state: State, way: int, queue: Queue) -> Iterator[Step]:
        """The next message of a link arrives, or a fault happens to it."""
        link, given = self._ways[way], self._inputs[queue[0]]
        rest = self._without_first(state, way)
        what = f"{link.name} {shown(given)}"
        yield Step(what, self._take(rest, link.receiver, given))
        if not state.faults:
            return
        paid = rest._replace(faults=rest.faults - 1)
        yield from self._deaths(paid, link.receiver, given, what)
        if link.connection:
            yield from self._by_tws(paid, link, given, what)
        elif given[0] != WAKE and not is_heartbeat(given):
            yield Step(f"{what} is lost", paid)
            if not link.is_prompt:
                twice = self._take(paid, link.receiver, given)
                again = self._take(twice, link.receiver, given)
                yield Step(f"{what} comes twice", again)
        if given[0] != WAKE and not is_heartbeat(given):
            held = tuple(sorted({*state.held, way}))
            late = state._replace(faults=state.faults - 1, held=held)
            yield Step(f"{link.name} is late", late)

    def _deaths(self, paid: State, number: int, given: Input, what: str) -> Iterator[Step]:
        """The reader dies at one of its own steps; a gateway's commit may be under way then."""
        has_commits = roles.has_broker(self.group.roles[number])
        for at in range(self._steps_of(paid, number, given)):
            for dies_at in (at, lost(at)) if has_commits else (at,):
                is_kept = " (its commit is lost)" if dies_at < 0 else ""
                dead = self._take(paid, number, given, dies_at)
                yield Step(f"{what}, and its reader dies at its step {at + 1}{is_kept}", dead)

    def _by_tws(self, paid: State, link: Way, given: Input, what: str) -> Iterator[Step]:
        """TWS does something else with an order than to take it and say so."""
        if link.receiver == self._number[TWS] and given[0] == DATA and is_order(given[2]):
            for name in TWS_FAULTS:
                spoilt = self._take(paid, link.receiver, (FAULT, name))
                yield Step(f"{what}: {name}", self._take(spoilt, link.receiver, given))

    def _misfortunes(self, state: State) -> Iterator[Step]:
        """What happens to a process or a connection, whatever is on its way."""
        paid = state._replace(faults=state.faults - 1)
        for number, role in enumerate(self.group.roles[:-1]):
            yield Step(f"{role} dies", self._take(paid, number, (CRASH,)))
        number = self._number[roles.GATEWAY]
        connection = self._local(state, number).connection
        if connection is not None:
            cut = self._end_of(paid, connection)
            yield Step("TWS ends the connection, and has read everything", cut)
            unread = self._emptied(cut, self._to_tws(number, connection), (END, connection))
            yield Step("TWS ends the connection, and has read nothing more", unread)
        if not state.has_halted:
            halting = paid._replace(has_halted=True)
            halted = self._take(halting, self._number[roles.RISK], (HALT,))
            yield Step("a person halts everything", halted)

    def _pass_time(self, state: State) -> State:
        later = state._replace(now_ns=state.now_ns + INSTANT_NS, instants=state.instants - 1)
        for number, machine in enumerate(self.group.machines[:-1]):
            if roles.has_broker(machine.role) and self._local(later, number).connection is None:
                later = self._connect(later, number)
            later = self._send(later, self._way(f"clock>{machine.role}", number), (WAKE,))
        return later

    def _connect(self, state: State, number: int) -> State:
        tws = self._number[TWS]
        connection = self._local(state, tws).start + 1
        opened = self._take(state, tws, (OPEN, connection))
        return self._take(opened, number, (OPEN, connection))

    def _is_prompt(self, way: int, queue: Queue) -> bool:
        """Whether the next message of a link arrives before all else; see above."""
        return self._ways[way].is_prompt or is_idle_talk(self._inputs[queue[0]])

    # ---- what it leads to ------------------------------------------------------------------------

    def _steps_of(self, state: State, number: int, given: Input) -> int:
        """At how many of its own steps a process could die while it takes an input."""
        if number == self._number[TWS]:
            return 0
        self.group.set_clock(state.now_ns)
        return self.group.machines[number].step(state.locals[number], state.now_ns, given).steps

    def _take(self, state: State, number: int, given: Input, dies_at: int = NEVER) -> State:
        """A process takes an input; what it sends is on its way."""
        role = self.group.roles[number]
        self.trying = f"{role} takes {shown(given)}"
        if dies_at != NEVER:
            self.trying += ", and dies"
        self.group.set_clock(state.now_ns)
        machine = self.group.machines[number]
        outcome = machine.step(state.locals[number], state.now_ns, given, dies_at)
        now_at = (*state.locals[:number], outcome.state, *state.locals[number + 1 :])
        after = state._replace(locals=now_at)
        seen = self.judge.look(after, machine.role, outcome.effects)
        after = after._replace(seen=seen)
        for effect in outcome.effects:
            after = self._carry(after, machine.role, number, effect)
        return after

    def _carry(self, state: State, role: str, number: int, effect: Effect) -> State:
        kind, tws = effect[0], self._number[TWS]
        if kind == "send":
            _, start, channel, frames = effect
            starts = self._starts(state, number, start)
            for post in self.group.shell.route(role, channel, frames, starts):
                receiver = self._number[post.receiver]
                state = self._send(state, self._way(post.link, receiver), post.given)
        elif kind == "tcp" and number == tws:
            reader = self._reader_of(state, effect[1])
            if reader is not None:
                way = self._from_tws(reader, effect[1])
                state = self._send(state, way, ("tws", (b"data", effect[2])))
        elif kind == "tcp":
            way = self._to_tws(number, effect[1])
            state = self._send(state, way, (DATA, effect[1], effect[2]))
        elif kind == "hang":
            state = self._hung_up(state, number, effect[1])
        elif kind == "died":
            state = self._forget(state, number)
            for joined in self.group.shell.joined(role):
                gateway = self._number[roles.GATEWAY]
                state = self._send(state, self._way("readers>market", gateway), joined)
        return state

    def _starts(self, state: State, number: int, start: int) -> tuple[int, ...]:
        starts = [local.start for local in self._locals(state)]
        starts[number] = start
        return tuple(starts)

    def _reader_of(self, state: State, connection: int) -> int | None:
        for number, local in enumerate(self._locals(state)):
            if local.connection == connection:
                return number
        return None

    def _hung_up(self, state: State, number: int, connection: int) -> State:
        """One side has closed: the other reads what is on its way, and then the end."""
        if number == self._number[TWS]:
            return self._end_of(state, connection, is_tws=True)
        state = self._emptied(state, self._from_tws(number, connection))
        return self._send(state, self._to_tws(number, connection), (END, connection))

    def _end_of(self, state: State, connection: int, *, is_tws: bool = False) -> State:
        """TWS closes a connection, or the network does: what it has sent last is gone."""
        reader = self._reader_of(state, connection)
        if reader is None:
            return state
        if not is_tws:
            state = self._send(state, self._to_tws(reader, connection), (END, connection))
        state = self._emptied(state, self._from_tws(reader, connection))
        return self._take(state, reader, (END,))

    # ---- links -----------------------------------------------------------------------------------

    def _way(self, name: str, receiver: int, connection: int = 0) -> int:
        number = self._way_of.get(name)
        if number is None:
            number = self._way_of[name] = len(self._ways)
            is_prompt = name.startswith(("clock>", "readers>")) or name.endswith(PUBLISHED)
            is_prompt = is_prompt or (bool(connection) and roles.LIQUIDATION in name)
            self._ways.append(Way(name, receiver, is_prompt, connection))
        return number

    def _send(self, state: State, way: int, given: Input) -> State:
        number = self._input_of.get(given)
        if number is None:
            number = self._input_of[given] = len(self._inputs)
            self._inputs.append(given)
        links = dict(state.links)
        links[way] = (*links.get(way, ()), number)
        return state._replace(links=tuple(sorted(links.items())))

    def _without_first(self, state: State, way: int) -> State:
        return self._with(state, {way: dict(state.links)[way][1:]})

    def _to_tws(self, number: int, connection: int) -> int:
        name = f"{self.group.roles[number]}.{connection}>{TWS}"
        return self._way(name, self._number[TWS], connection)

    def _from_tws(self, number: int, connection: int) -> int:
        return self._way(f"{TWS}>{self.group.roles[number]}.{connection}", number, connection)

    def _emptied(self, state: State, way: int, *last: Input) -> State:
        """A link loses what is on it; it has `last` then."""
        state = self._with(state, {way: ()})
        for one in last:
            state = self._send(state, way, one)
        return state

    def _forget(self, state: State, number: int) -> State:
        """What is on its way to a process that has died dies with it."""
        lost = [way for way, _ in state.links if self._ways[way].receiver == number]
        return self._with(state, dict.fromkeys(lost, ()))

    def _with(self, state: State, changed: dict[int, Queue]) -> State:
        links = dict(state.links) | changed
        held = tuple(way for way in state.held if links.get(way))
        left = tuple(sorted((way, queue) for way, queue in links.items() if queue))
        return state._replace(links=left, held=held)
