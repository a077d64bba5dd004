"""The demo shop can sell: it says who is paid, delivers somewhere with tax, and has one code."""

from typing import Any, get_args

from sqlalchemy import delete, select, update

from shopapi.catalog.tables import shipping_method, shop, tax_rate
from shopapi.contract.catalog import TaxClass
from shopapi.db.engine import Database
from shopapi.promotions.store import end_promotion, find_code, list_promotions
from shopapi.promotions.tables import promotion, promotion_code
from shopctl.seeds import load
from shopctl.seeds.selling import selling
from tests import factories


def rows(database: Database, table: Any) -> list[Any]:
    with database.reading() as c:
        return list(c.execute(select(table).order_by(table.c.id)).all())


def test_herbst10_takes_ten_percent_off_an_order_of_fifty_euros(database: Database) -> None:
    load.seed(database)
    with database.reading() as c:
        row = find_code(c, "HERBST10")
    assert (row.kind, row.value, row.scope, row.min_subtotal) == ("percent", 1000, "order", 5000)
    assert set(row.names) == {"de", "en"}


def test_germany_has_a_choice_and_every_country_of_delivery_has_its_rates(database: Database) -> None:
    load.seed(database)
    methods = rows(database, shipping_method)
    countries = {country for one in methods for country in one.countries}
    assert countries == {"DE", "AT", "BE", "NL", "CH"}
    assert len([one for one in methods if "DE" in one.countries]) == 2
    assert {one.steps_by for one in methods if one.steps} == {"weight", "subtotal"}
    assert all(set(one.names) == {"de", "en"} for one in methods)
    rates = {(one.country, one.tax_class) for one in rows(database, tax_rate)}
    assert rates == {(country, tax_class) for country in countries for tax_class in get_args(TaxClass)}


def test_more_goods_never_cost_less_to_send_by_weight_and_never_more_by_value() -> None:
    for method in selling().method:
        prices = [method.price, *(cost for _, cost in method.steps)]
        assert prices == sorted(prices, reverse=method.steps_by == "subtotal")
        assert [start for start, _ in method.steps] == sorted({start for start, _ in method.steps})


def test_the_account_is_a_sample_with_a_right_check_number_and_of_no_bank() -> None:
    iban = selling().seller.bank_iban
    assert int("".join(str(int(one, 36)) for one in iban[4:] + iban[:4])) % 97 == 1
    assert iban[4:12] == "00000000"


def test_a_second_seed_adds_nothing(database: Database) -> None:
    load.seed(database)
    before = [rows(database, table) for table in (shop, shipping_method, tax_rate, promotion, promotion_code)]
    load.seed(database)
    assert [rows(database, table) for table in (shop, shipping_method, tax_rate, promotion, promotion_code)] == before


def test_what_a_merchant_changed_stays(database: Database) -> None:
    load.seed(database)
    with database.writing() as c:
        end_promotion(c, "HERBST10", actor="shopctl")
        c.execute(update(shop).values(bank_iban="DE02120300000000202051"))
        c.execute(update(shipping_method).values(price=1))
        c.execute(update(tax_rate).values(rate_bp=1))
    load.seed(database)
    assert rows(database, shop)[0].bank_iban == "DE02120300000000202051"
    assert {one.price for one in rows(database, shipping_method)} == {1}
    assert {one.rate_bp for one in rows(database, tax_rate)} == {1}
    with database.reading() as c:
        assert [one.state for one in list_promotions(c, after=None, limit=9)[0]] == ["ended"]


def test_a_demo_of_an_earlier_release_gets_what_it_lacks(database: Database) -> None:
    load.seed(database)
    with database.writing() as c:
        c.execute(delete(promotion_code))
        c.execute(delete(promotion))
        c.execute(delete(shipping_method).where(shipping_method.c.position > 0))
        c.execute(delete(tax_rate).where(tax_rate.c.country != "DE"))
        c.execute(update(shop).values(dict.fromkeys(selling().seller.__struct_fields__, "")))
    load.seed(database)
    assert len(rows(database, shipping_method)) == 5
    assert len(rows(database, tax_rate)) == 15
    assert rows(database, shop)[0].bank_iban == selling().seller.bank_iban
    with database.reading() as c:
        assert find_code(c, "HERBST10").code == "HERBST10"


def test_a_shop_with_goods_of_its_own_gets_no_code_and_no_account(database: Database) -> None:
    with database.writing() as c:
        factories.item(c, name="Schalen-Trio")
    load.seed(database)
    assert rows(database, promotion) == []
    assert rows(database, shop)[0].bank_iban == ""
    assert len(rows(database, shipping_method)) == 1
