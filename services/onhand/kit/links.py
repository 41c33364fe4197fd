"""Links for customers: who has one may see and change one order, until a time.

What stands in a link is a token (JWT, RFC 7519) signed with a key that only our own processes have (HS256): whoever
writes to the customer makes it, the edge reads it. It names the order and holds no secret of it.
"""

from datetime import datetime
from pathlib import Path

import jwt

from onhand.kit.errors import InvalidToken

ALGORITHM = "HS256"
AUDIENCE = "onhand-customer"
MIN_KEY_LENGTH = 32
"""Characters; a key of HS256 is at least as long as its hash, 32 bytes (RFC 7518, section 3.2)."""


class Links:
    """Makes and reads tokens with the keys of a file, one a line: the first signs, all are accepted."""

    def __init__(self, path: Path) -> None:
        self._keys = path.read_text().split()
        if not self._keys or min(map(len, self._keys)) < MIN_KEY_LENGTH:
            raise ValueError(f"{path}: keys of at least {MIN_KEY_LENGTH} characters are expected, one a line")

    def token(self, order_id: str, expire_time: datetime) -> str:
        claims = {"sub": order_id, "aud": AUDIENCE, "exp": expire_time}
        return jwt.encode(claims, self._keys[0], ALGORITHM)

    def order_id(self, token: str) -> str:
        """Return which order a token is for; raises InvalidToken."""
        failure: jwt.PyJWTError | None = None
        for key in self._keys:
            try:
                claims = jwt.decode(
                    token, key, [ALGORITHM], audience=AUDIENCE, options={"require": ["exp", "sub"]}
                )
            except jwt.InvalidSignatureError as error:
                failure = error
            except jwt.PyJWTError as error:
                raise InvalidToken(str(error).lower()) from None
            else:
                return str(claims["sub"])
        raise InvalidToken(str(failure).lower())
