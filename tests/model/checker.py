"""Runs SPIN on the model. It needs `spin` and a C compiler."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

MODEL: Final = Path(__file__).with_name("intent.pml")
TABLE: Final = Path(__file__).with_name("transitions.txt")
PLANTS: Final = {
    "WRITE_BEFORE_COMMIT": "the gateway writes an order before its journal has it",
    "BLIND_RESEND": "the gateway sends again what it does not know the fate of",
    "FENCING_OFF": "the gateway takes the requests of an executor that was replaced",
    "NO_WELCOME": "the executor decides before it has read what its predecessor could have sent",
    "ASKED_ONCE": "what waits in the outbox is not asked about again when it is written",
    "HASTY": "an order is called lost while its bytes may still be read",
    "FILL_TWICE": "an execution that is reported twice is counted twice",
}
"""Bugs that the model can be given, each of which the search must find."""
ANYTHING: Final = ("ONE=true", "HASTY")
"""One signal, and a TWS that does what a limit cannot survive: it reads late what was called lost,
and lets an order work again that it has cancelled."""
MEMORY_MB: Final = 4000
DEPTH: Final = 300_000


class Verdict(NamedTuple):
    """What a search came to; `fault` is empty where nothing can go wrong within the bounds."""

    fault: str
    states: int
    depth: int


def missing() -> str:
    """What is not installed, empty if all is."""
    return ", ".join(one for one in ("spin", "gcc") if shutil.which(one) is None)


def check(*defined: str, faults: int) -> Verdict:
    """Search everything within the bounds that `defined` and `faults` set."""
    with tempfile.TemporaryDirectory() as folder:
        out = _run(Path(folder), [f"FAULTS={faults}", *defined], [])
    found = re.search(r"^pan:1: (.+?) \(at depth", out, re.MULTILINE)
    states = re.search(r"(\S+) states, stored", out)
    depth = re.search(r"depth reached (\d+)", out)
    if states is None or depth is None or (found is None and "Search not completed" in out):
        raise RuntimeError(f"SPIN did not come to an end: {out[-2000:]}")
    return Verdict(found[1] if found else "", int(float(states[1])), int(depth[1]))


def transitions(*defined: str, faults: int) -> set[str]:
    """Every change of a signal's states in executor's journal, gateway's journal and at the broker
    that the model can come to: lines such as `CREATED NONE NONE > CREATED INTENDED NONE`."""
    names = _numbers(MODEL.read_text())
    with tempfile.TemporaryDirectory() as folder:
        out = _run(Path(folder), [f"FAULTS={faults}", "TRACE", *defined], ["-DPRINTF"])
    lines = set(re.findall(r"^\d+ \d+ \d+ > \d+ \d+ \d+$", out, re.MULTILINE))
    return {re.sub(r"\d+", lambda number: names[int(number[0])], line) for line in lines}


@cache
def table() -> frozenset[str]:
    """The transitions that are kept beside the model, for who has no SPIN."""
    return frozenset(TABLE.read_text().splitlines()[1:])


def renew_table() -> None:
    """Write down what the model can come to; its first line says of which model."""
    steps = transitions(*ANYTHING, faults=1)
    TABLE.write_text("".join(f"{line}\n" for line in (model_is(), *sorted(steps))))


def model_is() -> str:
    """What tells one version of the model from another."""
    return f"# of the model {sha256(MODEL.read_bytes()).hexdigest()[:16]}"


def _run(folder: Path, defined: Iterable[str], compiled: Iterable[str]) -> str:
    definitions = [f"-D{one}" for one in defined]
    options = ["-O1", "-w", "-DSAFETY", "-DCOLLAPSE", f"-DMEMLIM={MEMORY_MB}", "-DVECTORSZ=256"]
    for command in (
        ["spin", *definitions, "-a", str(MODEL)],
        ["gcc", *options, *compiled, "-o", "pan", "pan.c"],
        ["./pan", f"-m{DEPTH}"],
    ):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def _numbers(model: str) -> dict[int, str]:
    """SPIN counts the names of each `mtype` from its last one, one list after the other."""
    names, first = {}, 1
    for declared in re.findall(r"^mtype = \{(.*?)\};", model, re.MULTILINE):
        listed = [name.strip() for name in declared.split(",")]
        names.update({first + index: name for index, name in enumerate(reversed(listed))})
        first += len(listed)
    return names
