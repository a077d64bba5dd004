"""Lists of products: what they show, in which order, narrowed by what, page by page, in which language."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import msgspec
import pytest
from sqlalchemy import update

from shopapi.catalog.set_variant import VariantChange, set_variant
from shopapi.catalog.tables import product, shop
from shopapi.contract.catalog import ProductPage
from shopapi.db.engine import Database
from tests import factories
from tests.api.conftest import ApiWith
from tests.api.problems import problem
from tests.conftest import AsRole
from tests.templates import Filling

BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)
ALL: Final = ["becher-moor", "schale-oel", "notizbuch", "postkarte", "aepfel-im-glas"]
"""The products on sale, oldest first."""


def five_products(database: Database) -> None:
    """In three categories, and three more that nobody may see."""
    with database.writing() as c:
        factories.category(c, "Geschirr", "Becher")
        factories.category(c, "Geschirr", "Schalen")
        factories.category(c, "Papier")
        image = factories.picture(c)
    past = [(datetime.now(UTC) - timedelta(days=60), 300), (datetime.now(UTC) - timedelta(days=2), 250)]
    on_sale = [
        factories.in_colours("Becher Moor", {"Ton": (1800, 3), "Tinte": (2200, 0)}, categories=["becher"]),
        factories.goods("Schale Öl", price=2800, categories=["schalen"], fact={"de": "Steinzeug"}),
        factories.goods("Notizbuch", price=900, on_hand=0, categories=["papier"]),
        factories.goods(
            "Postkarte", price=250, on_hand=100, compare_at_price=300, past_prices=past, categories=["papier"]
        ),
        factories.goods("Äpfel im Glas", price=650, on_hand=6, content_amount=500, content_unit="g", base_unit="kg"),
    ]
    words = {"name": {"de": "Schale Öl", "en": "Bowl of oil"}, "fact": {"de": "Steinzeug", "en": "Stoneware"}}
    on_sale[1] = msgspec.structs.replace(on_sale[1], **words)
    on_sale[0] = msgspec.structs.replace(on_sale[0], media=[factories.seen(image, "Ein Becher")])
    dated = [msgspec.structs.replace(one, published_at=BEGIN + timedelta(days=n)) for n, one in enumerate(on_sale)]
    hidden = [
        factories.goods("Entwurf", state="draft", categories=["papier"]),
        factories.goods("Ohne Preis", price=None, state="draft"),
        factories.goods("Archiviert", on_hand=0, categories=["papier"]),
    ]
    factories.save(database, *dated, *hidden)
    database.write(lambda c: set_variant(c, "ARCHIVIERT", VariantChange(state="archived"), actor="shopctl"))


@pytest.fixture
def starts_with(request: pytest.FixtureRequest) -> Filling | None:
    return five_products if "goods" in request.fixturenames else None


@pytest.fixture
def goods(database: Database) -> Database:
    """A shop that starts with :func:`five_products`."""
    return database


def page(client: httpx.Client, query: str = "", **headers: str) -> Any:
    """A page of the list, checked to be what the contract says."""
    answer = client.get(f"/v1/products?{query}" if query else "/v1/products", headers=headers)
    assert answer.status_code == 200, answer.text
    msgspec.json.decode(answer.content, type=ProductPage, strict=True)
    return answer.json()


def slugs(client: httpx.Client, query: str = "") -> list[str]:
    return [card["slug"] for card in page(client, query)["data"]]


def card_of(client: httpx.Client, slug: str, **headers: str) -> Any:
    return next(card for card in page(client, "", **headers)["data"] if card["slug"] == slug)


# --- what a list shows


def test_a_list_shows_what_is_on_sale_newest_first_and_nothing_else(shopper: httpx.Client, goods: Database) -> None:
    found = page(shopper)
    assert [card["slug"] for card in found["data"]] == ALL[::-1]
    assert (found["total"], found["next_cursor"], found["suggestion"], found["facets"]) == (5, None, None, None)


def test_an_empty_shop_has_an_empty_list(shopper: httpx.Client) -> None:
    assert page(shopper, "facets=true") == {
        "data": [],
        "next_cursor": None,
        "total": 0,
        "suggestion": None,
        "facets": {"categories": [], "in_stock": 0, "price": None, "options": []},
    }


def test_a_card_says_all_that_a_list_tells_of_a_product(shopper: httpx.Client, goods: Database) -> None:
    card = card_of(shopper, "becher-moor")
    image = card.pop("image")
    assert card == {
        "slug": "becher-moor",
        "name": "Becher Moor",
        "fact": "",
        "price": {"amount": 1800, "currency": "EUR"},
        "price_max": {"amount": 2200, "currency": "EUR"},
        "compare_at_price": None,
        "lowest_price_30_days": None,
        "base_price": None,
        "swatches": [],
        "variant_count": 2,
        "published_at": "2026-01-01T00:00:00Z",
        "available": True,
        "low_stock": 3,
    }
    assert (image["alt"], image["width"], image["height"]) == ("Ein Becher", 400, 500)
    assert shopper.get(image["url"]).status_code == 200


def test_a_reduced_price_shows_what_it_was(shopper: httpx.Client, goods: Database) -> None:
    card = card_of(shopper, "postkarte")
    assert card["price"]["amount"] == 250
    assert card["compare_at_price"]["amount"] == card["lowest_price_30_days"]["amount"] == 300
    assert slugs(shopper, "reduced=true") == ["postkarte"]


def test_goods_by_weight_say_what_a_kilogram_costs(shopper: httpx.Client, goods: Database) -> None:
    assert card_of(shopper, "aepfel-im-glas")["base_price"] == {
        "price": {"amount": 1300, "currency": "EUR"},
        "per": "kg",
    }


def test_colours_are_shown_where_there_are_several(shopper: httpx.Client, database: Database) -> None:
    record = factories.in_colours("Kanne", {"Ton": (100, 1), "Tinte": (100, 1), "Moos": (None, 1)})
    drawn = [
        msgspec.structs.replace(value, swatch=f"#00000{n}", name={"de": value.code, "en": f"{value.code}!"})
        for n, value in enumerate(record.options[0].values)
    ]
    option = msgspec.structs.replace(record.options[0], values=drawn)
    factories.save(database, msgspec.structs.replace(record, options=[option]))
    told = page(shopper, "", **{"Accept-Language": "en"})["data"][0]["swatches"]
    assert told == [{"name": "ton!", "swatch": "#000000"}, {"name": "tinte!", "swatch": "#000001"}]


# --- order and filters


SORTED: list[tuple[str, list[int]]] = [
    ("newest", [4, 3, 2, 1, 0]),
    ("price", [3, 4, 2, 0, 1]),
    ("-price", [1, 0, 2, 4, 3]),
    ("name", [4, 0, 2, 3, 1]),
]


def test_every_order_is_the_one_that_its_name_says(
    shopper: httpx.Client, goods: Database, subtests: pytest.Subtests
) -> None:
    for sort, places in SORTED:
        with subtests.test(sort):
            assert slugs(shopper, f"sort={sort}") == [ALL[place] for place in places]
            of_paper = [ALL[place] for place in places if place in (2, 3)]
            assert slugs(shopper, f"sort={sort}&category=papier") == of_paper


def test_names_are_sorted_as_the_reader_s_language_has_them(shopper: httpx.Client, goods: Database) -> None:
    cards = page(shopper, "sort=name", **{"Accept-Language": "en"})["data"]
    assert [card["name"] for card in cards] == ["Äpfel im Glas", "Becher Moor", "Bowl of oil", "Notizbuch", "Postkarte"]


NARROWED: list[tuple[str, list[int]]] = [
    ("category=geschirr", [1, 0]),
    ("category=becher", [0]),
    ("category=papier", [3, 2]),
    ("in_stock=true", [4, 3, 1, 0]),
    ("in_stock=true&category=papier", [3]),
    ("reduced=true&category=becher", []),
    ("price_min=900", [2, 1, 0]),
    ("price_max=900", [4, 3, 2]),
    ("price_min=900&price_max=900", [2]),
    ("price_min=2000", [1, 0]),
    ("price_min=1900&price_max=2100", []),
    ("price_min=0&price_max=100000000", [4, 3, 2, 1, 0]),
    ("option=farbe:ton", [0]),
    ("option=Farbe:Ton", [0]),
    ("option=FARBE:TINTE", [0]),
    ("option=farbe:ton&option=farbe:gold", [0]),
    ("option=farbe:gold", []),
    ("option=groesse:m", []),
    ("option=farbe:tinte&in_stock=true", []),
    ("option=farbe:ton&in_stock=true", [0]),
    ("option=farbe:ton&price_min=2000", []),
    ("in_stock=true&price_min=2000", [1]),
    ("option=farbe:ton&option=groesse:m", []),
    ("category=papier&price_max=300&in_stock=true&reduced=true", [3]),
]


def test_a_filter_finds_products_with_one_variant_that_fits_all_of_it(
    shopper: httpx.Client, goods: Database, subtests: pytest.Subtests
) -> None:
    for query, places in NARROWED:
        with subtests.test(query):
            found = page(shopper, query)
            assert [card["slug"] for card in found["data"]] == [ALL[place] for place in places]
            assert found["total"] == len(places)


def test_an_unknown_category_is_404_with_or_without_other_filters(shopper: httpx.Client, goods: Database) -> None:
    for query in ("", "&sort=price", "&in_stock=true", "&q=becher", "&facets=true", "&price_max=1"):
        problem(shopper.get(f"/v1/products?category=nowhere{query}"), 404, "not_found")


def test_a_category_without_products_is_an_empty_list(shopper: httpx.Client, goods: Database) -> None:
    goods.write(lambda c: factories.category(c, "Leer"))
    found = page(shopper, "category=leer")
    assert (found["data"], found["total"]) == ([], 0)


def test_what_lies_beside_goes_with_a_product_before_what_is_of_its_kind(
    shopper: httpx.Client, goods: Database
) -> None:
    assert slugs(shopper, "related_to=notizbuch") == ["postkarte"]
    assert slugs(shopper, "related_to=becher-moor&limit=3") == ["schale-oel"]
    assert slugs(shopper, "related_to=aepfel-im-glas") == []
    factories.save(goods, *(factories.goods(f"Becher {n}", on_hand=n, categories=["becher"]) for n in range(3)))
    assert slugs(shopper, "related_to=becher-moor&limit=4") == ["schale-oel", "becher-2", "becher-1", "becher-0"]
    assert slugs(shopper, "related_to=becher-moor&limit=1") == ["schale-oel"]


def test_what_is_not_on_sale_has_nothing_that_goes_with_it(shopper: httpx.Client, goods: Database) -> None:
    factories.save(goods, factories.goods("Entwurf", state="draft", categories=["becher"]))
    for slug in ("entwurf", "nothing-of-this-name"):
        problem(shopper.get(f"/v1/products?related_to={slug}"), 404, "not_found")


def test_goods_with_the_longest_names_can_be_paged_by_name(shopper: httpx.Client, database: Database) -> None:
    letters = "ß\N{CYRILLIC SMALL LETTER YA}\N{MATHEMATICAL BOLD CAPITAL A}\N{GRINNING FACE}"
    titles = [letter * 200 for letter in letters]
    factories.save(database, *(factories.goods(title, slug=f"g-{n}", sku=f"G-{n}") for n, title in enumerate(titles)))
    seen, cursor = list[str](), ""
    while cursor is not None:
        page_of_one = shopper.get(f"/v1/products?sort=name&limit=1{cursor}").raise_for_status().json()
        seen += [card["slug"] for card in page_of_one["data"]]
        cursor = page_of_one["next_cursor"] and f"&cursor={page_of_one['next_cursor']}"
    assert sorted(seen) == ["g-0", "g-1", "g-2", "g-3"]


# --- bad input


BAD: list[tuple[str, str]] = [
    ("colour=red", "colour"),
    ("sort=price&sort=name", "sort"),
    ("price_min=1&price_min=1", "price_min"),
    ("sort=cheapest", "sort"),
    ("sort=", "sort"),
    ("sort=relevance", "sort"),
    ("price_min=2&price_max=1", "price_min"),
    ("price_min=-1", "price_min"),
    ("price_max=100000001", "price_max"),
    ("price_min=1.5", "price_min"),
    ("price_max=ten", "price_max"),
    ("price_max=", "price_max"),
    ("sort=null", "sort"),
    ("category=-", "category"),
    ("price_min=null", "price_min"),
    ("in_stock=null", "in_stock"),
    ("in_stock=1", "in_stock"),
    ("in_stock=false", "in_stock"),
    ("reduced=yes", "reduced"),
    ("facets=1", "facets"),
    ("limit=0", "limit"),
    ("limit=101", "limit"),
    ("category=Gro%C3%9F", "category"),
    ("category=", "category"),
    ("category=a/b", "category"),
    ("option=farbe", "option[0]"),
    ("option=:ton", "option[0]"),
    ("option=farbe:", "option[0]"),
    ("option=farbe:ton&option=x", "option[1]"),
    ("option=a:%00", "option[0]"),
    ("&".join(["option=farbe:ton"] * 21), "option"),
    ("q=%00", "q"),
    ("q=" + "a" * 10_000, "q"),
    ("q=" + "+".join(["wort"] * 200), "q"),
    ("related_to=becher-moor&sort=price", "related_to"),
    ("related_to=becher-moor&q=x", "related_to"),
    ("related_to=%00", "related_to"),
    ("cursor=%00", "cursor"),
    ("cursor=" + "a" * 513, "cursor"),
]


def test_what_a_query_cannot_mean_is_400_and_says_where(sqlite_api: httpx.Client, subtests: pytest.Subtests) -> None:
    for query, field in BAD:
        with subtests.test(query[:50]):
            problem(sqlite_api.get(f"/v1/products?{query}"), 400, "invalid_request", field)


def test_twenty_options_are_not_too_many(shopper: httpx.Client, goods: Database) -> None:
    assert slugs(shopper, "&".join(["option=farbe:ton"] * 20)) == ["becher-moor"]


SIGNS: Final = [
    "%",
    "_",
    "%%",
    "'",
    '"',
    '"unfinished',
    "a' OR '1'='1",
    "NEAR(",
    "a AND",
    "* -",
    ":",
    "\\",
    "-",
    "(",
    "&|!",
    "<->",
]


def test_a_search_for_signs_is_a_search_like_any_other(
    shopper: httpx.Client, goods: Database, subtests: pytest.Subtests
) -> None:
    for words in SIGNS:
        for more in ({}, {"sort": "name", "facets": "true", "in_stock": "true"}):
            with subtests.test(words, **more):
                answer = shopper.get("/v1/products", params={"q": words, **more})
                assert answer.status_code == 200, answer.text
                assert answer.json()["data"] == []


def test_a_search_finds_by_name_and_sku_and_can_be_narrowed(shopper: httpx.Client, goods: Database) -> None:
    assert slugs(shopper, "q=becher") == slugs(shopper, "q=becher-moor-tinte") == ["becher-moor"]
    assert slugs(shopper, "q=bowl") == ["schale-oel"]
    assert slugs(shopper, "q=becher&option=farbe:ton&sort=price&category=geschirr") == ["becher-moor"]
    assert slugs(shopper, "q=becher&category=papier") == []
    assert slugs(shopper, "q=") == ALL[::-1]
    assert page(shopper, "q=becher")["total"] == 1
    assert slugs(shopper, "q=entwurf") == slugs(shopper, "q=archiviert") == slugs(shopper, "q=ohne+preis") == []


def test_a_search_for_the_word_null_is_a_search(shopper: httpx.Client, goods: Database) -> None:
    assert slugs(shopper, "q=null") == []
    factories.save(goods, factories.goods("Null-Uhr"))
    assert slugs(shopper, "q=null") == ["null-uhr"]


def test_a_misspelt_search_finds_and_says_how_it_is_spelt(shopper: httpx.Client, goods: Database) -> None:
    found = page(shopper, "q=postkatre")
    assert found["suggestion"] == "Postkarte"
    assert [card["slug"] for card in found["data"]] == ["postkarte"]


# --- page by page


def walked(client: httpx.Client, query: str) -> tuple[list[str], set[int | None]]:
    """Every slug of a list, page by page, and what its pages said of the total."""
    found, totals, cursor = [], set(), ""
    while cursor is not None:
        told = page(client, query + (f"&cursor={cursor}" if cursor else ""))
        found += [card["slug"] for card in told["data"]]
        totals.add(told["total"])
        cursor = told["next_cursor"]
    return found, totals


QUERIES: Final = [
    "sort=newest",
    "sort=price",
    "sort=-price",
    "sort=name",
    "category=geschirr",
    "q=krug",
    "in_stock=true",
]


def test_pages_follow_each_other_without_gap_or_repetition(
    shopper: httpx.Client, database: Database, subtests: pytest.Subtests
) -> None:
    database.write(lambda c: factories.category(c, "Geschirr", "Krüge"))
    # Prices, names and moments that several share: the id alone tells them apart.
    names = [f"Krug {'!' * (n % 3)}" for n in range(10)]
    made = [
        factories.goods(name, slug=f"krug-{n}", sku=f"K{n}", price=100 * (n % 3), categories=["kruege"])
        for n, name in enumerate(names)
    ]
    factories.save(database, *(msgspec.structs.replace(one, published_at=BEGIN) for one in made))
    for query in QUERIES:
        with subtests.test(query):
            whole = slugs(shopper, f"{query}&limit=100")
            assert len(whole) == 10
            for size in (1, 3, 9, 10):
                assert walked(shopper, f"{query}&limit={size}") == (whole, {10}), size


def test_a_cursor_is_good_for_the_list_that_gave_it_alone(shopper: httpx.Client, goods: Database) -> None:
    cursor = page(shopper, "limit=1&sort=price")["next_cursor"]
    assert slugs(shopper, f"limit=2&sort=price&facets=true&cursor={cursor}") == [ALL[4], ALL[2]]
    others = ["", "sort=-price", "sort=price&category=papier", "sort=price&q=a", "sort=price&option=a:b"]
    others += ["sort=price&in_stock=true", "sort=price&reduced=true", "sort=price&price_max=9"]
    for other in others:
        problem(shopper.get(f"/v1/products?{other}&cursor={cursor}"), 400, "invalid_request", "cursor")
    middle = len(cursor) // 2
    changed = cursor[:middle] + ("A" if cursor[middle] != "A" else "B") + cursor[middle + 1 :]
    for tampered in (changed, cursor[:-1], cursor + "A", cursor + "=", "x", "e30"):
        problem(shopper.get(f"/v1/products?sort=price&cursor={tampered}"), 400, "invalid_request", "cursor")


def test_a_cursor_by_name_is_good_in_the_language_that_gave_it_alone(shopper: httpx.Client, goods: Database) -> None:
    cursor = page(shopper, "limit=1&sort=name")["next_cursor"]
    answer = shopper.get(f"/v1/products?sort=name&cursor={cursor}", headers={"Accept-Language": "en"})
    problem(answer, 400, "invalid_request", "cursor")


def test_the_cursor_of_a_stock_list_is_none_of_a_product_list(
    shopper: httpx.Client, goods: Database, as_role: AsRole
) -> None:
    cursor = shopper.get("/v1/admin/stock?limit=1", headers=as_role("clerk")).json()["next_cursor"]
    problem(shopper.get(f"/v1/products?cursor={cursor}"), 400, "invalid_request", "cursor")
    cursor = shopper.get("/v1/admin/products?limit=1", headers=as_role("clerk")).json()["next_cursor"]
    problem(shopper.get(f"/v1/products?cursor={cursor}"), 400, "invalid_request", "cursor")


def test_a_cursor_of_another_shop_is_400(shopper: httpx.Client, goods: Database, api_with: ApiWith) -> None:
    other = api_with(SHOP_SECRET_KEY="2fb0c1a9d4e87b6f1c3a5e7d9b8f6a4c2e0d1b3f5a7c9e8d", SHOP_CATALOG_CACHE_MIB="0")
    cursor = page(other, "limit=1")["next_cursor"]
    problem(shopper.get(f"/v1/products?cursor={cursor}"), 400, "invalid_request", "cursor")


def test_the_row_that_a_page_ended_with_may_go_meanwhile(shopper: httpx.Client, goods: Database) -> None:
    first = page(shopper, "limit=2&sort=price")
    goods.write(lambda c: set_variant(c, "AEPFEL-IM-GLAS", VariantChange(state="draft"), actor="shopctl"))
    rest = slugs(shopper, f"sort=price&cursor={first['next_cursor']}")
    assert rest == [ALL[place] for place in (2, 0, 1)]


def test_totals_are_exact_for_a_plain_list_and_counted_to_a_thousand_else(
    shopper: httpx.Client, database: Database
) -> None:
    database.write(lambda c: factories.category(c, "Alles"))
    for start in range(0, 1_002, 167):
        factories.save(
            database,
            *(
                factories.goods(f"Krug {n}", price=1 + n, on_hand=1, categories=["alles"])
                for n in range(start, start + 167)
            ),
        )
    assert page(shopper, "limit=1")["total"] == page(shopper, "limit=1&category=alles&sort=name")["total"] == 1_002
    for query in ("in_stock=true", "category=alles&in_stock=true", "price_min=1"):
        assert page(shopper, f"limit=1&{query}")["total"] is None, query
    assert page(shopper, "limit=1&price_min=3")["total"] == 1_000
    assert page(shopper, "limit=1&price_min=2")["total"] is None
    # The page behind the last one has nothing to count on, and counts all the same.
    assert page(shopper, "price_min=5000")["total"] == 0


# --- languages


ASKED: list[tuple[str | None, str]] = [
    (None, "de"),
    ("en", "en"),
    ("de", "de"),
    ("EN-gb", "en"),
    ("de-AT, en;q=0.9", "de"),
    ("de;q=0.1, en;q=0.9", "en"),
    ("fr, en;q=0.5", "en"),
    ("en;q=0", "de"),
    ("fr-CH, fr;q=0.9", "de"),
    ("*", "de"),
    ("english", "de"),
    ("en;q=high", "de"),
    (";;;,,=", "de"),
    ("en" * 5000, "de"),
    ("\u00ff", "de"),
    ("", "de"),
]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_answer_is_in_the_language_that_the_caller_likes_best(
    shopper: httpx.Client, goods: Database, subtests: pytest.Subtests
) -> None:
    names = {"de": "Schale Öl", "en": "Bowl of oil"}
    for header, language in ASKED:
        headers = [] if header is None else [(b"Accept-Language", header.encode("latin-1"))]
        for path in ("/v1/products?limit=4", "/v1/products/schale-oel", "/v1/categories"):
            with subtests.test(f"{header}"[:20], path=path):
                answer = shopper.get(path, headers=headers)
                assert answer.status_code == 200, answer.text
                assert answer.headers["content-language"] == language
                assert "categories" in path or names[language] in answer.text


def test_words_that_are_missing_fall_back_to_the_shop_s_own_language(shopper: httpx.Client, goods: Database) -> None:
    english = {"Accept-Language": "en"}
    assert card_of(shopper, "schale-oel", **english)["fact"] == "Stoneware"
    assert card_of(shopper, "notizbuch", **english)["name"] == "Notizbuch"


def test_the_shop_s_own_language_may_be_english(shopper: httpx.Client, database: Database) -> None:
    with database.writing() as c:
        c.execute(update(shop).values(default_locale="en"))
    factories.save(database, factories.goods("x", slug="x", name={"en": "Bowl", "de": "Schale"}, fact={"en": "Clay"}))
    assert page(shopper)["data"][0]["name"] == "Bowl"
    german = page(shopper, "", **{"Accept-Language": "de"})["data"][0]
    assert (german["name"], german["fact"]) == ("Schale", "Clay")


# --- stock


def stock_of(client: httpx.Client, slug: str) -> tuple[bool, int | None]:
    """What list and page say of the stock of a product with one variant; both say the same."""
    card = card_of(client, slug)
    (variant,) = client.get(f"/v1/products/{slug}").json()["variants"]
    shown = card["available"], card["low_stock"]
    assert shown == (variant["available"], variant["low_stock"])
    return shown


def test_what_is_shown_of_stock_follows_every_way_to_change_it(
    shopper: httpx.Client, goods: Database, as_role: AsRole
) -> None:
    headers = as_role("clerk")
    assert stock_of(shopper, "notizbuch") == (False, None)
    item = shopper.post("/items", json={"name": "Notizbuch", "quantity": 5}, headers=headers).json()
    assert stock_of(shopper, "notizbuch") == (True, 5)
    shopper.post("/items", json={"name": "Notizbuch", "quantity": 1}, headers=headers)
    assert stock_of(shopper, "notizbuch") == (True, None)
    shopper.post("/items", json={"name": "Notizbuch", "quantity": 90}, headers=headers)
    assert stock_of(shopper, "notizbuch") == (True, None)
    shopper.put(f"/items/{item['id']}", json={"name": "Notizbuch", "quantity": 1}, headers=headers)
    assert stock_of(shopper, "notizbuch") == (True, 1)
    for delta, shown in ((3, (True, 4)), (-4, (False, None)), (7, (True, None)), (-2, (True, 5))):
        body = {"sku": "NOTIZBUCH", "delta": delta, "reason": "correct"}
        assert shopper.post("/v1/admin/stock/movements", json=body, headers=headers).status_code == 201
        assert stock_of(shopper, "notizbuch") == shown
    assert slugs(shopper, "in_stock=true&category=papier") == ["postkarte", "notizbuch"]
    assert shopper.delete(f"/items/{item['id']}", headers=headers).status_code == 204
    assert slugs(shopper, "category=papier") == ["postkarte"]
    problem(shopper.get("/v1/products/notizbuch"), 404, "not_found")
    assert page(shopper)["total"] == 4


def test_reserved_units_cannot_be_had(shopper: httpx.Client, database: Database, as_role: AsRole) -> None:
    item = database.write(lambda c: factories.item(c, name="Krug", quantity=8))
    database.write(lambda c: factories.reserve(c, item.id, 5))
    database.write(lambda c: set_variant(c, "ITEM-1", VariantChange(price=100, state="active"), actor="shopctl"))
    assert stock_of(shopper, "krug") == (True, 3)
    shopper.put(f"/items/{item.id}", json={"name": "Krug", "quantity": 5}, headers=as_role("clerk"))
    assert stock_of(shopper, "krug") == (False, None)


def test_an_item_s_new_name_is_its_product_s_on_every_list(
    shopper: httpx.Client, goods: Database, as_role: AsRole
) -> None:
    item = next(one for one in shopper.get("/items", headers=as_role("clerk")).json() if one["name"] == "Postkarte")
    shopper.put(f"/items/{item['id']}", json={"name": "Ansichtskarte", "quantity": 4}, headers=as_role("clerk"))
    card = card_of(shopper, "postkarte")
    assert (card["name"], card["low_stock"]) == ("Ansichtskarte", 4)
    assert slugs(shopper, "q=ansichtskarte") == ["postkarte"]
    assert slugs(shopper, "sort=name&category=papier") == ["postkarte", "notizbuch"]


def test_the_last_variant_to_go_takes_its_product_along(
    shopper: httpx.Client, goods: Database, as_role: AsRole
) -> None:
    headers = as_role("clerk")
    items = {one["name"]: one["id"] for one in shopper.get("/items", headers=headers).json()}
    assert shopper.delete(f"/items/{items['Becher Moor (Ton)']}", headers=headers).status_code == 204
    card = card_of(shopper, "becher-moor")
    assert (card["price"]["amount"], card["variant_count"], card["available"]) == (2200, 1, False)
    assert shopper.delete(f"/items/{items['Becher Moor (Tinte)']}", headers=headers).status_code == 204
    assert "becher-moor" not in slugs(shopper)
    with goods.reading() as c:
        state = c.execute(product.select().where(product.c.slug == "becher-moor")).one().state
    assert state == "archived"
