"""Connections that never lead into private networks.

An address is judged after its name was resolved and is then itself what is connected to, so that a name
which resolves to something else a moment later (DNS rebinding) gains nothing.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpcore

from onhand.notifications.domain.addresses import is_public

RESOLVER_THREADS = 8
"""Look-ups under way at a time. Apart from the loop's own threads: a dead name server holds them up."""

Resolve = Callable[[str, int], Awaitable[list[str]]]


class ForbiddenAddressError(Exception):
    """A host has an address that may not be called."""

    def __init__(self, host: str) -> None:
        super().__init__(f"{host} is not, or not only, in the public internet")


class Resolver:
    """Asks the system for the addresses of a host."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(RESOLVER_THREADS, thread_name_prefix="resolve")

    async def __call__(self, host: str, port: int) -> list[str]:
        found = await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
        return list(dict.fromkeys(str(each[4][0]) for each in found))

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Opens connections for httpcore, to public addresses only unless `allow_private`."""

    def __init__(self, resolve: Resolve, *, allow_private: bool) -> None:
        self._resolve = resolve
        self._allow_private = allow_private
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address of `host` that answers.

        Raises:
            ForbiddenAddressError: Any of them is not public: then the name is not what it seems.
            httpcore.ConnectError: None answers, or the name is not known.
        """
        try:
            addresses = await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"{host} is not known: {error}") from error
        if not self._allow_private and not all(map(_public, addresses)):
            raise ForbiddenAddressError(host)
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in addresses:
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(self, path: str, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        """Refuse: an endpoint is never a socket of this machine."""
        raise ForbiddenAddressError(path)

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


def _public(address: str) -> bool:
    return is_public(ipaddress.ip_address(address))
