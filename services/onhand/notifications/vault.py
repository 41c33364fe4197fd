"""What must not be readable in the database is sealed with keys that the database does not have."""

import os
from pathlib import Path

from cryptography.fernet import Fernet, MultiFernet

from onhand.notifications.config import NotificationsSettings

KEY_FILE = "secrets.key"


class Vault:
    """Seals with the first key of a file and opens with any of them (Fernet: AES-128-CBC and HMAC)."""

    def __init__(self, keys: list[str]) -> None:
        self._fernet = MultiFernet([Fernet(each) for each in keys])

    @classmethod
    def of(cls, settings: NotificationsSettings) -> "Vault":
        """Read the key file, or make it on a development machine; exit when it is not usable."""
        path = settings.secrets_key_file or _development_key(settings)
        try:
            return cls(path.read_text().split())
        except (OSError, ValueError) as error:
            raise SystemExit(f"onhand: ONHAND_SECRETS_KEY_FILE {path} is not usable: {error}") from None

    def seal(self, clear: bytes) -> bytes:
        return self._fernet.encrypt(clear)

    def open(self, sealed: bytes) -> bytes:
        """Return what was sealed. Raises cryptography.fernet.InvalidToken when no key of ours did it."""
        return self._fernet.decrypt(sealed)


def _development_key(settings: NotificationsSettings) -> Path:
    if settings.data_dir is None:  # the settings have refused this
        raise SystemExit("onhand: ONHAND_SECRETS_KEY_FILE is needed")
    path = settings.data_dir / KEY_FILE
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        # Complete before it has its name, and the first of two processes wins.
        half = path.with_name(f"{KEY_FILE}.{os.getpid()}")
        half.touch(mode=0o600)
        half.write_bytes(Fernet.generate_key() + b"\n")
        try:
            os.link(half, path)
        except FileExistsError:
            pass
        finally:
            half.unlink()
    return path
