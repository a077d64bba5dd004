from urllib.parse import urlsplit

import pytest

from shopapi.runtime.hosts import Hosts, host_name, is_private

PUBLIC = Hosts(urlsplit("https://Shop.Example"), frozenset({"shopapi", "www.shop.example:8443", "[fd00::1]"}))
LOCAL = Hosts(urlsplit("http://127.0.0.1:5050"), frozenset())


@pytest.mark.parametrize(
    "host",
    [
        "shop.example",
        "SHOP.example",
        "shop.example:443",
        "shopapi",
        "shopapi:8000",
        "www.shop.example:8443",
        "[fd00::1]",
        "[fd00::1]:8000",
    ],
)
def test_an_allowed_host_is_answered(host: str) -> None:
    assert PUBLIC.allows(host)
    assert PUBLIC.allows(host), "The second answer comes from memory."


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "shop.example.evil",
        "evil.shop.example",
        "www.shop.example",
        "www.shop.example:8444",
        "shop.example:443:1",
        "shop.example,evil.example",
        "shop.example@evil.example",
        "localhost",
        "127.0.0.1",
        "[fd00::1",
        "[fd00::1]x",
    ],
)
def test_any_other_host_is_not(host: str) -> None:
    assert not PUBLIC.allows(host)
    assert not PUBLIC.allows(host)


@pytest.mark.parametrize("host", ["127.0.0.1:5050", "localhost", "localhost:9999", "[::1]:8000", "shop.localhost"])
def test_every_loopback_name_is_answered_where_the_public_url_is_one(host: str) -> None:
    assert LOCAL.allows(host)


@pytest.mark.parametrize("host", ["shop.example", "192.168.0.7:8000", "", "[]"])
def test_no_other_name_is_answered_there(host: str) -> None:
    assert not LOCAL.allows(host)


def test_ten_thousand_forged_hosts_take_no_memory() -> None:
    hosts = Hosts(urlsplit("https://shop.example"), frozenset())
    for n in range(10_000):
        assert not hosts.allows(f"{n}.example")
    assert len(hosts._known) <= 1024
    assert hosts.allows("shop.example")


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("Shop.Example:80", "shop.example"),
        ("[::1]:80", "::1"),
        ("[::1]", "::1"),
        ("shop.example:", ""),
        ("shop.example:http", ""),
        ("shop.example:²", ""),
        ("[::1]:²", ""),
        ("::1", ""),
    ],
)
def test_the_name_in_a_host_header(host: str, name: str) -> None:
    assert host_name(host) == name


@pytest.mark.parametrize(
    "host", ["10.1.2.3", "10.1.2.3:8000", "[fd00::1]:8000", "localhost", "shopapi:8000", "a.localhost"]
)
def test_probes_call_by_a_private_name(host: str) -> None:
    assert is_private(host)


@pytest.mark.parametrize("host", ["", "shop.example", "shop.example:8000", "10.1.2", "127.0.0.1,shop.example"])
def test_a_public_name_is_not_private(host: str) -> None:
    assert not is_private(host)
