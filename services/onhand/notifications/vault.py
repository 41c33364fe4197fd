"""What must not be readable in the database is sealed with keys that the database does not have.

What is sealed can still be looked up by its digest, which nobody can compute who does not have the key (a
blind index). Each key of the file has a digest of its own, so a look-up asks for all of them; what is written
is sealed and digested with the first, and `Sealing` brings the rest up to it.
"""

import hashlib
import hmac
import os
from pathlib import Path

from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from onhand.notifications.config import NotificationsSettings

KEY_FILE = "secrets.key"


class Vault:
    """Seals with the first key of a file and opens with any of them (Fernet: AES-128-CBC and HMAC)."""

    def __init__(self, keys: list[str]) -> None:
        self._fernet = MultiFernet([Fernet(each) for each in keys])
        self._index_keys = [_derived(each, b"onhand blind index") for each in keys]
        self.key_id = _derived(keys[0], b"onhand key id")[:4].hex()
        """Names the key that seals, without telling anything of it."""

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

    def digest(self, *of: str) -> bytes:
        """Return what stands in the index for `of`: a kind of thing, and the thing."""
        return self.digests(*of)[0]

    def digests(self, *of: str) -> list[bytes]:
        """Return what may stand in the index for `of`: the digest by each key, the sealing one's first."""
        text = "\0".join(of).encode()
        return [hmac.digest(key, text, "sha256") for key in self._index_keys]

    def steady_digest(self, *of: str) -> bytes:
        """Return the digest by the oldest key, which stays the same while a new one is being brought in."""
        return self.digests(*of)[-1]


def _derived(key: str, purpose: bytes) -> bytes:
    return HKDF(SHA256(), hashlib.sha256().digest_size, salt=None, info=purpose).derive(key.encode())


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
