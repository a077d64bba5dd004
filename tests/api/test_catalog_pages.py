"""A product's page and the tree of categories: what they show, what they hide, and what they never let through."""

from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import pytest
from msgspec.structs import replace

from shopapi.catalog.records import CategoryRecord, ProductRecord, VariantRecord
from shopapi.catalog.save_products import save_products
from shopapi.catalog.set_variant import VariantChange, set_variant
from shopapi.catalog.tables import product, product_slug
from shopapi.contract.catalog import CategoryTree, Product
from shopapi.db.engine import Database
from tests import factories
from tests.api.problems import problem

ENGLISH = {"Accept-Language": "en"}


def page(client: httpx.Client, slug: str, **headers: str) -> Any:
    """A product's page, checked to be what the contract says."""
    answer = client.get(f"/v1/products/{slug}", headers=headers)
    assert answer.status_code == 200, answer.text
    msgspec.json.decode(answer.content, type=Product, strict=True)
    return answer.json()


@pytest.fixture
def mug(database: Database) -> ProductRecord:
    """A mug of which everything is said that can be."""
    with database.writing() as c:
        factories.category(c, "Geschirr", "Becher")
        image, other = factories.picture(c), factories.picture(c, b"RIFF", kind="webp", width=800)
    record = factories.in_colours(
        "Becher Moor",
        {"Ton": (1800, 3), "Tinte": (2200, 90), "Moos": (1900, 0), "Gold": (None, 5)},
        categories=["becher"],
    )
    variants = [
        replace(
            one,
            barcode="4012345678901",
            weight_g=340,
            image=other,
            content_amount=320,
            content_unit="ml",
            base_unit="l",
        )
        if one.options["farbe"] == "ton"
        else one
        for one in record.variants
    ]
    record = replace(
        record,
        name={"de": "Becher Moor", "en": "Mug Moor"},
        fact={"de": "Steinzeug, 320 ml"},
        description={"de": "Ein **Becher**.\n\n* warm\n* schwer", "en": "A <em>mug</em>."},
        seo_title={"de": "Becher kaufen"},
        tax_class="reduced",
        variants=variants,
        media=[factories.seen(image, "Ein Becher"), factories.seen(other, "Von oben")],
        published_at=datetime(2026, 3, 1, 12, tzinfo=UTC),
    )
    factories.save(database, record)
    return record


def test_a_page_says_all_that_there_is_to_say(shopper: httpx.Client, mug: ProductRecord) -> None:
    told = page(shopper, "becher-moor")
    assert told["updated_at"].endswith("Z")
    assert (told["slug"], told["name"], told["fact"]) == ("becher-moor", "Becher Moor", "Steinzeug, 320 ml")
    assert told["description"].startswith("<p>Ein <strong>Becher</strong>.</p>")
    assert "<li>warm</li>" in told["description"]
    assert told["tax_rate_bp"] == 700
    assert told["categories"] == [
        {"slug": "becher", "name": "Becher", "parents": [{"slug": "geschirr", "name": "Geschirr"}]}
    ]
    assert [one["alt"] for one in told["images"]] == ["Ein Becher", "Von oben"]
    assert [one["url"].rpartition(".")[2] for one in told["images"]] == ["svg", "webp"]
    assert told["seo"] == {"title": "Becher kaufen", "description": ""}
    assert told["published_at"] == "2026-03-01T12:00:00Z"
    assert told["variants"][0] == {
        "sku": "BECHER-MOOR-TON",
        "options": {"farbe": "ton"},
        "price": {"amount": 1800, "currency": "EUR"},
        "compare_at_price": None,
        "lowest_price_30_days": None,
        "base_price": {"price": {"amount": 5625, "currency": "EUR"}, "per": "l"},
        "barcode": "4012345678901",
        "weight_g": 340,
        "image": told["images"][1]["url"],
        "available": True,
        "low_stock": 3,
    }


def test_variants_without_a_price_and_their_options_are_not_shown(shopper: httpx.Client, mug: ProductRecord) -> None:
    told = page(shopper, "becher-moor")
    assert [(one["options"]["farbe"], one["available"], one["low_stock"]) for one in told["variants"]] == [
        ("ton", True, 3),
        ("tinte", True, None),
        ("moos", False, None),
    ]
    (option,) = told["options"]
    assert (option["code"], option["name"]) == ("farbe", "Farbe")
    assert [one["code"] for one in option["values"]] == ["ton", "tinte", "moos"]
    assert "GOLD" not in str(told)


