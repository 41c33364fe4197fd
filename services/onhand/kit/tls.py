"""Certificates of the gRPC doors: read anew when their files change, so that they may be renewed under way."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import grpc

from onhand.kit.telemetry import log

COMMON_NAME, ALTERNATIVE_NAME = "x509_common_name", "x509_subject_alternative_name"


class _Files:
    """Certificate, key and, for a door that asks for certificates, the authorities that it trusts."""

    def __init__(self, certificate: Path, key: Path, authorities: Path | None) -> None:
        self._paths = [certificate, key, *([authorities] if authorities else [])]
        self._versions: list[int] = []

    def read(self) -> Any:
        """Return what the files hold; raises OSError."""
        self._versions = [path.stat().st_mtime_ns for path in self._paths]
        chain, key, *roots = [path.read_bytes() for path in self._paths]
        return grpc.ssl_server_certificate_configuration([(key, chain)], roots[0] if roots else None)

    def changed(self) -> Any:
        """Return what the files hold if that changed; None keeps what is used. Asked at each handshake."""
        try:
            if [path.stat().st_mtime_ns for path in self._paths] == self._versions:
                return None
            return self.read()
        except OSError as error:
            log.warning("the certificate cannot be read; the one from before holds", error=repr(error))
            return None


def credentials(certificate: Path, key: Path, authorities: Path | None = None) -> grpc.ServerCredentials:
    """Make credentials of a door; with `authorities` every caller must show a certificate of theirs."""
    files = _Files(certificate, key, authorities)
    made: grpc.ServerCredentials = grpc.dynamic_ssl_server_credentials(
        files.read(), files.changed, require_client_authentication=authorities is not None
    )
    return made


def names(auth_context: Mapping[str, Iterable[bytes]]) -> list[str]:
    """Return the names of the certificate that a caller showed, none if it showed none.

    The common name counts only where there is no other (RFC 9525, section 2).
    """
    found = auth_context.get(ALTERNATIVE_NAME) or auth_context.get(COMMON_NAME) or []
    return [name.decode("utf-8", "replace") for name in found]
