"""The outbox loses nothing, lends each row to one worker at a time, and forgets only what is done."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, insert, select, update

from shopapi.db.engine import Database, DatabaseUnavailable, open_database
from shopapi.db.types import clock
from shopapi.events import heartbeat, outbox_store
from shopapi.events.leasing import LEASE_S, WAITS_S, claimant, wait_s
from shopapi.events.tables import outbox, worker_heartbeat


def tell(db: Database, number: int, *, aggregate: str = "order:TT-000001") -> None:
    with db.writing() as c:
        for sequence in range(1, number + 1):
            outbox_store.tell(c, "order.note", aggregate, sequence, {"order": "TT-000001"})


def claim(db: Database, me: str, *, most: int = 20) -> list[int]:
    return [row.id for row in db.write(lambda c: outbox_store.claim_rows(c, me, most=most))]


def later(db: Database, seconds: int) -> None:
    """Let so many seconds pass for all rows that wait."""
    with db.writing() as c:
        c.execute(update(outbox).values(available_at=clock(-seconds)).where(outbox.c.available_at > clock()))
        c.execute(update(outbox).values(lease_until=clock(-1)).where(outbox.c.lease_until < clock(seconds)))


def test_what_is_taken_back_was_never_told(database: Database) -> None:
    def tell_and_fail() -> None:
        with database.writing() as c:
            outbox_store.tell(c, "order.placed", "order:TT-000001", 1, {})
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - our own
        tell_and_fail()
    assert claim(database, "me") == []


def test_a_row_is_lent_to_one_worker_until_its_lease_ends(database: Database) -> None:
    tell(database, 3)
    first = claim(database, "first", most=2)
    assert len(first) == 2
    rest = claim(database, "second")
    assert len(rest) == 1
    assert not set(first) & set(rest)
    assert claim(database, "third") == []
    later(database, LEASE_S)
    assert claim(database, "third") == sorted([*first, *rest])
    with database.writing() as c:
        assert outbox_store.mark_done(c, first, "first") == 0, "Whose lease has ended has no say any more."
        assert outbox_store.mark_done(c, first, "third") == 2


def test_places_in_the_feed_rise_without_a_gap_as_rows_are_taken_in(database: Database) -> None:
    tell(database, 5)
    claim(database, "first", most=2)
    later(database, LEASE_S)
    claim(database, "second")
    with database.reading() as r:
        rows = r.execute(select(outbox.c.id, outbox.c.position).order_by(outbox.c.position)).all()
    assert [row.position for row in rows] == [1, 2, 3, 4, 5]
    assert [row.id for row in rows] == sorted(row.id for row in rows)


def test_a_row_that_fails_waits_longer_each_time_and_is_given_up_in_the_end(database: Database) -> None:
    tell(database, 1)
    for attempt, wait in enumerate(WAITS_S, 1):
        (row,) = database.write(lambda c: outbox_store.claim_rows(c, "me"))
        assert row.attempts == attempt
        with database.writing() as c:
            outbox_store.put_off(c, row, "me", "ValueError: no", dead=False)
        assert claim(database, "me") == []
        with database.reading() as r:
            waits = r.execute(select(outbox.c.available_at, select(clock()).scalar_subquery().label("now"))).one()
        assert 0.79 * wait - 1 <= (waits.available_at - waits.now).total_seconds() <= 1.21 * wait
        later(database, 2 * wait)
    (row,) = database.write(lambda c: outbox_store.claim_rows(c, "me"))
    with database.writing() as c:
        outbox_store.put_off(c, row, "me", "ValueError: no", dead=True)
    later(database, 10**6)
    assert claim(database, "me") == []
    with database.reading() as r:
        dead = r.execute(select(outbox.c.dead_at, outbox.c.error)).one()
    assert dead.dead_at is not None
    assert dead.error == "ValueError: no"


def test_waits_are_spread_so_that_not_all_come_back_at_once() -> None:
    waits = {wait_s(3) for _ in range(200)}
    assert len(waits) > 20
    assert min(waits) >= 240
    assert max(waits) <= 360


@pytest.mark.concurrency
def test_eight_workers_of_whom_some_die_take_in_every_row_of_500(database: Database, database_url: str) -> None:
    for number in range(50):
        tell(database, 10, aggregate=f"order:TT-{number:06}")
    taken: Counter[int] = Counter()

    def work(nth: int) -> list[int]:
        own = database if database.dialect == "sqlite" else open_database(database_url, threads=1, patient=True)
        mine: list[int] = []
        rounds = 0
        try:
            while not finished(own):
                me = claimant()
                try:
                    rows = claim(own, me, most=7)
                    rounds += 1
                    if rounds % 4 == nth % 4:
                        # This one died: its lease ends, and somebody else is lent the rows.
                        with own.writing() as c:
                            c.execute(update(outbox).where(outbox.c.leased_by == me).values(lease_until=clock(-1)))
                        continue
                    with own.writing() as c:
                        assert outbox_store.mark_done(c, rows, me) == len(rows)
                    mine += rows
                except DatabaseUnavailable:
                    continue
        finally:
            if own is not database:
                own.close()
        return mine

    with ThreadPoolExecutor(8) as pool:
        for mine in pool.map(work, range(8)):
            taken.update(mine)
    assert len(taken) == 500
    assert set(taken.values()) == {1}
    with database.reading() as r:
        died = r.execute(select(func.max(outbox.c.attempts))).scalar_one()
        places = r.execute(select(outbox.c.position).order_by(outbox.c.position)).scalars().all()
    assert died > 1, "No worker died."
    assert places == list(range(1, 501))


def finished(db: Database) -> bool:
    with db.reading() as c:
        return c.execute(select(outbox.c.id).where(outbox.c.done_at.is_(None)).limit(1)).first() is None


def test_what_was_done_long_ago_is_forgotten_from_the_oldest_on(database: Database) -> None:
    tell(database, 5, aggregate="order:TT-000001")
    tell(database, 3, aggregate="order:TT-000002")
    rows = claim(database, "me")
    with database.writing() as c:
        outbox_store.mark_done(c, [row for row in rows if row != rows[2]], "me")
        c.execute(update(outbox).values(done_at=clock(-31 * 86_400)).where(outbox.c.done_at.is_not(None)))
    assert database.write(lambda c: outbox_store.drop_old(c, most=1)) == 1
    while database.write(lambda c: outbox_store.drop_old(c, most=1)):
        pass
    with database.reading() as r:
        kept = r.execute(select(outbox.c.aggregate, outbox.c.sequence).order_by(outbox.c.id)).all()
    # 3 still waits, so 4 and 5 stay behind it; the last place in the feed is kept to count on from.
    assert [tuple(row) for row in kept] == [
        ("order:TT-000001", 3),
        ("order:TT-000001", 4),
        ("order:TT-000001", 5),
        ("order:TT-000002", 3),
    ]
    with database.writing() as c:
        outbox_store.tell(c, "order.note", "order:TT-000003", 1, {})
    (new, *_) = [row for row in database.write(lambda c: outbox_store.claim_rows(c, "me")) if row.sequence == 1]
    with database.reading() as r:
        assert r.execute(select(outbox.c.position).where(outbox.c.id == new.id)).scalar_one() == 9


YOUNGEST = select(func.max(worker_heartbeat.c.at))


def test_the_youngest_sign_of_life_counts(database: Database) -> None:
    with database.reading() as r:
        assert r.execute(YOUNGEST).scalar_one() is None
    with database.writing() as c:
        heartbeat.beat(c, "one")
        c.execute(update(worker_heartbeat).values(at=clock(-500)))
        c.execute(insert(worker_heartbeat).values(name="long gone", at=clock(-90_000)))
        heartbeat.beat(c, "two")
        heartbeat.beat(c, "two")
        now = c.execute(select(clock())).scalar_one()
        names = c.execute(select(worker_heartbeat.c.name).order_by("name")).scalars().all()
    assert names == ["one", "two"]
    with database.reading() as r:
        at = r.execute(YOUNGEST).scalar_one()
    assert at is not None
    assert abs((now - at).total_seconds()) < 5
