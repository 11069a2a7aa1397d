"""The file that says what a group was launched with; who starts it writes it.

It loads nothing that takes long, as the emergency brake reads the file too.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tapewire.common.config.settings import Config

FILE: Final = "started.json"


def has_rules_of(config: "Config", run_dir: Path) -> bool:
    """Whether the group was launched with the risk rules of this configuration, or nothing says
    with which ones it was."""
    try:
        launched = json.loads((run_dir / FILE).read_text())["risk"]["rules"]
    except (OSError, ValueError, TypeError, KeyError):
        return True
    configured: Any = json.loads(config.risk.model_dump_json())["rules"]
    return bool(launched == configured)
