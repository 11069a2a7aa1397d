"""Files of what was recorded: `faults` finds whatever is not as it was written."""

import os
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from tapewire.recorder import parquet
from tapewire.recorder.compaction import compact
from tapewire.recorder.folder import Folder
from tests.recorder.published import Market, segment


@pytest.fixture
def path(tmp_path):
    folder, market = Folder(tmp_path), Market()
    frames = market.messages(600, ticks=2)
    segment(folder, 1, frames[:20] + frames[24:])
    compact(folder)
    return next(tmp_path.glob("ticks/*/*/*.parquet"))


def faults(path: Path) -> list[str]:
    return parquet.faults(path, Folder(path.parents[3]).checksum(path))


def test_a_file_as_it_was_written_has_none(path):
    assert faults(path) == []


def test_a_byte_that_changed_is_found_wherever_it_is(path):
    content = path.read_bytes()
    for at in range(0, len(content), 97):
        broken = bytearray(content)
        broken[at] ^= 0x20
        path.write_bytes(broken)
        (said,) = faults(path)
        assert said.endswith("its checksum is not the one that was written down")


def test_a_file_that_was_cut_off_is_found(path):
    os.truncate(path, path.stat().st_size // 2)
    assert len(faults(path)) == 1


def test_a_file_that_somebody_put_there_is_not_taken_for_the_recorder_s(path):
    other = path.with_name("other.parquet")
    pq.write_table(pa.table({"a": [1]}), other)
    (said,) = faults(other)
    assert said.endswith("it is not a file of the recorder")
    assert parquet.faults(other, parquet.crc(other)) != []


def rewritten(path: Path, table: pa.Table) -> list[str]:
    """What is found when other rows are there under the old footer, with a checksum that fits."""
    schema = table.schema.with_metadata(pq.read_schema(path).metadata)
    pq.write_table(table.cast(schema), path)
    return parquet.faults(path, parquet.crc(path))


def test_rows_that_are_not_what_the_footer_says_are_found(path):
    table = parquet.read(path)
    assert rewritten(path, table.slice(0, 500)) == [
        f"{path}: its rows have other seqs than its footer says"
    ]


def test_rows_out_of_order_are_found(path):
    table = parquet.read(path)
    turned = pa.concat_tables([table.slice(600), table.slice(0, 600)])
    found = rewritten(path, turned)
    assert found[0] == f"{path}: its rows have other seqs than its footer says"
    assert found[1].endswith("messages are out of order")
