"""Collection passes: what a QR code carries, signed, so that a till can verify it without the network.

A key signs for one epoch. It is made an epoch ahead and published until its last pass has ended, so that a
till that was online within the last epoch knows every key it meets. All processes agree on the keys through
the database.

JSON Web Tokens (RFC 7519), signed with ES256, keys as a JSON Web Key Set (RFC 7517).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from onhand.pickup.domain.task import Task

ALGORITHM = "ES256"
ISSUER = "onhand-pickup"
CLOCK_SKEW = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Pass:
    """What a verified pass says."""

    task_id: str
    code_number: int
    location_id: str
    issue_time: datetime
    expire_time: datetime


def epoch_of(moment: datetime, length: timedelta) -> int:
    return int(moment.timestamp() // length.total_seconds())


def new_key() -> str:
    """Make a private key, PKCS 8 in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def key_set(keys: Mapping[int, str]) -> str:
    """Return the public halves of keys by epoch, as a JSON Web Key Set."""
    published = []
    for epoch, private_key in sorted(keys.items()):
        jwk = ECAlgorithm.to_jwk(_public(private_key), as_dict=True)
        published.append({**jwk, "kid": str(epoch), "use": "sig", "alg": ALGORITHM})
    return json.dumps({"keys": published})


def sign(task: Task, epoch: int, private_key: str, now: datetime, expire_time: datetime) -> str:
    """Return a pass for the present code of a task."""
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "sub": task.task_id,
        "jti": f"{task.task_id}:{task.code_number}",
        "iat": now,
        "nbf": now,
        "exp": expire_time,
        "loc": task.assignment.location_id,
        "ord": task.assignment.order_id,
        "name": task.collector_name or task.assignment.customer_display_name,
        "qty": task.waiting,
        "idc": task.identity_check,
        "age": task.minimum_age,
    }
    return jwt.encode(claims, private_key, ALGORITHM, headers={"kid": str(epoch)})


def verify(text: str, keys: Mapping[int, str]) -> Pass | None:
    """Return what a pass says when one of our keys signed it, whether it is still good or not."""
    try:
        private_key = keys[int(jwt.get_unverified_header(text).get("kid", ""))]
        claims = jwt.decode(
            text,
            _public(private_key),
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            options={
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
                "require": ["exp", "jti"],
            },
        )
        task_id, _, number = str(claims["jti"]).rpartition(":")
        return Pass(
            task_id,
            int(number),
            str(claims["loc"]),
            datetime.fromtimestamp(claims["iat"], tz=UTC),
            datetime.fromtimestamp(claims["exp"], tz=UTC),
        )
    except (jwt.PyJWTError, KeyError, ValueError):
        return None


def _public(private_key: str) -> ec.EllipticCurvePublicKey:
    key = serialization.load_pem_private_key(private_key.encode(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("the keys of passes are on an elliptic curve")
    return key.public_key()
