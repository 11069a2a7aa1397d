"""Expressions as Python: the text of a value or a condition, and the names that it needs.

Unknown numbers are NaN in the compiled code, since a comparison with NaN does not hold. Only `!=`
does, so it asks about both sides.
"""

from collections.abc import Callable
from typing import Any

from tapewire.common.patterns.expressions import (
    Always,
    Arithmetic,
    At,
    Compare,
    Constant,
    Expression,
    Field,
    Function,
    Joined,
    Kind,
)
from tapewire.common.patterns.figures import Figure


class Names:
    """The variables of one piece of code: fields of the event, figures, functions."""

    def __init__(self) -> None:
        self.fields: dict[str, tuple[str, Field[Any]]] = {}
        self.figures: dict[str, tuple[str, Figure]] = {}
        self.functions: dict[str, tuple[str, Function[Any]]] = {}

    def field(self, field: Field[Any]) -> str:
        """The variable that has a field of the event in hand."""
        return self.fields.setdefault(field.key, (f"f{len(self.fields)}", field))[0]

    def figure(self, figure: Figure) -> str:
        """The variable that has a figure."""
        return self.figures.setdefault(figure.key, (f"g{len(self.figures)}", figure))[0]

    def function(self, function: Function[Any]) -> str:
        """The variable that has a function."""
        return self.functions.setdefault(
            function.key, (f"h{len(self.functions)}", function)
        )[0]  # fmt: skip

    def loading(self, kind: Kind, fields: set[str]) -> list[str]:
        """Lines that give the variables of these fields their values."""
        lines = []
        for name, field in self.fields.values():
            if field.kind is kind and field.key in fields:
                lines += _loading(name, field)
        return lines


def _loading(name: str, field: Field[Any]) -> list[str]:
    of = f"event.{'.'.join(field.path)}"
    if field.type != "number":
        return [f"{name} = {of}"]
    if field.is_decimal:
        return [f"{name} = {of}", f"{name} = nan if {name} is None else float({name})"]
    if field.may_lack:
        return [f"{name} = {of}", f"if {name} is None: {name} = nan"]
    return [f"{name} = {of}"]


class Writer:
    """Writes expressions; `at` gives the text of a value that is looked back at."""

    def __init__(self, names: Names, at: Callable[[At], str] | None = None) -> None:
        self._names, self._at = names, at

    def text(self, one: Expression) -> str:  # noqa: PLR0911 - one for each kind of expression
        """The expression as Python."""
        match one:
            case Constant():
                return repr(one.value)
            case Field():
                return self._names.field(one)
            case Figure():
                return self._names.figure(one)
            case At() if self._at is not None:
                return self._at(one)
            case Arithmetic():
                return self._arithmetic(one)
            case Compare():
                return self._compare(one)
            case Joined():
                first, second = map(self.text, one.parts)
                return f"({first} {one.operator} {second})"
            case Always():
                return "True"
            case Function():
                return f"{self._names.function(one)}(event)"
        raise AssertionError(f"{type(one).__name__} cannot be written")

    def _arithmetic(self, one: Arithmetic[Any]) -> str:
        first, second = map(self.text, one.parts)
        if one.operator == "/":
            return f"divided({first}, {second})"
        return f"({first} {one.operator} {second})"

    def _compare(self, one: Compare[Any]) -> str:
        first, second = map(self.text, one.parts)
        plain = f"{first} {one.operator} {second}"
        if one.type == "number":
            is_known = f" and {first} == {first} and {second} == {second}"
            return f"({plain}{is_known})" if one.operator == "!=" else f"({plain})"
        sides = zip(one.parts, (first, second), strict=True)
        known = [f" and {text} is not None" for side, text in sides if type(side) is not Constant]
        return f"({plain}{''.join(known)})"


def divided(first: float, second: float) -> float:
    """A quotient; unknown where the divisor is 0."""
    return first / second if second else float("nan")


def fields_in(one: Expression) -> set[str]:
    """The keys of the fields of the event in hand that an expression needs."""
    return {part.key for part in one.walk() if isinstance(part, Field)}
