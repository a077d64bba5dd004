"""Secrets are made once, whole and fitting each other, whoever tries it how often; and they are never shown."""

import errno
import fcntl
import os
import re
import stat
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml

from shopapi.runtime.settings import read
from shopapi.settings import ApiSettings
from shopctl import secret_files
from shopctl.main import answer
from shopctl.secret_files import make_secrets
from shopctl.secrets import KEY, NAMES, PASSWORD, URL, Unfit, completed, fresh_secrets
from tests.cli.conftest import Shopctl, Start
from tests.cli.test_commands import on_a_terminal
from tests.waiting import free_port

OWN_URL = "postgresql://mara:p%40ss-of-my-own@db.example:5433/goods?sslmode=require"


def secrets_in(directory: Path) -> dict[str, str]:
    return {name: (directory / name).read_text() for name in NAMES}


def assert_fit(values: dict[str, str], host: str = "database") -> None:
    """Fail unless the settings take them and the URL holds the password."""
    settings = read(ApiSettings, {name: values[name] for name in (KEY, URL)})
    assert settings.secret_key == values[KEY]
    parts = urlsplit(values[URL])
    assert (parts.username, parts.hostname, parts.port, parts.path) == ("shop", host, 5432, "/shop")
    assert unquote(parts.password or "") == values[PASSWORD]


def assert_nothing_shown(told: str, values: dict[str, str]) -> None:
    for value in values.values():
        assert value not in told


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_init_makes_three_files_that_fit_for_their_owner_and_group_alone(shopctl: Shopctl) -> None:
    told = shopctl("secrets", "init", "run")
    directory = shopctl.directory / "run"
    values = secrets_in(directory)
    assert (told.code, told.err) == (0, "")
    assert told.out == "  ✓ POSTGRES_PASSWORD, DATABASE_URL, SHOP_SECRET_KEY made in run\n"
    assert_fit(values)
    assert_nothing_shown(told.out, values)
    assert sorted(os.listdir(directory)) == sorted(NAMES), "Nothing else is left there."
    assert mode(directory) == 0o750
    assert {mode(directory / name) for name in NAMES} == {0o440}


def test_the_modes_are_the_same_under_every_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        make_secrets(tmp_path / "run")
    finally:
        os.umask(before)
    assert mode(tmp_path / "run") == 0o750
    assert {mode(tmp_path / "run" / name) for name in NAMES} == {0o440}


def test_two_sets_have_nothing_in_common() -> None:
    first, second = fresh_secrets(), fresh_secrets("db.shop.example")
    assert_fit(first)
    assert_fit(second, "db.shop.example")
    assert all(first[name] != second[name] for name in NAMES)
    assert len(first[KEY]) == 64
    assert len(first[PASSWORD]) >= 43


@pytest.mark.parametrize("there", NAMES)
def test_init_refuses_where_a_secret_is_there_already(shopctl: Shopctl, there: str) -> None:
    (shopctl.directory / there).write_text("mine, all mine")
    told = shopctl("secrets", "init", ".")
    assert (told.code, told.out) == (1, "")
    assert told.err == f"  ✗ {there} is in . already.\n  › shopctl secrets init --if-missing .\n"
    assert [name for name in NAMES if (shopctl.directory / name).exists()] == [there]


def test_if_missing_leaves_a_whole_set_alone(shopctl: Shopctl) -> None:
    made = shopctl("secrets", "init", "--if-missing", "run")
    assert (made.code, "made in run" in made.out) == (0, True)
    before = secrets_in(shopctl.directory / "run")
    again = shopctl("secrets", "init", "--if-missing", "run")
    assert (again.code, again.out, again.err) == (0, "  ✓ every secret is in run already\n", "")
    assert secrets_in(shopctl.directory / "run") == before


