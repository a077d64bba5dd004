"""Where renderings go: standard output, a directory, and the comparison with what lies there."""

import os
from pathlib import Path

import pytest

from shopctl.main import answer
from shopctl.manifests import certificate
from shopctl.manifests.certificate import self_signed
from tests.cli.conftest import ROOT

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("command", "more"),
    [
        ("render-compose", []),
        ("render-traefik", []),
        ("render-traefik", ["--provider", "file"]),
        ("render-k8s", []),
    ],
)
def test_what_is_checked_in_is_the_default_rendering(
    command: str, more: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.chdir(ROOT)
    assert answer([command, *more, "--check"]) == 0, capsys.readouterr()


@pytest.mark.parametrize("command", ["render-compose", "render-traefik", "render-k8s"])
def test_the_same_values_give_the_same_bytes(command: str, capsys: Captured) -> None:
    told = []
    for _ in range(2):
        assert answer([command, "--set", "frontend.replicas=3"]) == 0
        told.append(capsys.readouterr().out)
    assert told[0] == told[1]


def test_check_shows_what_differs_and_writes_nothing(tmp_path: Path, capsys: Captured) -> None:
    assert answer(["render-compose", "--output", str(tmp_path)]) == 0
    before = (tmp_path / "compose.yaml").read_bytes()
    capsys.readouterr()
    assert answer(["render-compose", "--output", str(tmp_path), "--check", "--set", "port=8080"]) == 1
    told = capsys.readouterr().out
    assert '-    ports: ["127.0.0.1:5050:5050"]' in told
    assert '+    ports: ["127.0.0.1:8080:5050"]' in told
    assert (tmp_path / "compose.yaml").read_bytes() == before
    assert answer(["render-compose", "--output", str(tmp_path / "new"), "--check"]) == 1
    assert not (tmp_path / "new").exists()


def test_a_second_writing_changes_nothing_and_says_so(tmp_path: Path, capsys: Captured) -> None:
    folder = tmp_path / "k8s"
    assert answer(["render-k8s", "--output", str(folder)]) == 0
    files = sorted(folder.iterdir())
    times = [file.stat().st_mtime_ns for file in files]
    assert answer(["render-k8s", "--output", str(folder)]) == 0
    assert f"0 written, {len(files)} as they were" in capsys.readouterr().out
    assert [file.stat().st_mtime_ns for file in files] == times
    assert answer(["render-k8s", "--output", str(folder), "--check"]) == 0


def test_files_that_are_not_ours_are_left_alone_and_named(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "extra.yaml").write_text("kind: ConfigMap")
    assert answer(["render-k8s", "--output", str(tmp_path)]) == 0
    assert "left alone, as they are not ours: extra.yaml, notes.txt" in capsys.readouterr().out
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert (tmp_path / "extra.yaml").read_text() == "kind: ConfigMap"


@pytest.mark.parametrize("check", [[], ["--check"]])
def test_fresh_secrets_go_to_standard_output_alone(tmp_path: Path, capsys: Captured, check: list[str]) -> None:
    folder = tmp_path / "k8s"
    assert answer(["render-k8s", "--set", "secrets.create=true", "--output", str(folder), *check]) == 2
    told = capsys.readouterr()
    assert "it goes to standard output alone" in told.err
    assert "POSTGRES_PASSWORD" not in told.out + told.err
    assert not folder.exists()


def test_somebody_elses_file_is_never_overwritten(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "compose.yaml").write_text("services: {}")
    assert answer(["render-compose", "--output", str(tmp_path)]) == 2
    assert "compose.yaml is not ours, and would be overwritten." in capsys.readouterr().err
    assert (tmp_path / "compose.yaml").read_text() == "services: {}"


def test_a_resource_that_is_no_longer_rendered_goes_away(tmp_path: Path, capsys: Captured) -> None:
    assert answer(["render-k8s", "--output", str(tmp_path), "--set", "ingress.kind=ingressroute"]) == 0
    with_routes = {file.name for file in tmp_path.iterdir()}
    assert answer(["render-k8s", "--output", str(tmp_path), "--check"]) == 1
    assert answer(["render-k8s", "--output", str(tmp_path)]) == 0
    gone = with_routes - {file.name for file in tmp_path.iterdir()}
    assert gone
    assert all(name in capsys.readouterr().out for name in list(gone)[:1])
    assert answer(["render-k8s", "--output", str(tmp_path), "--check"]) == 0


def test_renderings_of_two_commands_lie_side_by_side(tmp_path: Path) -> None:
    assert answer(["render-compose", "--output", str(tmp_path)]) == 0
    assert answer(["render-traefik", "--output", str(tmp_path)]) == 0
    assert sorted(os.listdir(tmp_path)) == ["compose.traefik.yaml", "compose.yaml"]


def test_a_directory_that_cannot_be_written_is_told(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "file").write_text("")
    assert answer(["render-compose", "--output", str(tmp_path / "file")]) == 2
    told = capsys.readouterr().err
    assert str(tmp_path / "file") in told
    assert len(told.splitlines()) == 1


def test_a_certificate_for_localhost_is_made_once_and_its_key_is_kept_private(tmp_path: Path, capsys: Captured) -> None:
    for word in ("was made", "is there"):
        assert answer(["render-traefik", "--self-signed", "--output", str(tmp_path)]) == 0
        told = capsys.readouterr()
        assert word in told.err
        assert "left alone" not in told.out
    key = tmp_path / "tls" / "localhost.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert 'file: "./tls/localhost.crt"' in (tmp_path / "compose.traefik.yaml").read_text()
    (tmp_path / "tls" / "localhost.crt").unlink()
    assert answer(["render-traefik", "--self-signed", "--output", str(tmp_path)]) == 2
    assert "is there without its other half" in capsys.readouterr().err


def test_a_public_host_is_not_told_to_keep_to_https_by_a_certificate_that_nobody_trusts(
    tmp_path: Path, capsys: Captured
) -> None:
    assert answer(["render-traefik", "--self-signed", "--set", "host=shop.example.org", "-o", str(tmp_path)]) == 0
    rendered = (tmp_path / "compose.traefik.yaml").read_text()
    assert 'SHOP_HSTS: "off"' in rendered
    assert "stsseconds" not in rendered
    assert 'file: "./tls/shop.example.org.crt"' in rendered


@pytest.mark.parametrize("more", [["--check"], ["--explain", "services.traefik.image"], ["--show-values"]])
def test_what_only_tells_makes_no_certificate(more: list[str], folder: Path, capsys: Captured) -> None:
    answer(["render-traefik", "--self-signed", *more])
    assert list(folder.iterdir()) == []
    assert "tls.cert = ./tls/localhost.crt  --self-signed" in capsys.readouterr().out or more != ["--show-values"]


def test_a_rendering_that_is_refused_makes_no_certificate(folder: Path, capsys: Captured) -> None:
    Path("patch.yaml").write_text("services: {frontend: {networks: [nowhere]}}")
    Path("out").mkdir()
    assert answer(["render-traefik", "--self-signed", "--patch", "patch.yaml", "-o", "out"]) == 2
    (folder / "out" / "compose.traefik.yaml").write_text("mine: true")
    assert answer(["render-traefik", "--self-signed", "-o", "out"]) == 2
    assert os.listdir("out") == ["compose.traefik.yaml"]


def test_a_pair_that_lies_there_is_kept_only_where_it_fits(folder: Path, capsys: Captured) -> None:
    command = ["render-traefik", "--self-signed", "-o", "out"]
    assert answer(command) == 0
    capsys.readouterr()
    assert answer([*command, "--set", "api.host=rest.example.org", "--set", "traefik.cpu=2"]) == 2
    told = capsys.readouterr().err
    assert "out/tls/localhost.crt is not for rest.example.org." in told
    assert "rm out/tls/localhost.crt out/tls/localhost.key" in told
    assert 'cpus: "2"' not in Path("out/compose.traefik.yaml").read_text()
    key = Path("out/tls/localhost.key")
    self_signed(Path("other"), ["localhost"])
    key.write_bytes(Path("other/localhost.key").read_bytes())
    assert answer(command) == 2
    assert "does not belong to the key beside it" in capsys.readouterr().err
    key.write_text("no key")
    assert answer(command) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_a_pair_that_has_run_out_is_not_kept(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setattr(certificate, "_DAYS", 0)
    assert answer(["render-traefik", "--self-signed", "-o", "out"]) == 0
    assert answer(["render-traefik", "--self-signed", "-o", "out"]) == 2
    assert "out/tls/localhost.crt was valid until " in capsys.readouterr().err


# --- what is asked for


@pytest.mark.parametrize(
    ("option", "what"),
    [
        ("-o", "the name of a directory"),
        ("--values", "the name of a file"),
        ("--patch", "the name of a file"),
        ("--explain", "a path"),
    ],
)
def test_an_empty_name_is_refused(option: str, what: str, folder: Path, capsys: Captured) -> None:
    assert answer(["render-compose", option, ""]) == 2
    told = capsys.readouterr()
    assert f"is empty; it is {what}" in told.err
    assert told.out == ""
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "both",
    [
        ["--show-values", "--explain", "name"],
        ["--show-values", "--check"],
        ["--show-values", "--output", "out"],
        ["--explain", "name", "--check"],
        ["--explain", "name", "--output", "out"],
    ],
)
def test_answers_to_two_questions_are_refused(both: list[str], folder: Path, capsys: Captured) -> None:
    assert answer(["render-compose", *both]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "prints something else instead: it goes without" in told.err
    assert not Path("out").exists()


def test_each_value_is_shown_with_its_default_and_with_what_it_may_be(capsys: Captured) -> None:
    settings = [word for one in ("host=shop.example.org", "port=8080") for word in ("--set", one)]
    assert answer(["render-compose", "--show-values", *settings]) == 0
    shown = capsys.readouterr().out
    assert "  host = shop.example.org  --set, by default localhost\n" in shown
    assert "  port = 8080  --set, by default 5050\n" in shown
    assert "  seed = none  default\n" in shown
    assert "It is one of demo, empty, none." in shown
    assert "It is a whole number from 1 to 65535." in shown


# --- what lies in the directory


def test_a_directory_in_which_nothing_can_be_written_is_told_by_its_own_name(capsys: Captured) -> None:
    assert answer(["render-compose", "--output", "/sys"]) == 2
    assert capsys.readouterr().err.startswith("  ✗ /sys: ")


@pytest.mark.parametrize("name", ["namespace.yaml", "middleware-retry.yaml"])
def test_a_file_of_ours_that_is_no_longer_text_is_written_anew(name: str, tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / name).write_bytes(b"# Written by `shopctl render-k8s`.\n\xff\xfe\n")
    assert answer(["render-k8s", "--output", str(tmp_path), "--check"]) == 1
    assert answer(["render-k8s", "--output", str(tmp_path)]) == 0
    assert answer(["render-k8s", "--output", str(tmp_path), "--check"]) == 0
    assert all(b"\xff" not in file.read_bytes() for file in tmp_path.iterdir())
