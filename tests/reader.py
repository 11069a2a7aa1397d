"""A reader of the docs: a folder with a configuration, a shell, and Tapewire installed in it."""

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.places import NO_CONSOLE, ROOT, free_port
from tests.waiting import wait_for

TIMEOUT_S = 120
PACE = {"TAPEWIRE_SIMULATOR__RATE_PER_S": "250"}  # a busy market: a first trade within seconds


class Reader:
    """Runs lines in a shell as they are written: `tapewire`, `.venv/bin/tapewire` and
    `.venv/bin/python` are this environment's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        binaries = folder / ".venv" / "bin"
        binaries.mkdir(parents=True)
        for name, module in (("python", ""), ("tapewire", "-m tapewire.console.cli ")):
            script = binaries / name
            script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {module}"$@"\n')
            script.chmod(0o755)
        own = {k: v for k, v in os.environ.items() if not k.startswith("TAPEWIRE_")}
        self.environment = {
            **NO_CONSOLE,
            **own,
            **PACE,
            "PATH": os.pathsep.join([str(binaries), os.environ["PATH"]]),
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "TMPDIR": str(
                folder
            ),  # where the demo keeps its own group, so that it is found at the end
            "TAPEWIRE_TWS__PORT": str(free_port()),
        }
        self.configure((ROOT / "tapewire.toml").read_text())

    @property
    def run_dir(self) -> Path:
        return self.folder / "run"

    def configure(self, toml: str) -> None:
        (self.folder / "tapewire.toml").write_text(toml)

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run(
        self, line: str, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a line to its end; if that does not come, all that it started is killed."""
        process = self._shell(line, environment)
        try:
            out, err = process.communicate(timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise
        return subprocess.CompletedProcess(line, process.returncode, out, err)

    def does(self, line: str) -> str:
        """Run a line that must succeed; gives what it printed."""
        ended = self.run(line)
        assert ended.returncode == 0, f"{line}: {ended.returncode}: {ended.stdout}{ended.stderr}"
        return ended.stdout

    def start(self, line: str) -> "Started":
        """Start a line that goes on until it is stopped."""
        return Started(line, self._shell(f"exec {line}"))

    def end(self) -> None:
        """Leave nothing behind, whatever became of it; a group ends with its supervisor."""
        for file in self.folder.glob("*/supervisord.pid"):
            if self.run("tapewire down", {"TAPEWIRE_RUN_DIR": str(file.parent)}).returncode:
                with contextlib.suppress(ProcessLookupError, FileNotFoundError, ValueError):
                    os.kill(int(file.read_text()), signal.SIGKILL)

    def _shell(
        self, line: str, environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["sh", "-c", line], cwd=self.folder, env={**self.environment, **(environment or {})},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True,
        )  # fmt: skip


@contextlib.contextmanager
def a_reader() -> Iterator[Reader]:
    """A reader in a folder with a short name, since a socket's path has 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="tw-") as folder:
        reader = Reader(Path(folder) / "p")  # what lies beside it is the reader's as well
        try:
            yield reader
        finally:
            reader.end()


class Started:
    """A line that runs; ended with Ctrl-C, and killed if that does not help."""

    def __init__(self, line: str, process: subprocess.Popen[str]) -> None:
        self.line = line
        self.process = process
        self.printed: list[str] = []
        self.problems: list[str] = []
        self._readers = [
            threading.Thread(target=self._read, args=(process.stdout, self.printed)),
            threading.Thread(target=self._read, args=(process.stderr, self.problems)),
        ]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> "Started":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self._wait()

    def until_it_prints(self) -> None:
        wait_for(lambda: self.printed or self._ended(), f"a line of {self.line}", 30)
        assert self.printed, f"{self.line} ended: {''.join(self.problems)}"

    def interrupt(self) -> int:
        """Ctrl-C; gives the exit status."""
        assert not self._ended(), f"{self.line} ended by itself: {''.join(self.problems)}"
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)
        self._wait()
        return self.process.returncode

    def _ended(self) -> bool:
        return self.process.poll() is not None

    def _wait(self) -> None:
        self.process.wait(30)
        for reader in self._readers:
            reader.join(30)

    @staticmethod
    def _read(pipe: object, into: list[str]) -> None:
        with pipe:  # type: ignore[attr-defined]
            into.extend(pipe)  # type: ignore[arg-type]
