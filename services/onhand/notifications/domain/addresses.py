"""Addresses: how they are shown, and which ones may be called."""

import ipaddress
import re
from urllib.parse import urlsplit

from onhand.kit.errors import FieldViolation, InvalidField
from onhand.notifications.domain.contacts import Kind

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""Addresses that a gateway turns into IPv4 (RFC 6052)."""
_SHORTEST_HIDDEN = 3
"""Local parts shorter than this are left in failures: hiding single letters would garble the text."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def mask_email(email: str) -> str:
    """Show enough of an e-mail address to recognise it: `j***@shop.example`."""
    local, at, domain = email.rpartition("@")
    if not at:
        return "***"
    return f"{local[:1] if len(local) > 1 else ''}***@{domain}"


def mask_phone(phone: str) -> str:
    """Show enough of a phone number to recognise it: `+31***67`."""
    return f"{phone[:3]}***{phone[-2:]}"


def mask_uri(uri: str) -> str:
    """Show where an endpoint is; its path may hold a key: `https://hooks.shop.example/***`."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}/***"


def mask(kind: Kind, value: str) -> str:
    """Show enough of an address to recognise it, not to use it."""
    match kind:
        case Kind.EMAIL:
            return mask_email(value)
        case Kind.PHONE:
            return mask_phone(value)
        case Kind.WEBHOOK:
            return mask_uri(value)
        case Kind.PUSH:
            return f"***{value[-4:]}"


def without_email(text: str, email: str) -> str:
    """Take an address out of what a mail server said about it."""
    local = email.rpartition("@")[0]
    hidden = [email, local] if len(local) >= _SHORTEST_HIDDEN else [email]
    return re.sub("|".join(map(re.escape, hidden)), mask_email(email), text, flags=re.IGNORECASE)


def is_public(address: Address) -> bool:
    """Tell whether an address is of the public internet, and no other form of one that is not."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(address.packed[12:])
        if inner is not None:
            return is_public(inner)
        if address.is_site_local or address.scope_id is not None:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def check_endpoint_uri(uri: str, *, allow_private: bool, field: str = "endpoint.uri") -> None:
    """Raise InvalidField unless events may be posted to `uri`.

    Which addresses a name stands for is looked at when it is called, not here: it may change.
    """
    try:
        parts = urlsplit(uri)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise InvalidField([FieldViolation(field, "is not a URI")]) from None
    if parts.scheme not in ("http", "https") or not host or port == 0:
        problem = "must be an https address with a host"
    elif parts.scheme == "http" and not allow_private:
        problem = "must be https"
    elif "@" in parts.netloc:
        problem = "must not hold a user name or password; posts are signed instead"
    elif not allow_private and not _may_be_public(host):
        problem = "must not lie in a private network"
    else:
        return
    raise InvalidField([FieldViolation(field, problem)])


def _may_be_public(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return False
    try:
        return is_public(ipaddress.ip_address(host))
    except ValueError:
        return True  # a name
