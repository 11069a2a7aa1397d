"""Strategies: each is loaded in a process of its own, isolated from the others."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from tapewire.common.config.settings import Config, StrategyConfig
from tapewire.common.runtime.process import EXIT_CONFIG, EXIT_OK
from tapewire.console.doctor.finding import Finding, failed, passed
from tapewire.strategy.loading.searching import HOME

LOAD_TIMEOUT_S: Final = 20.0
AT_ONCE: Final = 4


def check(config: Config, path: Path | None) -> list[Finding]:
    """One finding per strategy of the configuration in the file `path`, in their order."""
    folders = filter(None, [str(HOME.parent), os.environ.get("PYTHONPATH")])
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(folders),
        "PYTHONDONTWRITEBYTECODE": "1",  # the doctor leaves no files in a user's folders
    }
    if path is not None:
        environment["TAPEWIRE_CONFIG"] = str(path.absolute())
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda s: _loaded(s, environment), config.strategies))


def _loaded(strategy: StrategyConfig, environment: dict[str, str]) -> Finding:
    name = f"strategy {strategy.name}"
    given = f"strategies.{strategy.name}.strategy is {strategy.strategy}, but"
    with subprocess.Popen(
        # -P: nothing in the working folder can stand in for a module of the project
        [sys.executable, "-P", "-m", "tapewire.strategy.loading.check", strategy.name],
        env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True, start_new_session=True,
    ) as process:  # fmt: skip
        try:
            output = process.communicate(timeout=LOAD_TIMEOUT_S)[0].strip()
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # with what it may have started
            found = f"{given} it was not loaded within {LOAD_TIMEOUT_S:g} s"
            return failed(name, found, "look for what its module waits for while it is imported")
    if output and process.returncode == EXIT_OK:
        found, _, hints = output.partition("; ")
        return passed(name, found)._replace(advice=hints)
    if output and process.returncode == EXIT_CONFIG:
        found, _, advice = output.rpartition("; ")
        return failed(name, found or output, advice if found else "correct it, then try again")
    found = f"{given} its process ended with {_ending(process.returncode)} while it was loaded"
    advice = "import its module in a Python of its own to see why: a library may have crashed"
    return failed(name, found, advice)


def _ending(status: int) -> str:
    return f"status {status}" if status >= 0 else signal.Signals(-status).name
