"""A product's page: price, tax, delivery, variants by their address, and what search engines are told."""

import re
from datetime import UTC, datetime

import msgspec
import pytest

from shopapi.contract.catalog import BasePrice, Delivery, DeliveryWay, Image, PriceStep
from shopweb.storefront.pictures import picture
from tests.web.conftest import Browser, Page
from tests.web.fake_api import FakeApi
from tests.web.fake_catalog import Good, euros, option, picture_of, variant
from tests.web.test_storefront_frame import structured

TUESDAY = datetime(2026, 11, 24, 16, 5, tzinfo=UTC)


pytestmark = pytest.mark.usefixtures("fresh", "tuesday")


@pytest.fixture
def api() -> FakeApi:
    api = FakeApi()
    api.catalog.stock()
    second = picture_of("cup 2").url
    api.catalog.put(
        Good(
            "cup",
            {"de": "Becher „Westerwald“", "en": "Mug “Westerwald”"},
            category="tableware",
            options=[
                option("glaze", "Glaze", "Clay", "Sage", swatch="#eee7d8/#ca704b"),
                option("size", "Size", "S", "M", "L"),
                option("material", "Material", "Stoneware"),
            ],
            variants=[
                variant("C-S", 1650, 9, options={"glaze": "clay", "size": "s", "material": "stoneware"}),
                variant("C-M", 1850, 3, options={"glaze": "clay", "size": "m", "material": "stoneware"}),
                variant("C-L", 2100, 0, options={"glaze": "clay", "size": "l", "material": "stoneware"}),
                variant("G-M", 1850, 9, options={"glaze": "sage", "size": "m", "material": "stoneware"}, image=second),
            ],
            pictures=2,
            description="<p>For two hands.</p><h2>Size &amp; <em>care</em></h2><ul><li>9.5 cm</li></ul>",
        )
    )
    return api


def chips(page: Page) -> dict[str, str]:
    found = re.findall(r'<a class="option[^"]*" id="[^"]+" href="([^"]+)".*?<span>([^<]+)</span>', page.html)
    return {label: href for href, label in found}


def current(page: Page) -> list[str]:
    return re.findall(r'<a class="option[^>]*aria-current="true">.*?<span>([^<]+)</span>', page.html)


def test_price_tax_delivery_and_date_stand_together(browser: Browser) -> None:
    page = browser.get("/products/mug")
    assert page.title.startswith("Mug “Westerwald”")
    assert (
        "Mug “Westerwald” Stoneware, 320 ml €18.50 incl. 19% VAT, plus delivery (€4.90, free from €60) "
        "In stock, with you on Thu 26 or Fri 27 November" in page.text
    )
    german = browser.get("/products/mug", Accept_Language="de").text.replace("\N{NO-BREAK SPACE}", " ")
    assert "18,50 € inkl. 19 % MwSt., zzgl. Versand (4,90 €, ab 60 € frei)" in german
    assert "Auf Lager, bei Ihnen am Do. 26. oder Fr. 27. November" in german
    for language, date in (("en", "Fri 27 November"), ("de", "Fr. 27. November")):
        html = browser.get("/products/mug", Accept_Language=language).html
        assert date.replace(" ", "\N{NO-BREAK SPACE}") in html, "No line ends within a date."


def test_price_and_footer_lead_to_what_delivery_costs(browser: Browser, api: FakeApi) -> None:
    assert browser.get("/products/mug").html.count('<a href="/delivery">delivery</a>') == 2
    page = browser.get("/delivery")
    assert page.title.startswith("Delivery and returns")
    assert (
        "Delivery Germany Delivery method DHL Paket Price €4.90 Free from €60 "
        "Delivery time in 2 to 3 working days (Monday to Friday) Ordered today with you on Thu 26 or Fri 27 November "
        "Returns You have 30 days to return what does not suit. "
        "Your statutory right of withdrawal holds in any case." in page.text
    )
    german = browser.get("/delivery", Accept_Language="de").text.replace("\N{NO-BREAK SPACE}", " ")
    assert (
        "Versand Deutschland Versandart DHL Paket Preis 4,90 € Frei ab 60 € "
        "Lieferzeit in 2 bis 3 Werktagen (Montag bis Freitag)" in german
    )
    assert "Heute bestellt bei Ihnen am Do. 26. oder Fr. 27. November" in german
    api.catalog.delivery = Delivery(euros(0), None, 1, 1)
    api.catalog.returns_days = None
    api.catalog.changed()
    page = browser.get("/delivery")
    assert "Price free Delivery time in 1 working day (Monday to Friday)" in page.text
    assert "30 days" not in page.text
    api.catalog.delivery = None
    api.catalog.changed()
    assert "What delivery costs is not settled yet. Ask us before you order. Contact" in browser.get("/delivery").text


