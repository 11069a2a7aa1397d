"""The processes that a benchmark starts: each ended by its process id, whatever happens."""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from tapewire.benchmarks.load.namespaces import LOOPBACK, Host
from tapewire.console.group import status

HOME: Final = Path(__file__).resolve().parent.parent
READY_TIMEOUT_S: Final = 30.0
END_TIMEOUT_S: Final = 5.0
ANSWER_TIMEOUT_S: Final = 120.0
LOG_TAIL_BYTES: Final = 2000


class BenchmarkError(RuntimeError):
    """What is measured did not start or ended early; names the process and its last words."""


class Children:
    """Started in order, ended in the opposite one. A context manager."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._started: list[tuple[str, subprocess.Popen[str]]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        for _, process in reversed(self._started):
            _end(process)
        for _, process in self._started:
            _close(process)

    def start(
        self,
        name: str,
        arguments: Sequence[object],
        *,
        config: Path | None = None,
        host: Host = LOOPBACK,
    ) -> subprocess.Popen[str]:
        """Run `python -m` with `arguments`; it sees no TAPEWIRE_ setting but `config`."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("TAPEWIRE_")}
        if config is not None:
            environment["TAPEWIRE_CONFIG"] = str(config)
        with self._log(name).open("wb") as log:
            process = subprocess.Popen(
                host.command(sys.executable, "-m", *arguments),
                cwd=HOME,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._started.append((name, process))
        return process

    def end(self, process: "subprocess.Popen[str]") -> None:
        """End one before the others: nobody misses it."""
        self._started = [one for one in self._started if one[1] is not process]
        _end(process)
        _close(process)

    def check(self) -> None:
        """Raise if one has ended."""
        for name, process in self._started:
            if process.poll() is not None:
                said = self._log(name).read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace")
                raise BenchmarkError(f"{name} ended with status {process.returncode}: {said}")

    def wait_ready(self, run_dir: Path, names: Sequence[str]) -> None:
        """Wait until each of `names` says READY in its status file."""
        deadline = time.monotonic() + READY_TIMEOUT_S
        while True:
            self.check()
            found = {name: status.state_of(one) for name, one in status.read(run_dir).items()}
            if all(found.get(name, ("", ""))[0] == "READY" for name in names):
                return
            if time.monotonic() > deadline:
                raise BenchmarkError(f"not READY after {READY_TIMEOUT_S:.0f} s: {found}")
            time.sleep(0.05)

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"


def _end(process: "subprocess.Popen[str]") -> None:
    process.terminate()
    try:
        process.wait(END_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _close(process: "subprocess.Popen[str]") -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


class Talk:
    """A conversation with a child: a line of JSON each way, on its standard input and output."""

    def __init__(
        self,
        children: Children,
        name: str,
        arguments: Sequence[object],
        *,
        config: Path | None = None,
        host: Host = LOOPBACK,
    ) -> None:
        self.name = name
        self._children = children
        self._process = children.start(name, arguments, config=config, host=host)
        self.pid = self._process.pid
        self._heard: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def tell(self, **command: Any) -> None:
        """Send one line."""
        assert self._process.stdin is not None
        print(json.dumps(command), file=self._process.stdin, flush=True)

    def hear(self, timeout_s: float = ANSWER_TIMEOUT_S) -> dict[str, Any]:
        """The next line; raises `BenchmarkError` if the child ends or none comes in time."""
        try:
            line = self._heard.get(timeout=timeout_s)
        except queue.Empty:
            self._children.check()
            raise BenchmarkError(f"{self.name} said nothing for {timeout_s:.0f} s") from None
        if not line:
            self._process.wait(END_TIMEOUT_S)
            self._children.check()
        answer: dict[str, Any] = json.loads(line)
        return answer

    def end(self) -> None:
        """End the child before the others."""
        self._process.terminate()
        self._listener.join(END_TIMEOUT_S)
        self._children.end(self._process)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._heard.put(line)
        self._heard.put("")


class Load(Talk):
    """The load process; see `tapewire.benchmarks.load.tws_load`."""

    def __init__(self, children: Children) -> None:
        super().__init__(children, "load", ["tapewire.benchmarks.load.tws_load"])
        self.ports: dict[str, int] = self.hear()

    def slice(self, chain: str, rate: int, every: int, seconds: float) -> dict[str, Any]:
        """Put `chain` under load and wait for its end; see `Load.slice` there."""
        self.tell(do="slice", name=chain, rate=rate, every=every, seconds=seconds)
        return self.hear(ANSWER_TIMEOUT_S + seconds)

    def window(self, chain: str, orders: int, outstanding: int) -> dict[str, Any]:
        """Keep `outstanding` ticks unanswered until there were `orders`; see `Load.window`."""
        self.tell(do="window", name=chain, orders=orders, outstanding=outstanding)
        return self.hear()
