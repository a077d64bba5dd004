"""The classic interface under a crowd: nothing is lost, nothing counted twice, whatever the server and the database."""

import asyncio
import random
import signal
from pathlib import Path

import httpx
import pytest

from shopapi.db.engine import Database
from tests import factories
from tests.concurrency.crowd import Tally, crowd, until_answered
from tests.conftest import ApiProcesses
from tests.processes import ShopProcess, start_serving
from tests.waiting import is_free, wait_until

pytestmark = [pytest.mark.concurrency, pytest.mark.processes]


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return {**environment, "SHOP_ITEMS_ACCESS": "open"}


@pytest.fixture
def servers(database: Database, api_processes: ApiProcesses) -> list[str]:
    """PostgreSQL behind granian with two workers; SQLite behind two processes of uvicorn."""
    if database.dialect == "postgresql":
        return [process.url for process in api_processes(1, server="granian", workers=2)]
    return [process.url for process in api_processes(2, server="uvicorn")]


def items(url: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = httpx.get(f"{url}/items", trust_env=False).json()
    return found


def test_fifty_callers_of_one_new_item_make_one_item_and_lose_no_unit(servers: list[str]) -> None:
    tally = Tally()

    async def add_five_times(client: httpx.AsyncClient, _: int) -> None:
        for _ in range(5):
            await until_answered(client, tally, "POST", "/items", json={"name": "Krug", "quantity": 3})

    crowd(50, add_five_times, base_urls=servers)

    assert tally.statuses == {201: 1, 200: 249}
    assert [(item["name"], item["quantity"]) for item in items(servers[0])] == [("Krug", 750)]


def test_fifty_new_names_of_one_slug_make_fifty_items_with_fifty_slugs(servers: list[str]) -> None:
    tally = Tally()

    async def make(client: httpx.AsyncClient, number: int) -> None:
        # Punctuation is no part of a slug: all of them want to be called `krug`.
        await until_answered(client, tally, "POST", "/items", json={"name": "Krug" + "!" * number, "quantity": 1})

    crowd(50, make, base_urls=servers)

    assert tally.statuses == {201: 50}
    assert len(items(servers[0])) == 50


def test_units_added_while_items_are_archived_are_on_hand_or_written_off(
    servers: list[str], database: Database
) -> None:
    tally, added = Tally(), 0

    async def add_or_archive(client: httpx.AsyncClient, number: int) -> None:
        nonlocal added
        for _ in range(10):
            if number % 5:
                answer = await until_answered(client, tally, "POST", "/items", json={"name": "Krug", "quantity": 2})
                assert answer.status_code in (200, 201)
                added += 2
            else:
                for item in (await until_answered(client, tally, "GET", "/items")).json():
                    answer = await until_answered(client, tally, "DELETE", f"/items/{item['id']}")
                    assert answer.status_code in (204, 404)

    crowd(20, add_or_archive, base_urls=servers)

    with database.reading() as c:
        sums = factories.sums_of_movements(c)
    on_hand = sum(int(str(item["quantity"])) for item in items(servers[0]))
    assert tally.statuses[204] > 0, "No item was archived meanwhile, so the test saw no race."
    assert sums.get("receive", 0) == added
    assert sums["receive"] + sums.get("write_off", 0) == on_hand


def test_changes_of_every_kind_at_once_leave_books_that_agree(servers: list[str], database: Database) -> None:
    with database.writing() as c:
        made = factories.items(c, 3, quantity=50)
        for item in made:
            factories.reserve(c, item.id, 20)
    tally = Tally()

    async def meddle(client: httpx.AsyncClient, number: int) -> None:
        dice = random.Random(number)
        for _ in range(10):
            item = dice.choice(made)
            if dice.random() < 0.5:
                body = {"name": item.name, "quantity": dice.randrange(40)}
                await until_answered(client, tally, "PUT", f"/items/{item.id}", json=body)
            elif dice.random() < 0.8:
                await until_answered(client, tally, "POST", "/items", json={"name": item.name, "quantity": 1})
            else:
                await until_answered(client, tally, "DELETE", f"/items/{item.id}")

    crowd(20, meddle, base_urls=servers)

    assert tally.statuses.keys() <= {200, 409}, "Reserved stock may be refused, and nothing else may go wrong."
    assert tally.statuses[409] > 0, "Nobody asked for reserved stock, so the test saw no refusal."
    assert all(int(str(item["quantity"])) >= 20 for item in items(servers[0]))


def test_kill_9_among_hundreds_of_keyed_posts_loses_none_and_doubles_none(
    api_processes: ApiProcesses, environment: dict[str, str], tmp_path: Path, database: Database
) -> None:
    server = "granian" if database.dialect == "postgresql" else "uvicorn"
    (process,) = api_processes(1, server=server)
    acknowledged: list[str] = []
    broken = 0

    def restart() -> None:
        process.kill()
        wait_until(lambda: is_free(process.port), 10, "the port of the killed process")
        command = ["serve-api", "--server", server]
        again.append(start_serving(command, environment, process.port, tmp_path / "again.log", tmp_path))

    async def post(client: httpx.AsyncClient, number: int) -> None:
        nonlocal broken
        for turn in range(20):
            name = f"Becher {number}-{turn}"
            headers = {"Idempotency-Key": f"a key for {name}"}
            while True:
                if killer and killer[0].done():
                    killer[0].result()
                try:
                    answer = await client.post("/items", json={"name": name, "quantity": 7}, headers=headers)
                except (httpx.NetworkError, httpx.RemoteProtocolError, httpx.TimeoutException):
                    broken += 1
                    await asyncio.sleep(0.05)
                    continue
                if answer.status_code == 503:
                    await asyncio.sleep(0.05)
                    continue
                break
            assert answer.status_code == 201, answer.text
            acknowledged.append(name)
            if len(acknowledged) == 150:
                killer.append(asyncio.create_task(asyncio.to_thread(restart)))

    again: list[ShopProcess] = []
    killer: list[asyncio.Task[None]] = []
    try:
        crowd(20, post, base_urls=[process.url])
        stock = {str(item["name"]): item["quantity"] for item in items(process.url)}
    finally:
        for one in again:
            one.kill()

    assert process.popen.returncode == -signal.SIGKILL
    assert broken > 0, "The kill met no request, so the test saw nothing."
    assert len(acknowledged) == 400
    assert stock == dict.fromkeys(acknowledged, 7), "Every acknowledged post is there once."
