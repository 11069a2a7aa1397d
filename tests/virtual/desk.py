"""A person at a virtual group: time passes, risk is asked for something."""

from typing import Self

from tapewire.common import roles
from tapewire.common.events import EVERYTHING, Control, Scope
from tapewire.risk.service import RiskService
from tapewire.virtual.world import SECOND_NS, World


class Person:
    """What a desk of a test is built on; it has a world."""

    world: World

    def run(self, seconds: float) -> Self:
        """Let time pass."""
        self.world.run(int(seconds * SECOND_NS))
        return self

    def risk(self) -> RiskService:
        """The risk daemon."""
        risk = self.world.service(roles.RISK)
        assert isinstance(risk, RiskService)
        return risk

    def ask(self, action: str, scope: Scope = EVERYTHING) -> str:
        """Halt, flatten or resume; why it cannot be done."""
        now = self.world.clock.now()
        control = Control(now.wall_ns, action, "a test", scope)  # type: ignore[arg-type]
        reply, events = self.risk().monitor.control(control, now)
        self.risk().emit(*events)
        return "" if reply.ok else reply.text
