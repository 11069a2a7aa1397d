"""The source of a group's function: what is loaded, asked and kept for each kind of event."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from tapewire.common.patterns.declare import Pattern, figures_in
from tapewire.common.patterns.expressions import Always, At, Condition, Expression, Kind
from tapewire.common.patterns.figures import Figure
from tapewire.common.patterns.gates import STEP, gate
from tapewire.common.patterns.writing import Names, Writer, fields_in

FIRST_LINE: Final = "def make(partials, windows, midnights, functions, emits, recents):"


class Run(NamedTuple):
    """A pattern that is a run: its condition, its length, its time."""

    condition: Condition[Any]
    events: int
    within_ns: int | None


def as_run(pattern: Pattern[Any]) -> Run | None:
    """The run that a pattern is, if it is no more than that."""
    first, *rest = pattern.steps
    if not rest or pattern.absence is not None or not isinstance(first.condition, Always):
        return None
    condition = rest[0].condition
    if any(not one.strict or one.without or one.condition is not condition for one in rest):
        return None
    looks_back = any(isinstance(one, At) and one.step is not None for one in condition.walk())
    if looks_back or rest[0].kind is not first.kind:
        return None
    return Run(condition, len(pattern.steps), pattern.within_ns)


class Slot(NamedTuple):
    """A value that a step keeps for later ones, and where."""

    place: int
    step: int
    value: Expression


def slots_of(pattern: Pattern[Any]) -> dict[str, Slot]:
    """What steps keep, by `slot_key`."""
    found: dict[str, Slot] = {}
    for place, condition in placed(pattern):
        for one in condition.walk():
            if isinstance(one, At):
                step = _step_of(pattern, one, place)
                found.setdefault(slot_key(pattern, one, place), Slot(len(found), step, one.value))
    return found


def slot_key(pattern: Pattern[Any], one: At, place: int) -> str:
    """What a value is kept under. `previous` is another step's at each step."""
    return f"{_step_of(pattern, one, place)}:{one.value.key}"


def _step_of(pattern: Pattern[Any], one: At, place: int) -> int:
    if one.step is None:
        return place - 1
    return next(at for at, step in enumerate(pattern.steps) if step is one.step)


def placed(pattern: Pattern[Any]) -> list[tuple[int, Condition[Any]]]:
    """All conditions of a pattern, each with the place of its step."""
    found = [
        (place, one)
        for place, step in enumerate(pattern.steps)
        for one in (step.condition, *step.without)
    ]
    if pattern.absence is not None:
        found.append((len(pattern.steps), pattern.absence.condition))
    return found