@pytest.mark.parametrize(
    "lost", [(PASSWORD,), (URL,), (KEY,), (PASSWORD, KEY), (URL, KEY), (PASSWORD, URL)], ids=" ".join
)
def test_if_missing_makes_what_is_missing_and_keeps_the_rest(tmp_path: Path, lost: tuple[str, ...]) -> None:
    make_secrets(tmp_path)
    before = secrets_in(tmp_path)
    for name in lost:
        (tmp_path / name).unlink()
    assert sorted(make_secrets(tmp_path, if_missing=True).names) == sorted(lost)
    after = secrets_in(tmp_path)
    assert_fit(after)
    assert {name: after[name] for name in NAMES if name not in lost} == {
        name: before[name] for name in NAMES if name not in lost
    }


@pytest.mark.parametrize("password", ["with space & sign/@:", "Grüße", "a'b\"c$d%40"])
def test_a_password_of_ones_own_is_the_one_in_the_url(tmp_path: Path, password: str) -> None:
    (tmp_path / PASSWORD).write_text(f"{password}\n")
    make_secrets(tmp_path, if_missing=True)
    assert_fit({**secrets_in(tmp_path), PASSWORD: password})


def test_a_url_of_ones_own_keeps_its_host_and_gives_the_password(tmp_path: Path) -> None:
    (tmp_path / URL).write_text(OWN_URL)
    make_secrets(tmp_path, if_missing=True)
    assert secrets_in(tmp_path)[PASSWORD] == "p@ss-of-my-own"
    assert secrets_in(tmp_path)[URL] == OWN_URL


@pytest.mark.parametrize("renames", [0, 1, 2])
def test_a_set_that_was_cut_short_is_finished_and_never_mixed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, renames: int
) -> None:
    class CutShort(BaseException):
        """A kill between two steps; what was to be tidied up stays, too."""

    done, rename = list[str](), Path.rename

    def breaking(self: Path, target: Path) -> Path:
        if len(done) == renames:
            raise CutShort
        done.append(target.name)
        return rename(self, target)

    with monkeypatch.context() as cut:
        cut.setattr(Path, "rename", breaking)
        cut.setattr(Path, "unlink", lambda self, missing_ok=False: None)
        with pytest.raises(CutShort):
            make_secrets(tmp_path)
    kept = {name: (tmp_path / name).read_text() for name in done}
    assert len(kept) == renames
    make_secrets(tmp_path, if_missing=True)
    assert_fit(secrets_in(tmp_path))
    assert secrets_in(tmp_path).items() >= kept.items()
    assert sorted(os.listdir(tmp_path)) == sorted(NAMES), "What was left over is gone."


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (URL, b"postgresql://shop:another-password@database:5432/shop", "does not hold the POSTGRES_PASSWORD"),
        (URL, b"postgresql://shop@database:5432/shop", "DATABASE_URL holds no password"),
        (URL, b"sqlite:///another-password.db", "DATABASE_URL is no URL of a PostgreSQL database"),
        (URL, b"another-password", "DATABASE_URL is no URL of a PostgreSQL database"),
        (URL, b"", "DATABASE_URL is empty"),
        (PASSWORD, b"another-password", "does not hold the POSTGRES_PASSWORD"),
        (PASSWORD, b" \n", "POSTGRES_PASSWORD is empty"),
        (PASSWORD, b"\xff\xfe", "POSTGRES_PASSWORD is not UTF-8 text"),
        (PASSWORD, b"another-password\nand more", "POSTGRES_PASSWORD has more than one line"),
        (KEY, b"another-password", "SHOP_SECRET_KEY is shorter than 32 bytes"),
        (KEY, b"another-password-another-password", "SHOP_SECRET_KEY is a placeholder"),
        (KEY, b"", "SHOP_SECRET_KEY is empty"),
        (KEY, None, "SHOP_SECRET_KEY cannot be read: Is a directory"),
    ],
)
def test_what_cannot_be_used_is_named_and_left_as_it_is(
    shopctl: Shopctl, name: str, content: bytes | None, words: str
) -> None:
    directory = shopctl.directory / "run"
    make_secrets(directory)
    values = secrets_in(directory)
    (directory / name).unlink()
    if content is None:
        (directory / name).mkdir()
    else:
        (directory / name).write_bytes(content)
    told = shopctl("secrets", "init", "--if-missing", "run")
    assert (told.code, told.out, told.err.count("✗")) == (2, "", 1)
    assert words in told.err
    assert_nothing_shown(told.err, values)
    assert "another-password" not in told.err
    assert content is None or (directory / name).read_bytes() == content


