"""`python -m tapewire.recorder`: records what the group publishes.

With `--compact` it makes Parquet of the segments that are closed, once: that is the process which
the recorder starts for it.
"""

import argparse
import gc
import os
import sys
from typing import Final

from tapewire.common import roles
from tapewire.common.errors import TapewireError
from tapewire.common.runtime import launched, private_file, process
from tapewire.common.runtime.disk import MB
from tapewire.recorder.composition import COMPACT, build

NICE: Final = 5
"""Everybody else goes first: what waits in the sockets is not lost."""
COMPACTION_NICE: Final = 19


def main() -> int:
    """Run the recorder, or one compaction."""
    if COMPACT in sys.argv[1:]:
        return compact([one for one in sys.argv[1:] if one != COMPACT])
    os.nice(NICE)
    return process.run(roles.RECORDER, build)


def compact(argv: list[str]) -> int:
    """Make Parquet of the segments that are closed; returns the exit status."""
    from tapewire.recorder.compaction import compact
    from tapewire.recorder.folder import Folder

    private_file.own()
    os.nice(COMPACTION_NICE)
    gc.disable()  # it ends soon, and nothing of what it makes is a circle
    parser = argparse.ArgumentParser(description="makes Parquet of recorded segments")
    for option in ("--config", "--launched"):
        parser.add_argument(option)
    given = parser.parse_args(argv)
    try:
        config = launched.config_of(given.launched, given.config)
        free_min_bytes = config.storage.free_resume_mb * MB
        done = compact(Folder(config.recorded().absolute()), free_min_bytes)
    except (TapewireError, OSError) as error:
        print(f"no compaction: {error}", file=sys.stderr, flush=True)
        return 1
    for fault in done.faults:
        print(f"damaged: {fault}", file=sys.stderr, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