def test_the_delivery_page_tells_every_country_what_each_way_there_costs(browser: Browser, api: FakeApi) -> None:
    steps = [PriceStep(5000, euros(1490)), PriceStep(15500, euros(2490))]
    by_value = [PriceStep(6000, euros(690)), PriceStep(12000, euros(0))]
    api.catalog.abroad = [
        DeliveryWay(euros(990), None, 1, 1, "Express", ["DE"], "weight", steps),
        DeliveryWay(euros(1490), None, 4, 6, "Paket in die Schweiz", ["CH"], "weight", []),
        DeliveryWay(euros(990), None, 3, 5, "Paket ins Ausland", ["NL", "BE"], "subtotal", by_value),
    ]
    api.catalog.changed()
    page = browser.get("/delivery", Accept_Language="de")
    text = page.text.replace("\N{NO-BREAK SPACE}", " ")
    assert "Versandart Express Preis 9,90 €, ab 5 kg 14,90 €, ab 15,5 kg 24,90 € Lieferzeit in 1 Werktag" in text
    abroad = "Versandart Paket ins Ausland Preis 9,90 €, ab 60 € Warenwert 6,90 €, ab 120 € Warenwert kostenlos"
    assert f"Belgien {abroad}" in text
    assert f"Niederlande {abroad}" in text
    assert "Schweiz Versandart Paket in die Schweiz Preis 14,90 € Lieferzeit in 4 bis 6 Werktagen" in text
    places = [text.index(f" {land} Versandart") for land in ("Deutschland", "Belgien", "Niederlande", "Schweiz")]
    assert places == sorted(places), "Its own first."
    hint = "Zölle und Einfuhrsteuer können hinzukommen. Sie zahlen sie bei der Lieferung."
    assert text.count(hint) == 1, "No customs within the Union."
    assert text.index(hint) > places[-1]
    assert "Customs duties and import tax may come on top. You pay them on delivery." in browser.get("/delivery").text


def test_only_a_shop_that_takes_goods_back_for_longer_says_so(browser: Browser, api: FakeApi) -> None:
    assert "You have 30 days to return what does not suit. Your statutory right" in browser.get("/products/mug").text
    api.catalog.returns_days = None
    api.catalog.changed()
    page = browser.get("/products/mug").text
    assert "days to return" not in page
    assert "Your statutory right of withdrawal holds in any case." in page


def test_a_price_by_weight_stands_beside_the_price(browser: Browser, api: FakeApi) -> None:
    coffee = Good("coffee", {"de": "Kaffee", "en": "Coffee"}, price=980, base_price=BasePrice(euros(3920), "kg"))
    coffee.tax_rate_bp = 700
    api.catalog.put(coffee)
    page = browser.get("/products/coffee").text
    assert "€9.80 €39.20 / kg incl. 7% VAT" in page


def test_a_reduction_names_the_lowest_price_of_thirty_days(browser: Browser, api: FakeApi) -> None:
    api.catalog.put(Good("pot", {"de": "Bräter", "en": "Casserole"}, price=9900, was=12900))
    page = browser.get("/products/pot").text
    assert "€99.00 instead of €129.00 −23% against the lowest price of the last 30 days" in page


def test_the_first_variant_that_can_be_had_is_shown(browser: Browser, api: FakeApi) -> None:
    page = browser.get("/products/cup")
    assert current(page) == ["Clay", "S"]
    assert "€16.50" in page.text
    api.catalog.goods["cup"].variants[0] = variant("C-S", 1650, 0, options={"glaze": "clay", "size": "s"})
    api.catalog.changed()
    again = browser.get("/products/cup?variant=unknown")
    assert again.status == 200


def test_chips_are_links_to_the_nearest_variant_with_its_difference(browser: Browser) -> None:
    page = browser.get("/products/cup?variant=C-M")
    assert current(page) == ["Clay", "M"]
    assert chips(page) == {
        "Clay": "/products/cup?variant=C-M",
        "Sage": "/products/cup?variant=G-M",
        "S": "/products/cup?variant=C-S",
        "M": "/products/cup?variant=C-M",
        "L": "/products/cup?variant=C-L",
    }
    assert "S −€2.00 M L sold out" in page.text
    assert "Only 3 left, with you on Thu 26 or Fri 27 November" in page.text
    assert "Material Stoneware" in page.text, "Nothing to choose: a fact."


def test_from_a_variant_alone_in_its_glaze_the_sizes_of_the_other_are_offered(browser: Browser) -> None:
    page = browser.get("/products/cup?variant=G-M")
    assert chips(page)["L"] == "/products/cup?variant=C-L"
    assert chips(page)["Clay"] == "/products/cup?variant=C-M"


def test_a_sold_out_variant_says_so_and_that_others_are_there(browser: Browser) -> None:
    page = browser.get("/products/cup?variant=C-L")
    assert "Sold out, but other versions are in stock." in page.text
    assert "with you on" not in page.text


@pytest.mark.parametrize("sku", ["unknown", "", "%00", "%3Cscript%3E", "C-M%20", "a" * 3000])
def test_an_unknown_variant_shows_the_first_one(browser: Browser, sku: str) -> None:
    page = browser.get(f"/products/cup?variant={sku}")
    assert page.status == 200
    assert current(page) == ["Clay", "S"]
    assert '<link rel="canonical" href="http://127.0.0.1:5050/products/cup">' in page.html


