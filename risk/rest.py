"""Rest: whether risk's rules have looked at all that has happened.

A back-test leaves out the turns of a process that is at rest. Rules are asked about everything a
few times per second, and once more after each event. Where none of them looks at prices or at the
time, the answer at the next of these times is the one at this moment.
"""

from tapewire.common.clock import Now
from tapewire.risk.monitor import RiskMonitor


def has_looked(monitor: RiskMonitor, now: Now) -> bool:
    """Whether asking about everything leads to nothing; if it does not, that counts as done."""
    rules = monitor.rules
    if not (monitor.has_news and rules.rules):
        return True
    if not all(rule.rests(flat=False) for rule in rules.rules):
        return False
    view = monitor.view.at(now)
    readings = rules.readings(view)
    if rules.on_timer(view) or monitor.enforcer.would_warn(readings):
        return False
    monitor.enforcer.warn(readings, now)
    monitor.readings, monitor.has_news = readings, False
    return True
