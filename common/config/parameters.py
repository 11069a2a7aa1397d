"""Parameters: configured values as a strategy's or a rule's class wants them."""

import re
from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Any, Final, get_type_hints

import msgspec

from tapewire.common.config.near import expected
from tapewire.common.config.text import named
from tapewire.common.errors import ConfigError

_WORDS: Final = {
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
    "null": "nothing",
    "decimal": "a decimal number",
    "datetime": "a date and time",
}
_AT: Final = re.compile(r"(?P<said>.*?)(?: - at `(?P<path>(?:key in )?\$.*)`)?", re.DOTALL)
_FIELD: Final = re.compile(r"Object (missing required|contains unknown) field `(.*)`")
_EXPECTED: Final = re.compile(r"Expected (?P<what>.*?)(?:, got .*)?", re.DOTALL)


def parameters_of(where: str, given: Mapping[str, Any], wanted: Any, owner: str) -> Any:
    """The values `given` as a `wanted` (a struct or a dataclass); raises `ConfigError` that names
    the key.

    `where` is the key of the table that they are from, `owner` the class that takes them. A user's
    class may have anything for `wanted`.
    """
    _require_known(f"{where}.", given, _types(wanted, owner), owner)
    try:
        return msgspec.convert(given, wanted)
    except msgspec.ValidationError as error:
        raise ConfigError(_refused(where, given, str(error))) from error
    except Exception as error:  # a user's own decoding or `__post_init__`
        raise ConfigError(f"{where}: {named(error)}; correct them") from error


def from_texts(where: str, given: Mapping[str, str], wanted: Any, owner: str) -> dict[str, Any]:
    """Some of the values of a `wanted`, as a person wrote them (`10`, `true`, `[1, 2]`), as the
    configuration would have them; raises as `parameters_of`. `where` is the option's name."""
    types = _types(wanted, owner)
    _require_known(f"{where} ", given, types, owner)
    return {key: _from_text(f"{where} {key}", text, types[key]) for key, text in given.items()}


def _from_text(where: str, text: str, wanted: Any) -> Any:
    value: Any = text
    try:
        if text[:1] in ("[", "{"):
            value = msgspec.json.decode(text)
        return msgspec.to_builtins(msgspec.convert(value, wanted, strict=False))
    except msgspec.ValidationError as error:
        raise ConfigError(_refused(where, value, str(error))) from error
    except (msgspec.MsgspecError, ValueError, TypeError) as error:
        raise ConfigError(f"{where} is {text!r:.80}: {named(error)}; correct it") from error


def _require_known(
    where: str, given: Mapping[str, Any], known: Mapping[str, Any], owner: str
) -> None:
    for key in sorted(given.keys() - known):
        meant = expected(key, sorted(known)) if known else f"{owner.rpartition(':')[2]} takes none"
        raise ConfigError(f"{where}{key} is not known; {meant}")


def _types(wanted: Any, owner: str) -> dict[str, Any]:
    """The types of the parameters by their names in the configuration."""
    try:
        if isinstance(wanted, type) and issubclass(wanted, msgspec.Struct):
            return {one.encode_name: one.type for one in msgspec.structs.fields(wanted)}
        if isinstance(wanted, type) and is_dataclass(wanted):
            return get_type_hints(wanted, include_extras=True)
    except (NameError, TypeError) as error:
        raise ConfigError(f"the parameters of {owner}: {named(error)}; correct them") from error
    raise ConfigError(
        f"the parameters of {owner} are {wanted!r:.100}; they must be a msgspec.Struct or a"
        " dataclass: derive them with class Parameters(msgspec.Struct)"
    )


def _refused(where: str, given: Any, text: str) -> str:
    """msgspec's word on a value, in the words of the configuration's file."""
    found = _AT.fullmatch(text)
    said, path = (found["said"], found["path"] or "$") if found else (text, "$")
    key = where + path.removeprefix("key in ").removeprefix("$").replace("[...]", ".*")
    if field := _FIELD.fullmatch(said):
        if field[1] == "missing required":
            return f"{key}.{field[2]} is missing, and has no default; add it"
        return f"{key}.{field[2]} is not known; remove it or correct its name"
    if wanted := _EXPECTED.fullmatch(said):
        return f"{key}{_value(given, path)}, must be {_in_words(wanted['what'])}; correct it"
    return f"{key}{_value(given, path)}: {said}; correct it"


def _value(given: Any, path: str) -> str:
    """` is 'many'`: what stands at `path`; nothing where it is the whole, or is not known."""
    found = given
    for name, place in re.findall(r"\.(\w+)|\[(\d+)\]", path):
        found = found[name] if name else found[int(place)]
    is_whole = path == "$" and isinstance(given, Mapping)
    return "" if is_whole or "..." in path else f" is {found!r:.80}"


def _in_words(types: str) -> str:
    def word(found: re.Match[str]) -> str:
        return " or ".join(_WORDS.get(name, name) for name in found[1].split(" | "))

    return re.sub(r"`([^`]*)`", word, types)
