"""Which addresses may be called, and how addresses are shown."""

import ipaddress

import pytest

from onhand.kit.errors import InvalidField
from onhand.notifications.domain.addresses import (
    check_endpoint_uri,
    is_public,
    mask_email,
    mask_uri,
    without_email,
)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.9.10",
        "0.0.0.0",  # noqa: S104 - an address to refuse
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2002:c0a8:101::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
    ],
)
def test_an_address_outside_of_the_public_internet_is_refused_in_every_form(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address", ["9.9.9.9", "93.184.216.34", "2620:fe::fe", "::ffff:9.9.9.9", "64:ff9b::909:909"]
)
def test_a_public_address_is_allowed(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "uri",
    [
        "http://hooks.shop.example/",
        "ftp://hooks.shop.example/",
        "https:///path",
        "https://localhost/",
        "https://api.localhost/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://user:key@hooks.shop.example/",
        "https://hooks.shop.example:0/",
        "https://hooks.shop.example:99999/",
        "https://[::1/",
        "mailto:me@shop.example",
    ],
)
def test_an_endpoint_that_may_not_be_called_is_refused_at_once(uri: str) -> None:
    with pytest.raises(InvalidField, match=r"endpoint\.uri"):
        check_endpoint_uri(uri, allow_private=False)


def test_https_to_a_name_is_allowed_and_a_private_network_only_where_it_is_configured() -> None:
    check_endpoint_uri("https://hooks.shop.example:8443/a?b=c", allow_private=False)
    check_endpoint_uri("http://127.0.0.1:9000/", allow_private=True)
    with pytest.raises(InvalidField):
        check_endpoint_uri("http://user@127.0.0.1:9000/", allow_private=True)


def test_masks_show_enough_to_recognise_and_not_to_use() -> None:
    assert mask_email("jane.doe@shop.example") == "j***@shop.example"
    assert mask_email("j@shop.example") == "***@shop.example"
    assert mask_email("jane.doe") == "***"
    assert mask_uri("https://hooks.shop.example/T0/secret?key=1") == "https://hooks.shop.example/***"


def test_what_a_mail_server_says_is_kept_without_the_address() -> None:
    said = "550 5.1.1 <Jane.Doe@shop.example>: no mailbox jane.doe here"
    kept = without_email(said, "jane.doe@shop.example")
    assert "jane.doe" not in kept.lower()
    assert kept.startswith("550 5.1.1 <j***@shop.example>")
