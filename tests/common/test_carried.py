"""Carried ids: what is left of executions that are not kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapewire.common.accounting.carried import (
    CarriedIds,
    commission_entry,
    execution_entry,
    pieces,
)


def carried(*exec_ids: str) -> CarriedIds:
    found = CarriedIds()
    for piece in pieces(filter(None, map(execution_entry, exec_ids))):
        found.add(piece)
    return found


def entry(exec_id: str) -> bytes:
    found = execution_entry(exec_id)
    assert found is not None
    return found


@given(st.sets(st.integers(0, 2000)), st.integers(0, 2000))
def test_exactly_what_was_carried_is_in_it(numbers: set[int], asked: int) -> None:
    ids = carried(*(f"0000e0d5.{number:08x}.01.01" for number in numbers))
    assert len(ids) == len(numbers)
    assert (entry(f"0000e0d5.{asked:08x}.01.01") in ids) == (asked in numbers)


def test_a_correction_has_the_key_of_what_it_corrects_and_is_the_higher_one() -> None:
    ids = carried("a.9")
    newest = ids.newest(entry("a.10"))
    assert newest == entry("a.9")
    assert newest < entry("a.10")
    assert ids.newest(entry("b.9")) is None


def test_of_several_versions_the_newest_counts_in_whichever_piece_it_is() -> None:
    ids = carried("a.3")
    ids.add(b"".join(pieces([entry("a.12"), entry("b.1")])))
    assert ids.newest(entry("a.4")) == entry("a.12")


def test_an_id_without_a_version_is_its_own_key() -> None:
    assert entry("abc") in carried("abc")


def test_a_version_that_is_no_number_has_no_entry() -> None:
    assert execution_entry("a.x") is None
    assert execution_entry(f"a.{2**32}") is None


def test_carried_again_it_is_the_same_set() -> None:
    ids = carried("a.1", "b.1", "c.7")
    assert list(pieces(ids)) == [b"".join(ids)]


def test_what_is_no_list_of_entries_is_refused() -> None:
    with pytest.raises(ValueError, match="17 bytes"):
        CarriedIds().add(bytes(17))


def test_a_commission_is_named_by_the_whole_id() -> None:
    assert commission_entry("a.1") != commission_entry("a.2")


@given(st.lists(st.lists(st.integers(0, 400))))
def test_merged_again_and_again_it_is_the_set_of_all(rounds: list[list[int]]) -> None:
    ids, all_of_them = CarriedIds(), set[int]()
    for numbers in rounds:
        fresh = CarriedIds()
        for piece in ids.merged(entry(f"{number}.1") for number in numbers):
            fresh.add(piece)
        ids, all_of_them = fresh, all_of_them | set(numbers)
    assert list(ids) == sorted(entry(f"{number}.1") for number in all_of_them)


def test_pieces_that_follow_each_other_are_searched_as_one(monkeypatch) -> None:
    monkeypatch.setattr("tapewire.common.accounting.carried.ENTRIES_MAX", 3)
    ids = carried(*(f"{number}.1" for number in range(20)))
    assert len(ids._pieces) == 1
    assert all(entry(f"{number}.1") in ids for number in range(20))
    assert entry("20.1") not in ids
