"""What a process loads before it works: each restart waits for it."""

import subprocess
import sys

import pytest

from tests.places import ROOT

LEAN = (
    "gateway", "executor", "risk", "strategy", "simulator", "recorder", "risk.notices",
)  # fmt: skip
NEEDLESS = {
    "apprise", "asyncio", "click", "exchange_calendars", "logging.config", "matplotlib",
    "multiprocessing", "numpy", "pandas", "prometheus_client", "pyarrow", "pydantic_settings",
    "pygments", "rich", "starlette", "structlog", "supervisor", "typer", "unittest", "uvicorn",
    "xmlrpc",
}  # fmt: skip
"""Each takes as long as a tenth of a start, or belongs to somebody else."""
OF_THE_CONSOLE = {"asyncio", "click", "logging.config", "multiprocessing", "starlette",
                  "supervisor", "uvicorn", "xmlrpc"}  # fmt: skip
"""What the web console serves its pages with, and asks supervisord with."""

LOADS = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(f"tapewire.{name}.__main__")
print(*sys.modules)
"""


def loaded(*names: str) -> set[str]:
    """The modules that these processes load, and no others."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", LOADS, *names],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return {*done.stdout.split()}


def test_the_processes_load_nothing_that_they_do_not_need():
    found = loaded(*LEAN)
    assert {f"tapewire.{name}.composition" for name in LEAN if name != "simulator"} <= found
    assert not found & NEEDLESS
    assert not {one for one in found if one.startswith("tapewire.console")}


def test_the_web_console_loads_what_serves_pages_and_no_more():
    found = loaded("web")
    assert found >= OF_THE_CONSOLE
    assert not found & (NEEDLESS - OF_THE_CONSOLE)


@pytest.mark.parametrize("name", ["gateway"])
def test_only_the_gateway_speaks_tws(name):
    own = "ibapi"
    assert own in loaded(name)
    assert own not in loaded(*(one for one in LEAN if one != name))
