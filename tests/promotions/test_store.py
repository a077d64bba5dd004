"""Promotions are kept with their code, found by it while they run, and ended for good."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from shopapi.accounts.tables import audit_entry
from shopapi.db.engine import Database
from shopapi.http.problems import NotFound, ShopError
from shopapi.promotions.records import KeptPromotion, NewPromotion
from shopapi.promotions.refusals import CodeTaken, InvalidPromotion, UnknownTarget
from shopapi.promotions.rules import CodeExpired, CodeUnknown, CodeUsedUp
from shopapi.promotions.store import add_promotion, end_promotion, find_code, list_promotions
from shopapi.promotions.tables import promotion, promotion_code
from tests import factories

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def wanted(**said: Any) -> NewPromotion:
    plain = {"names": {"de": "Herbst", "en": "Autumn"}, "kind": "percent", "value": 1000, "code": "HERBST10"}
    return NewPromotion(**{**plain, **said})


def add(database: Database, **said: Any) -> KeptPromotion:
    return database.write(lambda c: add_promotion(c, wanted(**said), actor="shopctl"))


def everything(database: Database) -> list[KeptPromotion]:
    with database.reading() as c:
        return list_promotions(c, after=None, limit=100)[0]


def test_a_code_is_found_in_whatever_form_it_was_given(database: Database) -> None:
    made = add(database, code="herbst-10", min_subtotal=5000, max_uses=3, max_uses_per_customer=1)
    assert (made.code, made.state, made.used) == ("HERBST10", "running", 0)
    with database.reading() as c:
        row = find_code(c, "HERBST10")
    assert (row.public_id, row.kind, row.value, row.min_subtotal) == (made.id, "percent", 1000, 5000)
    assert (row.max_uses, row.max_uses_per_customer) == (3, 1)


def test_a_promotion_is_on_a_category_or_a_product_by_its_slug(database: Database) -> None:
    factories.save(database, factories.goods("Becher"))
    database.write(lambda c: factories.category(c, "Geschirr"))
    on_goods = add(database, code=None, scope="product", target="becher")
    on_all = add(database, code=None, scope="category", target="geschirr")
    assert [(one.id, one.scope, one.target) for one in everything(database)] == [
        (on_all.id, "category", "geschirr"),
        (on_goods.id, "product", "becher"),
    ]
    with pytest.raises(UnknownTarget, match='No product has the slug "krug"'):
        add(database, code=None, scope="product", target="krug")


def test_a_code_that_nobody_made_is_unknown(database: Database) -> None:
    add(database, code=None)
    with database.reading() as c:
        for code in ("HERBST10", None):
            with pytest.raises(CodeUnknown):
                find_code(c, code)


def test_what_is_planned_is_not_known_yet(database: Database) -> None:
    assert add(database, starts_at=NOW + DAY).state == "planned"
    with database.reading() as c, pytest.raises(CodeUnknown):
        find_code(c, "HERBST10")


def test_what_is_over_has_expired(database: Database) -> None:
    assert add(database, starts_at=NOW - 2 * DAY, ends_at=NOW - DAY).state == "ended"
    with database.reading() as c, pytest.raises(CodeExpired, match="HERBST10"):
        find_code(c, "HERBST10")


def test_what_has_no_use_left_is_used_up(database: Database) -> None:
    add(database, max_uses=2)
    with database.reading() as c:
        assert find_code(c, "HERBST10").used == 0
    database.write(lambda c: c.execute(update(promotion_code).values(used=2)))
    with database.reading() as c, pytest.raises(CodeUsedUp, match="HERBST10"):
        find_code(c, "HERBST10")
    assert everything(database)[0].state == "used_up"
    # So that no use is written which no order has, which the audit would find.
    database.write(lambda c: c.execute(update(promotion_code).values(used=0)))


@pytest.mark.parametrize("by", ["id", "code"])
def test_an_end_is_at_once_and_for_good(database: Database, by: str) -> None:
    made = add(database)
    name = made.id if by == "id" else "herbst 10"
    gone, now = database.write(lambda c: end_promotion(c, name, actor="shopctl"))
    assert (gone.id, gone.state, now) == (made.id, "ended", True)
    with database.reading() as c, pytest.raises(CodeExpired):
        find_code(c, "HERBST10")
    again, now = database.write(lambda c: end_promotion(c, name, actor="shopctl"))
    assert (again, now) == (gone, False)


def test_what_is_planned_can_be_ended_before_it_begins(database: Database) -> None:
    made = add(database, starts_at=NOW + DAY, ends_at=NOW + 2 * DAY)
    gone, now = database.write(lambda c: end_promotion(c, made.id, actor="shopctl"))
    assert (gone.state, now) == ("ended", True)


def test_only_what_there_is_can_be_ended(database: Database) -> None:
    for name in ("promo_00000000000000000000", "NOSUCH", "", "%"):
        with pytest.raises(NotFound), database.writing() as c:
            end_promotion(c, name, actor="shopctl")


def test_a_code_is_never_given_twice_not_even_after_its_end(database: Database) -> None:
    add(database)
    database.write(lambda c: end_promotion(c, "HERBST10", actor="shopctl"))
    with pytest.raises(CodeTaken, match="HERBST10"):
        add(database, code="Herbst 10")
    assert len(everything(database)) == 1


def test_of_many_who_make_the_same_code_at_once_one_does(database: Database) -> None:
    def attempt(_: int) -> bool:
        try:
            add(database)
        except CodeTaken:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(attempt, range(16))) == 1
    assert len(everything(database)) == 1


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"names": {}}, "names"),
        ({"names": {"de": " "}}, "names.de"),
        ({"names": {"en": "x" * 201}}, "names.en"),
        ({"value": 0}, "value"),
        ({"value": 10_001}, "value"),
        ({"kind": "amount", "value": 10**13 + 1}, "value"),
        ({"kind": "free_shipping"}, "value"),
        ({"scope": "category"}, "target"),
        ({"target": "becher"}, "target"),
        ({"min_subtotal": -1}, "min_subtotal"),
        ({"code": "10 %"}, "code"),
        ({"max_uses": 0}, "max_uses"),
        ({"max_uses_per_customer": 0}, "max_uses_per_customer"),
        ({"starts_at": NOW, "ends_at": NOW}, "ends_at"),
    ],
)
def test_what_cannot_be_is_refused_by_its_field_and_leaves_nothing(
    database: Database, said: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidPromotion) as refused:
        add(database, **said)
    error: ShopError = refused.value
    assert [one.field for one in error.errors] == [field]
    with database.reading() as c:
        assert c.execute(select(promotion.c.id)).first() is None


def test_a_long_list_comes_in_pages(database: Database) -> None:
    made = [add(database, code=f"CODE{one}").id for one in range(5)]
    found: list[str] = []
    after = None
    while True:
        with database.reading() as c:
            page, after = list_promotions(c, after=after, limit=2)
        found += [one.id for one in page]
        if after is None:
            break
    assert found == made[::-1]


def test_the_audit_log_tells_who_made_and_who_ended_it(database: Database) -> None:
    made = add(database)
    database.write(lambda c: end_promotion(c, made.id, actor="somebody"))
    database.write(lambda c: end_promotion(c, made.id, actor="too late"))
    with database.reading() as c:
        entries = c.execute(select(audit_entry).order_by(audit_entry.c.id)).all()
    assert [(one.actor, one.action, one.subject) for one in entries] == [
        ("shopctl", "promotion.add", made.id),
        ("somebody", "promotion.end", made.id),
    ]
    assert (entries[0].before, entries[0].after["code"]) == (None, "HERBST10")
    assert (entries[1].before["state"], entries[1].after["state"]) == ("running", "ended")