class Code:
    """Writes the source for `patterns`, which see events of `kinds`."""

    def __init__(self, patterns: Sequence[Pattern[Any]], kinds: Sequence[Kind]) -> None:
        self.names = Names()
        self.runs = [as_run(one) for one in patterns]
        self._patterns, self._kinds = patterns, kinds
        self._slots = [slots_of(pattern) for pattern in patterns]
        self._functions: list[str] = []
        self._previous: dict[str, tuple[str, At]] = {}  # what runs look back at, by key
        self._figures = {figure.key: figure for each in patterns for figure in each.figures}
        for figure in self._figures.values():
            self.names.figure(figure)

    def source(self) -> str:
        """The whole source."""
        branches = [self._branch(place, kind) for place, kind in enumerate(self._kinds)]
        asked = [self._conditions(place) for place in range(len(self._patterns))]
        loop = ["kind = type(event)", *(line for each in branches for line in each)]
        lines = [
            FIRST_LINE,
            *_indented(self._setup(), 1),
            f"{STEP}def feed(events):",
            *_indented([self._nonlocals(), "for event in events:", *_indented(loop, 1)], 2),
            *_indented(self._functions, 1),
            f"{STEP}return feed, {_list(asked)}",
        ]
        return "\n".join(lines)

    # ---- what lasts from event to event --------------------------------------------------------

    def _setup(self) -> list[str]:
        lines = ["newest = 0"]
        for at, pattern in enumerate(self._patterns):
            if self.runs[at] is not None:
                lines += [f"n{at} = 0", f"emit{at} = emits[{at}]"]
            else:
                lines.append(f"s{at} = partials[{at}]")
                waiting = range(1, len(pattern.steps) + 1)
                lines += [f"w{at}_{k} = s{at}.waiting[{k}]" for k in waiting]
        lines += [f"recent{at} = recents[{at}]" for at, _ in enumerate(self._kinds)]
        lines += [f"{name} = nan" for name, _ in self._previous.values()]
        for name, figure in self.names.figures.values():
            lines.append(f"{name} = {_empty(figure)}")
            if figure.over_ns:
                lines.append(f"{name}w = windows['{name}']")
            elif figure.is_of_day:
                lines += [f"{name}end = 0; {name}next = midnights['{name}']"]
                lines += [f"{name}sum = 0.0; {name}count = 0"]
        return [
            *lines,
            *(f"{name} = functions['{name}']" for name, _ in self.names.functions.values()),
        ]

    def _nonlocals(self) -> str:
        names = ["newest"]
        names += [f"n{at}" for at, run in enumerate(self.runs) if run is not None]
        names += [name for name, _ in self._previous.values()]
        for name, figure in self.names.figures.values():
            names.append(name)
            if figure.is_of_day:
                names += [f"{name}end", f"{name}sum", f"{name}count"]
        return f"nonlocal {', '.join(names)}"

    # ---- what is done for each event -----------------------------------------------------------

    def _branch(self, place: int, kind: Kind) -> list[str]:
        """What an event of this kind leads to."""
        body: list[str] = []
        fields: set[str] = set()
        figures: set[str] = set()
        for at, pattern in enumerate(self._patterns):
            if kind not in pattern.kinds:
                continue
            run = self.runs[at]
            body += self._run(at, run, place) if run is not None else self._gate(at, kind)
            fields |= self._fields(pattern, kind)
            figures |= self._figures_at(at, kind)
        if any(f"recent{place}" in line for line in body):
            body.insert(0, f"recent{place}.append((ts, event))")
        body += self._after(kind, fields)
        head = ["ts = event.ts_ns", "if ts < newest: ts = newest", "else: newest = ts"]
        head += [*self._due(), *self._days(), *self.names.loading(kind, fields)]
        for name, figure in self.names.figures.values():
            if figure.over_ns and figure.key in figures:
                head.append(f"{name} = {name}w.value(ts)")
        word = "if" if place == 0 else "elif"
        return [f"{word} kind is K{place}:", *_indented([*head, *body], 1)]

    def _gate(self, at: int, kind: Kind) -> list[str]:
        return gate(at, self._patterns[at], kind, lambda place: self._writer(at, place))

    @staticmethod
    def _fields(pattern: Pattern[Any], kind: Kind) -> set[str]:
        """The fields that a pattern's conditions need of an event of a kind."""
        about = [one for one in pattern.conditions if kind in one.kinds]
        return {field for one in about for field in fields_in(one)}

    def _figures_at(self, at: int, kind: Kind) -> set[str]:
        """The figures that must be of this moment when an event of this kind is asked about."""
        pattern = self._patterns[at]
        about: list[Expression] = [one for one in pattern.conditions if kind in one.kinds]
        steps = pattern.steps
        about += [one.value for one in self._slots[at].values() if steps[one.step].kind is kind]
        return {figure.key for one in about for figure in figures_in(one)}

    def _due(self) -> list[str]:
        """Emit first what was complete before this event."""
        return [
            f"if ts > s{at}.due_ns: s{at}.pass_time(ts)"
            for at, pattern in enumerate(self._patterns)
            if pattern.absence is not None
        ]

    def _days(self) -> list[str]:
        """Begin the figures of a new day."""
        return [
            line
            for name, figure in self.names.figures.values()
            if figure.is_of_day
            for line in (
                f"if ts >= {name}end:",
                f"{STEP}{name}end = {name}next(ts); {name} = {_empty(figure)}",
                f"{STEP}{name}sum = 0.0; {name}count = 0",
            )
        ]

    def _run(self, at: int, run: Run, place: int) -> list[str]:
        """A run is how many events in a row there are by now."""
        span, n = f"n{at}", run.events
        first_ns = f"recent{place}[-{n}][0]"
        in_time = f" and ts - {first_ns} <= {run.within_ns}" if run.within_ns is not None else ""
        events = f"tuple(one for _, one in list(recent{place})[-{n}:])"
        ended = [] if self._patterns[at].is_overlapping else [f"{span} = 0"]
        return [
            f"if {self._writer(at, 1).text(run.condition)}:",
            f"{STEP}{span} += 1",
            f"{STEP}if {span} >= {n}{in_time}:",
            *_indented([f"emit{at}({events}, ts)", *ended], 2),
            f"else: {span} = 1",
        ]

    def _after(self, kind: Kind, fields: set[str]) -> list[str]:
        """What the next event is to know of this one."""
        lines, writer = [], Writer(self.names)
        for name, at in self._previous.values():
            if kind in at.value.kinds:
                lines.append(f"{name} = {writer.text(at.value)}")
                fields |= fields_in(at.value)
        for figure in self._figures.values():
            if figure.source is kind:
                lines += _update(self.names.figure(figure), figure, writer.text(figure.of))
                fields |= fields_in(figure.of)
        return lines

    # ---- what is asked about a partial match ---------------------------------------------------

    def _writer(self, at: int, place: int) -> Writer:
        """Writes the conditions of a pattern's step."""
        pattern, slots = self._patterns[at], self._slots[at]

        def looked_back(one: At) -> str:
            if self.runs[at] is not None:
                name = f"v{len(self._previous)}"
                return self._previous.setdefault(one.key, (name, one))[0]
            return f"p.c[{slots[slot_key(pattern, one, place)].place}]"

        return Writer(self.names, looked_back)

    def _conditions(self, at: int) -> str:
        """Write the functions that `Partials` asks; returns what `Conditions` is made of."""
        pattern, slots = self._patterns[at], self._slots[at]
        if self.runs[at] is not None:
            return "([], [], [], None, 0)"
        steps, without, kept = [], [], []
        for place, step in enumerate(pattern.steps):
            writer = self._writer(at, place)
            steps.append(self._function("event, p", step.condition, writer))
            without.append(_list([self._function("event, p", one, writer) for one in step.without]))
            keeps = [one for one in slots.values() if one.step == place]
            values = [(one.place, self._function("event", one.value, writer)) for one in keeps]
            kept.append(_list([f"({slot}, {name})" for slot, name in values]))
        absent, last = "None", len(pattern.steps)
        if pattern.absence is not None:
            writer = self._writer(at, last)
            absent = self._function("event, p", pattern.absence.condition, writer)
        return f"({_list(steps)}, {_list(without)}, {_list(kept)}, {absent}, {len(slots)})"

    def _function(self, arguments: str, one: Expression, writer: Writer) -> str:
        name, text = f"c{len(self._functions)}", writer.text(one)
        loading = [line for kind in one.kinds for line in self.names.loading(kind, fields_in(one))]
        body = _indented([*loading, f"return {text}"], 1)
        self._functions += [f"def {name}({arguments}):", *body]
        return name


def _empty(figure: Figure) -> str:
    return "0.0" if figure.figure in ("total", "count") else "nan"


def _update(name: str, figure: Figure, text: str) -> list[str]:
    """Lines that bring a figure up to date with the event in hand."""
    if figure.figure == "last":
        return [f"{name} = {text}"]
    if figure.figure == "count":
        return [f"if {text}: {name}w.add(ts, 1.0)" if figure.over_ns else f"if {text}: {name} += 1"]
    if figure.over_ns:
        return [f"{name}w.add(ts, {text})"]
    if figure.figure in ("highest", "lowest"):
        sign = "<=" if figure.figure == "highest" else ">="
        return [f"x = {text}", f"if x == x and not x {sign} {name}: {name} = x"]
    summed = f"{name}sum += x; {name}count += 1"
    value = f"{name}sum" if figure.figure == "total" else f"{name}sum / {name}count"
    return [f"x = {text}", f"if x == x: {summed}; {name} = {value}"]


def _list(items: list[str]) -> str:
    return f"[{', '.join(items)}]"


def _indented(lines: list[str], by: int) -> list[str]:
    return [f"{STEP * by}{line}" for line in lines]
