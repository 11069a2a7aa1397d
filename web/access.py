"""Who may do what: the roles of viewers, and what each may do."""

from typing import Final, Literal, NamedTuple, get_args

Role = Literal["viewer", "trader", "admin"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
"""Each may do all that those before it may. Every one of them may halt."""


class Principal(NamedTuple):
    """Who asks: a role, and what tells this login from others. A program shows its token with each
    request; a browser has a session."""

    role: Role
    id: str
    is_program: bool = False

    def may(self, needed: Role) -> bool:
        """Whether it may do what needs this role."""
        return ROLES.index(self.role) >= ROLES.index(needed)


class Refused(Exception):
    """A request that is refused: the HTTP status, and why in a sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
