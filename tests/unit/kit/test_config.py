"""Settings: all that is wrong is said at once, before anything runs."""

from pathlib import Path
from typing import Self

import pytest
from pydantic import model_validator

from onhand.kit import config
from onhand.kit.config import ServiceSettings

GOOD = {
    "ONHAND_LISTEN": "127.0.0.1:7101",
    "ONHAND_DATABASE_URL": "postgresql://onhand:hunter2@localhost/onhand",
    "ONHAND_NATS_URL": "nats://localhost:4222",
    "ONHAND_AUTH_ISSUER": "https://id.example",
    "ONHAND_AUTH_JWKS_FILE": "/etc/onhand/jwks.json",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_the_environment_is_read(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("ONHAND_DRAIN_S", "2.5")
    settings = config.load(ServiceSettings)
    assert settings.listen == "127.0.0.1:7101"
    assert settings.drain_s == 2.5
    assert settings.environment == "production"


def test_a_secret_may_stand_in_a_file(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.delenv("ONHAND_DATABASE_URL")
    (tmp_path / "onhand_database_url").write_text("postgresql://onhand:hunter2@db/onhand\n")
    environment.setenv("ONHAND_SECRETS_DIR", str(tmp_path))
    assert str(config.load(ServiceSettings).database_url) == "postgresql://onhand:hunter2@db/onhand"


class Paired(ServiceSettings):
    low: int = 1
    high: int = 2

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            raise ValueError("ONHAND_LOW must not be above ONHAND_HIGH")
        return self


def complaints(capsys: pytest.CaptureFixture[str], kind: type[ServiceSettings] = ServiceSettings) -> str:
    with pytest.raises(SystemExit) as raised:
        config.load(kind)
    assert raised.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    return said.err


def test_everything_that_is_missing_is_named(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in GOOD:
        environment.delenv(name)
    said = complaints(capsys)
    assert [name for name in GOOD if name not in said] == []


def test_everything_that_is_wrong_is_named_and_secrets_are_not_shown(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = {
        "ONHAND_DATABASE_URL": "mysql://onhand:hunter2@localhost/onhand",
        "ONHAND_LOG_LEVEL": "loud",
        "ONHAND_DRAIN_S": "soon",
        "ONHAND_DATABASE_POOL_SIZE": "0",
        "ONHAND_MAX_MESSAGE_BYTES": "1",
        "ONHAND_ENVIRONMENT": "staging",
    }
    for name, value in wrong.items():
        environment.setenv(name, value)
    said = complaints(capsys)
    assert [name for name in wrong if name not in said] == []
    assert "hunter2" not in said


def test_a_rule_about_two_settings_is_said_in_its_own_words(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("ONHAND_LOW", "3")
    lines = complaints(capsys, Paired).splitlines()
    assert lines[1:] == ["  Value error, ONHAND_LOW must not be above ONHAND_HIGH"]


def test_settings_do_not_change_under_way() -> None:
    settings = config.load(ServiceSettings)
    with pytest.raises(ValueError, match="frozen"):
        settings.drain_s = 1
