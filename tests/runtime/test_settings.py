from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

import pytest

from shopapi.runtime import settings as s
from shopapi.settings import ApiSettings, database_url
from shopweb.settings import WebSettings

KEY = "0f9b4e2d7c6a58311f9b4e2d7c6a5831"


@dataclass(frozen=True)
class Kiosk:
    """Settings of a part that the shop does not have."""

    words: str = s.setting("SHOP_WORDS", s.text, "hello", "What it says.")
    number: int = s.setting("SHOP_NUMBER", s.whole(1, 64), "4", "How often.")
    key: str = s.setting("SHOP_KEY", s.secret_key, "", "What it signs with.", secret=True)
    address: str = s.setting("KIOSK_URL", s.text, "sqlite:///k.db", "Where it keeps things.", secret=True)


GOOD: list[tuple[Callable[[str], object], str, object]] = [
    (s.text, "any thing", "any thing"),
    (s.one_of("staff", "open"), "open", "open"),
    (s.whole(1, 64), "1", 1),
    (s.whole(1, 64), "064", 64),
    (s.switch, "on", True),
    (s.switch, "off", False),
    (s.hosts, "", frozenset()),
    (s.hosts, " Shop.Example , [::1]:8443,", frozenset({"shop.example", "[::1]:8443"})),
    (s.networks, "", ()),
    (s.networks, "10.0.0.0/8, 203.0.113.7", (ip_network("10.0.0.0/8"), ip_network("203.0.113.7/32"))),
    (s.networks, "fd00::/8", (ip_network("fd00::/8"),)),
    (s.secret_key, "", ""),
    (s.secret_key, KEY, KEY),
    (database_url, "sqlite:///shop.db", "sqlite:///shop.db"),
    (database_url, "sqlite:////var/shop.db", "sqlite:////var/shop.db"),
    (database_url, "postgres://u:p@h/shop", "postgresql+psycopg2://u:p@h/shop"),
    (database_url, "postgresql://u@h:5432/shop", "postgresql+psycopg2://u@h:5432/shop"),
]

BAD: list[tuple[Callable[[str], object], str, str]] = [
    (s.one_of("staff", "open"), "Open", "it is one of staff, open"),
    (s.whole(1, 64), "0", "from 1 to 64"),
    (s.whole(1, 64), "65", "from 1 to 64"),
    (s.whole(1, 64), "4.0", "from 1 to 64"),
    (s.whole(1, 64), "+4", "from 1 to 64"),
    (s.whole(1, 64), "1_0", "from 1 to 64"),
    (s.whole(1, 64), "٤", "from 1 to 64"),
    (s.switch, "true", "it is on or off"),
    (s.switch, "ON", "it is on or off"),
    (s.url, "shop.example", "begins with http"),
    (s.url, "ftp://shop.example", "begins with http"),
    (s.url, "https://", "names a host"),
    (s.url, "https://shop.example:99999", "is no URL"),
    (s.url, "https://shop.example:0", "names a host"),
    (s.url, "https://[::1", "is no URL"),
    (s.url, "https://shop.example/de", "ends after the host"),
    (s.url, "https://shop.example?x=1", "ends after the host"),
    (s.url, "https://user@shop.example", "holds a user name"),
    (s.hosts, "shop.example/path", 'names "shop.example/path"'),
    (s.hosts, "https://shop.example", "is no host"),
    (s.hosts, "*.example", "is no host"),
    (s.networks, "10.0.0.1/8", "is no network"),
    (s.networks, "everyone", "is no network"),
    (s.secret_key, KEY[:31], "shorter than 32 bytes"),
    (s.secret_key, "a" * 40, "is a placeholder"),
    (s.secret_key, "please-change-me-0123456789abcdef", "is a placeholder"),
    (database_url, "sqlite://", "names no file"),
    (database_url, "sqlite:///:memory:", "names no file"),
    (database_url, "postgresql://u@h", "names no database"),
    (database_url, "postgresql://u@h:port/shop", "names no database"),
    (database_url, "mysql://u@h/shop", 'begins with "mysql://"'),
    (database_url, "postgresql+asyncpg://u@h/shop", "sqlite:/// or postgresql://"),
    (database_url, "shop.db", "is no URL"),
]


@pytest.mark.parametrize(("parse", "text", "value"), GOOD)
def test_a_good_value_is_read(parse: Callable[[str], object], text: str, value: object) -> None:
    assert parse(text) == value


