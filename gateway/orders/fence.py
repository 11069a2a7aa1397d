"""The fence: of all executors that ever ran, the gateway takes orders from the newest alone.

What could go wrong: an executor dies with a request on its way. Its successor reads all that the
gateway has taken, counts the exposure, and sends an order; then the old request arrives, and adds
what nobody has counted. So a sender introduces itself before it sends anything, and gets a token in
return, with the head of the journal at that moment. From then on no other token is good: whatever
arrives under an older one was sent by somebody who has been replaced.

The token is made here, not by the sender. One that is claimed (from a clock an hour ahead, by a
forged request) is not the token in force, and is refused without any effect. A sender whose token
is refused introduces itself again, and reads up to the head that it is given: that also heals what
a forged introduction has done. Of two executors, one at a time has the token in force.

An introduction that is sent again, because the answer was late, has the same name and gets the same
token. Tokens are not kept: those of an earlier start of the gateway are no longer good.
"""


class Fence:
    """Hands out tokens; `epoch` is that of the gateway, so that no token is ever made twice."""

    def __init__(self, epoch: str) -> None:
        self.token = ""
        self._epoch = epoch
        self._introduced = ""
        self._count = 0

    def __repr__(self) -> str:
        return f"<Fence {self.token or 'nobody was introduced'}>"

    def introduce(self, name: str) -> str:
        """The token for whoever introduces itself as `name`; it invalidates every other one."""
        if name != self._introduced:
            self._introduced, self._count = name, self._count + 1
            self.token = f"{self._epoch}.{self._count}"
        return self.token

    def refuses(self, token: str) -> bool:
        """Whether what comes under `token` must not be taken."""
        return token != self.token