def test_pictures_are_links_and_follow_the_variant(browser: Browser) -> None:
    first, second = (picture_of(f"cup {n}").url.replace("/v1", "") for n in (1, 2))
    assert f'class="big" src="{first}"' in browser.get("/products/cup").html
    assert f'class="big" src="{second}"' in browser.get("/products/cup?variant=G-M").html
    page = browser.get("/products/cup?variant=C-M&picture=2")
    assert f'class="big" src="{second}"' in page.html
    assert 'href="/products/cup?variant=C-M&amp;picture=1"' in page.html
    for odd in ("0", "3", "-1", "x", "٢", "9" * 99):
        assert f'class="big" src="{first}"' in browser.get(f"/products/cup?picture={odd}").html


def test_one_picture_needs_no_row_of_small_ones(browser: Browser) -> None:
    assert "picture=" not in browser.get("/products/mug").html


def test_the_description_is_folded_at_its_headings(browser: Browser) -> None:
    page = browser.get("/products/cup").html
    folds = re.findall(r"<details( open)?><summary><h2>(.*?)</h2></summary>", page)
    assert folds == [(" open", "Description"), ("", "Size &amp; care"), ("", "Delivery and returns")]


def test_goods_that_go_well_with_it_are_shown_and_may_fail(browser: Browser, api: FakeApi) -> None:
    page = browser.get("/products/mug")
    assert "Goes well with it" in page.text
    assert 'href="/products/teapot"' in page.html
    api.catalog.broken.add("/v1/products")
    api.catalog.changed()
    page = browser.get("/products/mug")
    assert page.status == 200
    assert "Goes well with it" not in page.text
    assert page.answer.headers["cache-control"] == "no-store"


def test_an_old_name_leads_on_for_good(browser: Browser, api: FakeApi) -> None:
    api.catalog.moved["old-mug"] = "mug"
    answer = browser.get("/products/old-mug", follow=False).answer
    assert (answer.status_code, answer.headers["location"]) == (301, "/products/mug")


def test_an_old_name_leads_on_to_the_variant_that_was_asked_for(browser: Browser, api: FakeApi) -> None:
    api.catalog.moved["old-mug"] = "mug"
    for query in ("variant=C-M&picture=2", "variant=%23%0d%0aSet-Cookie:x=1", "variant=a+b%20c"):
        answer = browser.get(f"/products/old-mug?{query}", follow=False).answer
        assert (answer.status_code, answer.headers["location"]) == (301, f"/products/mug?{query}")
        assert "set-cookie" not in answer.headers


def test_search_engines_are_told_every_variant(browser: Browser) -> None:
    product, crumbs = structured(browser.get("/products/cup").html)
    offers = product["offers"]
    assert isinstance(offers, list)
    assert [(offer["sku"], offer["price"], offer["availability"].rpartition("/")[2]) for offer in offers] == [
        ("C-S", "16.50", "InStock"),
        ("C-M", "18.50", "InStock"),
        ("C-L", "21.00", "OutOfStock"),
        ("G-M", "18.50", "InStock"),
    ]
    assert crumbs["@type"] == "BreadcrumbList"
    page = browser.get("/products/cup").html
    assert '<meta property="og:type" content="product">' in page
    assert '<meta property="og:image" content="http://127.0.0.1:5050/media/' in page


@pytest.mark.parametrize(
    ("barcode", "told"),
    [
        ("4006381333931", True),
        ("96385074", True),
        ("036000291452", True),
        ("10012345678902", True),
        ("4006381333932", False),  # a wrong check digit
        ("2012345678900", False),  # a shop's own number
        ("400638133393", False),
        ("40063813339", False),
        ("٤٠٠٦٣٨١٣٣٣٩٣١", False),
        ("ABCDEFGH", False),
        (None, False),
    ],
)
def test_search_engines_are_told_only_barcodes_that_hold_all_over_the_world(
    browser: Browser, api: FakeApi, barcode: str | None, told: bool
) -> None:
    api.catalog.goods["cup"].variants = [msgspec.structs.replace(variant("C-S", 1650, 9), barcode=barcode)]
    product, _ = structured(browser.get("/products/cup").html)
    offers = product["offers"]
    assert isinstance(offers, list)
    assert offers[0].get("gtin") == (barcode if told else None)


def test_a_product_in_no_category_or_without_pictures_is_a_page_all_the_same(browser: Browser, api: FakeApi) -> None:
    api.catalog.put(Good("odd", {"de": "Ding", "en": "Thing"}, pictures=0, fact="", description="", category="none"))
    page = browser.get("/products/odd")
    assert page.status == 200
    assert 'class="none"' in page.html
    assert "image" not in structured(page.html)[0]
    assert "image" in structured(browser.get("/products/mug").html)[0]


def test_a_picture_of_any_address_is_shown_from_ours() -> None:
    shown = picture(Image("http://api.internal:8000/v1/media/abc.svg?x=1", "A mug", 4, 5))
    assert shown
    assert shown.src == "/media/abc.svg"
