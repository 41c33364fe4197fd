"""Every scope there is, read from the contracts."""

from onhand.api.auth.v1 import scopes_pb2
from onhand.client import SERVICES


def scopes() -> list[str]:
    """Return every scope that a method of the contracts names, sorted."""
    found = {
        method.GetOptions().Extensions[scopes_pb2.scope]
        for services in SERVICES.values()
        for module, name in services.values()
        for method in module.DESCRIPTOR.services_by_name[name].methods
    }
    return sorted(found)
