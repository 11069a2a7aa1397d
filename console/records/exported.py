"""Events that `tapewire events --json` has written to a file, as they were in the journals."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect

from tapewire.common.errors import ConfigError
from tapewire.common.events import types_by_name
from tapewire.console.records.journals import Entry


def read(path: Path) -> Iterator[Entry]:
    """Each entry of the file, in its order; raises `ConfigError` naming the line that is none."""
    with path.open() as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    yield _entry(json.loads(line))
                except (ValueError, TypeError, KeyError) as error:
                    raise ConfigError(
                        f"{path}:{number}: {error}; expected a line of `tapewire events --json`"
                    ) from error


def _entry(found: Mapping[str, Any]) -> Entry:
    kind = types_by_name()[found["event"]]
    fields = _array(inspect.type_info(kind), found["fields"])
    event = msgspec.convert(fields, kind)
    return Entry(int(found["ts_ns"]), str(found["source"]), int(found["seq"]), event)


def _array(kind: inspect.Type, value: Any) -> Any:
    """A value with each struct in it as the array that it is on the wire."""
    if isinstance(kind, inspect.UnionType):
        kinds = [one for one in kind.types if isinstance(one, inspect.StructType)]
        return _array(kinds[0], value) if kinds and isinstance(value, dict) else value
    if isinstance(kind, inspect.Metadata):
        return _array(kind.type, value)
    if isinstance(kind, inspect.VarTupleType | inspect.ListType) and value is not None:
        return [_array(kind.item_type, one) for one in value]
    if isinstance(kind, inspect.BytesType) and isinstance(value, str):
        return bytes.fromhex(value)
    if not isinstance(kind, inspect.StructType):
        return value
    known = [field for field in kind.fields if field.name in value]  # those behind have defaults
    array = [_array(field.type, value[field.name]) for field in known]
    return [kind.tag, *array] if kind.tag is not None else array
