"""Whatever goes wrong inside, a person is told in a sentence."""

import sys

import pytest

from shopctl import console, failures, main
from tests.cli.conftest import Shopctl


def test_an_unexpected_error_is_one_line_without_secrets_and_says_how_to_see_more(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> None:
        raise RuntimeError("no way\nfrom postgresql://shop:s3cr3t-pw@db/shop")

    monkeypatch.setitem(main._COMMANDS, "version", broken)
    monkeypatch.delenv("SHOP_LOG_LEVEL", raising=False)
    assert main.answer(["version"]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines() == [
        "  ✗ Something went wrong that should not. RuntimeError: no way",
        "  › the same with SHOP_LOG_LEVEL=debug says more",
    ]
    monkeypatch.setenv("SHOP_LOG_LEVEL", "debug")
    assert main.answer(["version"]) == 1
    more = capsys.readouterr().err
    assert "in broken" in more
    assert "s3cr3t-pw" not in more


def test_ctrl_c_is_quiet(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setitem(main._COMMANDS, "version", interrupted)
    assert main.answer(["version"]) == main.INTERRUPTED == 130
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("text", ["\x1b[31mred", "bell\x07", "\x9b31m", "a\u202eb", "two\nlines", "lone \udcff"])
def test_nothing_that_steers_a_terminal_is_printed(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    console.done(text)
    console.table(["name"], [[text]])
    out = capsys.readouterr().out
    assert not set(text) & set(out) - set("rednbelltwoinsaq 31mb[\n")
    assert "\ufffd" in out


def test_json_holds_no_raw_control_character(capsys: pytest.CaptureFixture[str]) -> None:
    console.as_json({"name": "\x9b31m\x7f\x1b"})
    assert capsys.readouterr().out == '{"name":"\\u009b31m\\u007f\\u001b"}\n'


def test_numbers_stand_right_under_one_rule(capsys: pytest.CaptureFixture[str]) -> None:
    console.table(["item", "units"], [["Becher", "64"], ["Tinte", "1,000"]], numbers=["units"])
    assert capsys.readouterr().out.splitlines() == [
        "  item    units",
        "  ─────────────",
        "  Becher     64",
        "  Tinte   1,000",
    ]


def test_what_is_not_printable_in_the_terminal_s_encoding_is_still_words(monkeypatch: pytest.MonkeyPatch) -> None:
    import subprocess

    ended = subprocess.run(
        [sys.executable, "-m", "shopctl", "nope"],
        env={"PATH": "/usr/bin", "PYTHONPATH": ":".join(sys.path), "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 2
    assert b"No such command" in ended.stderr


def test_an_error_of_the_system_names_the_file(tmp_path: object) -> None:
    told = failures.told(FileNotFoundError(2, "No such file or directory", "/nope"))
    assert (told.what, told.exit_code) == (["/nope: No such file or directory."], 1)


@pytest.mark.parametrize("args", [("serve-api", "--grace", "0"), ("serve-web", "--port", "none")])
def test_a_number_that_is_none_is_wrong_usage_and_named(shopctl: Shopctl, args: tuple[str, ...]) -> None:
    told = shopctl(*args)
    assert told.code == 2
    assert args[1] in told.err
    assert f'; it is "{args[2]}"' in told.err


@pytest.mark.parametrize("command", ["serve-api", "worker"])
def test_an_address_that_is_not_this_machine_s_is_wrong_configuration(shopctl: Shopctl, command: str) -> None:
    told = shopctl(command, "--host", "203.0.113.7", SHOP_SECRET_KEY="0f1e2d3c4b5a69788796a5b4c3d2e1f0aa")
    assert told.code == 2
    assert '"203.0.113.7" is no address of this machine.' in told.err
