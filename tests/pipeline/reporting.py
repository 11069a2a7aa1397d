"""A strategy that gives no signals, and says what it knows."""

import json
from pathlib import Path

import msgspec

from tapewire import Quote, Strategy


class ReportingParameters(msgspec.Struct, frozen=True):
    """Where it says so."""

    file: str


class Reporting(Strategy[ReportingParameters]):
    """Writes its position and the orders that work to a file, while it is live."""

    def on_quote(self, quote: Quote) -> None:
        if not self.live:
            return
        known = {
            "position": str(self.position(quote.symbol)),
            "orders": sorted(o.id for o in self.orders),
        }
        file = Path(self.parameters.file)
        beside = file.with_suffix(".partial")
        beside.write_text(json.dumps(known))
        beside.replace(file)
