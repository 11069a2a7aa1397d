"""Parameters: configured values as a strategy's or a rule's class wants them."""

import re
from collections.abc import Mapping
from typing import Any, Final

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
    """The values `given` as the struct `wanted`; raises `ConfigError` naming the key.

    `where` is the key of the table that they are from, `owner` the class that takes them. A user's
    class may have anything for `wanted`.
    """
    if not (isinstance(wanted, type) and issubclass(wanted, msgspec.Struct)):
        raise ConfigError(
            f"{owner}.Parameters is {wanted!r:.100}; it must be a msgspec.Struct:"
            " derive it with class Parameters(msgspec.Struct)"
        )
    known = sorted(field.encode_name for field in msgspec.structs.fields(wanted))
    for key in sorted(given.keys() - known):
        meant = expected(key, known) if known else f"{owner.rpartition(':')[2]} takes none"
        raise ConfigError(f"{where}.{key} is not known; {meant}")
    try:
        return msgspec.convert(given, wanted)
    except msgspec.ValidationError as error:
        raise ConfigError(_refused(where, given, str(error))) from error
    except Exception as error:  # a user's own decoding or `__post_init__`
        raise ConfigError(f"{where}: {named(error)}; correct them") from error


def _refused(where: str, given: Mapping[str, Any], text: str) -> str:
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


def _value(given: Mapping[str, Any], path: str) -> str:
    """` is 'many'`: what stands at `path`; nothing where it is the whole, or is not known."""
    found: Any = given
    for name, place in re.findall(r"\.(\w+)|\[(\d+)\]", path):
        found = found[name] if name else found[int(place)]
    return "" if path == "$" or "..." in path else f" is {found!r:.80}"


def _in_words(types: str) -> str:
    def word(found: re.Match[str]) -> str:
        return " or ".join(_WORDS.get(name, name) for name in found[1].split(" | "))

    return re.sub(r"`([^`]*)`", word, types)
