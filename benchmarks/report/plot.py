"""The folder that a benchmark leaves: `latency.png`, `latency.html`, and all of its figures."""

import json
from pathlib import Path
from typing import Any


def leave(folder: Path, figures: dict[str, Any], latency: dict[str, Any]) -> None:
    """Write the folder: `figures` as JSON, and the picture of `latency`, if it has any rates.

    Raises `OSError` where the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "figures.json").write_text(json.dumps(figures, indent=1) + "\n")
    if not latency.get("rates"):
        return
    from tapewire.benchmarks.report import latency_chart
    from tapewire.benchmarks.report.latency_page import page

    (folder / "latency.png").write_bytes(latency_chart.png(latency["rates"]))
    html = page(latency, latency_chart.svg(latency["rates"]))
    (folder / "latency.html").write_text(html, encoding="utf-8")
