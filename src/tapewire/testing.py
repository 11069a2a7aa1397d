"""A pytest plugin: a simulated TWS of its own for each test of a program that trades.

It is loaded where you ask for it, by `from tapewire.testing import tws` in a test file, or by
`pytest_plugins = ["tapewire.testing"]` in `conftest.py`.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, ClassVar, Final, Self

import pytest

HOST: Final = "127.0.0.1"
ANSWER_MAX_S: Final = 10.0
STOP_MAX_S: Final = 10.0
TAIL_BYTES: Final = 4096


class SimulatedTws:
    """A simulator in a process of its own, on a free `port` of 127.0.0.1, until `stop`.

    `seed` makes its market; `scenario` is a file of what is to go wrong; `symbols` is what there is
    to trade, any contract if empty; `options` are further options of `tapewire.simulator`. What it
    writes to stderr is kept in the file `log`, if you name one.

    RuntimeError, with the end of that, if the simulator does not start, and at the end of `with` if
    it has ended by itself.
    """

    module: ClassVar[str] = "tapewire.simulator"

    def __init__(
        self,
        *,
        seed: int = 1,
        scenario: str | Path = "",
        symbols: str = "",
        options: Sequence[str] = (),
        log: str | Path = "",
    ) -> None:
        command = [sys.executable, "-X", "faulthandler", "-m", self.module]
        command += ["--port=0", "--control=0", f"--seed={seed}", *options]
        given = {"scenario": scenario, "symbols": symbols}
        command += [f"--{name}={value}" for name, value in given.items() if value]
        self._is_stopped = False
        kept = Path(log).open("w+b") if log else tempfile.TemporaryFile()  # noqa: SIM115 - `stop`
        self._log: IO[bytes] = kept
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self._log, text=True
        )
        self.port = self._announced("listening on")
        self.control_port = self._announced("control port on")

    def inject(self, what: str, **parameters: object) -> None:
        """Let something go wrong, such as `inject("reset", at_s=2)`; see `tapewire simulator
        --scenarios`. Raises ValueError for what the simulator does not know."""
        self.command({"do": "inject", "what": what, **parameters})

    def command(self, given: dict[str, object]) -> dict[str, Any]:
        """Send one object to the control port; returns the answer. Raises ValueError if it is an
        error, and RuntimeError if the simulator has ended by itself."""
        self._require_alive()
        with (
            socket.create_connection((HOST, self.control_port), ANSWER_MAX_S) as sock,
            sock.makefile("rwb") as lines,
        ):
            lines.write(json.dumps(given).encode() + b"\n")
            lines.flush()
            answer: dict[str, Any] = json.loads(lines.readline())
        if not answer["ok"]:
            raise ValueError(f"simulator: {answer['error']}")
        return answer

    def stop(self) -> None:
        """End the process."""
        self._is_stopped = True
        self._process.terminate()
        try:
            self._process.wait(STOP_MAX_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        try:
            self._require_alive()
        except RuntimeError as ended:
            if error is None:
                raise
            error.add_note(str(ended))
        finally:
            self.stop()

    def _require_alive(self) -> None:
        status = None if self._is_stopped else self._process.poll()
        if status is not None:
            raise RuntimeError(
                f"the simulator has ended by itself with status {status}; it reported:"
                f" {self._tail()}"
            )

    def _tail(self) -> str:
        """The end of what it wrote to stderr. Its writes share our position in the file, so that
        stays where it is."""
        size = os.fstat(self._log.fileno()).st_size
        found = os.pread(self._log.fileno(), TAIL_BYTES, max(0, size - TAIL_BYTES))
        return found.decode(errors="replace").strip() or "nothing"

    def _announced(self, what: str) -> int:
        """The port that the simulator's next line names."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if what not in line:
            self._process.terminate()
            self._process.wait(STOP_MAX_S)
            reported = line + self._tail()
            self.stop()
            raise RuntimeError(f"the simulator did not start; it reported: {reported}")
        return int(line.rpartition(":")[2])


@pytest.fixture
def tws(request: pytest.FixtureRequest) -> Iterator[SimulatedTws]:
    """A simulator for one test. Its parameters are those of `SimulatedTws`, as a dictionary:
    `@pytest.mark.parametrize("tws", [{"seed": 7}], indirect=True)`."""
    with SimulatedTws(**getattr(request, "param", {})) as running:
        yield running
