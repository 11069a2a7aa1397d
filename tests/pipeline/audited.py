"""What a simulator's audit says of orders and executions, while it still runs."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

Line = dict[str, Any]


class Audit:
    """What the simulator has written down, read as it grows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self.executions: list[Line] = []
        self.placed: Counter[str] = Counter()
        self.statuses: dict[str, str] = {}  # the last of each order, by its reference

    def read(self) -> "Audit":
        with self._path.open("rb") as file:
            file.seek(self._offset)
            whole, _, _ = file.read().rpartition(b"\n")
        self._offset += len(whole) + bool(whole)
        for text in whole.splitlines():
            if b'"message_' not in text[:40]:
                self._take(json.loads(text))
        return self

    def _take(self, line: Line) -> None:
        if line["kind"] == "execution" and not line["of_combo"]:
            self.executions.append(line)
        elif line["kind"] == "order" and line["event"] == "placed" and line["order_ref"]:
            self.placed[line["order_ref"]] += 1
        elif line["kind"] == "status" and line["order_ref"]:
            self.statuses[line["order_ref"]] = line["status"]
