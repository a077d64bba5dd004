"""The sandbox forgets nothing that it answered, whatever happens to it."""

import sqlite3
import stat
from pathlib import Path
from threading import Thread

import httpx
import pytest

from shopctl.sandbox.journal import Journal, JournalError
from shopctl.sandbox.signing import bearer
from tests.sandbox.conftest import SECRET, Receiver, SandboxProcess, charge, charge_of, client_at
from tests.waiting import wait_until

pytestmark = pytest.mark.processes


def test_what_was_answered_is_still_so_after_a_kill(sandbox_process: SandboxProcess, tmp_path: Path) -> None:
    answered: dict[str, str] = {}
    headers = {"Authorization": f"Bearer {bearer(SECRET)}"}
    killed = 0
    for attempt in range(3):
        process = sandbox_process()

        def buy(url: str, attempt: int) -> None:
            with httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=5) as client:
                for n in range(10_000):
                    key = f"key-{attempt}-{n}"
                    try:
                        answered[key] = client.post("/charges", json=charge_of(key, "tok_ok")).json()["reference"]
                    except httpx.HTTPError:
                        return

        before = len(answered)
        buyer = Thread(target=buy, args=(process.url, attempt))
        buyer.start()
        wait_until(lambda: len(answered) > before + 20, 20, "charges to be answered")  # noqa: B023
        process.kill()
        buyer.join(20)
        killed += 1
    assert killed == 3
    with client_at(sandbox_process()) as client:
        for key, reference in answered.items():
            told = client.get(f"/charges/{key}").json()
            assert (told["reference"], told["state"]) == (reference, "succeeded")
            assert charge(client, key, "tok_ok")["reference"] == reference
    with sqlite3.connect(tmp_path / "journal.db") as c:
        assert c.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert c.execute("SELECT max(n) FROM (SELECT count(*) n FROM charge GROUP BY key)").fetchone() == (1,)


def test_a_webhook_that_was_not_taken_comes_after_the_restart(
    sandbox_process: SandboxProcess, receiver: Receiver
) -> None:
    receiver.refusing = 1_000_000
    process = sandbox_process()
    with client_at(process) as client:
        charge(client, "key-1", "tok_ok")
    wait_until(lambda: receiver.refused, 5, "a first attempt")
    process.kill()
    receiver.refusing = 0
    sandbox_process()
    wait_until(lambda: receiver.types() == ["charge.succeeded"], 10, "the webhook")


def test_it_keeps_how_each_charge_came_to_its_state(sandbox: httpx.Client, tmp_path: Path) -> None:
    url = charge(sandbox, "key-1")["url"].removeprefix("http://127.0.0.1:8000")
    sandbox.post(url, data={"card": "3ds"})
    sandbox.post(f"{url}/confirm", data={"answer": "refuse"})
    with sqlite3.connect(tmp_path / "sandbox.db") as c:
        history = c.execute("SELECT version, state, reason FROM charge_state ORDER BY version").fetchall()
    assert history == [(1, "open", ""), (2, "confirming", ""), (3, "failed", "authentication_refused")]


def test_a_stop_is_clean_also_while_a_caller_waits_for_an_answer(sandbox_process: SandboxProcess) -> None:
    process = sandbox_process()
    with client_at(process, timeout=0.5) as client, pytest.raises(httpx.ReadTimeout):
        client.post("/charges", json=charge_of("key-1", "tok_charged_no_answer"))
    assert process.terminate() == 0, process.said()
    assert "Traceback" not in process.said()


def test_another_file_is_left_alone(tmp_path: Path) -> None:
    text, other, newer = tmp_path / "a.txt", tmp_path / "other.db", tmp_path / "newer.db"
    text.write_text("This is no database, but it is long enough to be taken for one by its size." * 20)
    with sqlite3.connect(other) as c:
        c.execute("CREATE TABLE product (id)")
    with sqlite3.connect(newer) as c:
        c.execute("CREATE TABLE charge (id)")
        c.execute("PRAGMA user_version = 2")
    for file in (text, other, newer, tmp_path / "nowhere" / "a.db"):
        before, mode = file.read_bytes() if file.exists() else b"", file.stat().st_mode if file.exists() else 0
        with pytest.raises(JournalError, match=str(file)):
            Journal(str(file))
        assert (file.read_bytes() if file.exists() else b"") == before or file in (other, newer)
        assert (file.stat().st_mode if file.exists() else 0) == mode
    with sqlite3.connect(other) as c:
        assert c.execute("SELECT name FROM sqlite_master").fetchall() == [("product",)]


def test_the_file_is_its_owner_s_alone(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.db"
    for _ in range(2):
        journal = Journal(str(file))
        made = {one.name: stat.S_IMODE(one.stat().st_mode) for one in tmp_path.iterdir()}
        journal.close()
        assert made == dict.fromkeys(("sandbox.db", "sandbox.db-wal", "sandbox.db-shm"), 0o600)
        file.chmod(0o644)  # As an older version made it.
