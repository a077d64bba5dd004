"""A replica that comes later, behind something that shares out connections: a Service, a name in DNS."""

import asyncio
from collections import Counter

import pytest

from shopapi.client import ShopClient
from tests.conftest import ApiProcesses

pytestmark = [pytest.mark.concurrency, pytest.mark.processes]

CALLERS = 8
LIMIT_S = 40


class Service:
    """Gives each new connection to ``port``, as the cluster's Service gives it to one of its pods."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.open: Counter[int] = Counter()

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        port = self.port
        self.open[port] += 1
        behind_reader, behind_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_pass_on(reader, behind_writer), _pass_on(behind_reader, writer))
        self.open[port] -= 1


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    except ConnectionError:
        pass
    finally:
        target.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_pages_that_never_pause_leave_a_replica_for_one_that_was_added(api_processes: ApiProcesses) -> None:
    first, second = api_processes(2, SHOP_ITEMS_ACCESS="open", SHOP_RATE_LIMITS="off")
    asyncio.run(_until_none_is_left(first.port, second.port))


async def _until_none_is_left(first: int, second: int) -> None:
    service = Service(first)
    listening = await asyncio.start_server(service.take, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    async with ShopClient(url) as shop, asyncio.timeout(LIMIT_S):

        async def all_call() -> None:
            await asyncio.gather(*(shop.list_items() for _ in range(CALLERS)))

        await all_call()
        assert service.open[first] == CALLERS
        service.port = second
        # No connection is idle for so long that it would be given up for that.
        while service.open[first]:
            await all_call()
        assert service.open[second] > 0
    listening.close()
