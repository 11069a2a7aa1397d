"""What groups at ProjectX have in common: the future that they trade, and faults of the Gateway."""

import json
import socket
from typing import Final

from tests.pipeline.running import Running

START_S: Final = 90
"""All processes at once, of which two load `project-x-py`."""
MNQZ6: Final = """
[[instruments]]
symbol = "MNQZ6"
sec_type = "FUT"
exchange = "CME"
multiplier = "2"
min_tick = "0.25"
"""


def inject(group: Running, what: str, **given: object) -> None:
    """Let a fault happen at the simulated Gateway, over its control socket."""
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(str(group.run_dir / "simulator-px.control"))
        control.sendall(json.dumps({"do": "inject", "what": what, **given}).encode() + b"\n")
        assert json.loads(control.recv(4096))["ok"]
