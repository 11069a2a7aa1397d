"""The rules in force: taken over by every process from risk's journal, in one order for all.

The configuration is read at a start. What is in force afterwards stands in risk's journal: risk
writes `risk.rules.changed` when a person has it take over other rules, and at a start where the
configuration has others than the journal. The gateway and the executor follow that journal and take
over what it says. So all of them work by the same rules, and a replay by those of its time,
whatever a file says today.

A rule whose entry did not change is the same object afterwards, with all that it remembers.

Rules that a process cannot load must not be missing there. In their place is one that denies
whatever adds risk, and that is broken for as long as that lasts: it says why.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from tapewire.common.errors import ConfigError
from tapewire.common.events import EVERYTHING, RULES_MAX, Measure, SubmitOrder, Until
from tapewire.risk.rules.base import NoParameters, Rule, Violation
from tapewire.risk.rules.rulebook import RuleBook, RuleEntry, load_rules
from tapewire.risk.rules.view import View


class EntryScope(msgspec.Struct, frozen=True):
    """What an entry is about; an empty part stands for all."""

    account: str = ""
    strategy: str = ""
    symbol: str = ""


class Entry(msgspec.Struct, frozen=True):
    """A `[[risk.rules]]` entry as risk's journal has it."""

    rule: str
    parameters: dict[str, Any] = {}
    scope: EntryScope = EntryScope()
    enforcement: tuple[Measure, ...] | None = None
    until: Literal["person", "day"] | int = "person"


class Unloadable(Rule):
    """In place of rules that cannot be loaded: it denies whatever adds risk, and says why."""

    def __init__(self, fault: str) -> None:
        super().__init__(NoParameters())
        self.fault = f"the rules in force cannot be loaded: {fault}"

    @property
    def name(self) -> str:
        """What it stands for."""
        return "risk.rules"

    def denial(self, order: SubmitOrder, view: View) -> str:
        """Only what can do no more than bring a position nearer to zero may go."""
        return "" if view.is_reducing(order) else self.fault

    def combo_denial(self, combo: SubmitOrder, view: View) -> str:
        """The same of a combo."""
        return self.denial(combo, view)

    def on_timer(self, view: View) -> Iterable[Violation]:
        """Broken for as long as it is there."""
        yield Violation(self.name, EVERYTHING, self.fault)


def text_of(entries: Iterable[RuleEntry]) -> str:
    """Entries as risk's journal has them, equal ones as equal text. Raises `ConfigError` for what
    is not JSON, and for more than an event holds."""
    try:
        text = msgspec.json.encode([*map(_plain, entries)], order="sorted").decode()
    except TypeError as error:
        raise ConfigError(f"risk.rules: {error}; use numbers, texts, lists and tables") from error
    if len(text) > RULES_MAX:
        raise ConfigError(f"risk.rules: {len(text):,} characters, at most {RULES_MAX:,} are kept")
    return text


def entries_of(text: str) -> list[Entry]:
    """The entries that `text_of` has written down; raises `ConfigError` for any other text."""
    try:
        return msgspec.json.decode(text, type=list[Entry])
    except msgspec.MsgspecError as error:
        raise ConfigError(f"risk.rules: {error}; expected the entries as JSON") from error


def taken_over(text: str, before: RuleBook) -> RuleBook:
    """The rules of `text`, those that `before` has already with all that they remember. Where they
    cannot be loaded, a book that lets nothing add risk, and whose `fault` says why."""
    try:
        return load_rules(entries_of(text), before)
    except ConfigError as error:
        book = RuleBook([Unloadable(str(error))])
        book.fault = str(error)
        return book


def changes(before: str, after: str) -> Mapping[str, list[str]]:
    """The names of the rules that are `added`, `changed` and `removed` between two texts. Two
    entries of one name, of which one took the other's place, are a change."""
    old, new = _by_text(before), _by_text(after)
    gone = Counter([name for key, name in (old - new).elements()])
    come = Counter([name for key, name in (new - old).elements()])
    changed = gone & come
    return {
        "added": sorted((come - changed).elements()),
        "changed": sorted(changed.elements()),
        "removed": sorted((gone - changed).elements()),
    }


def digest_of(text: str) -> str:
    """A short name of a text of entries, by which processes show what they work by."""
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def shown(book: RuleBook) -> dict[str, str]:
    """What a process shows of the rules that it works by."""
    return {"rules": digest_of(text_of(book.entries)), "rules_fault": book.fault}


def _by_text(text: str) -> Counter[tuple[str, str]]:
    return Counter((text_of([one]), one.rule) for one in entries_of(text))


def _plain(entry: RuleEntry) -> dict[str, Any]:
    measures: Sequence[str] | None = entry.enforcement
    until: Until = entry.until
    scope = (entry.scope.account, entry.scope.strategy, entry.scope.symbol)
    return {
        "rule": entry.rule,
        "parameters": entry.parameters,
        "scope": EntryScope(*scope),
        "enforcement": None if measures is None else [*measures],
        "until": until,
    }
