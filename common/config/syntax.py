"""Faults of TOML's syntax, in a person's words: the line, and what belongs there."""

import re
import tomllib
from collections.abc import Collection
from typing import Any, Final

from tapewire.common.runtime.logs import redact

_PLACE: Final = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)
_HEADER: Final = re.compile(r"\s*(\[\[?)\s*([\w.-]+)\s*\]")
_KEY: Final = re.compile(r"\s*([\w.-]+)\s*=")
_ADDRESS: Final = re.compile(r"://[^\s\"']*")
_WORD: Final = re.compile(r"[A-Za-z_./~][\w./:~-]*")
_SAID: Final = {
    "Invalid value": "no value found; text must be in quotes",
    "Expected newline or end of document after a statement": (
        "there is more after the value; text must be in quotes"
    ),
    "Expected '=' after a key in a key/value pair": "a key and its value have a = between them",
    "Illegal character '\\n'": "the quote at the text's end is missing",
    "Unterminated string": "the quote at the text's end is missing",
    "Unclosed array": "the ] at the list's end is missing",
    "Unescaped '\\' in a string": "a backslash in a text is written twice, or the text in '...'",
}
"""By what the parser says, what a person writes instead; its own where there are none."""

SHOWN_MAX: Final = 60
TOO_DEEP: Final = "lists or tables are nested too deeply"


def parsed(text: str) -> dict[str, Any]:
    """What TOML says; `TOMLDecodeError` also where it is nested deeper than anybody writes."""
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise tomllib.TOMLDecodeError(TOO_DEEP) from error


def sentence(error: ValueError | RecursionError, text: str, lists: Collection[str]) -> str:
    """What is wrong in which line of `text`; `lists` are the tables that may stand repeatedly."""
    whole = TOO_DEEP if isinstance(error, RecursionError) else str(error)
    found = _PLACE.fullmatch(whole)
    if not isinstance(error, tomllib.TOMLDecodeError) or found is None:
        return f"{whole}; expected TOML in UTF-8"
    said, at, column = found.groups()
    lines = text.split("\n")
    number = int(at) if at else len(text.rstrip().split("\n"))
    line = lines[number - 1]
    rest = line[int(column) - 1 :] if column else ""
    wrong = _table_twice(line, lists) if said.startswith("Cannot") else _value(said, line, rest)
    return f"line {number}: {wrong}"


def _table_twice(line: str, lists: Collection[str]) -> str:
    """A table or key that is there already: most often an entry of a list with too few brackets."""
    header = _HEADER.match(line)
    if header is None:
        key = _KEY.match(line)
        return f"{key[1] if key else _shown(line)} is a duplicate"
    name = header[2]
    if name not in lists:
        return f"[{name}] is a duplicate; put its keys under one of them"
    if header[1] == "[":
        return f"[{name}] must be written [[{name}]]"
    return f"[[{name}]] follows a [{name}]; each needs two brackets"


def _value(said: str, line: str, rest: str) -> str:
    """What the parser says of the line, or what it does not say: a word without its quotes."""
    word = _WORD.match(rest) if said == "Invalid value" else None
    if word is None:
        return f"{_shown(line)}: {_SAID.get(said, said[:1].lower() + said[1:])}"
    if word[0].lower() in ("true", "false"):
        return f"{_shown(line)}: {word[0].lower()} must be in lower case"
    return f'{_shown(line)}: text must be in quotes, as in "{_without_addresses(redact(word[0]))}"'


def _shown(line: str) -> str:
    text = _without_addresses(redact(line.strip()))
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}..."


def _without_addresses(text: str) -> str:
    """`text` with of each address only the scheme: there may be a password in the rest."""
    return _ADDRESS.sub("://***", text)
