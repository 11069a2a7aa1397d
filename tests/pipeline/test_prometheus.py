"""What Prometheus scrapes of a running group is what the documents say."""

import json
import re
from urllib.request import urlopen

from tests.pipeline.running import Running
from tests.places import ROOT

TABLE = (
    (ROOT / "docs" / "operating.md").read_text()
    .partition("For a dashboard and for alerts:\n")[2].partition("\nThe others are about")[0]
)  # fmt: skip
ELSEWHERE = ("web", "bridge", "door", "relays")
"""What these show is looked at by tests/web, tests/bridge and tests/pipeline/test_hosts.py."""
VIOLATIONS = "tapewire_risk_violations_total"  # of this group there is none


def scraped(running: Running, role: str) -> str:
    (listed,) = json.loads((running.run_dir / "targets" / f"{role}.json").read_text())
    return str(urlopen(f"http://{listed['targets'][0]}/metrics").read().decode())


def documented() -> dict[str, set[str]]:
    """The metrics of the table for dashboards and alerts, each with its labels."""
    rows = [line.split("|") for line in TABLE.splitlines() if line.startswith("| `tapewire_")]
    return {
        name: set(re.findall(r"`(\w+)`", labels))
        for _, names, labels, processes, *_ in rows
        if processes.strip(" `") not in ELSEWHERE
        for name in re.findall(r"`(\w+)`", names)
    }


def test_every_documented_metric_is_there_with_these_labels(shared: Running):
    shared.until_fills(1)
    roles = ("gateway", "risk", "strategy-momentum-fast")
    page = "".join(scraped(shared, role) for role in roles)
    series = re.findall(r"^(tapewire_\w+)\{(.*)\} ", page, re.MULTILINE)
    found = {name: set(re.findall(r'(\w+)="', labels)) - {"process"} for name, labels in series}
    wanted = documented()
    wanted.pop(VIOLATIONS)
    assert {name: found.get(name) for name in wanted} == wanted


def test_a_scrape_says_how_trading_is(shared: Running):
    shared.until_fills(1)
    gateway, risk = scraped(shared, "gateway"), scraped(shared, "risk")
    assert 'tapewire_tws_up{process="gateway"} 1.0' in gateway
    assert 'tapewire_connection_state{process="gateway",state="READY"} 1.0' in gateway
    assert 'tapewire_reconnects_total{label="",process="gateway"} ' in gateway
    for name in ("connection_uptime_seconds", "tws_requests_total", "subscriptions"):
        found = re.search(rf'tapewire_{name}\{{.*process="gateway"\}} (\S+)', gateway)
        assert found, name
        assert float(found[1]) > 0
    assert 'tapewire_orders{process="gateway",state="UNKNOWN"} 0.0' in gateway
    assert 'tapewire_trading_state{process="risk",state="ACTIVE"} 1.0' in risk
    assert 'tapewire_process_state{process="risk",state="READY"} 1.0' in risk
    quantity = re.search(r'tapewire_position\{account="DU1234567".*symbol="AAPL"\} (\S+)', risk)
    assert quantity, risk
    assert float(quantity[1]).is_integer()
