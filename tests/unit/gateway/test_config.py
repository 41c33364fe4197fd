"""What the gateway refuses to start with, all of it at once."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from onhand.gateway.config import GatewaySettings
from onhand.gateway.readers_file import LlrpEntry, MqttEntry, UnusableReadersFileError, load

GOOD = """
[[readers]]
name = "dock-1"
kind = "llrp"
host = "192.168.1.20"
antennas = [1, 2]

[[readers]]
name = "exit-1"
kind = "mqtt-impinj"
host = "broker.store"
topic = "readers/+/events"
use_message_name = true
"""


def test_a_good_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "readers.toml").write_text(GOOD)
    dock, door = load(tmp_path / "readers.toml")
    assert isinstance(dock, LlrpEntry)
    assert (dock.name, dock.port, dock.antennas) == ("dock-1", 5084, [1, 2])
    assert isinstance(door, MqttEntry)
    assert (door.topic, door.use_message_name) == ("readers/+/events", True)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "readers.toml").write_text("""
[[readers]]
name = "dock-1"
kind = "llrp"
antennas = [1, 900]

[[readers]]
name = "dock-1"
kind = "mqtt-zebra"
host = "broker"
topic = "readers/#/events"

[[readers]]
name = "three"
kind = "carrier-pigeon"
host = "roof"

[[readers]]
name = "four"
kind = "llrp"
host = "h"
anntenas = [1]
""")
    with pytest.raises(UnusableReadersFileError) as caught:
        load(tmp_path / "readers.toml")
    told = str(caught.value)
    for expected in (
        "readers[0] (dock-1).host: Field required",
        "readers[0] (dock-1).antennas[1]",
        "readers[1] (dock-1): Value error, topic",
        "readers[2] (three)",
        "readers[3] (four).anntenas: Extra inputs are not permitted",
        "the name 'dock-1' is used 2 times",
    ):
        assert expected in told, told


@pytest.mark.parametrize("text", ["", "readers = 3", "[[readers]", "readers = []", "\x00"])
def test_what_is_no_file_of_readers_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "readers.toml").write_text(text)
    with pytest.raises(UnusableReadersFileError):
        load(tmp_path / "readers.toml")
    with pytest.raises(UnusableReadersFileError):
        load(tmp_path / "none.toml")


@pytest.mark.parametrize("target", ["stock.example:7101", "10.0.0.5:7101", "[2001:db8::1]:7101"])
def test_a_token_does_not_leave_the_machine_in_the_clear(
    make_settings: Callable[..., GatewaySettings], target: str
) -> None:
    with pytest.raises(ValidationError, match="ONHAND_STOCK_ROOT_CERTIFICATES"):
        make_settings(stock_target=target)
    assert make_settings(stock_target=target, stock_plaintext=True)
    assert make_settings(stock_target=target, stock_root_certificates=Path("/etc/ca.pem"))


@pytest.mark.parametrize("target", ["127.0.0.1:7101", "localhost:7101", "[::1]:7101"])
def test_this_machine_needs_no_tls(make_settings: Callable[..., GatewaySettings], target: str) -> None:
    assert make_settings(stock_target=target)
