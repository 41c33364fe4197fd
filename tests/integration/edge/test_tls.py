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


async def test_the_edge_speaks_tls_and_nothing_else_where_it_has_a_certificate(
    start_edge: Any, tmp_path: Path
) -> None:
    authority = Authority("edge test authority")
    signed = authority.sign("edge", "127.0.0.1")
    (tmp_path / "tls.pem").write_bytes(signed.certificate)
    (tmp_path / "tls.key").write_bytes(signed.key)
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    edge = await start_edge(tls_certificate_file=tmp_path / "tls.pem", tls_key_file=tmp_path / "tls.key")
    trusted = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    async with edge.client(verify=trusted) as client:
        assert (await client.get("/healthz")).status_code == 200
    plain = edge.url.replace("https", "http")
    async with httpx.AsyncClient(trust_env=False) as client:
        with pytest.raises(httpx.TransportError):
            await client.get(f"{plain}/healthz")


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
