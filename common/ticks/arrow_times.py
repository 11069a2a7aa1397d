"""The times of a column by Arrow: of texts that all have one form. Others are read one by one.

A text is cut into what clocks showed and the zone behind it; Arrow reads the first, and of the
second there are few. What either means is found as for a single text (see `stamps`).
"""

import re
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tapewire.common.ticks.arrow_values import numbers_of
from tapewire.common.ticks.stamps import unit_of, zone_in
from tapewire.common.ticks.zones import Moments, in_zone, moments_of

if TYPE_CHECKING:
    from tapewire.common.ticks.file import TickFile
    from tapewire.common.ticks.table import Times

EPOCH: Final = "^[0-9]{9,19}$"  # eight digits are a day
ISO: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?)?$"
ZONED: Final = (
    r"^(?P<local>.*[0-9]:[0-9]{2}[0-9:.]*)"
    r"(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2}| (?:(?:GMT|UTC)?[+-][0-9]{2}:?[0-9]{2}|[A-Za-z][\w/+-]*))$"
)
FORMS: Final = (
    (r"^([0-9]{2})\.([0-9]{2})\.([0-9]{4})", r"\3-\2-\1"),
    (r"^([0-9]{4})([0-9]{2})([0-9]{2})( |T|$)", r"\1-\2-\3\4"),
)
"""Dates that are not written as in ISO, and as what they are."""


def moments_in(file: "TickFile", texts: Any, days: Any = None) -> Moments:
    """The moments of a column of texts; raises ValueError for one that is not a time."""
    if days is None and len(texts):
        plain = _of_epochs(file, texts)
        if plain is not None:
            return Moments(plain, np.zeros(len(plain), np.int64))
        if not file.is_own and (found := _of_form(file, texts)) is not None:
            return found
    return _one_by_one(file, texts.to_pylist(), None if days is None else days.to_pylist())


def _one_by_one(file: "TickFile", texts: list[str], days: list[str] | None) -> Moments:
    ns, offsets, last_ns = [], [], 0
    for at, text in enumerate(texts):
        found = file.moment(None if days is None else days[at], text, last_ns)
        last_ns = found.ns
        ns.append(found.ns)
        offsets.append(found.offset_ns)
    return Moments(np.array(ns, np.int64), np.array(offsets, np.int64))


def _of_epochs(file: "TickFile", texts: Any) -> "Times | None":
    """Of an epoch written in digits alone, the unit of which the first of them shows."""
    from pyarrow import ArrowInvalid, compute, int64

    if not compute.all(compute.match_substring_regex(texts, EPOCH)).as_py():
        return None
    try:
        numbers = numbers_of(compute.cast(texts, int64()), np.int64)
    except ArrowInvalid:  # beyond 64 bits
        return None
    return numbers if file.is_own else in_unit(numbers)


def in_unit(numbers: "Times") -> "Times | None":
    """Epochs of one unit as nanoseconds; None where their sizes show several."""
    unit = unit_of(int(numbers[0]))
    same = unit == unit_of(int(numbers.min())) == unit_of(int(numbers.max()))
    return numbers * unit if same else None


def _of_form(file: "TickFile", texts: Any) -> Moments | None:
    from pyarrow import ArrowInvalid, compute, timestamp

    zones = None
    if re.match(ZONED, texts[0].as_py()):
        parts = compute.extract_regex(texts, ZONED)
        if parts.null_count:
            return None
        texts, zones = parts.flatten()
        zones = zones.dictionary_encode()
    for form, iso in FORMS:
        if re.match(form, texts[0].as_py()):
            texts = compute.replace_substring_regex(texts, form, iso)
    if not compute.all(compute.match_substring_regex(texts, ISO)).as_py():
        return None
    try:
        local_ns = numbers_of(compute.cast(texts, timestamp("ns")), np.int64)
    except ArrowInvalid:
        return None
    return moments_of(local_ns, *_offsets(file, local_ns, zones))


def _offsets(file: "TickFile", local_ns: "Times", zones: Any) -> "tuple[Times, Times]":
    """By how much the clock of each row is ahead: the first time that it shows that, the second."""
    if zones is None:
        return in_zone(local_ns, file.zone)
    first, second = np.zeros_like(local_ns), np.zeros_like(local_ns)
    codes = numbers_of(zones.indices, np.int32)
    for code, text in enumerate(zones.dictionary.to_pylist()):
        rows = np.flatnonzero(codes == code)
        first[rows], second[rows] = in_zone(local_ns[rows], zone_in(text.strip()))
    return first, second
