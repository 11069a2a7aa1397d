"""A Prometheus of Debian's package that scrapes a running group, for tests."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from tests.places import free_port
from tests.waiting import wait_for

PROMETHEUS, PROMTOOL = (shutil.which(name) for name in ("prometheus", "promtool"))
needs_prometheus: Final = pytest.mark.skipif(
    not (PROMETHEUS and PROMTOOL), reason="Prometheus is not installed: apt install prometheus"
)
CONFIG: Final = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [{rules}]
scrape_configs:
  - job_name: tapewire
    file_sd_configs: [{{files: ["{targets}/*.json"], refresh_interval: 1s}}]
"""


class Prometheus:
    """One that runs."""

    def __init__(self, port: int) -> None:
        self._address = f"http://127.0.0.1:{port}"

    def asked(self, path: str, **query: str) -> Any:
        """What its API answers."""
        with urlopen(f"{self._address}/api/v1/{path}?{urlencode(query)}") as answer:
            return json.load(answer)["data"]

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series that an expression has now."""
        return list(self.asked("query", query=expression)["result"])

    def is_up(self) -> bool:
        """Whether it answers."""
        try:
            return bool(self.asked("query", query="vector(1)"))
        except OSError:
            return False

    def firing(self) -> set[str]:
        """The alerts that fire now."""
        alerts = self.asked("alerts")["alerts"]
        return {one["labels"]["alertname"] for one in alerts if one["state"] == "firing"}


@contextmanager
def prometheus(folder: Path, targets: Path, rules: Path) -> Iterator[Prometheus]:
    """Scrapes each second what is listed in `targets`, and judges it by `rules`."""
    config, port = folder / "prometheus.yml", free_port()
    config.write_text(CONFIG.format(rules=rules, targets=targets))
    command = [
        str(PROMETHEUS), f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}", "--log.level=error",
    ]  # fmt: skip
    with subprocess.Popen(command, cwd=folder) as process:
        try:
            found = Prometheus(port)
            wait_for(found.is_up, "Prometheus", 30)
            yield found
        finally:
            process.terminate()
            process.wait(20)
