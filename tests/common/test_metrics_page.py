"""The page for Prometheus, and programs of the machine that want something else of it."""

import json
import socket
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from prometheus_client.core import GaugeMetricFamily

from tapewire.common.runtime import metrics_page
from tapewire.common.runtime.metrics_page import CONNECTIONS_MAX
from tests.waiting import wait_for


class One:
    """What is shown: one figure."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield GaugeMetricFamily("tapewire_one", "one", value=1)


@pytest.fixture
def port(tmp_path: Path) -> int:
    listing = tmp_path / "risk.json"
    port = metrics_page.serve(One(), listing, "risk")
    written = [{"targets": [f"127.0.0.1:{port}"], "labels": {"job": "risk"}}]
    assert json.loads(listing.read_text()) == written
    return port


def page(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return str(answer.read().decode())


def test_it_shows_what_is_measured(port: int) -> None:
    assert "tapewire_one 1.0" in page(port)


def test_many_that_send_nothing_have_few_threads_and_keep_nobody_away(
    port: int, capfd: pytest.CaptureFixture[str]
) -> None:
    before = threading.active_count()
    with ExitStack() as stack:
        for number in range(3 * CONNECTIONS_MAX):
            one = stack.enter_context(socket.create_connection(("127.0.0.1", port), 10))
            with suppress(OSError):
                one.sendall(b"GET /met" if number % 2 else b"\xff" * 100)
        wait_for(lambda: threading.active_count() <= before + CONNECTIONS_MAX, "threads to end")
        assert "tapewire_one 1.0" in page(port)
    assert capfd.readouterr() == ("", "")