def test_the_page_is_in_the_caller_s_language_as_far_as_it_is_written(
    shopper: httpx.Client, mug: ProductRecord
) -> None:
    told = page(shopper, "becher-moor", **ENGLISH)
    assert (told["name"], told["fact"]) == ("Mug Moor", "Steinzeug, 320 ml")
    assert told["description"] == "<p>A <em>mug</em>.</p>"
    assert told["options"][0]["name"] == "Colour"
    assert told["options"][0]["values"][0]["name"] == "Ton"
    assert told["categories"][0]["name"] == "Becher (en)"


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<p onclick='alert(1)'>x</p>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href=' JaVaScRiPt:alert(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "[x](javascript:alert(1))",
    "![x](javascript:alert(1))",
    "<javascript:alert(1)>",
    "<iframe src='//evil.example'></iframe>",
    "<svg><script>alert(1)</script></svg>",
    "<style>body{background:url(//evil.example)}</style>",
    "<p style='position:fixed'>x</p>",
    "<form action='//evil.example'><input name=x></form>",
    "<base href='//evil.example/'>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<p id='main' class='btn' name='x'>x</p>",
]


def test_nothing_in_a_description_can_run_load_or_disguise(shopper: httpx.Client, database: Database) -> None:
    for n, text in enumerate(HOSTILE):
        factories.save(database, factories.goods(f"Krug {n}", description={"de": text, "en": text}))
    for n, text in enumerate(HOSTILE):
        for headers in ({}, ENGLISH):
            html = page(shopper, f"krug-{n}", **headers)["description"].lower()
            for never in ("<script", "<img", "<svg", "<iframe", "<style", "<form", "<input", "<base", "<meta", "<math"):
                assert never not in html, (text, html)
            inside = "".join(part.partition(">")[0] for part in html.split("<")[1:])
            for never in ("onerror", "onclick", "javascript:", "data:", "style=", "id=", "class=", "name="):
                assert never not in inside, (text, html)


def test_what_a_description_may_hold_is_left_in_it(shopper: httpx.Client, database: Database) -> None:
    text = '## Pflege\n\n[Mehr](https://shop.example/a "Titel")\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nx < y & z'
    factories.save(database, factories.goods("Krug", description={"de": text}))
    html = page(shopper, "krug")["description"]
    assert "<h2>Pflege</h2>" in html
    assert 'href="https://shop.example/a"' in html
    assert 'rel="nofollow noopener"' in html
    assert "<td>1</td>" in html
    assert "x &lt; y &amp; z" in html


def test_what_is_not_on_sale_is_404(shopper: httpx.Client, database: Database, mug: ProductRecord) -> None:
    factories.save(database, factories.goods("Entwurf", state="draft"), factories.goods("Alt", on_hand=0))
    database.write(lambda c: factories.item(c, name="Klassisch"))
    database.write(lambda c: set_variant(c, "ALT", VariantChange(state="archived"), actor="shopctl"))
    unknown = [
        "nothing",
        "becher-moor2",
        "BECHER-MOOR",
        "becher_moor",
        "%25",
        "a" * 3000,
        "ä",
        "becher-moor%00",
        "%F0%28",
    ]
    for slug in ("entwurf", "alt", "klassisch", *unknown):
        problem(shopper.get(f"/v1/products/{slug}"), 404, "not_found")
    for path in ("/v1/products/", "/v1/products/becher-moor/", "/v1/products/becher-moor/x"):
        problem(shopper.get(path), 404, "not_found")


def test_a_page_takes_no_parameters(shopper: httpx.Client, mug: ProductRecord) -> None:
    problem(shopper.get("/v1/products/becher-moor?w=1"), 400, "invalid_request", "w")


def test_an_old_slug_leads_to_the_new_one_as_long_as_it_is_on_sale(
    shopper: httpx.Client, database: Database, mug: ProductRecord
) -> None:
    factories.save(database, replace(mug, slug="becher-heide"))
    answer = shopper.get("/v1/products/becher-moor")
    assert (answer.status_code, answer.headers["location"]) == (301, "/v1/products/becher-heide")
    assert page(shopper, "becher-heide")["name"] == "Becher Moor"
    factories.save(database, replace(mug, slug="becher-wald"))
    for old in ("becher-moor", "becher-heide"):
        assert shopper.get(f"/v1/products/{old}").headers["location"] == "/v1/products/becher-wald"
    with database.reading() as c:
        assert len(c.execute(product.select()).all()) == 1
        assert len(c.execute(product_slug.select()).all()) == 3
    database.write(lambda c: set_variant(c, "BECHER-MOOR-TON", VariantChange(state="draft"), actor="shopctl"))
    for slug in ("becher-moor", "becher-wald"):
        problem(shopper.get(f"/v1/products/{slug}"), 404, "not_found")


