"""The one-time code of a collection: 8 digits that only the customer has.

What is kept cannot show the code again. Wrong attempts are counted and then paused, because 8 digits
could otherwise be tried out.
"""

import hashlib
import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from onhand.kit.errors import LimitReached, WrongCode

CODE_DIGITS = 8


@dataclass(frozen=True, slots=True)
class CodeLimits:
    attempts: int
    """Wrong codes before the pause."""
    pause: timedelta


@dataclass(frozen=True, slots=True)
class Code:
    """What is kept of a code, and how often it was missed."""

    salt: bytes
    digest: bytes
    wrong_attempts: int = 0
    """Since the last pause."""
    pause_end: datetime | None = None

    @classmethod
    def of(cls, code: str, salt: bytes) -> "Code":
        return cls(salt, _digest(code, salt))

    def check(self, code: str, now: datetime, limits: CodeLimits) -> None:
        """Raise WrongCode for another code; LimitReached for any while attempts are paused."""
        self.judge(hmac.compare_digest(self.digest, _digest(code, self.salt)), now, limits)

    def judge(self, right: bool, now: datetime, limits: CodeLimits) -> None:  # noqa: FBT001  the verdict
        """Raise WrongCode unless a proof is right; LimitReached for any while attempts are paused."""
        if self.pause_end is not None and now < self.pause_end:
            raise LimitReached(
                f"{limits.attempts} wrong codes, no other before {self.pause_end:%H:%M:%S} UTC"
            )
        if not right:
            raise WrongCode(attempts_left=limits.attempts - self.wrong_attempts - 1)

    def missed(self, now: datetime, limits: CodeLimits) -> "Code":
        """Count a wrong code; the last one allowed starts the pause, after which counting starts anew."""
        if self.wrong_attempts + 1 < limits.attempts:
            return replace(self, wrong_attempts=self.wrong_attempts + 1)
        return replace(self, wrong_attempts=0, pause_end=now + limits.pause)


def _digest(code: str, salt: bytes) -> bytes:
    return hmac.digest(salt, code.encode(), hashlib.sha256)
