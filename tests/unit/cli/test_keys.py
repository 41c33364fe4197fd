import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest

from onhand.cli import keys

NOW = datetime.now(UTC).replace(microsecond=0)
HOUR = timedelta(hours=1)


def verify(folder: Path, token: str) -> dict[str, object]:
    """Verify as a service does: from the public file, by the key id."""
    jwks = jwt.PyJWKSet.from_dict(json.loads(keys.jwks_file(folder).read_text()))
    key = jwks[jwt.get_unverified_header(token)["kid"]]
    claims: dict[str, object] = jwt.decode(
        token, key, algorithms=["ES256"], audience="onhand", issuer="onhand-dev"
    )
    return claims


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_token_carries_its_claims_and_is_verified_with_the_public_file(tmp_path: Path) -> None:
    keys.ensure_keys(tmp_path)
    token = keys.mint(tmp_path, "pos-7", ["stock.read", "stock.write"], ["L1", "L2"], HOUR, NOW)
    claims = verify(tmp_path, token)
    assert len(str(claims.pop("jti"))) == 32
    assert claims == {
        "iss": "onhand-dev",
        "aud": "onhand",
        "sub": "pos-7",
        "scope": "stock.read stock.write",
        "locations": ["L1", "L2"],
        "iat": int(NOW.timestamp()),
        "exp": int((NOW + HOUR).timestamp()),
    }


def test_two_tokens_never_share_an_id(tmp_path: Path) -> None:
    keys.ensure_keys(tmp_path)
    tokens = [keys.mint(tmp_path, "pos", [], ["*"], HOUR, NOW) for _ in range(2)]
    assert len({str(verify(tmp_path, token)["jti"]) for token in tokens}) == 2


def test_keys_are_made_once_so_that_tokens_outlive_a_restart(tmp_path: Path) -> None:
    keys.ensure_keys(tmp_path)
    token = keys.mint(tmp_path, "pos", [], ["*"], HOUR, NOW)
    keys.ensure_keys(tmp_path)
    assert verify(tmp_path, token)["sub"] == "pos"


def test_a_lost_public_file_is_made_again_from_the_private_key(tmp_path: Path) -> None:
    keys.ensure_keys(tmp_path)
    before = keys.jwks_file(tmp_path).read_text()
    keys.jwks_file(tmp_path).unlink()
    keys.ensure_keys(tmp_path)
    assert keys.jwks_file(tmp_path).read_text() == before


def test_the_public_file_holds_nothing_private(tmp_path: Path) -> None:
    keys.ensure_keys(tmp_path)
    (key,) = json.loads(keys.jwks_file(tmp_path).read_text())["keys"]
    assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}


def test_private_files_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    keys.ensure_keys(folder)
    keys.write_service_token(folder, "stock", ["stock.read"], NOW)
    assert mode(folder) == 0o700
    assert mode(folder / "signing.pem") == 0o600
    assert mode(keys.token_file(folder, "stock")) == 0o600


def test_a_service_token_speaks_for_all_locations_for_a_day(tmp_path: Path) -> None:
    keys.ensure_keys(tmp_path)
    keys.write_service_token(tmp_path, "stock", ["stock.read"], NOW)
    claims = verify(tmp_path, keys.token_file(tmp_path, "stock").read_text())
    assert (claims["sub"], claims["locations"]) == ("stock", ["*"])
    assert claims["exp"] == int((NOW + timedelta(hours=24)).timestamp())


def test_a_token_of_another_folder_is_refused(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    keys.ensure_keys(ours)
    keys.ensure_keys(theirs)
    token = keys.mint(theirs, "pos", [], ["*"], HOUR, NOW)
    with pytest.raises(KeyError):
        verify(ours, token)
