"""Certificates of the doors: read anew when their files change, so that they may be renewed under way."""

import ssl
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

import grpc

from onhand.kit.telemetry import log

T = TypeVar("T")

COMMON_NAME, ALTERNATIVE_NAME = "x509_common_name", "x509_subject_alternative_name"


class _Files(Generic[T]):
    """A certificate, its key, and what else a door's credentials are made of."""

    def __init__(self, make: Callable[..., T], *paths: Path) -> None:
        self._make = make
        self._paths = paths
        self._versions: list[int] = []

    def read(self) -> T:
        """Return what the files make; raises OSError, also when certificate and key are no pair."""
        self._versions = [path.stat().st_mtime_ns for path in self._paths]
        return self._make(*self._paths)

    def changed(self) -> T | None:
        """Return what the files make if they changed; None keeps what is used. Asked at each handshake."""
        try:
            if [path.stat().st_mtime_ns for path in self._paths] == self._versions:
                return None
            return self.read()
        except OSError as error:
            log.warning("the certificate cannot be read; the one from before holds", error=repr(error))
            return None


def credentials(certificate: Path, key: Path, authorities: Path | None = None) -> grpc.ServerCredentials:
    """Make credentials of a door; with `authorities` every caller must show a certificate of theirs."""

    def configuration(certificate: Path, key: Path, *roots: Path) -> Any:
        pair = key.read_bytes(), certificate.read_bytes()
        return grpc.ssl_server_certificate_configuration([pair], roots[0].read_bytes() if roots else None)

    files: _Files[Any] = _Files(configuration, certificate, key, *([authorities] if authorities else []))
    made: grpc.ServerCredentials = grpc.dynamic_ssl_server_credentials(
        files.read(),
        files.changed,  # type: ignore[arg-type] # None keeps what is used, its documentation says
        require_client_authentication=authorities is not None,
    )
    return made


def context(certificate: Path, key: Path) -> ssl.SSLContext:
    """Make the same of an HTTP door."""

    def made_of(certificate: Path, key: Path) -> ssl.SSLContext:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(certificate, key)
        return made

    files = _Files(made_of, certificate, key)
    first = latest = files.read()

    def greeted(connection: ssl.SSLSocket | ssl.SSLObject, _name: str, _context: ssl.SSLContext) -> None:
        nonlocal latest
        latest = files.changed() or latest
        connection.context = latest

    first.sni_callback = greeted
    return first


def names(auth_context: Mapping[str, Iterable[bytes]]) -> list[str]:
    """Return the names of the certificate that a caller showed, none if it showed none.

    The common name counts only where there is no other (RFC 9525, section 2).
    """
    found = auth_context.get(ALTERNATIVE_NAME) or auth_context.get(COMMON_NAME) or []
    return [name.decode("utf-8", "replace") for name in found]
