"""Refuses to start half-configured; keys are made only on a development machine."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet, InvalidToken

from onhand.kit import config
from onhand.notifications.config import NotificationsSettings
from onhand.notifications.vault import Vault

BASE = {
    "LISTEN": "127.0.0.1:0",
    "DATABASE_URL": "postgresql://a:b@127.0.0.1/c",
    "NATS_URL": "nats://127.0.0.1",
    "AUTH_ISSUER": "test",
    "AUTH_JWKS_FILE": "/nowhere",
}


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Any:
    def load(**values: str) -> NotificationsSettings:
        for name, value in (BASE | values).items():
            monkeypatch.setenv(f"ONHAND_{name}", value)
        return config.load(NotificationsSettings)

    return load


def test_production_needs_a_key_file(load: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_code:
        load()
    assert exit_code.value.code == 2
    assert "ONHAND_SECRETS_KEY_FILE" in capsys.readouterr().err


def test_a_mail_server_needs_a_sender_address(
    load: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        load(ENVIRONMENT="development", DATA_DIR=str(tmp_path), SMTP_HOST="mail.shop.example")
    assert "ONHAND_SMTP_FROM" in capsys.readouterr().err


def test_private_networks_are_open_in_development_only_unless_said(load: Any, tmp_path: Path) -> None:
    key = {"SECRETS_KEY_FILE": str(tmp_path / "key")}
    assert load(ENVIRONMENT="development", **key).private_webhooks
    assert not load(ENVIRONMENT="production", **key).private_webhooks
    assert load(ENVIRONMENT="production", WEBHOOK_ALLOW_PRIVATE="true", **key).private_webhooks


def test_a_development_key_is_made_once_and_readable_by_its_owner_only(load: Any, tmp_path: Path) -> None:
    settings = load(ENVIRONMENT="development", DATA_DIR=str(tmp_path / "own"))
    sealed = Vault.of(settings).seal(b"secret")
    assert Vault.of(settings).open(sealed) == b"secret"
    (key,) = (tmp_path / "own").iterdir()
    assert key.stat().st_mode & 0o777 == 0o600


def test_a_new_first_key_seals_and_the_old_one_still_opens(tmp_path: Path) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    sealed = Vault([old]).seal(b"secret")
    rotated = Vault([new, old])
    assert rotated.open(sealed) == b"secret"
    with pytest.raises(InvalidToken):
        Vault([old]).open(rotated.seal(b"secret"))


@pytest.mark.parametrize("content", ["", "not a key", None])
def test_an_unusable_key_file_is_said_clearly(load: Any, tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SystemExit, match=r"ONHAND_SECRETS_KEY_FILE .* is not usable"):
        Vault.of(load(SECRETS_KEY_FILE=str(path)))
