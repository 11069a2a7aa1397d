"""What stops a process from taking anything that adds risk: the kill switch, a journal that was
deleted, a disk that fills."""

from tapewire.common.clock import Now
from tapewire.common.runtime.disk import Disk
from tapewire.common.runtime.host import Host
from tapewire.common.runtime.kill_switch import NAME, KillSwitch
from tapewire.common.runtime.own_journal import OwnJournal


class Brakes:
    """All together; the kill switch's reason comes first."""

    def __init__(self, disk: Disk, kill_switch: KillSwitch, journal: OwnJournal) -> None:
        self.disk = disk
        self.kill_switch = kill_switch
        self.journal = journal

    @property
    def reason(self) -> str:
        """Why nothing that adds risk may be taken; empty if it may."""
        return self.kill_switch.reason or self.journal.reason or self.disk.reason

    def look(self, now: Now) -> None:
        """Look at each, which decides how often that is worth it."""
        self.kill_switch.look(now)
        self.journal.look(now)
        self.disk.look(now)


def brakes_of(host: Host) -> Brakes:
    """The brakes of a host's service: of the disk that its journal is on, and of its group."""
    run_dir = host.config.run_dir
    return Brakes(
        Disk(host.config.storage, host.free_bytes, str(run_dir)),
        KillSwitch(host.halt_file, str(run_dir / NAME)),
        OwnJournal(host.journal_lost),
    )
