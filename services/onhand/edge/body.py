"""Request bodies, read with limits: on the wire, after decompression, and in time."""

import asyncio
import zlib
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from onhand.edge.config import EdgeSettings
from onhand.edge.problem import BodyTooLarge
from onhand.readers.document import malformed

GZIP = 16 + zlib.MAX_WBITS
MAX_GZIP_MEMBERS = 64
"""Concatenated members of one body; protects the processor from a body of thousands of empty ones."""


async def read(request: Request, settings: EdgeSettings) -> bytes:
    """Return the body, decompressed.

    Raises BodyTooLarge, InvalidField for broken gzip, HTTPException for another encoding or a client that
    does not finish in time.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip", "x-gzip"}:
        raise HTTPException(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "Content-Encoding must be gzip or absent",
            {"Accept-Encoding": "gzip"},
        )
    try:
        async with asyncio.timeout(settings.body_timeout_s):
            sent = await _receive(request, settings.max_body_bytes)
    except TimeoutError:
        raise HTTPException(
            HTTPStatus.REQUEST_TIMEOUT, f"the body did not come within {settings.body_timeout_s:g} s"
        ) from None
    except ClientDisconnect:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "the connection ended before the body did") from None
    return sent if encoding == "identity" else inflate(sent, settings.max_inflated_bytes)


async def _receive(request: Request, limit: int) -> bytes:
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise BodyTooLarge(f"max_body_bytes is {limit}")
    parts = bytearray()
    async for part in request.stream():
        parts += part
        if len(parts) > limit:
            raise BodyTooLarge(f"max_body_bytes is {limit}")
    return bytes(parts)


def inflate(sent: bytes, limit: int) -> bytes:
    """Decompress gzip (RFC 1952), one member or several, never past `limit` bytes."""
    inflated = bytearray()
    rest = sent
    for _ in range(MAX_GZIP_MEMBERS):
        member = zlib.decompressobj(GZIP)
        try:
            inflated += member.decompress(rest, limit + 1 - len(inflated))
        except zlib.error:
            raise malformed("body", "Content-Encoding says gzip, the body is not") from None
        if len(inflated) > limit:
            raise BodyTooLarge(f"max_inflated_bytes is {limit}")
        if not member.eof:
            raise malformed("body", "the gzip stream is cut off")
        rest = member.unused_data
        if not rest:
            return bytes(inflated)
    raise malformed("body", f"more than {MAX_GZIP_MEMBERS} gzip members")
