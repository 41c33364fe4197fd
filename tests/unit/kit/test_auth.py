"""Tokens: what is not signed by the issuer for us, now, is nobody."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from hypothesis import given
from hypothesis import strategies as st

from onhand.cli import keys
from onhand.kit import auth
from onhand.kit import keys as key_files
from onhand.kit.auth import Authenticator, Principal
from onhand.kit.config import Auth
from onhand.kit.errors import InvalidToken, MissingScope, WrongLocation

SCOPE = "stock.read"


class Issuer:
    """An identity provider in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rotate()

    def rotate(self) -> None:
        (self.folder / "signing.pem").unlink(missing_ok=True)
        keys.ensure_keys(self.folder)

    @property
    def key(self) -> ec.EllipticCurvePrivateKey:
        key = load_pem_private_key((self.folder / "signing.pem").read_bytes(), password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return key

    @property
    def jwks(self) -> Path:
        return keys.jwks_file(self.folder)

    @property
    def kid(self) -> str:
        return str(json.loads(self.jwks.read_text())["keys"][0]["kid"])

    def claims(self, **changed: Any) -> dict[str, Any]:
        claims = {
            "iss": keys.ISSUER,
            "aud": keys.AUDIENCE,
            "sub": "shop",
            "scope": f"{SCOPE} orders.write",
            "locations": ["s1", "s2"],
            "exp": datetime.now(UTC) + timedelta(hours=1),
            **changed,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, **changed: Any) -> str:
        return jwt.encode(self.claims(**changed), self.key, algorithm="ES256", headers={"kid": self.kid})


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    return Issuer(tmp_path)


@pytest.fixture
def settings(issuer: Issuer) -> Auth:
    return Auth(auth_issuer=keys.ISSUER, auth_jwks_file=issuer.jwks, auth_leeway_s=0)


@pytest.fixture
def authenticate(settings: Auth, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Principal]:
    monkeypatch.setattr(key_files, "FILE_CHECK_S", -1)  # look at the file on each call
    authenticator = Authenticator(settings)
    return lambda token: authenticator.authenticate(f"Bearer {token}", SCOPE)


def test_an_issuers_clock_may_be_a_little_ahead_or_behind(issuer: Issuer, settings: Auth) -> None:
    authenticator = Authenticator(settings.model_copy(update={"auth_leeway_s": 30}))

    def authenticate(token: str) -> Principal:
        return authenticator.authenticate(f"Bearer {token}", SCOPE)

    now = datetime.now(UTC)
    assert authenticate(issuer.token(exp=now - timedelta(seconds=10))).subject == "shop"
    assert authenticate(issuer.token(nbf=now + timedelta(seconds=10))).subject == "shop"
    assert refused(authenticate, issuer.token(exp=now - timedelta(seconds=60)))
    assert refused(authenticate, issuer.token(nbf=now + timedelta(seconds=60)))


def refused(authenticate: Callable[[str], Principal], token: str) -> bool:
    try:
        authenticate(token)
    except InvalidToken:
        return True
    return False


def encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part, default=str).encode()).rstrip(b"=").decode()


def test_a_good_token_names_its_caller(issuer: Issuer, authenticate: Callable[[str], Principal]) -> None:
    principal = authenticate(issuer.token())
    assert principal.subject == "shop"
    assert principal.scopes == {SCOPE, "orders.write"}
    principal.require_location("s1", "s2")
    with pytest.raises(WrongLocation) as raised:
        principal.require_location("s1", "s3")
    assert raised.value.location_id == "s3"
    assert principal.visible(["s3", "s2"]) == ["s2"]


def test_a_star_is_all_locations_and_nothing_is_none(
    issuer: Issuer, authenticate: Callable[[str], Principal]
) -> None:
    everywhere = authenticate(issuer.token(locations=["*"]))
    everywhere.require_location("anywhere")
    assert everywhere.visible(["s9"]) == ["s9"]
    nowhere = authenticate(issuer.token(locations=None))
    assert nowhere.visible(["s1"]) == []
    with pytest.raises(WrongLocation):
        nowhere.require_location("s1")


def test_a_good_token_without_the_scope_is_told_which(
    issuer: Issuer, authenticate: Callable[[str], Principal]
) -> None:
    with pytest.raises(MissingScope) as raised:
        authenticate(issuer.token(scope="stock.readonly stock"))
    assert raised.value.scope == SCOPE


@pytest.mark.parametrize("header", [None, "", "Basic c2hvcDpwdw==", "Bearer", "Bearer "])
def test_without_a_token_nobody_is_known(settings: Auth, header: str | None) -> None:
    with pytest.raises(InvalidToken):
        Authenticator(settings).authenticate(header, SCOPE)


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "elsewhere"},
        {"aud": None},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"sub": None},
        {"exp": datetime(2020, 1, 1, tzinfo=UTC)},
        {"exp": None},
        {"nbf": datetime(2100, 1, 1, tzinfo=UTC)},
        {"scope": ["stock.read"]},
        {"locations": "*"},
    ],
    ids=str,
)
def test_a_signed_token_with_wrong_claims_is_refused(
    issuer: Issuer, authenticate: Callable[[str], Principal], changed: dict[str, Any]
) -> None:
    with pytest.raises(InvalidToken):
        authenticate(issuer.token(**changed))


