"""The issuer's keys from its own address: rotated under way, bounded, and held while it is away."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from onhand.cli import keys
from onhand.kit import keys as kit_keys
from onhand.kit.auth import Authenticator, UnknownKey
from onhand.kit.config import Auth
from onhand.kit.errors import DependencyUnavailable

SCOPE = "stock.read"


class Issuer:
    """An HTTP server that publishes the keys of a folder, and can be rude in several ways."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked = 0
        self.status = "200 OK"
        self.body: bytes | None = None
        self.silent = False
        keys.ensure_keys(folder)

    async def start(self) -> str:
        self.server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}/jwks"

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            self.asked += 1
            if self.silent:
                await reader.read()
            body = self.body if self.body is not None else keys.jwks_file(self.folder).read_bytes()
            head = f"HTTP/1.1 {self.status}\r\nContent-Length: {len(body)}\r\nLocation: http://127.0.0.1:1/\r\n\r\n"
            writer.write(head.encode() + body)
            await writer.drain()
        writer.close()

    def rotate(self) -> None:
        (self.folder / "signing.pem").unlink()
        keys.ensure_keys(self.folder)

    def token(self) -> str:
        minted = keys.mint(self.folder, "shop", [SCOPE], ["*"], timedelta(hours=1), datetime.now(UTC))
        return f"Bearer {minted}"


@pytest.fixture
def issuer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Issuer:
    monkeypatch.setattr(kit_keys, "FETCH_PAUSE_S", 0.05)
    monkeypatch.setattr(kit_keys, "FETCH_TIMEOUT_S", 0.5)
    return Issuer(tmp_path)


@pytest.fixture
async def authenticator(issuer: Issuer) -> AsyncIterator[Authenticator]:
    settings = Auth(auth_issuer=keys.ISSUER, auth_jwks_url=await issuer.start(), auth_jwks_refresh_s=86_400)
    made = Authenticator(settings)
    running = asyncio.create_task(made.keys.run())
    yield made
    running.cancel()
    issuer.server.close()


async def accepted(authenticator: Authenticator, token: str) -> None:
    async with asyncio.timeout(20):
        await authenticator.keys.available()
        while True:
            try:
                authenticator.authenticate(token, SCOPE)
            except UnknownKey:
                await authenticator.keys.renewed()
                await asyncio.sleep(0.01)
            else:
                return


async def test_before_the_issuer_has_answered_nobody_is_refused_for_good(issuer: Issuer) -> None:
    settings = Auth(auth_issuer=keys.ISSUER, auth_jwks_url="https://issuer.example/jwks")
    with pytest.raises(DependencyUnavailable):
        Authenticator(settings).authenticate(issuer.token(), SCOPE)


async def test_a_key_that_is_new_is_asked_for_and_the_old_one_is_gone(
    issuer: Issuer, authenticator: Authenticator
) -> None:
    old = issuer.token()
    await accepted(authenticator, old)
    issuer.rotate()
    await accepted(authenticator, issuer.token())
    with pytest.raises(UnknownKey):
        authenticator.authenticate(old, SCOPE)


@pytest.mark.parametrize("fault", ["away", "500", "redirect", "not json", "no keys", "too long", "silent"])
async def test_keys_hold_while_the_issuer_is_away_or_rude(
    issuer: Issuer, authenticator: Authenticator, fault: str
) -> None:
    token = issuer.token()
    await accepted(authenticator, token)
    match fault:
        case "away":
            issuer.server.close()
        case "500":
            issuer.status = "500 Internal Server Error"
        case "redirect":
            issuer.status = "302 Found"
        case "not json":
            issuer.body = b"<html>"
        case "no keys":
            issuer.body = b'{"keys": []}'
        case "too long":
            issuer.body = json.dumps({"keys": [], "pad": "x" * kit_keys.MAX_BYTES}).encode()
        case "silent":
            issuer.silent = True
    asked = issuer.asked
    for _ in range(20):
        authenticator.keys.find("nobody's")
        await authenticator.keys.renewed()
        authenticator.authenticate(token, SCOPE)
        if fault != "away" and issuer.asked > asked:
            break
        await asyncio.sleep(0.05)
    assert fault == "away" or issuer.asked > asked, "it was asked again, and what it said changed nothing"
    authenticator.authenticate(token, SCOPE)


async def test_tokens_of_keys_that_nobody_has_do_not_make_us_ask_without_end(
    issuer: Issuer, authenticator: Authenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    await accepted(authenticator, issuer.token())
    monkeypatch.setattr(kit_keys, "FETCH_PAUSE_S", 3600)
    authenticator.keys.find("one")
    async with asyncio.timeout(10):
        while issuer.asked < 2:
            await asyncio.sleep(0.01)
    for number in range(1_000):
        authenticator.keys.find(f"nobody-{number}")
        await asyncio.sleep(0)
    assert issuer.asked == 2