@pytest.mark.parametrize(("option", "winners"), [(["--if-missing"], 6), ([], 1)])
def test_many_at_once_make_one_set(start: Start, tmp_path: Path, option: list[str], winners: int) -> None:
    running = [start("shopctl", "secrets", "init", *option, "run") for _ in range(6)]
    told = [(process.communicate(timeout=60), process.returncode) for process in running]
    assert sorted(code for _, code in told) == [0] * winners + [1] * (6 - winners), told
    assert sum("made in run" in out for (out, _), _ in told) == 1
    assert_fit(secrets_in(tmp_path / "run"))
    assert sorted(os.listdir(tmp_path / "run")) == sorted(NAMES)


def test_one_who_waits_too_long_for_another_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret_files, "_WAIT_S", 0.05)
    other = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)
    with pytest.raises(secret_files.Busy):
        make_secrets(tmp_path)
    os.close(other)
    assert os.listdir(tmp_path) == []


def test_files_that_everybody_can_read_are_warned_of(shopctl: Shopctl) -> None:
    make_secrets(shopctl.directory / "run")
    (shopctl.directory / "run" / KEY).chmod(0o444)
    told = shopctl("secrets", "init", "--if-missing", "run")
    assert told.code == 0
    assert told.err == (
        "  ! run/SHOP_SECRET_KEY can be read by everybody on this machine: chmod 0440 run/SHOP_SECRET_KEY, once its "
        "group is the shop's\n"
    )


def test_a_manifest_holds_a_fresh_set_that_settings_take(shopctl: Shopctl) -> None:
    told = shopctl("secrets", "init", "--kubernetes", "--namespace", "shop-2")
    assert (told.code, told.err) == (0, "")
    namespace, secret = yaml.safe_load_all(told.out)
    assert (namespace["kind"], namespace["metadata"]["name"]) == ("Namespace", "shop-2")
    assert (secret["apiVersion"], secret["kind"], secret["type"]) == ("v1", "Secret", "Opaque")
    assert secret["metadata"] == {"name": "shop-secrets", "namespace": "shop-2"}
    assert secret["immutable"] is True
    assert_fit(secret["stringData"])
    assert os.listdir(shopctl.directory) == []


def test_the_namespace_is_the_one_that_render_k8s_renders(shopctl: Shopctl) -> None:
    ours = next(yaml.safe_load_all(shopctl("secrets", "init", "--kubernetes").out))
    rendered = yaml.safe_load_all(shopctl("render-k8s").out)
    assert [one for one in rendered if one["kind"] == "Namespace"] == [ours]


@pytest.mark.parametrize("place", ["-", "url"])
def test_a_database_of_ones_own_comes_by_its_url_and_no_password_beside_it(shopctl: Shopctl, place: str) -> None:
    (shopctl.directory / "url").write_text(f"{OWN_URL}\n")
    told = shopctl("secrets", "init", "--kubernetes", "--database-url-file", place, stdin=f"{OWN_URL}\n")
    secret = list(yaml.safe_load_all(told.out))[1]
    assert told.code == 0
    assert sorted(secret["stringData"]) == [URL, KEY]
    assert secret["stringData"][URL] == OWN_URL


def test_a_mail_server_s_url_comes_from_a_file_into_the_manifest(shopctl: Shopctl) -> None:
    url = "smtp://shop:pa%40ss@mail.example:587"
    told = shopctl("secrets", "init", "--kubernetes", "--mail-url-file", "-", stdin=f"{url}\n")
    assert (told.code, told.err) == (0, "")
    *_, secret = yaml.safe_load_all(told.out)
    assert secret["stringData"]["SHOP_MAIL_URL"] == url
    assert set(secret["stringData"]) == {"SHOP_MAIL_URL", "SHOP_SECRET_KEY", "DATABASE_URL", "POSTGRES_PASSWORD"}


