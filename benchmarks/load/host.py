"""The machine that figures were taken on: without it they say little."""

import os
import platform
from pathlib import Path
from typing import Any

import zmq


def described() -> dict[str, Any]:
    """Processor, cores, kernel, versions, and the load average of the last minute: taken before
    the start, for afterwards it is the benchmark's own."""
    return {
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "pyzmq": zmq.pyzmq_version(),
        "libzmq": zmq.zmq_version(),
        "load_average_before": round(os.getloadavg()[0], 2),
    }


def line(machine: dict[str, Any]) -> str:
    """The same, in one line."""
    return (
        "{cpu}, {cores} cores, {kernel}, Python {python}, pyzmq {pyzmq}, libzmq {libzmq},"
        " load average before {load_average_before}".format(**machine)
    )


def _cpu_model() -> str:
    """As the kernel names it; some kernels do not."""
    for found in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = found.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()
