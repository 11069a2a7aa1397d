"""Layouts of long messages as tables: each field's name, how it is read or made, and since when.

TWS's longest messages have more than a hundred fields without any names on the wire. A table
keeps the name beside each place, so that nobody has to count.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from tapewire.simulator.protocol.requests import Fields

ANY_VERSION = 1_000_000


class Field(NamedTuple):
    """One field. It is on the wire from server version `since` up to, but not at, `until`.

    In a request, `how` is the function that reads it. In a message, `how` is its constant text,
    or a function that makes the text from what the message is about.
    """

    name: str
    how: str | Callable[[Any], Any]
    since: int = 0
    until: int = ANY_VERSION


class Layout:
    """All fields of one message, in order. What a version needs is worked out once."""

    def __init__(self, *fields: Field) -> None:
        self._fields = fields
        self._readers: dict[int, list[tuple[str, Callable[[Fields], Any]]]] = {}
        self._templates: dict[int, Template] = {}

    def at(self, version: int) -> list[Field]:
        """The fields that a server version has."""
        return [one for one in self._fields if one.since <= version < one.until]

    def read(self, fields: Fields, version: int) -> dict[str, Any]:
        """A request's fields by name, each as its reader returns it; raises BadRequest."""
        readers = self._readers.get(version)
        if readers is None:
            readers = [(one.name, one.how) for one in self.at(version) if callable(one.how)]
            self._readers[version] = readers
        return {name: how(fields) for name, how in readers}

    def write(self, about: Any, version: int) -> list[str]:
        """A message's fields as text."""
        template = self._templates.get(version)
        if template is None:
            template = self._templates[version] = _template(self.at(version))
        text = template.text.copy()
        for place, how in template.made:
            text[place] = how(about)
        return text


class Template(NamedTuple):
    """A message with its constants filled in, and the places that are made each time."""

    text: list[str]
    made: list[tuple[int, Callable[[Any], str]]]


def _template(fields: list[Field]) -> Template:
    text = ["" if callable(one.how) else one.how for one in fields]
    return Template(text, [(n, one.how) for n, one in enumerate(fields) if callable(one.how)])


def constants(how: str, names: str) -> Iterable[Field]:
    """Fields of a message that always carry the same text; `names` is separated by blanks."""
    return (Field(name, how) for name in names.split())


def unused(names: str, since: int = 0, until: int = ANY_VERSION) -> Iterable[Field]:
    """Fields of a request that this TWS does not use; `names` is separated by blanks."""
    return (Field(name, Fields.text, since, until) for name in names.split())
