from ipaddress import ip_network

import pytest

from shopapi.runtime.addresses import believed, caller, header, limit_key, signed

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
KEY = "0f9b4e2d7c6a58311f9b4e2d7c6a5831"
NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("client", "forwarded", "address"),
    [
        (("203.0.113.7", 1), "", "203.0.113.7"),
        (("203.0.113.7", 1), "198.51.100.1", "203.0.113.7"),
        (("10.0.0.2", 1), "", "10.0.0.2"),
        (("10.0.0.2", 1), "203.0.113.7", "203.0.113.7"),
        (("10.0.0.2", 1), "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        (("10.0.0.2", 1), "198.51.100.1, 203.0.113.7, 10.0.0.9", "203.0.113.7"),
        (("10.0.0.2", 1), "10.0.0.8, 10.0.0.9", "10.0.0.8"),
        (("10.0.0.2", 1), "203.0.113.7, unknown", "10.0.0.2"),
        (("10.0.0.2", 1), "203.0.113.7,", "203.0.113.7"),
        (("fd00::2", 1), "2001:db8::7", "2001:db8::7"),
        (("::ffff:10.0.0.2", 1), "203.0.113.7", "203.0.113.7"),
        (None, "203.0.113.7", ""),
        (None, "", ""),
    ],
)
def test_only_a_trusted_proxy_is_believed(client: tuple[str, int] | None, forwarded: str, address: str) -> None:
    assert caller(client, forwarded, PROXIES) == address


def test_no_header_is_believed_where_no_proxy_is_trusted() -> None:
    assert caller(("127.0.0.1", 1), "203.0.113.7", ()) == "127.0.0.1"


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("", ""),
    ],
)
def test_a_limit_counts_a_home_not_each_of_its_addresses(address: str, key: str) -> None:
    assert limit_key(address) == key


@pytest.mark.parametrize("address", ["203.0.113.7", "2001:db8::7"])
def test_a_signed_address_is_believed_for_five_minutes(address: str) -> None:
    value = signed(address, KEY, NOW)
    assert believed(value, KEY, NOW) == address
    assert believed(value, KEY, NOW + 300) == address
    assert believed(value, KEY, NOW + 301) is None
    assert believed(value, KEY, NOW - 301) is None


def test_the_time_of_now_is_used_where_none_is_given() -> None:
    assert believed(signed("203.0.113.7", KEY), KEY) == "203.0.113.7"
    assert believed(signed("203.0.113.7", KEY, NOW), KEY) is None


GENUINE = signed("203.0.113.7", KEY, NOW)


@pytest.mark.parametrize(
    "value",
    [
        "",
        ";",
        ";;",
        "203.0.113.7",
        GENUINE.replace("203.0.113.7", "203.0.113.8"),
        GENUINE.replace("1800000000", "1800000001"),
        GENUINE[:-1],
        GENUINE + "0",
        GENUINE + ";x",
        GENUINE + "," + GENUINE,
        GENUINE.rpartition(";")[0] + ";",
        GENUINE.rpartition(";")[0] + ";é",
        GENUINE.replace("1800000000", "18000000_0"),
        GENUINE.replace("1800000000", "٣"),
        GENUINE.replace("1800000000", "9" * 5000),
        signed("203.0.113.7", KEY + "x", NOW),
        signed("", KEY, NOW),
        signed("somebody", KEY, NOW),
    ],
)
def test_a_forged_or_broken_header_is_not_believed(value: str) -> None:
    assert believed(value, KEY, NOW) is None


def test_repeated_headers_are_joined_as_http_says() -> None:
    headers = [(b"x-forwarded-for", b"203.0.113.7"), (b"host", b"shop"), (b"x-forwarded-for", b"10.0.0.9")]
    assert header(headers, b"x-forwarded-for") == "203.0.113.7,10.0.0.9"
    assert header(headers, b"cookie") == ""
