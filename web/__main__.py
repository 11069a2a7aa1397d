"""`python -m tapewire.web`: the web console of the group."""

import os
import sys
from typing import Final

from tapewire.common import roles
from tapewire.common.runtime import process
from tapewire.web.composition import build

NICE: Final = 5
"""Everybody else goes first: a page may be a moment late, a tick may not."""

if __name__ == "__main__":
    os.nice(NICE)
    sys.exit(process.run(roles.WEB, build))