def test_on_a_terminal_a_manifest_comes_with_a_warning(shopctl: Shopctl) -> None:
    code, said = on_a_terminal(shopctl.directory, ["secrets", "init", "--kubernetes"])
    assert code == 0
    assert "what follows is secret" in said
    assert "stringData:" in said


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ([], "--if-missing DIR"),
        (["run", "--if-missing", "run"], "one of them"),
        (["run", "--kubernetes"], "one of them"),
        (["--if-missing", ""], "no name"),
        (["run", "--namespace", "other"], "--namespace goes with --kubernetes"),
        (["run", "--database-url-file", "-"], "--database-url-file goes with --kubernetes"),
        (["run", "--database-host", "no host"], "--database-host"),
        (["run", "--database-host", "a,b"], "--database-host"),
        (["run", "--database-host", "db:5433"], "--database-host"),
        (["run", "--database-host", ""], "--database-host"),
        (["--kubernetes", "--database-host", "x/y"], "--database-host"),
        (["--kubernetes", "--namespace", "Shop"], "--namespace"),
        (["--kubernetes", "--namespace", "shop\nkind: Pod"], "--namespace"),
        (["run", "--mail-url-file", "-"], "--mail-url-file goes with --kubernetes"),
        (["--kubernetes", "--mail-url-file", "-"], "--mail-url-file: SHOP_MAIL_URL is no mail server"),
        (["--kubernetes", "--database-url-file", "/nope"], "/nope"),
        (["--kubernetes", "--database-url-file", "-"], "DATABASE_URL is no URL of a PostgreSQL database"),
    ],
)
def test_wrong_usage_exits_with_2_and_makes_nothing(shopctl: Shopctl, args: list[str], words: str) -> None:
    told = shopctl("secrets", "init", *args, stdin="mysql://root:s3cr3t-pw@db/shop")
    assert (told.code, told.out) == (2, "")
    assert words in told.err
    assert "s3cr3t-pw" not in told.err
    assert os.listdir(shopctl.directory) == []


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("nowhere/run", "No such file or directory"),
        ("file", "Not a directory"),
        ("/proc/x", "No such file or directory"),
        ("/proc", "Permission denied|Operation not permitted|No such file or directory"),
    ],
)
@pytest.mark.parametrize("option", [[], ["--if-missing"]], ids=["all", "if-missing"])
def test_a_directory_that_cannot_be_written_is_named(
    shopctl: Shopctl, place: str, words: str, option: list[str]
) -> None:
    (shopctl.directory / "file").write_text("")
    told = shopctl("secrets", "init", *option, place)
    assert (told.code, told.out) == (2, "")
    assert re.fullmatch(f"  ✗ {place}: ({words})\\.\n  › name a directory that can be written\n", told.err)


def test_a_full_disk_is_no_wrong_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    assert answer(["secrets", "init", str(tmp_path / "run")]) == 1
    assert os.listdir(tmp_path / "run") == []


@pytest.mark.parametrize("command", ["serve-api", "serve-web", "worker"])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("another-password", "is shorter than 32 bytes"),
        ("another-password-another-password", "is a placeholder"),
        ("x" * 64, "is a placeholder"),
    ],
)
def test_what_init_refuses_to_keep_no_part_starts_with(
    shopctl: Shopctl, command: str, content: str, words: str
) -> None:
    (shopctl.directory / KEY).write_text(content)
    told = shopctl(command, SHOP_SECRET_KEY_FILE=KEY, PORT=str(free_port()))
    assert (told.code, told.out, told.err.count("✗")) == (2, "", 1)
    assert told.err.startswith(f"  ✗ SHOP_SECRET_KEY {words}")
    assert content not in told.err


def test_what_is_unfit_is_told_all_at_once() -> None:
    with pytest.raises(Unfit) as refused:
        completed({KEY: "short", PASSWORD: "", URL: "x"})
    assert [problem.split()[0] for problem in refused.value.problems] == [KEY, PASSWORD, URL]
