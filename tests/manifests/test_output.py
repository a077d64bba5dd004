"""Where renderings go: standard output, a directory, and the comparison with what lies there."""

import os
from pathlib import Path

import pytest

from shopctl.main import answer
from shopctl.manifests import explain as explaining
from tests.cli.conftest import ROOT

Captured = pytest.CaptureFixture[str]


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


# --- why a line is as it is


@pytest.mark.parametrize(
    ("command", "path", "words"),
    [
        ("render-compose", "services.frontend.read_only", ["read_only: true", "finds a file system that cannot"]),
        (
            "render-compose",
            "services.frontend.ports",
            ["This machine alone", "port = 5050", "frontend.replicas = 1", "compose/compose.yaml.j2"],
        ),
        (
            "render-traefik",
            "services.frontend.labels.traefik.http.routers.frontend.rule",
            ["Host(`localhost`)", "host = localhost  (default)"],
        ),
        ("render-k8s", "Deployment/shopapi.spec.strategy.rollingUpdate.maxUnavailable", ["maxUnavailable: 0", "none:"]),
        (
            "render-k8s",
            "deployment/frontend.spec.template.spec.containers.frontend.resources.limits.memory",
            ["frontend.memory = 384Mi"],
        ),
    ],
)
def test_a_line_is_explained_by_its_comment_and_its_values(
    command: str, path: str, words: list[str], capsys: Captured
) -> None:
    assert answer([command, "--explain", path]) == 0
    told = capsys.readouterr().out
    for word in words:
        assert word in told


def test_a_path_that_is_not_there_is_told_with_the_nearest(capsys: Captured) -> None:
    assert answer(["render-compose", "--explain", "services.frontend.readonly"]) == 2
    assert "Near it: services.frontend.read_only" in capsys.readouterr().err


def test_a_comment_explains_what_it_stands_over_and_nothing_that_comes_after_it() -> None:
    lines = ["a:", "  # Of b.", "  b: 1", "  c: 2", "  # Of both.", "  d.x: 1", "  d.y: 2", "  e: 3  # Of e."]
    told = [explaining.comment_of(lines, line) for line in (2, 3, 5, 6, 7)]
    assert told == ["Of b.", "", "Of both.", "Of both.", "Of e."]
