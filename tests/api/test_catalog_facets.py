"""Facets: what a list can be narrowed by, each counted under all filters but its own."""

from typing import Any

import httpx
import msgspec
import pytest

from shopapi.catalog import facet_reader
from shopapi.catalog.records import OptionRecord, ProductRecord, ValueRecord, VariantRecord
from shopapi.catalog.set_variant import VariantChange, set_variant
from shopapi.db.engine import Database
from tests import factories

SIZES = OptionRecord(
    code="groesse",
    name={"de": "Größe", "en": "Size"},
    values=[ValueRecord(code=code, name={"de": code.upper()}) for code in ("s", "m")],
)
COLOURS = OptionRecord(
    code="farbe",
    name={"de": "Farbe", "en": "Colour"},
    values=[
        ValueRecord(code="ton", name={"de": "Ton", "en": "Clay"}, swatch="#aa7755"),
        ValueRecord(code="tinte", name={"de": "Tinte"}, swatch="#112233/#000000"),
    ],
)


def shirt(name: str, category: str, *variants: tuple[str, str, int | None, int]) -> ProductRecord:
    """A product with a size and a colour; each variant is size, colour, price, units."""
    made = [
        VariantRecord(
            sku=f"{name}-{size}-{colour}",
            options={"groesse": size, "farbe": colour},
            price=price,
            on_hand=units,
        )
        for size, colour, price, units in variants
    ]
    return ProductRecord(
        slug=name,
        name={"de": name},
        state="active",
        categories=[category],
        options=[SIZES, COLOURS],
        variants=made,
    )


@pytest.fixture
def shirts(database: Database) -> Database:
    with database.writing() as c:
        factories.category(c, "Kleidung", "Hemden")
        factories.category(c, "Kleidung", "Jacken")
        factories.category(c, "Haus")
        factories.category(c, "Leer")
    factories.save(
        database,
        shirt("a", "hemden", ("s", "ton", 1000, 1), ("m", "tinte", 2000, 0), ("m", "ton", None, 9)),
        shirt("b", "hemden", ("s", "tinte", 1500, 0), ("m", "ton", 3000, 2)),
        shirt("c", "jacken", ("s", "ton", 9000, 5)),
        factories.goods("d", price=500, categories=["haus"]),
    )
    return database


