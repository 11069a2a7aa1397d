"""Expressions: what the conditions of a pattern are made of.

`trade.price > 100` is not compared here. It is kept as a small tree, which is checked when the
pattern is declared and compiled when it is used.

A value may be unknown: the bid of a quote that has none yet, the day's high before the first trade.
A comparison with an unknown value does not hold, whichever it is, and arithmetic with one gives an
unknown value.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, Final, Generic, Literal, NoReturn, TypeVar

from tapewire.common.events import Event

E = TypeVar("E", bound=Event)
Kind = type[Event]
ValueType = Literal["number", "text", "flag"]
Plain = float | str | Decimal


class PatternError(ValueError):
    """A declaration that is refused: what is wrong, and what to write."""


def kind_name(kind: Kind) -> str:
    """An event class's name on the wire, such as `order.denied`."""
    return str(kind.__struct_config__.tag)


class Expression:
    """A node: `parts` are the expressions that it is made of, `key` is the same text for two that
    always have the same value."""

    parts: tuple["Expression", ...] = ()
    key: str = ""

    def __str__(self) -> str:
        return self.key

    @property
    def kinds(self) -> frozenset[Kind]:
        """The events that it is about: those in hand when it is evaluated."""
        return frozenset(kind for part in self.parts for kind in part.kinds)

    def walk(self) -> Iterator["Expression"]:
        """It, and all that it is made of."""
        yield self
        for part in self.parts:
            yield from part.walk()


class Value(Expression, Generic[E]):
    """A number, a text or a flag. Compare it for a condition; calculate with it if a number."""

    type: ValueType = "number"

    def __gt__(self, other: "Value[Any] | Plain") -> "Condition[E]":
        return Compare(">", self, other)

    def __ge__(self, other: "Value[Any] | Plain") -> "Condition[E]":
        return Compare(">=", self, other)

    def __lt__(self, other: "Value[Any] | Plain") -> "Condition[E]":
        return Compare("<", self, other)

    def __le__(self, other: "Value[Any] | Plain") -> "Condition[E]":
        return Compare("<=", self, other)

    def __eq__(self, other: object) -> "Condition[E]":  # type: ignore[override]  # as in SQL builders
        return Compare("==", self, other)

    def __ne__(self, other: object) -> "Condition[E]":  # type: ignore[override]
        return Compare("!=", self, other)

    __hash__ = None  # type: ignore[assignment]  # equality is a condition: sets would hold nothing

    def __add__(self, other: "Value[Any] | Plain") -> "Value[E]":
        return Arithmetic("+", self, other)

    def __radd__(self, other: Plain) -> "Value[E]":
        return Arithmetic("+", other, self)

    def __sub__(self, other: "Value[Any] | Plain") -> "Value[E]":
        return Arithmetic("-", self, other)

    def __rsub__(self, other: Plain) -> "Value[E]":
        return Arithmetic("-", other, self)

    def __mul__(self, other: "Value[Any] | Plain") -> "Value[E]":
        return Arithmetic("*", self, other)

    def __rmul__(self, other: Plain) -> "Value[E]":
        return Arithmetic("*", other, self)

    def __truediv__(self, other: "Value[Any] | Plain") -> "Value[E]":
        return Arithmetic("/", self, other)

    def __rtruediv__(self, other: Plain) -> "Value[E]":
        return Arithmetic("/", other, self)

    def __bool__(self) -> NoReturn:
        raise PatternError(
            f"{self} has no value while a pattern is declared; compare it, such as {self} == 1"
        )


class Condition(Expression, Generic[E]):
    """What does or does not hold for an event. Join two with `&` and `|`."""

    def __and__(self, other: "Condition[Any]") -> "Condition[E]":
        return Joined("and", self, other)

    def __or__(self, other: "Condition[Any]") -> "Condition[E]":
        return Joined("or", self, other)

    def __bool__(self) -> NoReturn:
        raise PatternError(
            f"{self} is a condition, which holds or not for each event; join conditions with & and"
            " |, each in brackets, not with `and`, `or`, `not` or a chain such as 1 < x < 2"
        )