def test_an_old_slug_is_never_another_product_s(
    shopper: httpx.Client, database: Database, mug: ProductRecord, as_role: Any
) -> None:
    factories.save(database, replace(mug, slug="becher-heide"))
    item = shopper.post("/items", json={"name": "Becher-Moor", "quantity": 1}, headers=as_role("clerk")).json()
    with database.reading() as c:
        slugs = {row.slug for row in c.execute(product_slug.select())}
    assert item["id"]
    assert slugs == {"becher-moor", "becher-heide", "becher-moor-2"}
    assert shopper.get("/v1/products/becher-moor").headers["location"] == "/v1/products/becher-heide"


# --- categories


def tree(client: httpx.Client, **headers: str) -> Any:
    answer = client.get("/v1/categories", headers=headers)
    assert answer.status_code == 200, answer.text
    msgspec.json.decode(answer.content, type=CategoryTree, strict=True)
    return answer.json()


def counts(nodes: Any) -> dict[str, Any]:
    return {one["slug"]: (one["count"], counts(one["children"])) for one in nodes}


def test_an_empty_shop_has_an_empty_tree(shopper: httpx.Client, database: Database) -> None:
    assert tree(shopper) == {"data": [], "total": 0}
    factories.save(database, factories.goods("Krug"))
    assert tree(shopper) == {"data": [], "total": 1}


def test_the_tree_counts_what_each_category_shows_with_its_descendants(
    shopper: httpx.Client, database: Database
) -> None:
    with database.writing() as c:
        factories.category(c, "Geschirr", "Becher", "Groß")
        factories.category(c, "Geschirr", "Schalen")
        factories.category(c, "Papier")
    factories.save(
        database,
        factories.goods("a", categories=["gross"]),
        factories.goods("b", categories=["becher", "schalen"]),
        factories.goods("c", categories=["geschirr"]),
        factories.goods("d", categories=["papier"], state="draft"),
        factories.goods("e"),
    )
    told = tree(shopper)
    assert counts(told["data"]) == {
        "geschirr": (3, {"becher": (2, {"gross": (1, {})}), "schalen": (1, {})}),
        "papier": (0, {}),
    }
    assert told["total"] == 4
    database.write(lambda c: set_variant(c, "D", VariantChange(state="active"), actor="shopctl"))
    database.write(lambda c: set_variant(c, "A", VariantChange(state="draft"), actor="shopctl"))
    told = tree(shopper)
    assert counts(told["data"]) == {
        "geschirr": (2, {"becher": (1, {"gross": (0, {})}), "schalen": (1, {})}),
        "papier": (1, {}),
    }
    assert told["total"] == 4


def test_a_category_has_words_and_a_picture(shopper: httpx.Client, database: Database) -> None:
    from shopapi.catalog.category_store import save_categories

    with database.writing() as c:
        image = factories.picture(c)
        record = CategoryRecord(
            slug="becher",
            name={"de": "Becher", "en": "Mugs"},
            description={"de": "Zum Trinken."},
            image=image,
            image_alt={"de": "Drei Becher"},
        )
        save_categories(c, [record])
    (one,) = tree(shopper, **ENGLISH)["data"]
    assert (one["name"], one["description"]) == ("Mugs", "Zum Trinken.")
    assert one["image"] == {"url": f"/v1/media/{image}.svg", "alt": "Drei Becher", "width": 400, "height": 500}


def test_a_product_that_is_refused_changes_nothing_that_shoppers_see(
    shopper: httpx.Client, database: Database, mug: ProductRecord
) -> None:
    before = page(shopper, "becher-moor"), tree(shopper)
    changed = replace(
        mug, name={"de": "Anders"}, variants=[*mug.variants, VariantRecord(sku="NEW", options={"farbe": "ton"})]
    )
    (outcome,) = save_products(database, [changed], actor="shopctl")
    assert outcome.what == "refused"
    assert (page(shopper, "becher-moor"), tree(shopper)) == before
