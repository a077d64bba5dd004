"""The demo shop's goods hold what the shop must be able to show, and read as a shop would write."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from shopapi.catalog.records import ProductRecord
from shopapi.catalog.rules import base_price, lowest_before
from shopctl.seeds import demo, shelf
from shopctl.seeds.illustrations import NAMES, STILL_LIFE

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
PRODUCTS = {one.slug: one for one in demo.products(NOW)}
CATEGORIES = {one.slug: one for one in demo.categories()}
TOPS = ["tableware", "kitchen", "pantry", "paper", "plants", "light", "textiles", "bath"]
FOOD = {"coffee-and-tea", "sweet-things", "staples"}


def top_of(category: str) -> str:
    parent = CATEGORIES[category].parent
    return category if parent is None else top_of(parent)


def paragraphs() -> Iterator[tuple[str, str, str]]:
    """Where each line of the shop's words stands, its language, and the line without marks of Markdown."""
    texts = [(one.slug, words) for one in PRODUCTS.values() for words in (one.name, one.fact, one.description)]
    texts += [(one.slug, media.alt) for one in PRODUCTS.values() for media in one.media or ()]
    texts += [(one.slug, words) for one in CATEGORIES.values() for words in (one.name, one.description, one.image_alt)]
    texts += [(kind, {locale: markdown}) for kind, locale, markdown in demo.texts()]
    for place, words in texts:
        for locale, text in words.items():
            for line in text.splitlines():
                if plain := re.sub(r"^(?:#+|-|>) |\*\*|\\$", "", line).strip():
                    yield place, locale, plain


# --- what there is


def test_there_are_goods_enough_in_every_one_of_eight_categories() -> None:
    assert len(PRODUCTS) >= 52
    assert [one.slug for one in CATEGORIES.values() if one.parent is None] == TOPS
    filled = Counter(top_of(category) for one in PRODUCTS.values() for category in one.categories)
    assert all(filled[top] >= 6 for top in TOPS), filled
    used = {category for one in PRODUCTS.values() for category in one.categories}
    leaves = CATEGORIES.keys() - {one.parent for one in CATEGORIES.values()}
    assert leaves <= used <= CATEGORIES.keys()


def test_a_parent_stands_before_its_children() -> None:
    seen: set[str | None] = {None}
    for one in demo.categories():
        assert one.parent in seen, one.slug
        seen.add(one.slug)


def test_the_newest_dozen_is_the_one_that_the_home_page_was_made_for() -> None:
    newest = sorted(PRODUCTS.values(), key=lambda one: one.published_at or NOW, reverse=True)
    assert [one.name["de"] for one in newest[:12]] == [
        "Becher „Westerwald“",
        "Tinte „Mitternacht“ mit Federhalter",
        "Teekanne „Nachtblau“",
        "Pilea im Tontopf",
        "Bräter „Sonntag“",
        "Kaffee „Hafenrunde“",
        "Notizbuch A5, fadengeheftet",
        "Tischleuchte „Pilz“",
        "Handtücher, 4er-Set",
        "Schalen-Trio",
        "Olivenöl „Kalamata“",
        "Seife, Rose und Salbei",
    ]
    new = [one for one in newest if (one.published_at or NOW) > NOW - timedelta(days=30)]
    assert 2 <= len(new) <= 6
    assert len({one.published_at for one in newest[:13]}) == 13


@pytest.mark.parametrize(
    ("sku", "fact", "price", "before", "per_unit"),
    [
        ("TT-BE-NS-320", "Steinzeug, 320 ml", 1850, None, None),
        ("TT-BE-MO-320", "Steinzeug, 320 ml", 1680, 2100, None),
        ("TT-TK-NB-900", "Steinzeug, 900 ml, mit Sieb", 6400, None, None),
        ("TT-SC-TRIO", "Steinzeug, Ø 11 bis 15 cm", 3900, None, None),
        ("TT-KR-ZB-12", "Steinzeug, 1,2 l", 4200, None, None),
        ("TT-KU-SO-ROT", "Gusseisen, 4,2 l", 9900, 12900, None),
        ("TT-KA-HR-250", "Ganze Bohne, 250 g", 980, None, (3920, "kg")),
        ("TT-TE-NW-125", "Assam, Dose 125 g", 1240, None, (9920, "kg")),
        ("TT-VO-OL-500", "Nativ extra, 500 ml", 1350, None, (2700, "l")),
        ("TT-SE-RS-2", "2 Stück zu je 90 g", 1100, None, (6111, "kg")),
        ("TT-TI-MIT-50", "Eisengallustinte, 50 ml", 2400, None, None),
        ("TT-LI-PI-TON", "Dimmbar, E27", 8900, None, None),
    ],
)
def test_a_good_costs_what_the_design_says(
    sku: str, fact: str, price: int, before: int | None, per_unit: tuple[int, str] | None
) -> None:
    product, variant = next((one, v) for one in PRODUCTS.values() for v in one.variants if v.sku == sku)
    assert (product.fact["de"], variant.price, variant.compare_at_price) == (fact, price, before)
    assert base_price(variant) == per_unit


