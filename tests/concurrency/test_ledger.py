"""The ledger's proof holds at every moment, also while others work."""

import threading

from shopapi.contract.stock import Ledger
from shopapi.db.engine import Database
from tests import factories
from tests.waiting import wait_until


def test_whoever_reads_the_ledger_while_others_write_sees_books_that_agree(database: Database) -> None:
    with database.writing() as c:
        item = factories.item(c, name="Krug", quantity=10)
        sku = factories.sku_of(c, item.id)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            database.write(lambda c: factories.item(c, name="Krug", quantity=1), one_statement=True)

    pages: list[Ledger] = []

    def seen_moving() -> bool:
        with database.reading() as reader:
            pages.append(factories.ledger(reader, sku))
        return len({page.on_hand for page in pages}) > 20

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    try:
        wait_until(seen_moving, 30, "twenty states of the ledger")
    finally:
        stop.set()
        for writer in writers:
            writer.join(10)
    assert [page for page in pages if page.on_hand != page.sum_of_deltas] == []
