"""The rule book: every configured rule, loaded, asked together, and failing closed.

A rule that raises does not switch its limit off. Before an order goes it denies the order; in the
risk process it halts its scope, and says that it was the rule that failed. A rule whose state
cannot be read back after a restart, or cannot be written, halts its scope until the next start:
what it has forgotten may be the reason for a halt.
"""

import importlib
import inspect
import pkgutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from typing import Any, Protocol

import msgspec

from tapewire.common.config.calling_folder import look_in_calling_folder
from tapewire.common.config.near import expected
from tapewire.common.config.parameters import parameters_of
from tapewire.common.config.text import named
from tapewire.common.errors import ConfigError
from tapewire.common.events import Event, Scope, SubmitOrder, Until
from tapewire.common.own_code import located
from tapewire.risk.rules.base import Reading, Rule, Violation
from tapewire.risk.rules.enforcement import enforcement_of
from tapewire.risk.rules.view import View


def shipped() -> dict[str, type[Rule]]:
    """The rules that come with Tapewire by their names: those of this folder's modules that are
    named after their rule."""
    folder = importlib.import_module(__package__)
    modules = [
        importlib.import_module(f"{folder.__name__}.{found.name}")
        for found in pkgutil.iter_modules(folder.__path__)
    ]
    return {
        name: one
        for module in modules
        for name, one in vars(module).items()
        if isinstance(one, type) and issubclass(one, Rule) and one.__module__ == module.__name__
        if module.__name__.rpartition(".")[2].replace("_", "") == name.lower()
        if one is not Rule and not inspect.isabstract(one)
    }


class ScopeEntry(Protocol):
    """What a `[[risk.rules]]` entry is about; an empty part stands for all."""

    @property
    def account(self) -> str:
        """An account."""

    @property
    def strategy(self) -> str:
        """A strategy."""

    @property
    def symbol(self) -> str:
        """A symbol."""


class RuleEntry(Protocol):
    """One `[[risk.rules]]` entry of the configuration."""

    @property
    def rule(self) -> str:
        """A name that is `shipped`, or `module:Class`."""

    @property
    def parameters(self) -> dict[str, Any]:
        """What the rule's `Parameters` are made from."""

    @property
    def enforcement(self) -> Sequence[str] | None:
        """What follows when it is broken; None for what the rule has by itself."""

    @property
    def until(self) -> Until:
        """When its lock-outs end."""

    @property
    def scope(self) -> "ScopeEntry":
        """What it is about."""


class RuleBook:
    """Rules asked together. The first denial counts; of several violations all are reported."""

    def __init__(self, rules: Sequence[Rule] = (), entries: Sequence["RuleEntry"] = ()) -> None:
        self.rules = tuple(rules)
        self.entries = tuple(entries)
        """What each was loaded from, where they were."""
        self.fault = ""
        """Why other rules than these were wanted, and cannot be loaded."""
        self._denying = [rule for rule in self.rules if _may_deny(rule)]
        self._keyed = list(_keyed(self.rules))
        self._stateful = [(k, r) for k, r in self._keyed if type(r).save is not Rule.save]
        self._stateless: dict[str, Violation] = {}  # rules that have lost their state, by their key

    def __repr__(self) -> str:
        return f"<RuleBook {', '.join(rule.name for rule in self.rules) or 'empty'}>"

    def denial(self, order: SubmitOrder, view: View) -> str:
        """Why `order` must not go; empty if it may. `view` does not have the order yet."""
        for rule in self._denying:
            try:
                ask = rule.combo_denial if order.legs else rule.denial
                reason = ask(order, view) if rule.covers(order) else ""
            except Exception as error:  # noqa: BLE001 - a rule that fails must not let an order pass
                return f"rule {rule.name} failed, so the order is not sent: {located(error)}"
            if reason:
                return reason
        return ""

    def on_events(self, events: Iterable[Event], view: View) -> list[Violation]:
        """What these events have broken; each rule sees each that it looks at, with all of them
        in view."""

        def asked(rule: Rule) -> Iterator[Violation]:
            for event in known:
                if _looks_at(rule.looks_at, type(event)):
                    yield from (one.caused_by(event) for one in rule.on_event(event, view))

        known = list(events)
        return distinct(self._ask(asked))

    def counts(self) -> list[dict[str, int | str]]:
        """What the rules count beside their limits, of each that does."""
        found = ((rule.name, rule.counts()) for rule in self.rules)
        return [{"rule": name, **counts} for name, counts in found if counts]

    def on_timer(self, view: View) -> list[Violation]:
        """What is broken now, whatever has happened."""
        found = self._ask(lambda rule: rule.on_timer(view))
        return distinct([*found, *self._stateless.values()])

    def on_marks(self, view: View) -> list[Violation]:
        """What new prices have broken: the rules that look at prices."""
        return distinct(self._ask(lambda rule: rule.on_timer(view) if rule.watches_marks else ()))

    def readings(self, view: View) -> list[Reading]:
        """How much of each limit is used now. A rule that fails has none: that it failed is a
        violation, wherever it is asked."""
        found: list[Reading] = []
        for rule in self.rules:
            with suppress(Exception):
                found += rule.readings(view)
        return found

    def states(self) -> Iterator[tuple[str, bytes]]:
        """What each rule wants kept, by its key."""
        for key, rule in self._stateful:
            if key not in self._stateless:
                try:
                    state = rule.save()
                except Exception as error:  # noqa: BLE001 - as in `_ask`
                    self._stateless[key] = _failed(rule, "its state cannot be saved", error)
                else:
                    yield key, state

    def key_of(self, rule: Rule) -> str:
        """What the state of one of the rules is kept under."""
        return next(key for key, one in self._keyed if one is rule)

    def succeed(self, before: "RuleBook") -> None:
        """Take the place of another book: a rule of both that has lost its state there has it no
        more here."""
        lost = {id(rule): before._stateless.get(key) for key, rule in before._keyed}
        for key, rule in self._keyed:
            if violation := lost.get(id(rule)):
                self._stateless[key] = violation

    def restore(self, key: str, state: bytes) -> None:
        """Give a rule back what it saved last; a rule that is not configured any more has none."""
        for own, rule in self._keyed:
            if own == key:
                try:
                    rule.restore(state)
                except Exception as error:  # noqa: BLE001 - as in `_ask`
                    self._stateless[key] = _failed(rule, "its state cannot be restored", error)

    def _ask(self, question: Callable[[Rule], Iterable[Violation]]) -> Iterator[Violation]:
        for rule in self.rules:
            try:
                yield from question(rule)
            except Exception as error:  # noqa: BLE001 - a rule that fails must not switch itself off
                yield _failed(rule, "the rule failed", error)


