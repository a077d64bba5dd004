"""Which build runs is told from what an image says, or else from a clone's `.git`, whatever shape that has."""

from pathlib import Path

import pytest

from shopctl import build

COMMIT = "8bfaf933c2f25e70ea86a3c70851d68e3c653939"
OTHER = "1a2b3c4d5e6f1a2b3c4d5e6f1a2b3c4d5e6f1a2b"
PACKED = f"# pack-refs with: peeled fully-peeled sorted\n{OTHER} refs/heads/domain\n{COMMIT} refs/heads/main\n"


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOPCTL_COMMIT", raising=False)
    monkeypatch.delenv("SHOPCTL_BUILT", raising=False)


@pytest.mark.parametrize(
    ("files", "commit"),
    [
        ({".git/HEAD": "ref: refs/heads/main\n", ".git/refs/heads/main": f"{COMMIT}\n"}, COMMIT),
        ({".git/HEAD": "ref: refs/heads/main\n", ".git/packed-refs": PACKED}, COMMIT),
        (
            {
                ".git/HEAD": "ref: refs/heads/main\n",
                ".git/refs/heads/main": f"{COMMIT}\n",
                ".git/packed-refs": f"{OTHER} refs/heads/main\n",
            },
            COMMIT,
        ),
        ({".git/HEAD": f"{COMMIT}\n"}, COMMIT),
        (
            {
                ".git": "gitdir: far/worktrees/here\n",
                "far/worktrees/here/HEAD": "ref: refs/heads/main\n",
                "far/worktrees/here/commondir": "../..\n",
                "far/refs/heads/main": f"{COMMIT}\n",
            },
            COMMIT,
        ),
        ({".git/HEAD": "ref: refs/heads/new\n"}, None),
        ({".git/HEAD": "what is this\n"}, None),
        ({".git/HEAD": "ref: refs/heads/main\n", ".git/refs/heads/main": "\x1b[31m\n"}, None),
        ({".git": "gitdir: nowhere\n"}, None),
        ({".git/config": ""}, None),
    ],
)
def test_a_clone_s_commit_is_read_from_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], commit: str | None
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(build, "checkout", lambda: tmp_path)
    assert build.this_build() == (commit, None)


def test_what_an_image_says_goes_before_a_clone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPCTL_COMMIT", OTHER)
    monkeypatch.setenv("SHOPCTL_BUILT", "2026-11-28T10:00:00Z")
    assert build.this_build() == (OTHER, "2026-11-28T10:00:00Z")


@pytest.mark.parametrize(("commit", "built"), [("", ""), ("unknown", "unknown"), ("\x1b[31m", "yesterday\x1b[31m")])
def test_what_is_no_commit_and_no_moment_counts_as_not_known(
    monkeypatch: pytest.MonkeyPatch, commit: str, built: str
) -> None:
    monkeypatch.setattr(build, "checkout", lambda: None)
    monkeypatch.setenv("SHOPCTL_COMMIT", commit)
    monkeypatch.setenv("SHOPCTL_BUILT", built)
    assert build.this_build() == (None, None)
