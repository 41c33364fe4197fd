"""The ports of a run: one base that moves them all, or free ones."""

import contextlib
import random
import socket
from pathlib import Path

import psutil

from onhand.cli.errors import PortsTakenError, TakenPort

HOST = "127.0.0.1"
DEFAULT_BASE = 7100

OFFSETS = {
    "edge": 0,
    "stock": 1,
    "routing": 2,
    "pickup": 3,
    "notifications": 4,
    "postgres": 10,
    "nats": 11,
    "nats-health": 12,
}
LAST_BASE = 65535 - max(OFFSETS.values())


def choose_ports(base: int) -> dict[str, int]:
    """Give each server its port: counted from `base`, or any free one when `base` is 0."""
    if base == 0:
        return dict(zip(OFFSETS, free_ports(len(OFFSETS)), strict=True))
    ports = {name: base + offset for name, offset in OFFSETS.items()}
    taken = [TakenPort(name, port, _holder(port)) for name, port in ports.items() if not _is_free(port)]
    if taken:
        raise PortsTakenError(taken)
    return ports


def free_ports(count: int) -> list[int]:
    """Pick ports that are free, at random so that runs beside each other seldom meet.

    Not the system's choice (port 0): that comes from the range for outgoing connections, where,
    while a server is down, one of its own clients can be given its port.
    """
    local_range = Path("/proc/sys/net/ipv4/ip_local_port_range")
    first_outgoing = int(local_range.read_text().split()[0]) if local_range.exists() else 32768
    candidates = random.sample(range(10_000, max(first_outgoing, 20_000)), 50 * count)
    free = [port for port in candidates if _is_free(port)]
    return free[:count]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As the servers do: a connection that has just ended does not block the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _holder(port: int) -> str | None:
    with contextlib.suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            address = connection.laddr
            listens = connection.status == psutil.CONN_LISTEN and address and address.port == port
            if listens and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    return None
