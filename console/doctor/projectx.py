"""A login at ProjectX: whether its client can run, and whether there is a key to log in with.

Nothing is asked of ProjectX, whose limit on requests the group needs for itself.
"""

import os
import subprocess
import sys
from typing import Final

from tapewire.common.config.gateways import LoginConfig
from tapewire.common.errors import ConfigError
from tapewire.console.doctor.finding import Finding, failed, passed, skipped
from tapewire.gateway.projectx.stream import LINK, cannot_run

LACKING: Final = "import runpy, sys; print(runpy.run_path(sys.argv[1])['lacking']())"


def check(one: LoginConfig, timeout_s: float, *, simulated: bool) -> list[Finding]:
    """What can be known of it without a connection."""
    return [
        client(str(one.python or sys.executable), timeout_s),
        skipped("API key", "the group's own simulator needs none") if simulated else key(one),
        skipped("login", "`tapewire up` logs in; `tapewire status` shows what ProjectX answers"),
    ]


def client(python: str, timeout_s: float) -> Finding:
    """Whether an interpreter has project-x-py."""
    name, advice = "ProjectX client", "correct python in the [[gateways]] entry, or install it"
    command = [python, "-P", "-c", LACKING, str(LINK)]
    try:
        ended = subprocess.run(
            command, capture_output=True, text=True, timeout=timeout_s, check=False
        )
    except OSError as error:
        return failed(name, cannot_run(python, error), advice)
    except subprocess.TimeoutExpired:
        return failed(name, f"{python} has not started in {timeout_s:g} s", advice)
    if ended.returncode:
        (*_, last) = ended.stderr.splitlines() or [f"status {ended.returncode}"]
        return failed(name, f"{python} cannot run the client: {last}", advice)
    if lacking := ended.stdout.strip():
        return failed(name, lacking, advice)
    return passed(name, f"{python} has project-x-py")


def key(one: LoginConfig) -> Finding:
    """Whether the API key is where the configuration says."""
    try:
        one.key(os.environ)
    except ConfigError as error:
        return failed("API key", str(error), "put it there; it is never shown")
    where = f"in {one.key_file}" if one.key_file else f"in the environment as {one.key_env}"
    return passed("API key", f"of {one.user}, {where}")
