"""How the notifier is put together from the configuration."""

import os
from typing import Final

from tapewire.common import roles
from tapewire.common.errors import ConfigError
from tapewire.common.runtime.process import Process
from tapewire.risk.notices.notifier import Notifier
from tapewire.risk.notices.sending import Sender
from tapewire.risk.notices.service import NoticesService, group_of_this_process
from tapewire.risk.notices.state_file import StateFile

OUTCOMES: Final = "outcomes"


def build(process: Process) -> NoticesService:
    """Find the targets' addresses, then what was told before."""
    config = process.config
    if not config.notices.targets:
        raise ConfigError("[[notices.targets]] is empty; expected at least one target")
    sender = Sender(config.notices, os.environ)
    process.transport.attach(OUTCOMES, sender)
    saved, fault = StateFile(process.run_dir).read()
    notifier = Notifier(
        config.notices, config.days(), saved, group_of_this_process(), process.clock.now()
    )
    service = NoticesService(
        notifier, sender, config, process.run_dir, process.transport, process.clock,
        epoch=process.epoch,
    )  # fmt: skip
    if fault:
        service.dead_letter(roles.NOTICES, fault, b"")
    return service
