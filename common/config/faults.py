"""Faults of a configuration or an argument, as pydantic finds them, in a person's words."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, get_args

from pydantic import BaseModel
from pydantic_core import PydanticCustomError

from tapewire.common.bus.derived import FILTER_PATTERN, SIZE_PATTERN
from tapewire.common.config.near import expected
from tapewire.common.errors import ConfigError
from tapewire.common.instruments import SYMBOL_PATTERN
from tapewire.common.runtime.logs import redact

_WANTED: Final = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "decimal_type": "a number",
    "decimal_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "text in quotes",
    "path_type": "a path in quotes",
    "greater_than": "above {gt:g}",
    "greater_than_equal": "{ge:g} or more",
    "less_than": "below {lt:g}",
    "less_than_equal": "{le:g} or less",
    "literal_error": "{expected}",
    "string_too_short": "at least {min_length} character long",
    "string_too_long": "at most {max_length} characters long",
    "string_pattern_mismatch": "{pattern}",
    "value_error": "{error}",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "tuple_type": "a list",
    "datetime_type": "an ISO time",
    "datetime_parsing": "an ISO time",
    "datetime_from_date_parsing": "an ISO time",
}
"""By pydantic's type of a fault what was expected; its context fills the braces."""

PATTERNS: Final = {
    r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$": (
        "1 to 32 letters, digits, - and _, the first a letter or a digit"
    ),
    r"^[\w.]+:\w+$": "module:Class, such as strategies.dip:Dip",
    r"^[A-Z]{3}$|^$": "a currency of three capital letters, such as USD",
    r"^([01]\d|2[0-3]):[0-5]\d$": "a time of day, such as 17:00",
    r"^\d{8}$|^$": "a date of eight digits, such as 20261218",
    f"^{SYMBOL_PATTERN}$": "1 to 64 printable ASCII characters",
    r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$": "the name of a machine, such as desk.lan",
    r"^[A-Za-z0-9]{1,32}$": "an account id of 1 to 32 letters and digits",
    f"^{SIZE_PATTERN}$": "the width of a bar, such as 5s, 1m or 1h",
    f"^({FILTER_PATTERN})?$": (
        "ticks per second, 1 to 1000, such as 10/s, or a change of the price, such as >0.05"
    ),
}
"""What a value must be, by the pattern of its key."""

_INSTEAD: Final = {
    "name": "give one of them another name",
    "symbol": "remove one of them",
    "account": "remove one of them",
}
"""What to do about a name of this kind that is a duplicate."""

SHOWN_MAX: Final = 80


def wanted(fault: Mapping[str, Any]) -> str:
    """What was expected, for behind `must be`; pydantic's own words where there are none here."""
    context = fault.get("ctx", {})
    if fault["type"] not in _WANTED:
        return str(fault["msg"]).removeprefix("Input should be ")
    if "pattern" in context:
        context = {"pattern": PATTERNS.get(context["pattern"], context["pattern"])}
    return _WANTED[fault["type"]].format(**context)


def unknown_key(name: str, known: Iterable[str]) -> PydanticCustomError:
    """What a validator raises for an unknown key of its table."""
    return PydanticCustomError("unknown_key", "a known key", {"name": name, "known": [*known]})


def refuse_twice(what: str, names: Sequence[str]) -> None:
    """Raise, in a validator, if a name of its list's entries is a duplicate."""
    for name in names:
        if names.count(name) > 1:
            told = {"what": what, "name": name}
            raise PydanticCustomError("twice", "one entry per {what}; {name} is a duplicate", told)


def refuse_unknown(
    place: Sequence[str | int], given: str, known: Collection[str], entries: str
) -> None:
    """Raise, in a validator, if the name at this place is not `known` from the list `entries`."""
    if given not in known:
        raise ConfigError(
            f"{key(place)} is {given}, which is not in [[{entries}]]; {expected(given, known)}"
        )


def sentence(fault: Mapping[str, Any], model: type[BaseModel]) -> str:
    """What was found under which key of `model`, and what was expected."""
    *table, last = place = tuple(fault["loc"])
    if fault["type"] == "extra_forbidden":
        return f"{key(place)} is not a known key; {expected(str(last), keys(model, table))}"
    if fault["type"] == "unknown_key":
        name, known = fault["ctx"]["name"], fault["ctx"]["known"]
        return f"{key((*place, name))} is not a known key; {expected(name, known)}"
    if fault["type"] == "twice":
        what, name = fault["ctx"]["what"], fault["ctx"]["name"]
        return f"{key(place)}: the {what} {name!r} is a duplicate; {_INSTEAD[what]}"
    if fault["type"] == "missing":
        return f"{key(place)} is missing"
    if fault["type"] == "tuple_type" and isinstance(fault["input"], dict) and not table:
        return f"[{last}] must be written [[{last}]]"
    return f"{key(place)} is {_shown(fault['input'])}, must be {wanted(fault)}"


def _shown(found: object) -> str:
    """What was found, without account ids, and of a whole table only the start."""
    text = redact(repr(found))
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}..."


def key(place: Sequence[str | int]) -> str:
    """A key as a person counts: `tws.port`, or `name of [[strategies]] number 1`."""
    for at, part in enumerate(place):
        if isinstance(part, int):
            entries, rest = ".".join(map(str, place[:at])), place[at + 1 :]
            if not rest:
                return f"number {part + 1} of {entries}"
            return f"{key(rest)} of [[{entries}]] number {part + 1}"
    return ".".join(map(str, place))


def keys(model: type[BaseModel], table: Sequence[str | int]) -> Iterable[str]:
    """The keys that the table of `model` at this place has, as they stand in the file."""
    for part in table:
        if isinstance(part, str) and part in model.model_fields:
            model = _model_in(model.model_fields[part].annotation) or model
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The table that a field holds, alone, in a list or optionally."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((m for one in get_args(annotation) if (m := _model_in(one))), None)