@pytest.mark.parametrize(("parse", "text", "words"), BAD)
def test_a_bad_value_is_refused_with_what_would_be_good(parse: Callable[[str], object], text: str, words: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        parse(text)
    assert words in str(refused.value)


@pytest.mark.parametrize("text", ["https://shop.example", "https://shop.example/", "http://127.0.0.1:5050"])
def test_a_url_is_kept_without_its_slash(text: str) -> None:
    assert s.url(text).geturl() == text.rstrip("/")


def test_what_is_not_set_has_its_default_and_what_is_empty_counts_as_not_set() -> None:
    assert s.read(Kiosk, {"SHOP_WORDS": "", "SHOP_NUMBER": "7"}) == Kiosk("hello", 7, "", "sqlite:///k.db")


def test_every_bad_value_is_named_at_once() -> None:
    with pytest.raises(s.SettingsError) as refused:
        s.read(Kiosk, {"SHOP_NUMBER": "many", "SHOP_KEY": "short"})
    assert [problem.split()[0] for problem in refused.value.problems] == ["SHOP_NUMBER", "SHOP_KEY"]


def test_a_refused_secret_is_not_repeated() -> None:
    with pytest.raises(s.SettingsError) as refused:
        s.read(ApiSettings, {"SHOP_SECRET_KEY": "hunter2", "DATABASE_URL": "mysql://u:hunter2@h/shop"})
    assert "hunter2" not in str(refused.value)


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(KEY + "\n")
    environ = {"SHOP_KEY_FILE": str(file)}
    assert s.read(Kiosk, environ).key == KEY
    assert {shown.name: shown.source for shown in s.in_force(Kiosk, environ)}["SHOP_KEY"] == f"file {file}"


def test_a_secret_and_its_file_at_once_are_refused(tmp_path: Path) -> None:
    with pytest.raises(s.SettingsError, match="SHOP_KEY and SHOP_KEY_FILE are both set"):
        s.read(Kiosk, {"SHOP_KEY": KEY, "SHOP_KEY_FILE": str(tmp_path)})


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_secret_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)
    for use in (s.read, s.in_force):
        with pytest.raises(s.SettingsError, match=r"SHOP_KEY_FILE names .*key, which cannot be read"):
            use(Kiosk, {"SHOP_KEY_FILE": str(file)})


def test_only_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "words"
    file.write_text("from a file")
    assert s.read(Kiosk, {"SHOP_WORDS_FILE": str(file)}).words == "hello"
    with pytest.raises(s.SettingsError, match="No setting is called SHOP_WORDS_FILE"):
        s.check_names({"SHOP_WORDS_FILE": str(file)}, s.meanings(Kiosk))


def test_a_misspelt_name_is_refused_with_the_one_that_was_meant() -> None:
    with pytest.raises(s.SettingsError) as refused:
        s.check_names({"SHOP_ITEM_ACCESS": "open", "SHOP_QQQQQQQQQ": "1"}, s.meanings(ApiSettings))
    assert refused.value.problems == [
        "No setting is called SHOP_ITEM_ACCESS. Did you mean SHOP_ITEMS_ACCESS?",
        "No setting is called SHOP_QQQQQQQQQ.",
    ]


def test_the_names_of_every_part_and_of_others_are_left_alone() -> None:
    known = s.meanings(ApiSettings) + s.meanings(WebSettings)
    s.check_names({"SHOP_DB_THREADS": "1", "SHOP_SECRET_KEY_FILE": "/k", "SHOPPING": "1", "PATH": "/bin"}, known)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SHOP_SERVICE_HOST", "10.96.0.7"),
        ("SHOP_SERVICE_PORT", "80"),
        ("SHOP_SERVICE_PORT_HTTP", "80"),
        ("SHOP_PORT", "tcp://10.96.0.7:80"),
        ("SHOP_PORT_80_TCP", "tcp://10.96.0.7:80"),
        ("SHOP_PORT_80_TCP_PROTO", "tcp"),
        ("SHOP_PORT_80_TCP_ADDR", "10.96.0.7"),
        ("SHOP_API_SERVICE_HOST", "10.96.0.8"),
        ("SHOP_API_PORT_8000_TCP_PORT", "8000"),
        ("SHOP_API_PORT", "tcp://10.96.0.8:8000"),
    ],
)
def test_names_that_kubernetes_injects_for_a_service_are_not_ours(name: str, value: str) -> None:
    s.check_names({name: value}, s.meanings(ApiSettings))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        (KEY, "******"),
        ("sqlite:///shop.db", "sqlite:///shop.db"),
        ("postgresql://u@h/shop", "postgresql://u@h/shop"),
        ("postgresql://u:p@h/shop", "postgresql://u:******@h/shop"),
        ("postgresql://u:p@ss:w/ord@h/shop", "postgresql://u:******@h/shop"),
        ("postgresql://u/x:p@h/shop", "postgresql://u/x:******@h/shop"),
        ("postgresql://u:p\nq@h/shop", "postgresql://u:******@h/shop"),
        ("postgresql:///shop?host=h&password=p&user=u", "postgresql:///shop?host=h&password=******&user=u"),
    ],
)
def test_no_secret_is_shown(text: str, shown: str) -> None:
    told = {m.name: m for m in s.meanings(Kiosk)}["KIOSK_URL"]
    assert s.masked(told, text) == shown


def test_what_is_no_secret_is_shown_whole() -> None:
    told = {m.name: m for m in s.meanings(Kiosk)}["SHOP_WORDS"]
    assert s.masked(told, "a:b@c") == "a:b@c"


@pytest.mark.parametrize("cls", [ApiSettings, WebSettings])
def test_every_default_can_be_read_and_every_setting_says_what_it_means(cls: type) -> None:
    s.read(cls, {})
    assert all(told.meaning.endswith(".") and told.name.isupper() for told in s.meanings(cls))


@pytest.mark.parametrize("host", ["localhost", "shop.localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]"])
def test_a_loopback_name_means_this_machine(host: str) -> None:
    assert s.is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "shop.example", "localhost.example", "127.0.0.1.example", "10.0.0.1", "notlocalhost"]
)
def test_other_names_do_not(host: str) -> None:
    assert not s.is_loopback(host)
