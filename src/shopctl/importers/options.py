"""What a product's variants differ in, from the words of another shop."""

from collections.abc import Mapping, Sequence
from typing import Final

from shopapi.catalog.records import OptionRecord, ValueRecord
from shopapi.names import slug
from shopctl.importers.naming import free

Chosen = list[tuple[str, str]]
"""A variant's options, each by name and value, in the product's order."""

ANY: Final = {"de": "beliebig", "en": "any"}
"""The value of a variant that fits every value of the option."""


def build(
    variants: Sequence[Chosen], locale: str, order: Mapping[str, Sequence[str]] = {}
) -> tuple[list[OptionRecord], list[dict[str, str]]]:
    """The options, and for each variant the codes that it chooses.

    Codes are slugs, numbered where two names give the same one. Values stand as ``order`` has them, by option; those
    that it lacks come behind as they appear.
    """
    names = list(dict.fromkeys(name for chosen in variants for name, _ in chosen))
    codes = _codes(names)
    options, value_codes = [], dict[str, dict[str, str]]()
    for name in names:
        used = dict.fromkeys(value for chosen in variants for own, value in chosen if own == name)
        values = [value for value in order.get(name, ()) if value in used]
        values += [value for value in used if value not in values]
        value_codes[name] = _codes(values)
        records = [ValueRecord(code=code, name={locale: value}) for value, code in value_codes[name].items()]
        options.append(OptionRecord(code=codes[name], name={locale: name}, values=records))
    return options, [{codes[name]: value_codes[name][value] for name, value in chosen} for chosen in variants]


def _codes(names: Sequence[str]) -> dict[str, str]:
    codes: dict[str, str] = {}
    for name in dict.fromkeys(names):
        codes[name] = free(slug(name), set(codes.values()))
    return codes
