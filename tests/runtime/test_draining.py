from pathlib import Path

import pytest

from shopapi.runtime.draining import ENVIRONMENT, Draining


def test_every_process_that_shares_the_byte_learns_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flag = tmp_path / "flag"
    flag.write_bytes(b"\0")
    monkeypatch.setenv(ENVIRONMENT, str(flag))
    parent, worker = Draining(str(flag)), Draining()
    assert not worker
    parent.begin()
    assert worker
    assert Draining(), "A worker that starts late learns of it too."


def test_a_process_on_its_own_drains_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    one, other = Draining(), Draining()
    one.begin()
    assert one
    assert not other


def test_a_shared_file_that_is_gone_is_no_error(tmp_path: Path) -> None:
    assert not Draining(str(tmp_path / "gone"))
