"""The columns of WooCommerce's product CSV, which its exporter heads in the language of the person who exports."""

import re
from collections.abc import Sequence
from typing import Final

# By our name, in lower case, as WooCommerce's English and German have had them.
COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "id": ("id",),
    "type": ("type", "typ"),
    "sku": ("sku", "artikelnummer"),
    "barcode": ("gtin, upc, ean, or isbn", "gtin, upc, ean oder isbn", "gtin, upc, ean, oder isbn"),
    "name": ("name",),
    "published": ("published", "veröffentlicht"),
    "visibility": ("visibility in catalog", "sichtbarkeit im katalog"),
    "short_description": ("short description", "kurzbeschreibung"),
    "description": ("description", "beschreibung"),
    "sale_from": (
        "date sale price starts",
        "datum, an dem angebotspreis beginnt",
        "datum, an dem der angebotspreis beginnt",
        "angebotspreis gültig ab",
    ),
    "sale_to": (
        "date sale price ends",
        "datum, an dem angebotspreis endet",
        "datum, an dem der angebotspreis endet",
        "angebotspreis gültig bis",
    ),
    "tax_status": ("tax status", "steuerstatus"),
    "tax_class": ("tax class", "steuerklasse"),
    "in_stock": ("in stock?", "vorrätig?", "auf lager?"),
    "stock": ("stock", "lager", "lagerbestand", "bestand"),
    "sale_price": ("sale price", "angebotspreis"),
    "price": ("regular price", "regulärer preis", "normaler preis"),
    "categories": ("categories", "kategorien"),
    "tags": ("tags", "schlagwörter"),
    "brands": ("brands", "marken"),
    "images": ("images", "bilder"),
    "parent": ("parent", "übergeordnetes produkt", "übergeordnet"),
    "position": ("position",),
}
REQUIRED: Final = ("type", "name", "price")
NUMBERS: Final = ("price", "sale_price", "weight")
LEFT_OUT: Final = ("tags", "brands")

_WEIGHT: Final = re.compile(r"(?:weight|gewicht) \((\w+)\)")
_ATTRIBUTE_NAME: Final = re.compile(r"attribute? (\d+) name|name des attributs (\d+)")
_ATTRIBUTE_VALUES: Final = re.compile(
    r"attribute? (\d+) (?:value\(s\)|wert\(e\)|werte?)|(?:wert\(e\)|werte?) des attributs (\d+)"
)


def more_columns(head: Sequence[str]) -> dict[str, int]:
    """The columns whose heads hold a number or a unit: ``weight``, ``attribute1_name``, ``attribute1_values``."""
    found: dict[str, int] = {}
    for at, title in enumerate(head):
        name = " ".join(title.lower().split())
        if _WEIGHT.fullmatch(name):
            found.setdefault("weight", at)
        elif told := _ATTRIBUTE_NAME.fullmatch(name):
            found.setdefault(f"attribute{int(told[1] or told[2])}_name", at)
        elif told := _ATTRIBUTE_VALUES.fullmatch(name):
            found.setdefault(f"attribute{int(told[1] or told[2])}_values", at)
    return found


def weight_unit(title: str) -> str:
    """The unit that stands in the head of the column of weights."""
    told = _WEIGHT.fullmatch(" ".join(title.lower().split()))
    return told[1] if told else "kg"
