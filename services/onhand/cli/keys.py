"""Development keys: one ES256 pair in the data folder, and the tokens it signs.

In production an identity provider signs and onhand only reads its JWKS; here the same
verification runs against `jwks.json`, so that security is on from the first day.
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from jwt.algorithms import ECAlgorithm

from onhand.cli.files import write_atomically

ISSUER = "onhand-dev"
AUDIENCE = "onhand"
ALL_LOCATIONS = ("*",)
SERVICE_TOKEN_TTL = timedelta(hours=24)

_PUBLIC = 0o644


def ensure_keys(folder: Path) -> None:
    """Make `signing.pem` and `customer-links.key` (0600) and `jwks.json` in `folder` where they are missing."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    signing = folder / "signing.pem"
    if not signing.exists():
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_atomically(signing, pem.decode())
    # Derived each time: a JWKS that does not fit the key would refuse every token.
    jwk = _public_jwk(_load(folder))
    write_atomically(jwks_file(folder), json.dumps({"keys": [jwk]}, indent=2), _PUBLIC)
    if not links_file(folder).exists():
        write_atomically(links_file(folder), secrets.token_urlsafe(32) + "\n")


def jwks_file(folder: Path) -> Path:
    return folder / "jwks.json"


def links_file(folder: Path) -> Path:
    return folder / "customer-links.key"


def token_file(folder: Path, service: str) -> Path:
    return folder / f"{service}.token"


def mint(
    folder: Path,
    subject: str,
    scopes: Sequence[str],
    locations: Sequence[str],
    ttl: timedelta,
    now: datetime,
) -> str:
    """Sign a token for `subject`; `locations` is `("*",)` for one that speaks for all stores."""
    key = _load(folder)
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": subject,
        "scope": " ".join(scopes),
        "locations": list(locations),
        "iat": now,
        "exp": now + ttl,
        "jti": secrets.token_hex(16),
    }
    return jwt.encode(claims, key, algorithm="ES256", headers={"kid": _public_jwk(key)["kid"]})


def write_service_token(folder: Path, service: str, scopes: Sequence[str], now: datetime) -> None:
    token = mint(folder, service, scopes, ALL_LOCATIONS, SERVICE_TOKEN_TTL, now)
    write_atomically(token_file(folder, service), token)


def _load(folder: Path) -> ec.EllipticCurvePrivateKey:
    key = load_pem_private_key((folder / "signing.pem").read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{folder / 'signing.pem'} is not a key for ES256")
    return key


def _public_jwk(key: ec.EllipticCurvePrivateKey) -> dict[str, str]:
    """Give the public key as JWK, its `kid` being the thumbprint of RFC 7638."""
    jwk = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    required = {name: jwk[name] for name in ("crv", "kty", "x", "y")}
    digest = hashlib.sha256(json.dumps(required, separators=(",", ":")).encode()).digest()
    kid = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return {**required, "kid": kid, "use": "sig", "alg": "ES256"}
