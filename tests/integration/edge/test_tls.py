"""The edge with a certificate of its own, and slow clients at it."""

import asyncio
import ssl
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from tests.certificates import Authority


def sign(authority: Authority, folder: Path) -> ssl.SSLContext:
    """Write a certificate of the edge and its key; returns what trusts them."""
    signed = authority.sign("edge", "127.0.0.1")
    (folder / "tls.pem").write_bytes(signed.certificate)
    (folder / "tls.key").write_bytes(signed.key)
    return ssl.create_default_context(cadata=authority.pem.decode())


async def test_the_edge_speaks_tls_and_nothing_else_where_it_has_a_certificate(
    start_edge: Any, tmp_path: Path
) -> None:
    trusted = sign(Authority("edge test authority"), tmp_path)
    edge = await start_edge(tls_certificate_file=tmp_path / "tls.pem", tls_key_file=tmp_path / "tls.key")
    async with edge.client(verify=trusted) as client:
        assert (await client.get("/healthz")).status_code == 200
    plain = edge.url.replace("https", "http")
    async with httpx.AsyncClient(trust_env=False) as client:
        with pytest.raises(httpx.TransportError):
            await client.get(f"{plain}/healthz")


async def test_a_renewed_certificate_is_taken_up_without_a_restart_and_half_of_one_is_not(
    start_edge: Any, tmp_path: Path
) -> None:
    trusts_first = sign(Authority("edge test authority"), tmp_path)
    edge = await start_edge(tls_certificate_file=tmp_path / "tls.pem", tls_key_file=tmp_path / "tls.key")

    async def answers(trusted: ssl.SSLContext) -> int:
        async with edge.client(verify=trusted) as client:
            return int((await client.get("/healthz")).status_code)

    async with edge.client(verify=trusts_first) as kept:
        assert (await kept.get("/healthz")).status_code == 200
        first_key = (tmp_path / "tls.key").read_bytes()
        trusts_second = sign(Authority("its successor"), tmp_path)
        second_key = (tmp_path / "tls.key").read_bytes()
        (tmp_path / "tls.key").write_bytes(first_key)
        assert await answers(trusts_first) == 200, "a certificate without its key is not yet used"
        (tmp_path / "tls.key").write_bytes(second_key)
        assert await answers(trusts_second) == 200
        with pytest.raises(httpx.ConnectError):
            await answers(trusts_first)
        assert (await kept.get("/healthz")).status_code == 200, "an open connection goes on"


async def test_a_client_that_begins_and_does_not_go_on_is_cut_and_one_that_pauses_between_requests_is_not(
    start_edge: Any,
) -> None:
    edge = await start_edge(header_timeout_s=1)
    where = urlsplit(edge.url)

    async def opened() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(where.hostname, where.port)

    whole = b"GET /healthz HTTP/1.1\r\nHost: onhand\r\n\r\n"
    pausing, pausing_out = await opened()
    pausing_out.write(whole)
    assert (await pausing.readuntil(b"}")).endswith(b"}")
    begun = time.monotonic()
    second, second_out = await opened()
    second_out.write(whole + whole[:20])  # a good request, and the beginning of another
    assert (await second.readuntil(b"}")).endswith(b"}")
    silent, silent_out = await opened()
    async with asyncio.timeout(30):
        assert await silent.read() == b""
        assert await second.read() == b""
    assert time.monotonic() - begun >= 1
    pausing_out.write(whole)
    assert (await pausing.readuntil(b"}")).endswith(b"}"), "between requests there is more time"
    for each in (pausing_out, second_out, silent_out):
        each.close()
