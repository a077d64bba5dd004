"""What every page needs to know of the shop, and the texts that the law asks for."""

import httpx
import msgspec
import pytest
from sqlalchemy import delete, insert, update

from shopapi.catalog.records import ShopWords
from shopapi.catalog.shop_store import save_shop, save_text
from shopapi.catalog.tables import shipping_method, shop
from shopapi.contract.catalog import Shop, ShopText
from shopapi.db.engine import Database
from tests.api.problems import problem


def test_a_new_shop_says_what_it_is_and_what_delivery_costs(shopper: httpx.Client) -> None:
    answer = shopper.get("/v1/shop")
    msgspec.json.decode(answer.content, type=Shop, strict=True)
    assert answer.json() == {
        "name": "Shop",
        "locales": ["de", "en"],
        "default_locale": "de",
        "currency": "EUR",
        "country": "DE",
        "prices_include_tax": True,
        "delivery": {
            "price": {"amount": 490, "currency": "EUR"},
            "free_from": {"amount": 6000, "currency": "EUR"},
            "days_min": 2,
            "days_max": 3,
        },
        "returns_days": None,
        "headline": "",
        "intro": "",
        "about": "",
        "promises": [],
        "read_only": False,
        "ways": [
            {
                "price": {"amount": 490, "currency": "EUR"},
                "free_from": {"amount": 6000, "currency": "EUR"},
                "days_min": 2,
                "days_max": 3,
                "name": "Standardversand",
                "countries": ["DE"],
                "steps_by": "weight",
                "steps": [],
            }
        ],
    }


def test_a_shop_says_its_name_and_no_more_than_it_must(shopper: httpx.Client, database: Database) -> None:
    told = ("T GmbH", "Gasse 1", "DE1", "a@b.example")
    legal_name, address, vat_id, email = told
    database.write(
        lambda c: save_shop(c, name="Ton & Tinte", legal_name=legal_name, address=address, vat_id=vat_id, email=email)
    )
    answer = shopper.get("/v1/shop")
    assert answer.json()["name"] == "Ton & Tinte"
    assert not [value for value in told if value in answer.text]


def test_delivery_is_what_the_shop_s_own_country_pays(shopper: httpx.Client, database: Database) -> None:
    def home(country: str) -> object:
        database.write(lambda c: c.execute(update(shop).values(country=country)))
        return shopper.get("/v1/shop").json()["delivery"]

    with database.writing() as c:
        c.execute(
            insert(shipping_method).values(
                public_id="ship_at",
                names={"de": "Post"},
                countries=["AT", "CH"],
                price=990,
                free_from=None,
                steps_by="subtotal",
                steps=[[12000, 0], [5000, 490]],
                tax_class="standard",
                days_min=3,
                days_max=6,
                position=1,
            )
        )
    assert home("AT") == {
        "price": {"amount": 990, "currency": "EUR"},
        "free_from": None,
        "days_min": 3,
        "days_max": 6,
    }
    assert home("FR") is None
    english = shopper.get("/v1/shop", headers={"Accept-Language": "en"}).json()["ways"]
    assert [(way["name"], way["countries"]) for way in english] == [
        ("Standard delivery", ["DE"]),
        ("Post", ["AT", "CH"]),
    ]
    told = [(step["start"], step["price"]["amount"]) for step in english[1]["steps"]]
    assert (english[1]["steps_by"], told) == ("subtotal", [(5000, 490), (12000, 0)])
    database.write(lambda c: c.execute(delete(shipping_method)))
    assert home("DE") is None


def test_a_law_text_is_sanitised_html_in_the_caller_s_language(shopper: httpx.Client, database: Database) -> None:
    with database.writing() as c:
        save_text(c, "imprint", "de", "## Impressum\n\n<script>alert(1)</script> <b>T</b> GmbH")
        save_text(c, "imprint", "en", "## Imprint")
        save_text(c, "terms", "en", "Terms")
    german = shopper.get("/v1/shop/texts/imprint")
    msgspec.json.decode(german.content, type=ShopText, strict=True)
    assert (german.json()["kind"], german.json()["locale"]) == ("imprint", "de")
    assert "<h2>Impressum</h2>" in german.json()["html"]
    assert "<b>T</b>" in german.json()["html"]
    assert "script" not in german.json()["html"]
    assert german.headers["content-language"] == "de"
    english = shopper.get("/v1/shop/texts/imprint", headers={"Accept-Language": "en-GB"})
    assert (english.json()["html"], english.headers["content-language"]) == ("<h2>Imprint</h2>", "en")
    # What is written in one language alone is told in that one, and says so.
    fallback = shopper.get("/v1/shop/texts/terms")
    assert (fallback.json()["locale"], fallback.headers["content-language"]) == ("en", "en")


def test_a_law_text_that_is_written_anew_replaces_the_old_one(shopper: httpx.Client, database: Database) -> None:
    for words in ("Erst", "Dann"):
        database.write(lambda c, words=words: save_text(c, "privacy", "de", words))  # type: ignore[misc]
    assert shopper.get("/v1/shop/texts/privacy").json()["html"] == "<p>Dann</p>"


@pytest.mark.parametrize("kind", ["nothing", "Imprint", "imprint.html", "%00", "a" * 3000])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_text_that_there_is_not_is_404(shopper: httpx.Client, kind: str) -> None:
    problem(shopper.get(f"/v1/shop/texts/{kind}"), 404, "not_found")


def test_a_text_that_is_not_written_yet_is_404(shopper: httpx.Client) -> None:
    problem(shopper.get("/v1/shop/texts/withdrawal"), 404, "not_found")


def test_a_shop_s_own_words_come_in_the_language_asked_for(shopper: httpx.Client, database: Database) -> None:
    words = {
        "de": ShopWords(headline="Guten Abend", promises=[("Zweimal gebrannt", "Immer.")]),
        "en": ShopWords(headline="Hi"),
    }
    legal = {"legal_name": "T", "address": "", "vat_id": "", "email": ""}
    database.write(lambda c: save_shop(c, name="Ton", returns_days=30, words=words, **legal))
    german = shopper.get("/v1/shop", headers={"Accept-Language": "de"})
    english = shopper.get("/v1/shop", headers={"Accept-Language": "en"})
    assert german.json()["headline"] == "Guten Abend"
    assert german.json()["promises"] == [{"title": "Zweimal gebrannt", "text": "Immer."}]
    assert (english.json()["headline"], english.json()["returns_days"]) == ("Hi", 30)
    assert english.headers["content-language"] == "en"
