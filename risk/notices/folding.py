"""What the journals add up to at the end of a trading day, for its summary.

Read from the disk, like all that notices are about: from the checkpoint on, if there is one that
fits, so that years of journals need not be read for one day.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import date
from pathlib import Path

from tapewire.common import roles
from tapewire.common.accounting.accounts import Accounts
from tapewire.common.accounting.orders import Order
from tapewire.common.config.notices import Kind
from tapewire.common.config.settings import Config
from tapewire.common.events import Event
from tapewire.common.runtime.checkpoint import Past, checkpoint_file
from tapewire.common.runtime.journal import SqliteJournal, events_of
from tapewire.risk.notices.summary import summary


def sum_up(config: Config, run_dir: Path, day: date, told: Mapping[Kind, int]) -> list[str]:
    """The lines of a day's summary; raises `JournalError` if a journal cannot be read."""
    return summary(fold(config, run_dir), day, told)


def fold(config: Config, run_dir: Path) -> Accounts[Order]:
    """Both gateways' journals, up to now."""
    accounts = Accounts(config.all_instruments(), Order, config.days())
    past = Past(roles.NOTICES, None, checkpoint_file(run_dir, config))
    for event in past.of_group():
        accounts.apply(event)
    for source in config.logins().gateways:
        for record in past.followed(source):
            accounts.apply(record.event, source)
    for source in config.logins().gateways:
        for event in _behind(past, run_dir, source):
            accounts.apply(event, source)
    past.finish({}, lambda *_: None)
    return accounts


def _behind(past: Past, run_dir: Path, source: str) -> Iterator[Event]:
    """What a journal has behind the checkpoint."""
    path = run_dir / "journals" / f"{source}.sqlite"
    if not path.exists() or not path.stat().st_size:
        return
    with closing(SqliteJournal(path, read_only=True)) as journal:
        yield from events_of(journal, past.head(source).seq + 1)