def facets(client: httpx.Client, query: str = "", **headers: str) -> Any:
    answer = client.get(f"/v1/products?facets=true&{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["facets"]


def categories(told: Any) -> dict[str, int]:
    return {one["slug"]: one["count"] for one in told["categories"]}


def options(told: Any) -> dict[str, dict[str, int]]:
    return {one["code"]: {value["code"]: value["count"] for value in one["values"]} for one in told["options"]}


def prices(told: Any) -> tuple[int, int] | None:
    return told["price"] and (told["price"]["min"]["amount"], told["price"]["max"]["amount"])


def test_the_whole_shop_is_counted_by_what_it_can_be_narrowed_by(shopper: httpx.Client, shirts: Database) -> None:
    told = facets(shopper)
    assert categories(told) == {"kleidung": 3, "haus": 1}
    assert options(told) == {"groesse": {"s": 3, "m": 2}, "farbe": {"ton": 3, "tinte": 2}}
    assert told["in_stock"] == 4
    assert prices(told) == (500, 9000)


def test_a_category_offers_those_below_it(shopper: httpx.Client, shirts: Database) -> None:
    assert categories(facets(shopper, "category=kleidung")) == {"hemden": 2, "jacken": 1}
    assert categories(facets(shopper, "category=hemden")) == {}
    assert categories(facets(shopper, "category=kleidung&price_max=2000")) == {"hemden": 2}
    assert categories(facets(shopper, "option=farbe:tinte&in_stock=true")) == {}


def test_each_facet_counts_under_all_filters_but_its_own(shopper: httpx.Client, shirts: Database) -> None:
    told = facets(shopper, "option=groesse:m")
    assert options(told) == {"groesse": {"s": 3, "m": 2}, "farbe": {"ton": 1, "tinte": 1}}
    assert prices(told) == (2000, 3000)
    assert told["in_stock"] == 1
    told = facets(shopper, "option=groesse:m&option=farbe:tinte")
    assert options(told) == {"groesse": {"m": 1, "s": 1}, "farbe": {"ton": 1, "tinte": 1}}
    told = facets(shopper, "price_max=1500")
    assert prices(told) == (500, 9000)
    assert options(told) == {"groesse": {"s": 2}, "farbe": {"ton": 1, "tinte": 1}}
    told = facets(shopper, "in_stock=true&category=kleidung")
    assert told["in_stock"] == 3
    assert options(told) == {"groesse": {"s": 2, "m": 1}, "farbe": {"ton": 3}}
    assert prices(told) == (1000, 9000)


def test_a_facet_s_count_is_what_its_filter_finds(
    shopper: httpx.Client, shirts: Database, subtests: pytest.Subtests
) -> None:
    for query in ("", "category=kleidung", "in_stock=true", "price_min=1200", "option=groesse:s", "option=farbe:ton"):
        for option, values in options(facets(shopper, query)).items():
            for value, count in values.items():
                others = [part for part in query.split("&") if not part.startswith(f"option={option}:")]
                narrower = "&".join([*others, f"option={option}:{value}"])
                with subtests.test(narrower):
                    assert shopper.get(f"/v1/products?{narrower}").json()["total"] == count


def test_facets_are_named_in_the_caller_s_language_and_in_a_steady_order(
    shopper: httpx.Client, shirts: Database
) -> None:
    english = facets(shopper, "", **{"Accept-Language": "en"})
    assert [one["name"] for one in english["options"]] == ["Colour", "Size"]
    assert english["options"][0]["values"] == [
        {"code": "ton", "name": "Clay", "swatch": "#aa7755", "count": 3},
        {"code": "tinte", "name": "Tinte", "swatch": "#112233/#000000", "count": 2},
    ]
    assert english["categories"][0]["name"] == "Kleidung (en)"
    german = facets(shopper)
    assert [one["name"] for one in german["options"]] == ["Farbe", "Größe"]


def test_facets_come_only_where_they_are_asked_for(shopper: httpx.Client, shirts: Database) -> None:
    for query in ("", "?facets=false"):
        assert shopper.get(f"/v1/products{query}").json()["facets"] is None


def test_facets_of_a_search_are_of_what_it_finds(shopper: httpx.Client, shirts: Database) -> None:
    factories.save(shirts, factories.in_colours("Krug", {"Ton": (100, 1)}, categories=["haus"]))
    told = facets(shopper, "q=krug")
    assert (categories(told), prices(told), told["in_stock"]) == ({"haus": 1}, (100, 100), 1)
    assert options(told) == {"farbe": {"ton": 1}}
    assert facets(shopper, "q=nirgends") == {"categories": [], "in_stock": 0, "price": None, "options": []}


def test_facets_of_reduced_goods_are_of_those_alone(shopper: httpx.Client, shirts: Database) -> None:
    shirts.write(lambda c: set_variant(c, "c-s-ton", VariantChange(price=8000), actor="shopctl"))
    told = facets(shopper, "reduced=true")
    assert (categories(told), prices(told)) == ({"kleidung": 1}, (8000, 8000))
    assert options(told) == {"groesse": {"s": 1}, "farbe": {"ton": 1}}


def test_the_values_of_an_option_are_those_that_are_found_most(shopper: httpx.Client, database: Database) -> None:
    colours = {f"Farbe {n:02}": (100, 1) for n in range(facet_reader.MOST_VALUES + 5)}
    factories.save(
        database, factories.in_colours("Krug", colours), factories.in_colours("Becher", {"Farbe 44": (1, 1)})
    )
    (told,) = facets(shopper)["options"]
    assert len(told["values"]) == facet_reader.MOST_VALUES
    assert told["values"][0]["count"] == 2
    assert [one["code"] for one in told["values"][:3]] == ["farbe-44", "farbe-00", "farbe-01"]


def test_one_code_in_several_wordings_is_one_value_always_worded_the_same(
    shopper: httpx.Client, database: Database
) -> None:
    record = factories.in_colours("Krug", {"Ton": (100, 1)})
    other = factories.in_colours("Becher", {"Ton": (100, 1)})
    value = msgspec.structs.replace(other.options[0].values[0], name={"de": "ton (roh)"})
    option = msgspec.structs.replace(other.options[0], values=[value])
    factories.save(database, record, msgspec.structs.replace(other, options=[option]))
    (first,), (again,) = (facets(shopper)["options"] for _ in range(2))
    assert first == again
    assert [one["count"] for one in first["values"]] == [2]


def test_a_list_that_is_too_long_offers_no_options(
    shopper: httpx.Client, shirts: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facet_reader, "MOST_COUNTED", 2)
    told = facets(shopper)
    assert (told["options"], told["price"], categories(told)) == ([], None, {"kleidung": 3, "haus": 1})
    assert options(facets(shopper, "category=hemden")) != {}


def test_a_chosen_value_that_nothing_has_any_more_is_still_named(shopper: httpx.Client, shirts: Database) -> None:
    told = facets(shopper, "option=farbe:ton&price_max=1&option=groesse:xxl", **{"Accept-Language": "en"})
    named = {one["code"]: [(value["name"], value["count"]) for value in one["values"]] for one in told["options"]}
    assert named == {"farbe": [("Clay", 0)]}
