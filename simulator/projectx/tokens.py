"""Session tokens: JSON Web Tokens that this Gateway has signed itself (RFC 7519, HS256)."""

import base64
import hashlib
import hmac
from typing import Any, Final

import msgspec

from tapewire.simulator.projectx.words import NS_PER_S

_HEADER: Final = {"alg": "HS256", "typ": "JWT"}


class Tokens:
    """Makes tokens that hold for `lives_s` seconds, and knows its own from others."""

    def __init__(self, secret: bytes, lives_s: int) -> None:
        self._secret = secret
        self._lives_s = lives_s
        self._count = 0
        self._revoked_before = 0

    def make(self, user: str, now_ns: int) -> str:
        """A new token of a user."""
        self._count += 1
        claims = {
            "sub": user,
            "exp": now_ns // NS_PER_S + self._lives_s,
            "jti": self._count,
        }
        body = f"{_text(msgspec.json.encode(_HEADER))}.{_text(msgspec.json.encode(claims))}"
        return f"{body}.{self._signature(body)}"

    def user_of(self, token: str, now_ns: int) -> str:
        """Whose token it is; "" for one that is not ours, has expired, or was revoked."""
        body, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(body).encode()):
            return ""
        claims = _claims(body)
        is_over = claims["exp"] * NS_PER_S <= now_ns or claims["jti"] <= self._revoked_before
        return "" if is_over else str(claims["sub"])

    def revoke_all(self) -> None:
        """Let no token count that was made so far, whatever its own time says."""
        self._revoked_before = self._count

    def _signature(self, body: str) -> str:
        return _text(hmac.digest(self._secret, body.encode(), hashlib.sha256))


def _claims(body: str) -> dict[str, Any]:
    """The claims of a body that we have signed."""
    found: dict[str, Any] = msgspec.json.decode(_bytes(body.partition(".")[2]))
    return found


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
