"""A recording on a disk of its own that fills: run by `test_full_disk` in a namespace of its own.

Prints one JSON object. It mounts `FOLDER` as a disk in memory, which is gone with its namespace.
"""

import json
import subprocess
import sys
from pathlib import Path

from tapewire.common.clock import Now
from tapewire.common.config.recorder import RecorderConfig
from tapewire.common.runtime.disk import Disk
from tapewire.recorder.compaction import compact
from tapewire.recorder.folder import Folder, SegmentFile
from tapewire.recorder.recording import Recording
from tapewire.recorder.store import Store
from tests.recorder.published import EPOCH, NOON_NS, Market

TURN_NS = 50_000_000


def main(path: Path) -> None:
    """Record until the disk is full, make room, and record on."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(path)], check=True)
    folder, market = Folder(path / "recorded"), Market()
    folder.prepare()
    (path / "ballast").write_bytes(bytes(2_600_000))
    disk = Disk(RecorderConfig(), lambda: None, str(path))  # it fills within a second of looking
    recording = Recording(
        RecorderConfig(segment_mb=1),
        EPOCH,
        lambda name, head: SegmentFile(folder, name, head),
        disk,
    )
    kept, states, now_ns = [], [], 0
    for turn in range(400):
        now_ns += TURN_NS
        before, first = recording.messages, len(market.ticks)
        recording.take(market.messages(20, ticks=4), Now(NOON_NS + now_ns, now_ns))
        recording.tick(Now(NOON_NS + now_ns, now_ns))
        if recording.messages > before:
            kept += market.ticks[first:]
        states.append(recording.state)
        if turn == 300:
            (path / "ballast").unlink()
    recording.stop()
    while_full = [*Store(folder).ticks(["AAPL"])] == kept
    compact(folder)
    (entry,) = Store(folder).entries([])
    print(
        json.dumps(
            {
                "states": [*dict.fromkeys(states)],
                "last": states[-1],
                "while_full": while_full,
                "compacted": [*Store(folder).ticks(["AAPL"])] == kept,
                "unrecorded": recording.unrecorded,
                "missing": entry.missing,
                "ticks": len(kept),
            }
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