def test_the_westerwald_mug_comes_in_four_glazes_and_three_sizes_with_a_picture_a_glaze() -> None:
    mug = PRODUCTS["becher-westerwald"]
    glaze, size = mug.options[:2]
    assert [value.name["en"] for value in glaze.values] == ["Clay", "Midnight", "Sage", "Butter"]
    assert all(value.swatch and value.swatch.count("/") == 1 for value in glaze.values)
    assert [value.name["de"] for value in size.values] == ["220 ml", "320 ml", "450 ml"]
    prices = {one.options["groesse"]: one.price for one in mug.variants}
    assert prices == {"220-ml": 1650, "320-ml": 1850, "450-ml": 2050}
    assert len({(one.options["glasur"], one.image) for one in mug.variants}) == 4
    assert [one.sku for one in mug.variants if one.on_hand == 0] == ["TT-BE-WW-TON-450"]


def test_stock_is_sold_out_short_and_plenty() -> None:
    units = {slug: sum(v.on_hand or 0 for v in one.variants) for slug, one in PRODUCTS.items()}
    assert [slug for slug, number in units.items() if number == 0] == ["kaktus-kleiner-onkel"]
    assert units["schalen-trio"] == 3
    assert units["pilea-im-tontopf"] == 5
    assert sum(number > 20 for number in units.values()) > 20


def test_food_and_plants_have_the_reduced_rate_and_nothing_else() -> None:
    reduced = {slug for slug, one in PRODUCTS.items() if one.tax_class == "reduced"}
    lives = {slug for slug, one in PRODUCTS.items() if {"house-plants", "plants"} & {*one.categories}}
    food = {slug for slug, one in PRODUCTS.items() if FOOD & {*one.categories}}
    assert reduced == lives | food
    assert {one.tax_class for one in PRODUCTS.values()} == {"reduced", "standard"}


def test_food_tells_what_a_kilogram_or_a_litre_costs() -> None:
    for one in PRODUCTS.values():
        if FOOD & {*one.categories}:
            assert all(base_price(variant) for variant in one.variants), one.slug


def test_a_reduction_strikes_the_lowest_price_of_the_thirty_days_before_it() -> None:
    reduced = [v for one in PRODUCTS.values() for v in one.variants if v.compare_at_price]
    assert len({v.sku[:8] for v in reduced}) >= 5
    for variant in reduced:
        *earlier, (began, price) = variant.past_prices
        assert price == variant.price
        assert began > NOW - timedelta(days=30)
        assert lowest_before(earlier, began, price) == variant.compare_at_price, variant.sku


def test_every_variant_can_be_told_from_the_others() -> None:
    skus = [variant.sku for one in PRODUCTS.values() for variant in one.variants]
    assert len(set(skus)) == len(skus) > len(PRODUCTS)
    for one in PRODUCTS.values():
        codes = {option.code for option in one.options}
        assert all(variant.options.keys() == codes for variant in one.variants), one.slug
        assert len({tuple(sorted(variant.options.items())) for variant in one.variants}) == len(one.variants), one.slug


def test_what_tells_variants_apart_stands_before_what_they_share() -> None:
    for one in PRODUCTS.values():
        several = [len(option.values) > 1 for option in one.options]
        assert several == sorted(several, reverse=True), one.slug


def test_barcodes_have_the_right_check_digit_and_belong_to_no_company() -> None:
    barcodes = [variant.barcode for one in PRODUCTS.values() for variant in one.variants if variant.barcode]
    assert len(set(barcodes)) == len(barcodes) > 30
    for barcode in barcodes:
        assert re.fullmatch(r"2\d{12}", barcode), barcode  # 2: numbers for use inside a shop
        assert sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(barcode)) % 10 == 0, barcode


# --- pictures


def test_every_good_has_a_picture_of_its_own_and_every_drawing_is_shown() -> None:
    first = [one.media[0].sha256 for one in PRODUCTS.values() if one.media]
    assert len(set(first)) == len(PRODUCTS)
    shown = {media.sha256 for one in PRODUCTS.values() for media in one.media or ()}
    assert shown == {demo.picture_name(name) for name in NAMES if name != STILL_LIFE}
    assert demo.pictures().keys() == {*NAMES} - {STILL_LIFE}


def test_a_variant_shows_one_of_its_products_pictures() -> None:
    for one in PRODUCTS.values():
        own = [media.sha256 for media in one.media or ()]
        images = {variant.image for variant in one.variants}
        assert images == {None} if len(own) == 1 else images == {*own}, one.slug


# --- words


def test_everything_is_said_in_both_languages() -> None:
    for one in PRODUCTS.values():
        alts = [media.alt for media in one.media or ()]
        names = [option.name for option in one.options]
        names += [value.name for option in one.options for value in option.values]
        for words in (one.name, one.fact, one.description, *alts, *names):
            assert {locale for locale, text in words.items() if text.strip()} == {"de", "en"}, one.slug
    for category in CATEGORIES.values():
        for words in (category.name, category.description, category.image_alt):
            assert {locale for locale, text in words.items() if text.strip()} == {"de", "en"}, category.slug