def test_algorithm_none_is_refused(issuer: Issuer, authenticate: Callable[[str], Principal]) -> None:
    exp = int(time.time()) + 600
    for algorithm in ("none", "None", "NONE"):
        header = {"alg": algorithm, "typ": "JWT", "kid": issuer.kid}
        with pytest.raises(InvalidToken):
            authenticate(f"{encoded(header)}.{encoded(issuer.claims(exp=exp))}.")


def test_the_public_key_is_no_shared_secret(issuer: Issuer, authenticate: Callable[[str], Principal]) -> None:
    pem = issuer.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    jwk = json.dumps(json.loads(issuer.jwks.read_text())["keys"][0]).encode()
    for secret in (pem, pem.strip(), jwk, issuer.jwks.read_bytes(), b""):
        head = encoded({"alg": "HS256", "typ": "JWT", "kid": issuer.kid})
        body = encoded(issuer.claims(exp=int(time.time()) + 600))
        mac = hmac.new(secret, f"{head}.{body}".encode(), hashlib.sha256).digest()
        signature = base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
        with pytest.raises(InvalidToken):
            authenticate(f"{head}.{body}.{signature}")


def test_a_key_that_the_issuer_does_not_publish_is_refused(
    issuer: Issuer, authenticate: Callable[[str], Principal], tmp_path: Path
) -> None:
    other = Issuer(tmp_path / "other")
    with pytest.raises(InvalidToken):
        authenticate(other.token())
    forged = jwt.encode(issuer.claims(), other.key, algorithm="ES256", headers={"kid": issuer.kid})
    with pytest.raises(InvalidToken):
        authenticate(forged)
    unnamed = jwt.encode(issuer.claims(), issuer.key, algorithm="ES256")
    with pytest.raises(InvalidToken):
        authenticate(unnamed)


def test_a_key_inside_the_token_is_not_believed(
    issuer: Issuer, authenticate: Callable[[str], Principal], tmp_path: Path
) -> None:
    other = Issuer(tmp_path / "other")
    jwk = json.loads(other.jwks.read_text())["keys"][0]
    headers = {"kid": other.kid, "jwk": jwk, "jku": other.jwks.as_uri()}
    with pytest.raises(InvalidToken):
        authenticate(jwt.encode(issuer.claims(), other.key, algorithm="ES256", headers=headers))


def test_a_changed_token_is_refused(issuer: Issuer, authenticate: Callable[[str], Principal]) -> None:
    head, body, signature = issuer.token().split(".")
    more = encoded(issuer.claims(exp=int(time.time()) + 600, locations=["*"]))
    assert more != body
    with pytest.raises(InvalidToken):
        authenticate(f"{head}.{more}.{signature}")


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126)))
def test_no_text_is_more_than_refused(keys_dir: Path, text: str) -> None:
    authenticator = Authenticator(Auth(auth_issuer=keys.ISSUER, auth_jwks_file=keys.jwks_file(keys_dir)))
    with pytest.raises(InvalidToken):
        authenticator.authenticate(f"Bearer {text}", SCOPE)


def test_a_token_that_was_good_ends_at_its_time(
    issuer: Issuer, authenticate: Callable[[str], Principal]
) -> None:
    token = issuer.token(exp=datetime.now(UTC) + timedelta(seconds=2))
    assert authenticate(token).subject == "shop"
    deadline = time.monotonic() + 5
    while not refused(authenticate, token):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_keys_are_rotated_by_replacing_the_file(
    issuer: Issuer, authenticate: Callable[[str], Principal]
) -> None:
    old = issuer.token()
    authenticate(old)
    issuer.rotate()
    authenticate(issuer.token())
    with pytest.raises(InvalidToken):
        authenticate(old)


@pytest.mark.parametrize("half", [None, "", '{"keys": [', '{"keys": []}'], ids=repr)
def test_the_keys_we_have_hold_while_the_file_is_being_replaced(
    issuer: Issuer, authenticate: Callable[[str], Principal], half: str | None
) -> None:
    token = issuer.token()
    authenticate(token)
    issuer.jwks.unlink()
    if half is not None:
        issuer.jwks.write_text(half)
    assert authenticate(token).subject == "shop"
    issuer.rotate()
    authenticate(issuer.token())


def test_a_service_does_not_start_without_keys(settings: Auth) -> None:
    settings.auth_jwks_file.unlink()
    with pytest.raises(FileNotFoundError):
        Authenticator(settings)


def test_the_cache_of_verified_tokens_is_bounded(
    issuer: Issuer, settings: Auth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "MAX_CACHED_TOKENS", 3)
    authenticator = Authenticator(settings)
    for each in range(10):
        authenticator.authenticate(f"Bearer {issuer.token(sub=f'shop {each}')}", SCOPE)
        assert len(authenticator._cache) <= 3