@cache
def _looks_at(wanted: tuple[type[Event], ...] | None, kind: type[Event]) -> bool:
    """Whether a rule is asked about events of a kind: the same answer for each of them."""
    return wanted is None or issubclass(kind, wanted)


def _may_deny(rule: Rule) -> bool:
    """Whether it is asked before an order goes."""
    kind = type(rule)
    asks = kind.denial is not Rule.denial or kind.combo_denial is not Rule.combo_denial
    return asks and rule.enforcement.denies


def _keyed(rules: Sequence[Rule]) -> Iterator[tuple[str, Rule]]:
    """Each rule with the key that its state is kept under: its name, numbered from the second of
    that name on."""
    seen = Counter[str]()
    for rule in rules:
        seen[rule.name] += 1
        number = seen[rule.name]
        yield (rule.name if number == 1 else f"{rule.name}#{number}"), rule


def _failed(rule: Rule, what: str, error: Exception) -> Violation:
    reason = f"{what}, so nothing in its scope may add risk: {located(error)}"
    return Violation(rule.name, rule.scope, reason)


def distinct(violations: Iterable[Violation]) -> list[Violation]:
    """Each violation once, with the first of its causes; the strongest enforcement first."""
    unique: dict[Violation, Violation] = {}
    for one in violations:
        unique.setdefault(one.without_cause, one)
    if len(unique) < 2:
        return list(unique.values())
    return sorted(unique.values(), key=lambda one: -one.enforcement.strength)


def load_rules(entries: Iterable[RuleEntry], before: RuleBook | None = None) -> RuleBook:
    """The configured rules; raises `ConfigError` naming the entry that cannot be loaded. A rule
    whose entry `before` has too is that book's own, with all that it remembers."""
    given = tuple(entries)
    kept = [*zip(before.entries, before.rules, strict=True)] if before and before.entries else []
    rules = []
    for number, entry in enumerate(given, 1):
        same = next((one for one in kept if _are_equal(one[0], entry)), None)
        if same is not None:
            kept.remove(same)
        rules.append(same[1] if same is not None else _load(number, entry))
    book = RuleBook(rules, given)
    if before is not None:
        book.succeed(before)
    return book


def _are_equal(one: RuleEntry, other: RuleEntry) -> bool:
    """Whether two entries ask for the same, however they were read."""

    def plain(entry: RuleEntry) -> tuple[Any, ...]:
        scope = (entry.scope.account, entry.scope.strategy, entry.scope.symbol)
        measures = None if entry.enforcement is None else tuple(entry.enforcement)
        return entry.rule, msgspec.to_builtins(entry.parameters), scope, measures, entry.until

    return plain(one) == plain(other)


def _load(number: int, entry: RuleEntry) -> Rule:
    where = f"[[risk.rules]] number {number}"
    scope = Scope(entry.scope.account, entry.scope.strategy, entry.scope.symbol)
    try:
        cls = _class(entry.rule)
        parameters = parameters_of("parameters", entry.parameters, cls.Parameters, entry.rule)
        given = cls.default.measures if entry.enforcement is None else entry.enforcement
        enforcement = enforcement_of(given, entry.until)
        closes = {"reduce", "close", "flatten"} & {*enforcement.measures}
        if scope.strategy and closes:
            raise ValueError(
                f"it cannot {min(closes)} {scope}: positions are an account's, not a strategy's"
            )
        if "reduce" in closes and not cls.reduces:
            raise ValueError("it has no quantity that a position could be reduced to; close it")
        return cls(parameters, scope, enforcement)
    except ConfigError as error:  # it says itself what is to be done
        raise ConfigError(f"{where}: {error}") from error
    except Exception as error:
        raise ConfigError(f"{where}: {named(error)}; correct its parameters") from error


def _class(name: str) -> type[Rule]:
    rules = shipped()
    if name in rules:
        return rules[name]
    module_name, colon, class_name = name.partition(":")
    if not colon:
        raise ConfigError(
            f"rule is {name!r}, which is neither a rule nor module:Class; {expected(name, rules)}"
        )
    look_in_calling_folder()
    try:
        found = getattr(importlib.import_module(module_name), class_name)
    except Exception as error:
        raise ConfigError(f"rule is {name}, but it cannot be loaded: {located(error)}") from error
    if not (isinstance(found, type) and issubclass(found, Rule)):
        raise ConfigError(f"rule is {name}, which is not a class of tapewire.risk.rules.Rule")
    return found