def test_a_sentence_has_less_than_twenty_words() -> None:
    long = [
        (place, sentence)
        for place, _, line in paragraphs()
        for sentence in re.split(r"(?<=[.?]) ", line)
        if len(sentence.split()) >= 20
    ]
    assert long == []


def test_the_shop_does_not_shout_lament_or_type_carelessly() -> None:
    found = [
        (place, line)
        for place, locale, line in paragraphs()
        if re.search(r"[!\"'–—]|\.\.\.|\bleider\b|\bsorry\b| {2}", line, re.IGNORECASE)
        or (locale == "de" and "”" in line)
        or (locale == "en" and "„" in line)
    ]
    assert found == []


def test_quotes_are_closed_in_their_own_language() -> None:
    marks = {"de": ("„", "“"), "en": ("“", "”")}
    for place, locale, line in paragraphs():
        opening, closing = marks[locale]
        assert re.sub(f"[^{opening}{closing}]", "", line) == (opening + closing) * line.count(opening), (place, line)


def test_a_description_begins_with_prose_and_folds_facts_behind_one_heading() -> None:
    for one in PRODUCTS.values():
        for text in one.description.values():
            assert not text.startswith("#")
            assert text.count("\n## ") == 1, one.slug
            prose, facts = text.split("\n## ")
            assert 1 <= len(prose.strip().split("\n\n")) <= 3
            assert all(line.startswith("- ") for line in facts.splitlines()[2:]), one.slug


def test_no_english_text_is_left_in_german() -> None:
    german = re.compile(r"\b(und|der|die|das|mit|für|nicht|Maße|Pflege)\b")
    own_names = re.compile(r"Ton & Tinte GmbH|Töpferweg 7|Musterbach im Westerwald")
    found = [line for _, locale, line in paragraphs() if locale == "en" and german.search(own_names.sub("", line))]
    assert found == []


# --- texts of the law


def test_each_text_of_the_law_is_there_in_both_languages_and_called_a_sample() -> None:
    texts = {(kind, locale): markdown for kind, locale, markdown in demo.texts()}
    assert len(texts) == 10
    for (_, locale), markdown in texts.items():
        assert markdown.startswith("> **Mustertext.**" if locale == "de" else "> **Sample text.**")
        assert len(markdown.split()) > 80


def test_the_withdrawal_text_has_what_the_statutory_model_has() -> None:
    texts = {(kind, locale): markdown for kind, locale, markdown in demo.texts()}
    for needed in ("binnen vierzehn Tagen", "Gründe", "günstigsten Standardlieferung", "Muster-Widerrufsformular"):
        assert needed in texts["withdrawal", "de"]
    for needed in ("within fourteen days", "no reason", "cheapest standard delivery", "Model withdrawal form"):
        assert needed in texts["withdrawal", "en"]
    # Since 19 June 2026 it names the online function, and says that its use is confirmed with day and time.
    for needed in ("auch online widerrufen", "„Vertrag widerrufen“ am Ende jeder Seite", "unverzüglich", "Uhrzeit"):
        assert needed in texts["withdrawal", "de"]
    for needed in ("withdraw online", "“Withdraw from the contract” at the end of every page"):
        assert needed in texts["withdrawal", "en"]
    receipt = "We then confirm without delay, by e-mail, what you declared and when, with day and time."
    assert receipt in texts["withdrawal", "en"]


def test_the_shops_own_data_are_a_sample_and_stand_in_the_imprint() -> None:
    data = shelf.shop_data()
    texts = {(kind, locale): markdown for kind, locale, markdown in demo.texts()}
    assert (data.name, data.email, data.country) == ("Ton & Tinte", "hallo@shop.example", "DE")
    assert "Muster" in data.legal_name
    for locale in ("de", "en"):
        assert all(one in texts["imprint", locale] for one in (data.email, data.vat_id, *data.address.splitlines()[:2]))


# --- the files


def test_a_misspelt_key_or_an_unknown_value_is_an_error() -> None:
    with pytest.raises(msgspec.ValidationError, match="prise"):
        msgspec.convert({"sku": "A", "prise": 1, "stock": 0}, shelf.Variant)
    with pytest.raises(ValueError, match="glasur has no value"):
        demo.chosen_options([{"glasur": "lila"}])
    with pytest.raises(ValueError, match="no option"):
        demo.chosen_options([{"glazur": "ton"}])


def test_the_goods_are_the_same_each_time_but_for_their_dates() -> None:
    later = {one.slug: one for one in demo.products(NOW + timedelta(days=1))}

    def undated(one: ProductRecord) -> ProductRecord:
        variants = [msgspec.structs.replace(variant, past_prices=[]) for variant in one.variants]
        return msgspec.structs.replace(one, published_at=None, variants=variants)

    assert [undated(one) for one in PRODUCTS.values()] == [undated(one) for one in later.values()]
    assert later["schalen-trio"].published_at == NOW - timedelta(days=53)
