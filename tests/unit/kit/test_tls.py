"""TLS and client certificates: a device is known by its certificate, renewed ones are taken up under way."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
from tests.certificates import Authority, Signed
from tests.unit.kit.conftest import Start

from onhand.api.stock.v1 import reads_pb2
from onhand.cli.ports import free_ports
from onhand.client import AsyncStock, Settings
from onhand.kit.errors import InvalidToken, MissingScope

GET_TAG = reads_pb2.GetTagRequest(epc="known")
READS = reads_pb2.RecordReadsRequest(reader_id="gate")


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority("onhand test authority")


@dataclass
class Door:
    folder: Path
    address: str
    settings: dict[str, object]

    def renew(self, authority: Authority) -> None:
        signed = authority.sign("stock", "127.0.0.1", "localhost")
        (self.folder / "tls.pem").write_bytes(signed.certificate)
        (self.folder / "tls.key").write_bytes(signed.key)


@pytest.fixture
def door(tmp_path: Path, authority: Authority) -> Door:
    address = f"127.0.0.1:{free_ports(1)[0]}"
    (tmp_path / "devices-ca.pem").write_bytes(authority.pem)
    (tmp_path / "principals.toml").write_text(
        """
        [principals.gate]
        certificate = "gate.utrecht.example"
        scopes = ["reads.write"]
        locations = ["utrecht"]
        """
    )
    settings: dict[str, object] = {
        "tls_certificate_file": tmp_path / "tls.pem",
        "tls_key_file": tmp_path / "tls.key",
        "devices_listen": address,
        "devices_ca_file": tmp_path / "devices-ca.pem",
        "principals_file": tmp_path / "principals.toml",
    }
    made = Door(tmp_path, address, settings)
    made.renew(authority)
    return made


def settings(authority: Authority, signed: Signed | None = None) -> Settings:
    return Settings(
        timeout_s=5,
        max_attempts=1,
        root_certificates=authority.pem,
        certificate_chain=signed and signed.certificate,
        private_key=signed and signed.key,
    )


async def test_a_device_is_known_by_its_certificate_and_may_do_what_the_file_says(
    start: Start, door: Door, authority: Authority
) -> None:
    gate = settings(authority, authority.sign("whatever", "gate.utrecht.example"))
    async with start(**door.settings), AsyncStock(door.address, "", gate) as client:
        assert (await client.reads.RecordReads(READS)).accepted_count == 0
        with pytest.raises(MissingScope):
            await client.tags.GetTag(GET_TAG)


@pytest.mark.parametrize("common_name", ["gate.utrecht.example", "somebody"])
async def test_a_certificate_of_nobody_is_nobody(
    start: Start, door: Door, authority: Authority, common_name: str
) -> None:
    """Also one whose common name is another's: it has names that count more."""
    other = settings(authority, authority.sign(common_name, "gate.delft.example"))
    async with start(**door.settings), AsyncStock(door.address, "", other) as client:
        with pytest.raises(InvalidToken):
            await client.reads.RecordReads(READS)


async def test_a_foreign_an_expired_and_no_certificate_do_not_get_in(
    start: Start, door: Door, authority: Authority, mint: Callable[..., str]
) -> None:
    foreign = Authority("another").sign("gate", "gate.utrecht.example")
    expired = authority.sign("gate", "gate.utrecht.example", ttl=timedelta(days=-1))
    async with start(**door.settings):
        for shown in (foreign, expired, None):
            async with AsyncStock(door.address, mint(), settings(authority, shown)) as client:
                with pytest.raises(grpc.aio.AioRpcError) as raised:
                    await client.reads.RecordReads(READS)
                assert raised.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_the_first_door_takes_tokens_over_tls_and_no_plain_text(
    start: Start, door: Door, authority: Authority, mint: Callable[..., str]
) -> None:
    first = f"127.0.0.1:{free_ports(1)[0]}"
    async with start(**{**door.settings, "listen": first}):
        async with AsyncStock(first, mint(), settings(authority)) as client:
            await client.tags.GetTag(GET_TAG)
        async with AsyncStock(first, mint(), Settings(timeout_s=2, max_attempts=1)) as client:
            with pytest.raises(grpc.aio.AioRpcError):
                await client.tags.GetTag(GET_TAG)
        async with AsyncStock(first, "", settings(authority)) as client:
            with pytest.raises(InvalidToken):
                await client.tags.GetTag(GET_TAG)


async def test_a_renewed_certificate_is_taken_up_without_a_restart(
    start: Start, door: Door, authority: Authority, mint: Callable[..., str]
) -> None:
    gate = authority.sign("gate", "gate.utrecht.example")
    async with start(**door.settings):
        async with AsyncStock(door.address, "", settings(authority, gate)) as client:
            await client.reads.RecordReads(READS)
        successor = Authority("its successor")
        door.renew(successor)
        async with AsyncStock(door.address, "", settings(successor, gate)) as client:
            await client.reads.RecordReads(READS)
