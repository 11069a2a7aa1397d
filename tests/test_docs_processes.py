"""The processes of README's table make a group, each started by hand as the table says."""

import re
from contextlib import ExitStack

from tapewire.console.group import status as told
from tests.documented import fill
from tests.markdown import spans
from tests.places import ROOT
from tests.reader import Reader, a_reader
from tests.waiting import wait_for

ROLES = {"simulator", "gateway", "liquidation", "executor", "risk", "strategy-momentum-fast"}


def test_the_processes_of_readme_started_by_hand_find_each_other_and_end_on_ctrl_c():
    texts = [s.text for s in spans(ROOT / "README.md")]
    lines = [fill(t) for t in dict.fromkeys(texts) if re.match(r"python -m \w+", t)]
    assert len(lines) == 6
    with a_reader() as reader, ExitStack() as running:
        started = [running.enter_context(reader.start(line)) for line in lines]
        wait_for(lambda: _ready(reader) == ROLES, "all to be READY", 30)
        for process in started:
            assert process.interrupt() == 0, f"{process.line}: {''.join(process.problems)}"


def _ready(reader: Reader) -> set[str]:
    found = told.read(reader.run_dir)
    return {name for name, s in found.items() if told.state_of(s)[0] == "READY"}