class Constant(Value[Any]):
    """A number, a text, True or False."""

    def __init__(self, given: object) -> None:
        if isinstance(given, bool):
            self.type, self.value = "flag", given
        elif isinstance(given, int | float | Decimal):
            self.type, self.value = "number", float(given)
        elif isinstance(given, str):
            self.type, self.value = "text", given
        else:
            raise PatternError(
                f"{given!r:.60} is of type {type(given).__name__}; a pattern compares with numbers,"
                " texts, True and False"
            )
        self.key = repr(self.value)

    value: float | str | bool


class Field(Value[E]):
    """A field of the event in hand; `path` has more than one name where it lies in another
    struct. `may_lack` is whether it can be None."""

    def __init__(
        self, kind: Kind, path: tuple[str, ...], type_: ValueType, may_lack: bool, exact: bool
    ) -> None:
        self.kind, self.path, self.type = kind, path, type_
        self.may_lack = may_lack
        self.is_decimal = exact
        self.key = f"{kind_name(kind)}.{'.'.join(path)}"

    @property
    def kinds(self) -> frozenset[Kind]:
        """See `Expression`."""
        return frozenset((self.kind,))


class Arithmetic(Value[E]):
    """Two numbers and an operator."""

    def __init__(self, operator: str, left: object, right: object) -> None:
        first, second = as_value(left), as_value(right)
        for one in (first, second):
            if one.type != "number":
                raise PatternError(f"{one} is a {one.type}; {operator} needs numbers")
        self.operator, self.parts = operator, (first, second)
        self.key = f"({first} {operator} {second})"


class Compare(Condition[E]):
    """Two values of one type and an operator."""

    def __init__(self, operator: str, left: object, right: object) -> None:
        first, second = as_value(left), as_value(right)
        if first.type != second.type:
            raise PatternError(
                f"{first} is a {first.type} and {second} a {second.type}; they are never equal,"
                " nor can one be above the other"
            )
        if first.type != "number" and operator not in ("==", "!="):
            raise PatternError(f"{first} is a {first.type}; compare it with == or !=")
        self.operator, self.parts = operator, (first, second)
        self.type = first.type
        self.key = f"({first} {operator} {second})"


class Joined(Condition[E]):
    """Two conditions, both or one of which must hold."""

    def __init__(self, word: Literal["and", "or"], left: Any, right: Any) -> None:
        for one in (left, right):
            if not isinstance(one, Condition):
                raise PatternError(
                    f"{one!s:.60} is not a condition; put each comparison in brackets, such as"
                    " (trade.price > 1) & (trade.size > 1)"
                )
        self.operator, self.parts = word, (left, right)
        self.key = f"({left} {word} {right})"


class Always(Condition[E]):
    """Holds for each event of a kind."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.key = f"any {kind_name(kind)}"

    @property
    def kinds(self) -> frozenset[Kind]:
        """See `Expression`."""
        return frozenset((self.kind,))


class Function(Condition[E]):
    """A Python function of the event; what it raises is reported, and it does not hold then."""

    def __init__(self, kind: Kind, function: Callable[[Any], object]) -> None:
        self.kind, self.function = kind, function
        name = getattr(function, "__qualname__", type(function).__name__)
        self.key = f"{name}#{id(function)}({kind_name(kind)})"

    def __str__(self) -> str:
        return self.key.partition("#")[0]

    @property
    def kinds(self) -> frozenset[Kind]:
        """See `Expression`."""
        return frozenset((self.kind,))


class At(Value[Any]):
    """A value as it was when a step was taken: `step` is that one, or None for the one before."""

    def __init__(self, step: object | None, value: object) -> None:
        inner = as_value(value)
        if any(isinstance(one, At) for one in inner.walk()):
            raise PatternError(f"{inner} already looks back at a step; look back once")
        self.step, self.value, self.type = step, inner, inner.type
        place = "previous" if step is None else f"step#{id(step)}"
        self.key = f"{place}[{inner}]"

    def __str__(self) -> str:
        return f"{'previous' if self.step is None else 'step'}[{self.value}]"


class Previous:
    """`previous[trade.price]`: the value as it was at the step before this one."""

    def __getitem__(self, value: Value[E]) -> Value[E]:
        return At(None, value)


previous: Final = Previous()


def as_value(given: object) -> Value[Any]:
    """An expression, or what is to be one; raises `PatternError` for what cannot be."""
    if isinstance(given, Value):
        return given
    if isinstance(given, Condition):
        raise PatternError(f"{given} is a condition, not a value; put comparisons in brackets")
    return Constant(given)
